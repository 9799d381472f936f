import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from '#libs/ledger';
import { clear, type Decider, DomainError, type EventOf, EventRegistry, eventType, integer, isSealed, optional, protectedText } from '#libs/kernel';
import { type Execution, openParty, type Party } from './index.js';

const Counted = eventType('Counted', { by: integer, person: optional(protectedText) });
type CountEvent = EventOf<typeof Counted>;
interface Count {
  readonly type: 'Count';
  readonly data: { readonly by: number; readonly person?: string };
}
/** Counts to at most ten; counting by nothing changes nothing. */
const counter: Decider<number, Count, CountEvent> = {
  initialState: 0,
  decide({ data: { by, person } }, total) {
    if (total + by > 10) throw new DomainError('TOO_MANY', 'unprocessable', 'at most ten');
    return by === 0 ? [] : [{ type: 'Counted', data: { by, ...(person === undefined ? {} : { person: clear(person) }) } }];
  },
  evolve: (total, event) => total + event.data.by,
};
const counted = (by: number): CountEvent => ({ type: 'Counted', data: { by } });
const execution = (stream: string, by: number, more: { person?: string; isNew?: boolean; keyId?: string } = {}): Execution<Count> => ({
  stream,
  command: { type: 'Count', data: { by, ...(more.person === undefined ? {} : { person: more.person }) } },
  context: { at: '2020-05-08T00:00:00.000Z', actor: 'system', agency: 'X', correlationId: 'c', causationId: 'd', keyId: more.keyId ?? 'record/X/2020-05' },
  ...(more.isNew === undefined ? {} : { isNew: more.isNew }),
});

describe('the recorder', () => {
  let directory: string;
  let party: Party;
  const open = (): Promise<Party> =>
    openParty({ dataDirectory: join(directory, 'data'), keysDirectory: join(directory, 'keys'), events: new EventRegistry([Counted]) });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-recorder-'));
    party = await open();
  });
  afterEach(async () => {
    await party.close();
    await rm(directory, { recursive: true });
  });

  it('records what was decided, and tells the whole stream as stored', async () => {
    await party.recorder.execute(counter, [execution('count-1', 3)]);
    const [outcome] = await party.recorder.execute(counter, [execution('count-1', 4)]);
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    expect(outcome.value.added).toBe(1);
    expect(outcome.value.history.map(({ event }) => [event.revision, event.data.by])).toEqual([
      [0, 3],
      [1, 4],
    ]);
    const stored = await party.store.readStream('count-1');
    expect(stored.map(({ bytes }) => leafHash(bytes).toString('base64url'))).toEqual(outcome.value.history.map(({ leaf }) => leaf));
  });

  it('tells where each event stands in the store, as appended and as read', async () => {
    const twice: Decider<null, Count, CountEvent> = { initialState: null, decide: ({ data: { by } }) => [counted(by), counted(by)], evolve: () => null };
    const [appended] = await party.recorder.execute(twice, [execution('count-1', 1, { isNew: true })]);
    if (appended?.status !== 'fulfilled') throw appended?.reason;
    const stored = await party.store.readStream('count-1');
    const last = stored[1]?.position ?? 0n;
    expect(appended.value.history.map(({ place }) => place)).toEqual([
      { position: last, back: 1 },
      { position: last, back: 0 },
    ]);
    expect(party.recorder.newest).toBe(last);
    expect(stored.map((event) => party.recorder.decode(event).place)).toEqual(stored.map(({ position }) => ({ position, back: 0 })));
  });

  it('records nothing where nothing was decided, and still tells the stream', async () => {
    await party.recorder.execute(counter, [execution('count-1', 3)]);
    const [outcome] = await party.recorder.execute(counter, [execution('count-1', 0)]);
    expect(outcome).toMatchObject({ status: 'fulfilled', value: { added: 0 } });
    expect(await party.store.readStream('count-1')).toHaveLength(1);
  });

  it('refuses one command of a batch without harm to its neighbours', async () => {
    const outcomes = await party.recorder.execute(counter, [execution('count-1', 11), execution('count-2', 1)]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'TOO_MANY' } });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled', value: { added: 1 } });
  });

  it('decides again on the new state where a stream moved on, whatever runs beside it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ stream: fc.integer({ min: 1, max: 3 }), by: fc.integer({ min: 0, max: 4 }), isNew: fc.boolean() }), { maxLength: 12 }),
        async (steps) => {
          const run = Math.random().toString(36).slice(2);
          const batches = steps.map(({ stream, by, isNew }) => party.recorder.execute(counter, [execution(`count-${run}${stream}`, by, { isNew })]));
          const outcomes = (await Promise.all(batches)).flat();
          for (const number of [1, 2, 3]) {
            const total = (await party.recorder.load<CountEvent>([`count-${run}${number}`]))[0]?.reduce((sum, { event }) => sum + event.data.by, 0) ?? 0;
            const accepted = steps.reduce((sum, { stream, by }, index) => sum + (stream === number && outcomes[index]?.status === 'fulfilled' ? by : 0), 0);
            expect(total).toBe(accepted);
            expect(total).toBeLessThanOrEqual(10);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('seals personal fields under the key of the context, and refuses alone what has lost its key', async () => {
    await party.recorder.execute(counter, [execution('count-1', 1, { person: '000123', keyId: 'record/X/2013-05' })]);
    await party.keys.destroy('record/X/2013-05');
    const outcomes = await party.recorder.execute(counter, [
      execution('count-2', 1, { person: '000123', keyId: 'record/X/2013-05' }),
      execution('count-3', 1, { person: '000123' }),
    ]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'RECORD_KEY_DESTROYED' } });
    if (outcomes[1]?.status !== 'fulfilled') throw outcomes[1]?.reason;
    const { person } = outcomes[1].value.history[0]?.event.data ?? {};
    if (!person || !isSealed(person)) throw new Error('not sealed');
    expect(party.fields.open(person)).toMatchObject({ value: '000123' });
    const bytes = Buffer.from((await party.store.readStream('count-3'))[0]?.bytes ?? []).toString('utf8');
    expect(bytes).not.toContain('000123');
  });

  it('has everything again after it was closed and opened', async () => {
    await party.recorder.execute(counter, [execution('count-1', 3, { person: 'p' })]);
    await party.close();
    party = await open();
    const [history] = await party.recorder.load<CountEvent>(['count-1']);
    const person = history?.[0]?.event.data.person;
    if (!person || !isSealed(person)) throw new Error('not sealed');
    expect(party.fields.disclose(person).value).toBe('p');
  });
});
