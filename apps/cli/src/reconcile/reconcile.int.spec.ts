import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type Finding, reconcile, type Role } from '#libs/domain';
import { embeddedIn, LmdbEventStore } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { leafHash, nativeHasher, openLedger, sha256 } from '#libs/ledger';
import { BatchInclusion, ED25519, formatVerifierKey, parseCheckpoint, parseNote, verifierKeyOf } from '#libs/proofs';
import { runInProcess } from '../program.fixture.js';
import type { Evidence } from './evidence.js';
import { type Reconciled, type ReconcileOptions, reconcileStores } from './reconcile-stores.js';
import { endingOf } from './stories.fixture.js';
import { type Drafted, exchangeIdOf, PARTIES, WEST, writeThreeStores } from './three-stores.fixture.js';
import { WholeRecords } from './whole-records.js';

const directories: string[] = [];
const opened: LmdbEventStore[] = [];
afterEach(async () => void (await Promise.all(opened.splice(0).map((store) => store.close()))));
afterAll(async () => void (await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })))));

async function nation(exchanges: number, tamper?: (drafted: Drafted) => Message | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-reconcile-spec-'));
  directories.push(directory);
  await writeThreeStores(directory, { exchanges, ...(tamper === undefined ? {} : { tamper }) });
  return directory;
}
const storesOf = (directory: string, parties: readonly string[] = PARTIES): ReconcileOptions['stores'] =>
  parties.map((id) => ({ id, location: embeddedIn(join(directory, 'parties', id)) }));
const LONG_AFTER = { asOf: '2020-06-01T00:00:00.000Z', patienceMs: 60_000 };

const told = ({ code, parties, field }: Finding): string => `${code} ${parties.join('+')} ${field}`;
const foundIn = ({ found }: Reconciled): ReadonlyMap<string, readonly string[]> =>
  new Map(found.map(({ exchangeId, findings }) => [exchangeId, findings.map(told).sort()]));

/** The same by the whole rule alone, for every exchange. */
async function byTheWholeRule(directory: string, exchanges: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const stores = await Promise.all(storesOf(directory).map(({ location }) => LmdbEventStore.open(location.directory, { readOnly: true })));
  opened.push(...stores);
  const whole = new WholeRecords(stores, PARTIES, 0, new Map());
  const everywhere = { requester: [1, 2], core: [0], provider: [1, 2] };
  const read = await whole.read(Array.from({ length: exchanges }, (_, index) => ({ exchangeId: exchangeIdOf(index), stores: everywhere })));
  return new Map(
    read.flatMap(({ exchangeId, records }) => {
      const { findings } = reconcile(records, { now: LONG_AFTER.asOf, patienceMs: LONG_AFTER.patienceMs });
      return findings.length === 0 ? [] : [[exchangeId, findings.map(told).sort()] as const];
    }),
  );
}

describe('the ledgers of three parties', () => {
  it('agree, by outcome, where nobody changed anything', async () => {
    const reconciled = await reconcileStores({ stores: storesOf(await nation(200)), ...LONG_AFTER });
    expect(reconciled).toMatchObject({
      exchanges: 200,
      counts: { provided: { matched: 170 }, denied: { matched: 20 }, 'not-provided': { matched: 10 } },
      foundCount: 0,
      found: [],
      unreadable: 0,
      notAtHand: {},
    });
  });

  it('are found to differ by the short way exactly where the whole rule finds them to', async () => {
    const changed = (value: unknown): unknown =>
      typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : typeof value === 'string' ? changedText(value) : undefined;
    const changedText = (text: string): string => (text.length === 43 ? `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}` : `${text}x`);
    let drafts = 0;
    /** Every third event differs in one field, another one each time, or is not there. */
    const tamper = ({ event }: Drafted): Message | undefined => {
      drafts += 1;
      if (drafts % 3 !== 0) return event;
      const fields = Object.entries(event.data as Record<string, unknown>).filter(([, value]) => changed(value) !== undefined);
      const [name, value] = fields[drafts % (fields.length + 1)] ?? [];
      if (name === undefined) return undefined;
      if (name === 'reason' && event.type.startsWith('Provision')) return event; // one of a closed list
      return { type: event.type, data: { ...(event.data as object), [name]: changed(value) } };
    };
    const exchanges = 600;
    const directory = await nation(exchanges, tamper);
    const reconciled = await reconcileStores({ stores: storesOf(directory), ...LONG_AFTER });
    const whole = await byTheWholeRule(directory, exchanges);
    expect(whole.size).toBeGreaterThan(exchanges / 2);
    expect(foundIn(reconciled)).toEqual(whole);
    expect(reconciled.foundCount).toBe(whole.size);
  });

  it('are judged only as far as the parties are at hand', async () => {
    const directory = await nation(60);
    const reconciled = await reconcileStores({ stores: storesOf(directory, ['core', 'is-east']), ...LONG_AFTER });
    expect(reconciled.foundCount).toBe(0);
    expect(reconciled.notAtHand.requester).toBeGreaterThan(0);
    expect(reconciled.notAtHand.provider).toBeGreaterThan(0);
    await expect(reconcileStores({ stores: storesOf(directory, ['is-east', 'is-west']), ...LONG_AFTER })).rejects.toMatchObject({ code: 'NO_CORE' });
  });

  it('are judged for a period and for an agency', async () => {
    const directory = await nation(60);
    const period = { from: '2020-05-08T00:00:00.020Z', to: '2020-05-08T00:00:00.040Z' };
    expect(await reconcileStores({ stores: storesOf(directory), ...LONG_AFTER, ...period })).toMatchObject({ exchanges: 10 });
    // two of three exchanges have the western city on one side
    expect(await reconcileStores({ stores: storesOf(directory), ...LONG_AFTER, agency: WEST })).toMatchObject({ exchanges: 40 });
  });

  it('are under way where the newest record is young', async () => {
    const directory = await nation(20, ({ event }) => (event.type === 'ReceiptRecorded' ? undefined : event));
    const reconciled = await reconcileStores({ stores: storesOf(directory), patienceMs: 60_000 });
    expect(reconciled).toMatchObject({ foundCount: 0, counts: { provided: { unmatched: 17 } }, awaitedSince: '2020-05-08T00:00:00.000Z' });
  });
});

