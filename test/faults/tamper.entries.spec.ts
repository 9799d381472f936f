import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { open } from 'lmdb';
import { newEventId, SigningKey } from '#libs/cryptography';
import { LmdbEventStore } from '#libs/event-store';
import { leafHash, nativeHasher, openLedger, readLedger } from '#libs/ledger';
import { BatchInclusion, ED25519, formatVerifierKey, parseCheckpoint, parseNote, verifierKeyOf } from '#libs/proofs';
import { Checker } from './tamper.checker.js';
import { CORE, DEPLOYMENT, keysDirectory, makeData, PARTIES, partyDirectory, sha256 } from './tamper.data.js';

const RUNS = 3;

let work: string;
let whole: string;
let copy: string;
const checker = new Checker();
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'renkei-tamper-'));
  whole = join(work, 'whole');
  copy = join(work, 'copy');
  await makeData(whole);
}, 120_000);
afterAll(() => {
  checker.stop();
  rmSync(work, { recursive: true, force: true });
});
const anew = (): void => {
  rmSync(copy, { recursive: true, force: true });
  cpSync(whole, copy, { recursive: true });
};

interface Entry {
  readonly stream: string;
  readonly bytes: Buffer;
}
type Event = Record<string, unknown>;
const eventOf = ({ bytes }: Entry): Event => JSON.parse(bytes.toString('utf8')) as Event;
/** Fields of the envelope keep their order, which is the canonical one. */
const entryOf = (event: Event): Entry => ({ stream: event['stream'] as string, bytes: Buffer.from(JSON.stringify(event)) });

async function entriesOf(data: string, party: string): Promise<Entry[]> {
  const store = await LmdbEventStore.open(join(partyDirectory(data, party), 'event-store'), { readOnly: true });
  const { events } = await store.readAll({ after: 0n, limit: 10_000 });
  await store.close();
  return events.map(({ stream, bytes }) => ({ stream, bytes: Buffer.from(bytes) }));
}

/** Whoever has the disk writes a store of these entries, in every other respect as the store itself would: revisions follow. */
async function rewritten(party: string, entries: readonly Entry[]): Promise<void> {
  const directory = join(partyDirectory(copy, party), 'event-store');
  rmSync(directory, { recursive: true });
  const store = await LmdbEventStore.open(directory);
  const revisions = new Map<string, number>();
  const requests = entries.map((entry) => {
    const { stream } = entry;
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const event = eventOf(entry);
    const { id, type } = event as { readonly id: string; readonly type: string };
    const { bytes } = entryOf({ ...event, revision });
    return { stream, expectedRevision: revision - 1, events: [{ id, type, bytes }] };
  });
  for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  await store.close();
}

/** The log made again from the store, signed by this key. */
async function resigned(party: string, key: SigningKey): Promise<void> {
  const data = partyDirectory(copy, party);
  renameSync(join(data, 'ledger'), join(data, 'put-aside'));
  rmSync(join(data, 'put-aside'), { recursive: true });
  const origin = `${DEPLOYMENT}/${party}/1`;
  const source = await LmdbEventStore.open(join(data, 'event-store'));
  const verifier = formatVerifierKey(verifierKeyOf(sha256, origin, ED25519, Buffer.from(key.publicText, 'base64url')));
  const ledger = await openLedger({ directory: join(data, 'ledger'), source, origin, signers: [{ key: verifier, sign: (message) => key.sign(message) }] });
  await ledger.integrated(await source.lastPosition());
  await ledger.close();
  await source.close();
}

/** Ways to change a history of entries, behind the one that opens the log. */
const CHANGES: Readonly<Record<string, (entries: readonly Entry[], at: number, other: number) => Entry[]>> = {
  'one is dropped': (entries, at) => entries.filter((_, index) => index !== at),
  'one is repeated under its id': (entries, at) => [...entries.slice(0, at + 1), entries[at] as Entry, ...entries.slice(at + 1)],
  'one is repeated under another id': (entries, at) => [
    ...entries.slice(0, at + 1),
    entryOf({ ...eventOf(entries[at] as Entry), id: newEventId() }),
    ...entries.slice(at + 1),
  ],
  'two change places': (entries, at, other) => entries.map((entry, index) => (index === at ? entries[other] : index === other ? entries[at] : entry) as Entry),
  'one is put in between': (entries, at) => {
    const event = eventOf(entries[at] as Entry);
    return [...entries.slice(0, at), entryOf({ ...event, id: newEventId(), stream: `${String(event['stream']).slice(0, -3)}fff` }), ...entries.slice(at)];
  },
  'one says something else': (entries, at) => entries.map((entry, index) => (index === at ? entryOf({ ...eventOf(entry), actor: 'operator' }) : entry)),
  'the end is cut off': (entries, at) => entries.slice(0, at),
};
const OWN_FILE_FINDINGS = /TILE_|CHECKPOINT_|LEDGER_AHEAD_OF_STORE|POSITIONS_|EVENT_ID_REPEATED/;

