import { createHash } from 'node:crypto';
import { type AppendRequest, NO_STREAM, openStore } from '#libs/event-store';
import { EventRegistry, eventType, integer, list, text, uuidV7 } from '#libs/kernel';
import { leafHash } from '#libs/ledger';
import { inBareFile, inBareLmdb, inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure, rate } from './benchmark.js';
import { type Engine, isEmbedded, newStore, onEngines } from './engines.js';

const EVENTS_AN_APPEND = 4;
const APPENDS_A_PIECE = 10;
/** A server takes one call an append: fewer of them tell as much. */
const SHARE_ON_SERVER = 5;
const STARTED_MS = Date.parse('2020-05-08T00:00:00.000Z');

/** An event of the size and shape of a recorded decision. */
const decisions = new EventRegistry([
  eventType('DecisionMeasured', {
    requester: text,
    provider: text,
    affair: text,
    information: text,
    item: integer,
    grant: text,
    basis: list(integer),
    queryDigest: text,
  }),
]);

/** So many ids that grow with time, made before the clock runs: they are no part of an append. */
function idsFrom(startMs: number, count: number): string[] {
  const bits = createHash('sha256').update('renkei').digest();
  return Array.from({ length: count }, (_, index) => {
    bits.writeUInt32BE(index, 4);
    return uuidV7(startMs + index, bits);
  });
}

/** Encodes and hashes the events of one append to a new stream. */
function decided(exchange: string, ids: readonly string[]): AppendRequest {
  const stream = `exchange-${exchange}`;
  const instant = '2020-05-08T00:00:00.000Z';
  const events = ids.map((id, revision) => {
    const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: exchange, causationId: exchange };
    const data = {
      requester: '1310160000000001',
      provider: '1310160000000002',
      affair: 'JM00000000000011',
      information: 'TM00000000000044',
      item: 19,
      grant: '19-2-1',
      basis: [3, 14, 15, 9, 2],
      queryDigest: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA',
    };
    const bytes = Buffer.from(decisions.encode(envelope, { type: 'DecisionMeasured', data }));
    leafHash(bytes);
    return { id, type: 'DecisionMeasured', bytes };
  });
  return { stream, expectedRevision: NO_STREAM, events };
}

/** Gives way to the event loop between pieces, as a server does: a finished commit is seen, and the next one begins, meanwhile. */
async function batchOf(exchanges: readonly string[], ids: readonly string[], first: number, events: number): Promise<AppendRequest[]> {
  const requests: AppendRequest[] = [];
  for (let event = first; event < first + events; event += EVENTS_AN_APPEND) {
    if (requests.length % APPENDS_A_PIECE === 0) await new Promise(setImmediate);
    requests.push(decided(exchanges[event / EVENTS_AN_APPEND] ?? '', ids.slice(event, event + EVENTS_AN_APPEND)));
  }
  return requests;
}

/** The store, with encoding and hashing: the next batch is made while the last one is made durable. */
const inStore = (engine: Engine, events: number, eventsACommit: number): Promise<number> =>
  inDirectory(async (directory) => {
    const store = await openStore(newStore(engine, directory));
    const exchanges = idsFrom(STARTED_MS, events / EVENTS_AN_APPEND);
    const ids = idsFrom(STARTED_MS, events);
    const result = await rate(events, async () => {
      let before: Promise<readonly PromiseSettledResult<unknown>[]> = Promise.resolve([]);
      for (let first = 0; first < events; first += eventsACommit) {
        const batch = await batchOf(exchanges, ids, first, eventsACommit);
        refuseFailures(await before);
        before = store.appendMany(batch);
      }
      refuseFailures(await before);
    });
    await store.close();
    return result;
  });

function refuseFailures(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

async function encoded(events: number, eventsACommit: number): Promise<Buffer[][]> {
  const exchanges = idsFrom(STARTED_MS, events / EVENTS_AN_APPEND);
  const ids = idsFrom(STARTED_MS, events);
  const batches: Buffer[][] = [];
  for (let first = 0; first < events; first += eventsACommit) {
    const requests = await batchOf(exchanges, ids, first, eventsACommit);
    batches.push(requests.flatMap((request) => request.events.map(({ bytes }) => bytes as Buffer)));
  }
  return batches;
}

async function contenders(engines: readonly Engine[], events: number, eventsACommit: number): Promise<Contender[]> {
  const batches = await encoded(events, eventsACommit);
  const name = `append.${eventsACommit}`;
  return [
    ...engines.map((engine) => ({
      benchmark: `${name}${engine.label}`,
      unit: 'events/s',
      baseline: isEmbedded(engine) ? `${name}.bare-lmdb` : name,
      run: () => inStore(engine, isEmbedded(engine) ? events : events / SHARE_ON_SERVER, eventsACommit),
    })),
    { benchmark: `${name}.bare-lmdb`, unit: 'events/s', baseline: `${name}.bare-file`, run: () => inBareLmdb(batches) },
    { benchmark: `${name}.bare-file`, unit: 'events/s', run: () => inBareFile(batches) },
  ];
}

export const append: Benchmark = {
  name: 'append',
  what:
    'The embedded event store at 1,000 and 100 events a commit, four events an append to a new stream, durable; encoding (canonical JSON), leaf hash and ' +
    'check of every event are inside. Baselines of the same bytes, encoded before: a row an event in a bare LMDB, and a bare file with fdatasync. On ' +
    'EventStoreDB besides, as many at a time, against the embedded store.',
  on: { eventStore: true, postgres: { not: 'the record is never on PostgreSQL, only read models are' } },
  async *run({ quick, eventStore }): AsyncIterable<Figure> {
    yield* onEngines({ eventStore }, (engines) => appended(engines, quick));
  },
};

async function* appended(engines: readonly Engine[], quick: boolean): AsyncIterable<Figure> {
  const runs = quick ? 1 : 5;
  for (const [eventsACommit, events] of [
    [1_000, quick ? 20_000 : 100_000],
    [100, quick ? 5_000 : 40_000],
  ] as const) {
    yield* await compare(await contenders(engines, events, eventsACommit), runs);
  }
}
