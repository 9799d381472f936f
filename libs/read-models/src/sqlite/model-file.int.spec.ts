import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Message } from '#libs/kernel';
import { projectionsOf } from '../models-of-party.js';
import { at, contentOf, core, exchangeId, facts, server } from '../party.fixture.js';
import type { Projection, Recorded } from '../projection.js';
import { ModelFile } from './model-file.js';

const MONTHS = ['record/core/2020-05', 'record/core/2020-06'];
const SUBJECTS = ['a', 'b'].map((letter) => letter.repeat(32));

type Event = Recorded<Message>;
/** Seals nothing, but names the key: a fold looks no deeper. */
const sealedUnder = (key: string, data: unknown): unknown =>
  Object.fromEntries(
    Object.entries(data as object).map(([name, value]: [string, unknown]) => [name, isClear(value) ? { key, commitment: '', sealed: '' } : value]),
  );
const isClear = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).join() === 'value';

/** Gives revisions and positions to steps; a step is [stream, event, key]. */
function historyOf(steps: readonly (readonly [stream: string, event: Message, key: string])[]): readonly Event[] {
  const revisions = new Map<string, number>();
  return steps.map(([stream, { type, data }, key], position) => {
    const revision = (revisions.get(stream) ?? -1) + 1;
    revisions.set(stream, revision);
    const instant = at(position);
    const envelope = {
      id: `${position}`,
      stream,
      revision,
      recordedAt: instant,
      at: instant,
      agency: '9900000000000002',
      actor: 'system',
      correlationId: '',
      causationId: '',
    };
    return { ...envelope, type, data: sealedUnder(key, data), v: 1, position: BigInt(position) };
  });
}

const erasure = (key: string): readonly [string, Message, string] => ['ledger-retention', { type: 'RecordKeyDestroyed', data: { key } }, ''];

const month = fc.constantFrom(...MONTHS);
const number = fc.integer({ min: 0, max: 5 });
const later = fc.constantFrom<Message>(
  core.held(at(1)),
  core.provided(at(2)),
  core.provided(at(2), { nonDisclosure: true, late: true }),
  core.notProvided(at(3)),
  core.received(at(4)),
  core.withdrawn(at(5)),
  core.lapsed(at(6)),
  core.impossible(),
);
const begun = (of: number): Message => (of % 3 === 0 ? core.denied('x', facts({ requestedAt: at(of) })) : core.permitted('x', facts({ requestedAt: at(of) })));
/** Any later events after the first one of each exchange, erasures among them. */
const exchangeHistory = fc
  .array(fc.oneof({ weight: 12, arbitrary: fc.tuple(number, later) }, { weight: 1, arbitrary: month }), { maxLength: 40 })
  .map((steps) => {
    const seen = new Set<number>();
    return historyOf(
      steps.flatMap((step) => {
        if (typeof step === 'string') return [erasure(step)];
        const [of, event] = step;
        const stream = `exchange-${exchangeId(of)}`;
        const key = MONTHS[of % 2] as string;
        const first = seen.has(of) ? [] : [[stream, begun(of), key] as const];
        seen.add(of);
        return [...first, [stream, event, key] as const];
      }),
    );
  });

const replicaStep = fc.constantFrom<Message>(
  server.registered('TM00000000000001', 'resident'),
  server.registered('TM00000000000002', 'income', '2019'),
  server.registered('TM00000000000002', 'income', '2020'),
  { type: 'ReplicaWithdrawn', data: { information: 'TM00000000000002', dataset: 'income', period: '2019' } },
  server.scoped('AutomaticAnswerBlocked'),
  server.scoped('AutomaticAnswerUnblocked'),
  server.scoped('NonDisclosureSet', 'TM00000000000001'),
);
const replicaHistory = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.tuple(fc.constantFrom(...SUBJECTS), replicaStep) }, { weight: 1, arbitrary: fc.constantFrom(...SUBJECTS) }), {
    maxLength: 30,
  })
  .map((steps) =>
    historyOf(
      steps.map((step) =>
        typeof step === 'string'
          ? erasure(`subject/9900000000000002/${step}`)
          : ([`replica-${step[0]}`, step[1], `subject/9900000000000002/${step[0]}`] as const),
      ),
    ),
  );

