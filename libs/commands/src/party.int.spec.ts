import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { logDecider, logEventTypes } from '#libs/domain';
import { type Decider, EventRegistry, type EventOf, eventType, integer } from '#libs/kernel';
import { leafHash, nativeHasher, sha256, verifyEd25519 } from '#libs/ledger';
import { BatchInclusion, parseCheckpoint, parseNote, parseVerifierKey, signersOf } from '#libs/proofs';
import {
  type Execution,
  LEDGER_KEY,
  ledgerKeyOf,
  LOG_STREAM,
  NEXT_LEDGER_KEY,
  openParty,
  type Outcome,
  type Party,
  proveStored,
  type Stored,
} from './index.js';

const Counted = eventType('Counted', { by: integer });
type CountEvent = EventOf<typeof Counted>;
interface Count {
  readonly type: 'Count';
  readonly data: { readonly times: number };
}
/** So many events in one append. */
const counter: Decider<null, Count, CountEvent> = {
  initialState: null,
  decide: ({ data: { times } }) => Array.from({ length: times }, (_, by) => ({ type: 'Counted' as const, data: { by } })),
  evolve: () => null,
};
const CONTEXT = { at: '2020-05-08T00:00:00.000Z', actor: 'system', correlationId: 'c', causationId: 'd', keyId: 'k' };