describe.each(PARTIES)('in the record of %s', (party) => {
  const places = fc.tuple(fc.integer({ min: 2, max: 380 }), fc.integer({ min: 2, max: 380 })).filter(([at, other]) => at !== other);

  it.each(Object.entries(CHANGES))('%s: the log that was signed contradicts it', async (_, change) => {
    const entries = await entriesOf(whole, party);
    await fc.assert(
      fc.asyncProperty(places, async ([at, other]) => {
        anew();
        await rewritten(party, change(entries, at, other));
        expect(await checker.findings(copy, false, party)).toContainEqual(expect.stringMatching(OWN_FILE_FINDINGS));
      }),
      { numRuns: RUNS },
    );
  });

  it.each(Object.entries(CHANGES))('%s, and the log made again by a key of the thief’s own: nobody knows the key', async (_, change) => {
    const entries = await entriesOf(whole, party);
    anew();
    await rewritten(party, change(entries, 300, 17));
    await resigned(party, SigningKey.generate());
    expect(await checker.findings(copy, false, party)).toContain(`${party} CHECKPOINT_SIGNATURE_WRONG`);
  });

  it.each(Object.entries(CHANGES))('%s, and the log signed again by its own operator: what others have verified contradicts it', async (_, change) => {
    const entries = await entriesOf(whole, party);
    anew();
    await rewritten(party, change(entries, 300, 17));
    await resigned(party, SigningKey.load(keysDirectory(copy, party), 'ledger') as SigningKey);
    expect(await checker.findings(copy, false, party)).toContain(`${party} KNOWN_CHECKPOINT_CONTRADICTED`);
  });

  it('what is signed again as it was is found whole', async () => {
    anew();
    await rewritten(party, await entriesOf(whole, party));
    await resigned(party, SigningKey.load(keysDirectory(copy, party), 'ledger') as SigningKey);
    expect(await checker.findings(copy, false, party)).toEqual([]);
  });
});

