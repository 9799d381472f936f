import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';
import { Nation } from '#apps/sandbox';
import type { EventStore, Position } from '#libs/event-store';
import { inBareLmdb, inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure, rate } from './benchmark.js';
import { cpuByPart, type PartOfCpu } from './cpu-profile.js';
import { type Engine, isEmbedded, onEngines } from './engines.js';
import { atOnce, lineOf, LINES_A_CALL, type Meant, type Measured, measuredNation, type Size, type Subject } from './exchanges.setup.js';

export const FULL: Size = { agencies: 1_000, requesters: 40, persons: 10_000 };
/** As many cities, fewer persons: every append is a call to the server. */
const ON_SERVER: Size = { agencies: 1_000, requesters: 40, persons: 2_000 };
const QUICK_ON_SERVER: Size = { agencies: 100, requesters: 10, persons: 200 };
export const QUICK: Size = { agencies: 100, requesters: 10, persons: 1_000 };
const REQUESTS_AT_ONCE = 8;
const PAGE = 10_000;
const EVENTS_A_BATCH = 4_000;
const END_TIMEOUT_MS = 180_000;
const CAUGHT_UP_TIMEOUT_MS = 30_000;
const VALIDITY_MS = 3_660_000;

const storesOf = (nation: Nation): readonly EventStore[] => [
  nation.core.party.store,
  ...['is-east', 'is-west'].map((id) => nation.intermediateServers.get(id)?.party.store as EventStore),
];
const count = (subjects: readonly Subject[], meant: Meant): number => subjects.filter((subject) => subject.meant === meant).length;

/** Follows the three stores until every exchange has come to where it was meant to come, at the core and at the requester. */
async function untilAllEnded({ nation, subjects }: Measured, from: readonly Position[]): Promise<void> {
  const wanted: Readonly<Record<string, number>> = {
    ReceiptRecorded: count(subjects, 'provided'),
    NoProvisionRecorded: count(subjects, 'no-record'),
    ProvisionHeldRecorded: count(subjects, 'held'),
    QueryDenied: count(subjects, 'denied'),
    QueryDecisionReceived: subjects.length,
    QueryEnded: count(subjects, 'no-record'),
  };
  const left: Record<string, number> = { ...wanted };
  await new Promise<void>((resolve, reject) => {
    const subscriptions = storesOf(nation).map((store, index) =>
      store.subscribe({
        after: from[index] as Position,
        onPage: ({ events }) => {
          for (const { type } of events) if (type in left) left[type] = (left[type] ?? 0) - 1;
          if (Object.values(left).every((missing) => missing <= 0)) end();
        },
      }),
    );
    const timer = setTimeout(() => end(new Error(`some exchanges did not end: ${JSON.stringify(left)}`)), END_TIMEOUT_MS);
    const end = (error?: Error): void => {
      clearTimeout(timer);
      void Promise.all(subscriptions.map((subscription) => subscription.stop()));
      if (error) reject(error);
      else resolve();
    };
  });
}

/** Every person asked about once, from the first request to the last receipt, and the read models at the end of the stores. */
export async function ask(measured: Measured): Promise<void> {
  const { nation, subjects } = measured;
  const stores = storesOf(nation);
  const from = await Promise.all(stores.map((store) => store.lastPosition()));
  const ended = untilAllEnded(measured, from);
  const requests = requestsOf(subjects);
  await atOnce(requests, REQUESTS_AT_ONCE, async (own) => {
    const [first] = own;
    if (!first) return;
    const atMs = Date.parse(nation.clock.now());
    const results = await nation.client(first.requester).submitQueries(own.map((subject) => lineOf(subject, atMs)));
    if (results.some(({ ok }) => !ok)) throw new Error('a query was refused');
  });
  await ended;
  const models = [nation.core.models, ...['is-east', 'is-west'].map((id) => nation.intermediateServers.get(id)?.models)];
  await Promise.all(stores.map(async (store, index) => models[index]?.caughtUp(await store.lastPosition(), CAUGHT_UP_TIMEOUT_MS)));
}

/** One agency's lines a request. */
function requestsOf(subjects: readonly Subject[]): Subject[][] {
  const byRequester = new Map<string, Subject[]>();
  for (const subject of subjects) byRequester.set(subject.requester.code, [...(byRequester.get(subject.requester.code) ?? []), subject]);
  return [...byRequester.values()].flatMap((own) =>
    Array.from({ length: Math.ceil(own.length / LINES_A_CALL) }, (_, page) => own.slice(page * LINES_A_CALL, (page + 1) * LINES_A_CALL)),
  );
}

/** The bytes of every event that one run records, in batches. */
async function bytesOf({ nation }: Measured, from: readonly Position[]): Promise<Buffer[][]> {
  const all: Buffer[] = [];
  for (const [index, store] of storesOf(nation).entries()) {
    for (let after = from[index] as Position, atEnd = false; !atEnd;) {
      const page = await store.readAll({ after, limit: PAGE });
      all.push(...page.events.map(({ bytes }) => Buffer.from(bytes)));
      after = page.next;
      atEnd = page.atEnd;
    }
  }
  return Array.from({ length: Math.ceil(all.length / EVENTS_A_BATCH) }, (_, batch) => all.slice(batch * EVENTS_A_BATCH, (batch + 1) * EVENTS_A_BATCH));
}