describe('a party with a log', () => {
  let directory: string;
  let party: Party | undefined;
  const keysDirectory = (): string => join(directory, 'keys');
  const open = async (log = { deployment: 'renkei.example', party: 'is-east' }): Promise<Party> => {
    const events = new EventRegistry([Counted, ...logEventTypes]);
    const now = (): string => CONTEXT.at;
    party = await openParty({ dataDirectory: join(directory, 'data'), keysDirectory: keysDirectory(), events, log: { ...log, now } });
    return party;
  };
  const close = async (): Promise<void> => {
    await party?.close();
    party = undefined;
  };
  const historyOf = (outcome: Outcome<CountEvent> | undefined): readonly Stored<CountEvent>[] => {
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    return outcome.value.history;
  };
  const count = async ({ recorder }: Party, times: readonly number[]): Promise<readonly Stored[]> => {
    const executions = times.map((one, index): Execution<Count> => ({
      stream: `count-${index}`,
      command: { type: 'Count', data: { times: one } },
      context: CONTEXT,
    }));
    return (await recorder.execute(counter, executions)).flatMap(historyOf);
  };
  /** Which of the party's keys signed its newest checkpoint. */
  const signed = ({ ledger, log }: Party): readonly string[] => {
    const note = parseNote(ledger?.checkpoint.note ?? '');
    const keys = (log?.keys ?? []).flatMap((key) => parseVerifierKey(sha256, key) ?? []);
    return (note && signersOf(verifyEd25519, note, keys))?.map(({ keyId }) => keyId.toString(16).padStart(8, '0')) ?? [];
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-party-'));
  });
  afterEach(async () => {
    await close();
    await rm(directory, { recursive: true });
  });

  it('opens its first epoch before anything else, once', async () => {
    const { store, log } = await open();
    const { events } = await store.readAll({ after: 0n, limit: 10 });
    expect(events.map(({ stream, type }) => [stream, type])).toEqual([[LOG_STREAM, 'LogEpochOpened']]);
    const key = SigningKey.load(keysDirectory(), LEDGER_KEY);
    expect(log).toEqual({ origin: 'renkei.example/is-east/1', keys: [key && ledgerKeyOf(key, 'renkei.example/is-east/1')] });
    await close();
    const again = await open();
    expect(again.log).toEqual(log);
    expect(await again.store.readStream(LOG_STREAM)).toHaveLength(1);
    expect(again.ledger?.checkpoint).toMatchObject({ origin: 'renkei.example/is-east/1', size: 1 });
  });

  it('proves what it stored, as appended and as read again, the earlier events of an append too', async () => {
    const opened = await open();
    const stored = await count(opened, [1, 3, 2]);
    const read = (await opened.recorder.load(['count-0', 'count-1', 'count-2'])).flat();
    await close();
    const { ledger, recorder, ...rest } = await open();
    if (ledger === undefined) throw new Error('it has a log');
    const loaded = (await recorder.load(['count-0', 'count-1', 'count-2'])).flat();
    for (const all of [stored, read, loaded]) {
      const { proof, places } = await proveStored(ledger, all, 2);
      const checkpoint = parseCheckpoint(parseNote(proof.checkpoint)?.text ?? '');
      if (checkpoint === undefined) throw new Error('no checkpoint');
      const inclusion = new BatchInclusion(nativeHasher, proof.nodes, checkpoint);
      expect(checkpoint.size).toBe(7);
      expect(all.map(({ bytes }, index) => inclusion.includes(leafHash(bytes), places[index] ?? { index: -1, path: [] }))).toEqual(all.map(() => true));
      expect(places.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(proof.consistency?.from).toBe(2);
    }
    expect(rest.log?.origin).toBe('renkei.example/is-east/1');
  });

  it('proves nothing that was not stored', async () => {
    const { ledger } = await open();
    if (ledger === undefined) throw new Error('it has a log');
    const bare = { event: {}, bytes: new Uint8Array(), leaf: '' } as unknown as Stored;
    await expect(proveStored(ledger, [bare])).rejects.toThrow(RangeError);
  });

  it('signs with both keys during a rotation, and with the new one alone after it', async () => {
    const { recorder, log } = await open();
    const origin = log?.origin ?? '';
    const next = SigningKey.openOrCreate(keysDirectory(), NEXT_LEDGER_KEY);
    const key = ledgerKeyOf(next, origin);
    const command = async (type: 'RotateLogKey' | 'RetireLogKey', data: { readonly key: string }) =>
      (party?.recorder ?? recorder).execute(logDecider, [{ stream: LOG_STREAM, command: { type, data }, context: CONTEXT }]);
    await command('RotateLogKey', { key });
    await close();
    const rotating = await open();
    expect(rotating.log?.keys).toEqual([log?.keys[0], key]);
    expect(signed(rotating)).toHaveLength(2);
    await command('RetireLogKey', { key: log?.keys[0] ?? '' });
    await close();
    const rotated = await open();
    expect(rotated.log?.keys).toEqual([key]);
    expect(signed(rotated)).toHaveLength(1);
    expect(key).toContain(`+${signed(rotated)[0]}+`);
  });

  it('does not open without the key that signs its log, and makes no other', async () => {
    await open();
    await close();
    await rename(join(keysDirectory(), 'signing-ledger.pem'), join(directory, 'elsewhere.pem'));
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_KEY_MISSING' });
    expect(SigningKey.load(keysDirectory(), LEDGER_KEY)).toBeUndefined();
    await rename(join(directory, 'elsewhere.pem'), join(keysDirectory(), 'signing-ledger.pem'));
    expect((await open()).ledger?.checkpoint.size).toBe(1); // and the failed start left nothing locked
  });

  it.each([
    { deployment: 'renkei.example', party: 'is-west' },
    { deployment: 'other.example', party: 'is-east' },
  ])('does not open as another party or of another deployment: %j', async (other) => {
    await open();
    await close();
    await expect(open(other)).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_PARTY' });
    await open();
  });

  it('does not open on a store that was restored from before what the log has signed', async () => {
    const opened = await open();
    await count(opened, [1]);
    await close();
    const backup = join(directory, 'backup');
    const events = join(directory, 'data', 'event-store');
    await cp(events, backup, { recursive: true });
    const later = await open();
    await count(later, [1, 1, 1]);
    await later.ledger?.integrated(later.recorder.newest);
    await close();
    await rm(events, { recursive: true });
    await rename(backup, events);
    await expect(open()).rejects.toMatchObject({ code: 'LEDGER_AHEAD_OF_STORE' });
  });
});