/** Signs the log of a party as its process would, and closes it. */
async function signLog(directory: string, party: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const origin = `renkei.example/${party}/1`;
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const store = await LmdbEventStore.open(join(directory, 'parties', party, 'event-store'), { readOnly: true });
  const signer = { key: formatVerifierKey(verifierKeyOf(sha256, origin, ED25519, raw)), sign: (message: Uint8Array) => sign(null, message, privateKey) };
  const ledger = await openLedger({ directory: join(directory, 'parties', party, 'ledger'), source: store, origin, signers: [signer] });
  await ledger.integrated(await store.lastPosition());
  await ledger.close();
  await store.close();
}

describe('renkei reconcile', () => {
  const lost = 3;
  const differing = 7;
  const tamper = ({ role, index, event }: Drafted): Message | undefined => {
    if (index === lost && event.type === 'ProvisionReceived') return undefined;
    if (index === differing && role === 'provider' && event.type === 'ProvisionDemanded')
      return { type: event.type, data: { ...(event.data as object), period: '2019' } };
    return event;
  };

  it('ends with 0 and says that all agree', async () => {
    const { status, stdout } = await runInProcess(['reconcile', '--data', await nation(20)]);
    expect(stdout).toContain('All records agree.');
    expect(status).toBe(0);
  });

  it('ends with 1 and tells what does not agree: which exchange, at whom, in what; never a value', async () => {
    expect([endingOf(lost), endingOf(differing)]).toEqual(['provided', 'provided']);
    const directory = await nation(20, tamper);
    const arguments_ = ['reconcile', '--data', directory, '--as-of', '2020-06-01'];
    const { status, stdout } = await runInProcess(arguments_);
    expect(status).toBe(1);
    expect(stdout).toContain('2 exchanges do not agree');
    expect(stdout).toContain('ProvisionReceived');
    expect(stdout).not.toContain('2019');
    const japanese = await runInProcess([...arguments_, '--lang', 'ja']);
    expect(japanese.stdout).toContain('2 件が一致しません');
    expect(japanese.stdout).toContain('コアシステムが引用');
    const { found } = JSON.parse((await runInProcess([...arguments_, '--json'])).stdout) as Reconciled;
    expect(found.map(({ exchangeId, findings }) => [exchangeId, findings.map(told)])).toEqual([
      [exchangeIdOf(lost), ['RECORD_MISSING requester ProvisionReceived']],
      [exchangeIdOf(differing), ['FACT_DIFFERS provider period']],
    ]);
  });

  it('writes evidence that proves itself: bytes, places, signed checkpoints, of every party concerned', async () => {
    const directory = await nation(20, tamper);
    for (const party of PARTIES) await signLog(directory, party);
    const into = join(directory, 'evidence');
    const { status } = await runInProcess(['reconcile', '--data', directory, '--as-of', '2020-06-01', '--evidence', into]);
    expect(status).toBe(1);
    expect((await readdir(into)).sort()).toEqual([lost, differing].map((index) => `${exchangeIdOf(index)}.json`).sort());
    const { parties, findings } = JSON.parse(await readFile(join(into, `${exchangeIdOf(lost)}.json`), 'utf8')) as Evidence;
    expect(findings.map(told)).toEqual(['RECORD_MISSING requester ProvisionReceived']);
    expect(parties.map(({ role }) => role)).toEqual(['requester', 'core', 'provider'] satisfies Role[]);
    for (const { party, proof, entries } of parties) {
      const note = parseNote(proof?.checkpoint ?? '');
      const head = parseCheckpoint(note?.text ?? '');
      expect(head?.origin).toBe(`renkei.example/${party}/1`);
      const inclusion = new BatchInclusion(nativeHasher, proof?.nodes ?? [], head as NonNullable<typeof head>);
      expect(entries.length).toBeGreaterThan(0);
      for (const { event, place } of entries) expect(inclusion.includes(leafHash(Buffer.from(event)), place as NonNullable<typeof place>)).toBe(true);
    }
    const again = await runInProcess(['reconcile', '--data', directory, '--evidence', into]);
    expect(again.status).toBe(2);
  });

  it('writes evidence without proofs where a log cannot be read, and says so', async () => {
    const directory = await nation(20, tamper);
    const { status, stderr } = await runInProcess(['reconcile', '--data', directory, '--as-of', '2020-06-01', '--evidence', join(directory, 'evidence')]);
    expect(status).toBe(1);
    expect(stderr).toContain('LEDGER_UNAVAILABLE');
  });

  it('needs the core, and a period that is one', async () => {
    const directory = await nation(1);
    expect((await runInProcess(['reconcile', '--data', directory, '--from', '2020-05-09', '--to', '2020-05-08'])).status).toBe(2);
    await rename(join(directory, 'parties', 'core'), join(directory, 'core'));
    expect((await runInProcess(['reconcile', '--data', directory])).status).toBe(2);
  });
});
