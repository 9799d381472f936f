import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countHistory } from '#libs/audit';
import { newExchangeId } from '#libs/cryptography';
import { type PartyKind, rebuildReadModels } from '#libs/read-models';
import type { StoreLocation } from '#libs/event-store';
import { type Benchmark, compare, type Contender, type Figure, median, percentile, withPeakMemory } from './benchmark.js';
import { CoreHistory, EVENTS_AN_EXCHANGE, modelsCaughtUp } from './core-history.js';
import { decodedOnly } from './decode-only.js';
import { batchesOf } from './decisions.lines.js';
import { INTERFACE_SYSTEM, type MeasuredCore, valuesOf } from './decisions.setup.js';
import { paced } from './paced.js';
import { REPLICAS_A_PERSON, storedReplicas } from './stored-histories.js';

const EXCHANGES = 300_000;
const EXCHANGES_QUICK = 20_000;
const REPLICAS = 500_000;
const REPLICAS_QUICK = 20_000;
const DECISIONS_A_SECOND = 100;
const PACED_S = 6;
const PACED_S_QUICK = 2;
const RUNS = 3;
const PERCENTILES = [50, 99] as const;

interface Source {
  readonly kind: PartyKind;
  readonly store: StoreLocation;
  readonly keyDirectory: string;
  readonly projection: string;
  readonly rows: number;
  readonly events: number;
}

/** Builds a view where there is none, at full speed; seconds. */
async function built({ kind, store, keyDirectory, projection }: Source): Promise<number> {
  const directory = await mkdtemp(`${keyDirectory}-models-`);
  try {
    const startedMs = performance.now();
    const [state] = await rebuildReadModels({ kind, store, keyDirectory, models: { kind: 'sqlite', directory }, projections: [projection], atOnce: 1 });
    if (state?.stage !== 'done') throw new Error(`the rebuild ended as ${state?.stage ?? 'nothing'}: ${state?.trouble ?? ''}`);
    return (performance.now() - startedMs) / 1_000;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Rows a second of a view that is built once, or twice side by side. */
export async function rowsBuilt(source: Source, threads: number): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: threads }, () => built(source)));
  return (source.rows * threads) / ((performance.now() - startedMs) / 1_000);
}

export const exchangesOf = (history: CoreHistory, exchanges: number): Source => ({
  kind: 'core',
  store: history.location,
  keyDirectory: history.keysDirectory,
  projection: 'exchanges',
  rows: exchanges,
  events: exchanges * EVENTS_AN_EXCHANGE,
});

function contendersOf(source: Source, runs: readonly number[]): Contender[] {
  const name = `rebuild.${source.projection}`;
  const decodeOnly = `${name}.decode-only`;
  return [
    ...runs.map((threads) => ({
      benchmark: `${name}.${threads}-thread${threads === 1 ? '' : 's'}`,
      unit: 'rows/s',
      baseline: decodeOnly,
      run: () => rowsBuilt(source, threads),
    })),
    {
      benchmark: decodeOnly,
      unit: 'rows/s',
      run: async () => ((await eventsDecoded(source.store)) * source.rows) / source.events,
    },
  ];
}

/** Events a second of a fold that keeps counts only: the record's statistics (`renkei statistics`). */
export async function counted({ store, events }: Source, threads: number): Promise<number> {
  const startedMs = performance.now();
  await countHistory({ location: store, threads });
  return events / ((performance.now() - startedMs) / 1_000);
}

/** Events a second that one thread reads and decodes. */
export async function eventsDecoded(store: StoreLocation): Promise<number> {
  const startedMs = performance.now();
  const events = await decodedOnly(store);
  return events / ((performance.now() - startedMs) / 1_000);
}

const countings = (source: Source): Contender[] => [
  ...[1, 2].map((threads) => ({
    benchmark: `rebuild.counting.${threads}-thread${threads === 1 ? '' : 's'}`,
    unit: 'events/s',
    baseline: 'rebuild.counting.decode-only',
    run: () => counted(source, threads),
  })),
  { benchmark: 'rebuild.counting.decode-only', unit: 'events/s', run: () => eventsDecoded(source.store) },
];