describe('a model file', () => {
  let directory: string;
  let files = 0;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-model-file-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const projection = (name: string): Projection => {
    const found = Object.values(projectionsOf)
      .flat()
      .find((candidate) => candidate.name === name);
    if (!found) throw new Error(`no projection ${name}`);
    return found;
  };
  const fresh = (name: string): ModelFile => ModelFile.open(join(directory, `${(files += 1)}`), projection(name));
  /** Events of read categories only, as the decoder would hand them on. */
  const fold = (file: ModelFile, events: readonly Event[], sizes: readonly number[]): void => {
    for (let from = 0, page = 0; from < events.length; page += 1) {
      const size = sizes[page % sizes.length] ?? 1;
      const part = events.slice(from, from + size);
      file.apply(part, new Map(), BigInt(from + part.length), part.at(-1)?.id ?? '');
      from += size;
    }
  };

  it.each([
    ['exchanges', exchangeHistory],
    ['replicas', replicaHistory],
  ] as const)('holds the same rows of %s, whatever the pages', async (name, histories) => {
    await fc.assert(
      fc.asyncProperty(histories, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), async (events, sizes) => {
        const whole = fresh(name);
        const paged = fresh(name);
        fold(whole, events, [1_000]);
        fold(paged, events, sizes);
        expect(await contentOf(paged, paged.projection)).toEqual(await contentOf(whole, whole.projection));
        whole.close();
        paged.close();
      }),
      { numRuns: 40 },
    );
  });

  it('counts each exchange once, in the outcome it came to', async () => {
    await fc.assert(
      fc.asyncProperty(exchangeHistory, async (events) => {
        const file = fresh('exchanges');
        fold(file, events, [3]);
        const { exchange_counts: counts = [] } = await contentOf(file, file.projection);
        const sum = (counts as { count: number }[]).reduce((total, { count }) => total + count, 0);
        expect(sum).toBe(events.filter(({ revision, stream }) => revision === 0 && stream.startsWith('exchange-')).length);
        expect((counts as { count: number }[]).every(({ count }) => count > 0)).toBe(true);
        file.close();
      }),
      { numRuns: 40 },
    );
  });

  it('after an erasure equals a file that is folded anew from what can still be opened', async () => {
    const permitted = { [MONTHS[0] as string]: 'person', [MONTHS[1] as string]: 'other' };
    const steps = [1, 2, 4].map((of) => [`exchange-${exchangeId(of)}`, core.permitted('x', facts()), MONTHS[of % 2] as string] as const);
    const events = historyOf([...steps, erasure(MONTHS[0] as string)]);
    const persons = (erased: boolean): ReadonlyMap<string, string> =>
      new Map(
        steps.flatMap(([, , key], position) =>
          erased && key === MONTHS[0] ? [] : [[`${position}`, Buffer.from(permitted[key] ?? '').toString('hex')] as const],
        ),
      );
    const live = fresh('exchanges');
    const rebuilt = fresh('exchanges');
    live.apply(events.slice(0, 3), persons(false), 3n, '2');
    live.apply(events.slice(3), new Map(), 4n, '3');
    rebuilt.apply(events, persons(true), 4n, '3');
    const content = await contentOf(live, live.projection);
    expect(content).toEqual(await contentOf(rebuilt, rebuilt.projection));
    expect(content['exchanges']).toHaveLength(1);
    live.close();
    rebuilt.close();
  });

  it('keeps rows, codes and checkpoint of before where a page fails in the middle', async () => {
    const file = fresh('exchanges');
    const events = historyOf([1, 2].map((of) => [`exchange-${exchangeId(of)}`, core.permitted('x', facts()), MONTHS[0] as string] as const));
    file.apply(events.slice(0, 1), new Map(), 1n, '0');
    const before = await contentOf(file, file.projection);
    const again = { ...(events[0] as Event), id: 'again' }; // begins a row that is there
    const other = historyOf([[`exchange-${exchangeId(0)}`, core.denied('x', facts({ affair: 'JM99000000000001' })), MONTHS[1] as string]]);
    expect(() => file.apply([...other, again], new Map(), 2n, 'again')).toThrow();
    expect(file.checkpoint).toBe(1n);
    expect(await contentOf(file, file.projection)).toEqual(before);
    file.apply(events.slice(1), new Map(), 2n, '1');
    expect((await contentOf(file, file.projection))['exchanges']).toHaveLength(2);
    file.close();
  });

  it('goes on where it was after it was closed', async () => {
    const events = historyOf([1, 2].map((of) => [`exchange-${exchangeId(of)}`, core.permitted('x', facts()), MONTHS[0] as string] as const));
    const place = join(directory, 'kept');
    const file = ModelFile.open(place, projection('exchanges'));
    file.apply(events.slice(0, 1), new Map(), 7n, '0');
    file.finishBuilding();
    file.close();
    const reopened = ModelFile.open(place, projection('exchanges'));
    expect([reopened.checkpoint, reopened.checkpointEventId, reopened.built]).toEqual([7n, '0', true]);
    reopened.apply(events.slice(1), new Map(), 8n, '1');
    expect((await contentOf(reopened, reopened.projection))['exchanges']).toHaveLength(2);
    reopened.close();
  });
});