describe('swapped', () => {
  /** Writes past the log. */
  async function tamper(party: string, change: (get: (key: string) => Buffer, put: (key: string, value: Buffer) => void) => void): Promise<void> {
    anew();
    const file = open<Buffer, Buffer>({
      path: join(partyDirectory(copy, party), 'ledger', 'ledger.mdb'),
      noSubdir: true,
      keyEncoding: 'binary',
      encoding: 'binary',
    });
    change(
      (key) => Buffer.from(file.getBinary(Buffer.from(key, 'hex')) as Buffer),
      (key, value) => file.putSync(Buffer.from(key, 'hex'), value),
    );
    await file.close();
  }
  const STATE = '02';
  const COSIGNED = '03';
  const TILE_0 = '0400000000000000';
  const TILE_1 = '0400000000000001';
  const BUNDLE_0 = '05000000000000';
  const BUNDLE_1 = '05000000000001';
  const exchanged = (one: string, other: string) => (get: (key: string) => Buffer, put: (key: string, value: Buffer) => void) => {
    const [a, b] = [get(one), get(other)];
    put(one, b);
    put(other, a);
  };

  it.each(PARTIES)('tiles, and positions, of %s are found', async (party) => {
    await tamper(party, exchanged(TILE_0, TILE_1));
    expect(await checker.findings(copy, false, party)).toContainEqual(expect.stringMatching(/TILE_CONTRADICTS_STORE/));
    await tamper(party, exchanged(BUNDLE_0, BUNDLE_1));
    expect(await checker.findings(copy, false, party)).not.toEqual([]);
  });

  it.each(PARTIES)('signatures, cosignatures and roots of %s are found', async (party) => {
    const other = PARTIES.find((one) => one !== party) as string;
    const theirs = await readLedger({ directory: join(partyDirectory(whole, other), 'ledger') });
    const own = await readLedger({ directory: join(partyDirectory(whole, party), 'ledger') });
    const [from, to] = [own, theirs].map(({ checkpoint }) => checkpoint.note.trimEnd().split(' ').at(-1) as string) as [string, string];
    const [ownRoot, theirRoot] = [own, theirs].map(({ checkpoint }) => Buffer.from(checkpoint.root).toString('base64')) as [string, string];
    const replace = (key: string, [before, after]: readonly [string, string]) =>
      tamper(party, (get, put) => {
        const text = get(key).toString('utf8');
        expect(text).toContain(before);
        put(key, Buffer.from(text.replaceAll(before, after)));
      });
    await theirs.close();
    await own.close();
    await replace(STATE, [from, to]);
    expect(await checker.findings(copy, false, party)).toContain(`${party} CHECKPOINT_SIGNATURE_WRONG`);
    await replace(COSIGNED, [from, to]);
    expect(await checker.findings(copy, false, party)).toContain(`${party} CHECKPOINT_SIGNATURE_WRONG`);
    await replace(STATE, [ownRoot, theirRoot]);
    expect(await checker.findings(copy, false, party)).toContain(`${party} CHECKPOINT_CONTRADICTED`);
    await tamper(party, (get, put) =>
      put(
        COSIGNED,
        Buffer.from(
          get(COSIGNED)
            .toString('utf8')
            .replace(/"timeSeconds":\d+/, '"timeSeconds":1588896001'),
        ),
      ),
    );
    expect(await checker.findings(copy, false, party)).toContain(`${party} COSIGNATURE_WRONG`);
  });

  it('what others know of the two servers is found', async () => {
    anew();
    cpSync(join(partyDirectory(copy, 'ifs-east'), 'known-logs.json'), join(partyDirectory(copy, CORE), 'witnessed-logs', 'known-logs.json'));
    expect(await checker.findings(copy, false)).toEqual([]); // what is known of the core is known twice now
    rmSync(join(partyDirectory(copy, CORE), 'ledger'), { recursive: true });
    cpSync(join(partyDirectory(whole, 'is-east'), 'ledger'), join(partyDirectory(copy, CORE), 'ledger'), { recursive: true });
    expect(await checker.findings(copy, false, CORE)).toContain(`${CORE} LEDGER_STATE_WRONG`);
  });

  it.each(PARTIES)('proofs of %s are refused: another place, another leaf, another node, another tree', async (party) => {
    const ledger = await readLedger({ directory: join(partyDirectory(whole, party), 'ledger') });
    const entries = await entriesOf(whole, party);
    const size = ledger.checkpoint.size;
    const index = fc.integer({ min: 0, max: size - 1 });
    try {
      fc.assert(
        fc.property(index, index, fc.nat(), (one, two, at) => {
          fc.pre(one !== two);
          const { proof, places } = ledger.prove([one, two]);
          const [first, second] = places as [(typeof places)[number], (typeof places)[number]];
          const head = parseCheckpoint(parseNote(proof.checkpoint)?.text ?? '') as { size: number; root: Uint8Array };
          const leaf = leafHash((entries[one] as Entry).bytes);
          const held = (nodes = proof.nodes, tree = head): BatchInclusion => new BatchInclusion(nativeHasher, nodes, tree);
          expect(held().includes(leaf, first)).toBe(true);
          expect(held().includes(leaf, second)).toBe(false);
          expect(held().includes(leaf, { ...first, index: two })).toBe(false);
          expect(held().includes(leaf, { ...first, path: second.path })).toBe(JSON.stringify(first.path) === JSON.stringify(second.path));
          expect(held(proof.nodes, { ...head, root: sha256(head.root) }).includes(leaf, first)).toBe(false);
          const step = first.path[at % first.path.length] as number;
          const nodes = proof.nodes.map((node, number) => (number === step ? Buffer.from(leaf).toString('base64') : node));
          if (nodes[step] !== proof.nodes[step]) expect(held(nodes).includes(leaf, first)).toBe(false);
        }),
        { numRuns: 60 },
      );
    } finally {
      await ledger.close();
    }
  });
});