/** One decision after another at a pace; how long each took, milliseconds. */
export function decisionsOf({ core, asking }: MeasuredCore, seconds: number): Promise<number[]> {
  const lines = batchesOf(asking, DECISIONS_A_SECOND * seconds, 1).flat();
  return paced(DECISIONS_A_SECOND, seconds, async (index) => {
    const line = lines[index];
    if (line) valuesOf((await core.service.decideQueries(INTERFACE_SYSTEM, [{ ...line, exchangeId: newExchangeId(Date.parse(asking.at)) }])).outcomes);
  });
}

/** Latency of single decisions at the core with and without a rebuild beside them, by turns. */
async function besideTraffic(history: CoreHistory, quick: boolean): Promise<Figure[]> {
  const measured = await history.start();
  try {
    await modelsCaughtUp(measured);
    const seconds = quick ? PACED_S_QUICK : PACED_S;
    const alone: number[][] = [];
    const beside: number[][] = [];
    await decisionsOf(measured, seconds);
    const { peakMiB } = await withPeakMemory(async () => {
      for (let run = 0; run < (quick ? 1 : RUNS); run += 1) {
        alone.push(await decisionsOf(measured, seconds));
        await measured.core.models.rebuild({ projections: ['exchanges'] });
        beside.push(await decisionsOf(measured, seconds));
        await untilRebuilt(measured);
      }
    });
    return PERCENTILES.map((percent) => {
      const own = beside.map((latencies) => percentile(latencies, percent));
      const baseline = median(alone.map((latencies) => percentile(latencies, percent)));
      return {
        benchmark: `rebuild.beside.p${percent}`,
        unit: 'ms',
        median: hundredths(median(own)),
        min: hundredths(Math.min(...own)),
        max: hundredths(Math.max(...own)),
        baseline: hundredths(baseline),
        ratio: hundredths(median(own) / baseline),
        peakRssMiB: peakMiB,
        runs: own.length,
      };
    });
  } finally {
    await measured.core.close();
  }
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

async function untilRebuilt({ core }: MeasuredCore): Promise<void> {
  for (;;) {
    const state = core.models.rebuilds().find(({ projection }) => projection === 'exchanges');
    if (state?.stage === 'done') return;
    if (state === undefined || state.stage === 'failed' || state.stage === 'differs') throw new Error(`the rebuild ended as ${state?.stage ?? 'nothing'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function* measure(directory: string, quick: boolean): AsyncIterable<Figure> {
  const runs = quick ? 1 : RUNS;
  const replicas = quick ? REPLICAS_QUICK : REPLICAS;
  const { options } = await storedReplicas({ label: '' }, join(directory, 'replicas'), replicas / REPLICAS_A_PERSON);
  const { kind, store, keyDirectory } = options;
  yield* await compare(contendersOf({ kind, store, keyDirectory, projection: 'replicas', rows: replicas, events: replicas }, [1, 2]), runs);
  const history = await CoreHistory.open(join(directory, 'core'));
  const exchanges = quick ? EXCHANGES_QUICK : EXCHANGES;
  await history.grow(exchanges);
  yield* await compare(contendersOf(exchangesOf(history, exchanges), [1, 2]), runs);
  yield* await compare(countings(exchangesOf(history, exchanges)), runs);
  yield* await besideTraffic(history, quick);
}

export const rebuild: Benchmark = {
  name: 'rebuild',
  what:
    'Views built from position 0 at full speed, each in a thread of its own: reading, decoding, folding, loading sorted, indexes, statistics. Row models: ' +
    '500,000 replicas (one event a row) and 300,000 whole exchanges at the core (three events a row, identifiers opened, persons named), once and twice side by ' +
    'side. Counting fold: the statistics of the same exchanges, on one thread and on two, events a second. Baseline: one thread that reads and decodes every event. And beside traffic: milliseconds of single decisions at the core, 100 a second, called in ' +
    'its process, while its exchanges are rebuilt at half of the time; baseline: the same without a rebuild, by turns',
  on: {
    eventStore: { not: 'a history of this length would take long to write there; `replica` tells how fast views are folded from it' },
    postgres: { not: '`replica` folds the same views there' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    const directory = await mkdtemp(join(tmpdir(), 'renkei-bench-'));
    try {
      yield* measure(directory, quick);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};