/** One run under the profiler: where the main thread's time goes, and what the other threads take. */
async function profile(measured: Measured): Promise<readonly PartOfCpu[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 500 });
    await session.post('Profiler.start');
    const before = process.cpuUsage();
    await ask(measured);
    const { user, system } = process.cpuUsage(before);
    const { profile: found } = (await session.post('Profiler.stop')) as { readonly profile: Profiler.Profile };
    return cpuByPart(found, (user + system) / 1_000);
  } finally {
    session.disconnect();
  }
}

/** What was left open on purpose lapses: the next run starts from nothing. */
export const settle = ({ nation }: Measured): Promise<void> => nation.pass(VALIDITY_MS);

function tellCpu(parts: readonly PartOfCpu[], exchanges: number): void {
  process.stderr.write(`CPU of one run in process, ${exchanges.toLocaleString('en-US')} exchanges:\n`);
  for (const { part, ms } of parts)
    process.stderr.write(`  ${part.padEnd(28)} ${String(Math.round(ms)).padStart(6)} ms ${((ms * 1_000) / exchanges).toFixed(0).padStart(6)} µs an exchange\n`);
}

interface Work {
  readonly directory: string;
  readonly engine: Engine;
  readonly size: Size;
  readonly runs: number;
}

/** Of the same events, as many exchanges a second as a bare LMDB takes. */
async function bareOf(measured: Measured): Promise<Contender> {
  const { nation, subjects } = measured;
  const from = await Promise.all(storesOf(nation).map((store) => store.lastPosition()));
  await ask(measured);
  const bytes = await bytesOf(measured, from);
  await settle(measured);
  const events = bytes.reduce((sum, batch) => sum + batch.length, 0);
  return { benchmark: 'exchanges.bare-lmdb', unit: 'exchanges/s', run: async () => (await inBareLmdb(bytes)) / (events / subjects.length) };
}

const against = (figure: Figure, baseline: Figure | undefined): Figure =>
  baseline ? { ...figure, baseline: baseline.median, ratio: Math.round((figure.median / baseline.median) * 100) / 100 } : figure;

/** In process, then the same nation over HTTP; on servers against `beside`, on the embedded engine against a bare LMDB. */
async function measure({ directory, engine, size, runs }: Work, beside: readonly Figure[]): Promise<Figure[]> {
  const embedded = isEmbedded(engine);
  const { eventStore, readModels } = engine;
  const places = { eventStore, ...(readModels === undefined ? {} : { readModels: { url: readModels } }) };
  const runOf = (measured: Measured) => async (): Promise<number> => {
    const result = await rate(measured.subjects.length, () => ask(measured));
    await settle(measured);
    return result;
  };
  let measured = await measuredNation(directory, size, places);
  const { subjects } = measured;
  try {
    const inProcess: Contender = { benchmark: `exchanges.in-process${engine.label}`, unit: 'exchanges/s', run: runOf(measured) };
    const [local, bare] = await compare(embedded ? [inProcess, await bareOf(measured)] : [inProcess], runs);
    if (embedded) tellCpu(await profile(measured), subjects.length);
    await settle(measured);
    await measured.nation.close();
    measured = { nation: await Nation.start({ directory, basePort: 0, logLevel: 'error', between: 'http', ...places }), subjects };
    const overHttp: Contender = { benchmark: `exchanges.http${engine.label}`, unit: 'exchanges/s', run: runOf(measured) };
    const [http] = await compare([overHttp], Math.max(1, runs - 2));
    if (!local || !http) return [];
    return bare ? [against(local, bare), against(http, bare), bare] : [against(local, beside[0]), against(http, beside[1])];
  } finally {
    await measured.nation.close();
  }
}

async function* measuredOn(engines: readonly Engine[], quick: boolean): AsyncIterable<Figure> {
  let beside: readonly Figure[] = [];
  for (const engine of engines) {
    const size = quick ? (isEmbedded(engine) ? QUICK : QUICK_ON_SERVER) : isEmbedded(engine) ? FULL : ON_SERVER;
    const figures = await inDirectory((directory) => measure({ directory, engine, size, runs: quick ? 1 : 5 }, beside));
    if (isEmbedded(engine)) beside = figures;
    yield* figures;
  }
}

export const exchanges: Benchmark = {
  name: 'exchanges',
  what:
    'Whole exchanges a second through every system: 40 cities ask 960 others about 10,000 persons, each once, in requests of up to 500 lines over HTTP with ' +
    'tokens; 80 % provided and received, 10 % denied, 5 % without a record, 5 % held for an official. Three records each, durable; fields sealed, data ' +
    'sealed between interface systems and in the mailbox; from the first request to the last receipt and until all read models have caught up. Between ' +
    'servers by calls in one process, and over HTTP with tokens. Baseline: the same events’ bytes as rows of a bare LMDB. CPU by part goes to standard error. ' +
    'On servers besides, 2,000 persons, against the embedded engine.',
  on: { eventStore: true, postgres: true },
  async *run({ quick, eventStore, postgres }): AsyncIterable<Figure> {
    yield* onEngines({ eventStore, postgres }, (engines) => measuredOn(engines, quick));
  },
};
