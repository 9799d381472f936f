import type { Nation } from '#apps/sandbox';
import { ServiceClient } from '#libs/platform';
import { inDirectory } from './bare-writers.js';
import { type Benchmark, type Figure, median, withPeakMemory, percentile } from './benchmark.js';
import { type Engine, onEngines } from './engines.js';
import { paced } from './paced.js';
import { lineOf, measuredNation, type Size, type Subject } from './exchanges.setup.js';

const SIZE: Size = { agencies: 200, requesters: 20, persons: 2_000 };
const QUICK: Size = { agencies: 20, requesters: 4, persons: 200 };
const QUERIES_A_SECOND = 200;
const RUN_S = 8;
const QUICK_RUN_S = 2;
const WARM_UP_S = 3;
const WAIT_MS = 10_000;
const PERCENTILES = [50, 99] as const;

/** One query, from the existing system's request to the answer that its data is in the mailbox. */
async function query(nation: Nation, subject: Subject): Promise<void> {
  const line = lineOf(subject, Date.parse(nation.clock.now()));
  const { status } = await nation.client(subject.requester).submitQuery(line, { waitMs: WAIT_MS });
  if (status !== 'received') throw new Error(`what is measured is exchanges that are provided, not ${status}`);
}

const hundredths = (ms: number): number => Math.round(ms * 100) / 100;

/** Percentiles of each run, and of them the median, the least and the most. */
function figuresOf({ label, runs, bare, peakRssMiB }: Measurement): Figure[] {
  return PERCENTILES.map((percent) => {
    const own = runs.map((latencies) => percentile(latencies, percent));
    const baseline = median(bare.map((latencies) => percentile(latencies, percent)));
    return {
      benchmark: `latency.p${percent}${label}`,
      unit: 'ms',
      median: hundredths(median(own)),
      min: hundredths(Math.min(...own)),
      max: hundredths(Math.max(...own)),
      baseline: hundredths(baseline),
      ratio: hundredths(median(own) / baseline),
      peakRssMiB,
      runs: runs.length,
    };
  });
}

interface Measurement {
  readonly label: string;
  readonly runs: readonly (readonly number[])[];
  readonly bare: readonly (readonly number[])[];
  readonly peakRssMiB: number;
}
interface Work {
  readonly directory: string;
  readonly engine: Engine;
  readonly size: Size;
  readonly runs: number;
  readonly seconds: number;
  readonly queriesASecond: number;
}

async function measure({ directory, engine, size, runs, seconds, queriesASecond }: Work): Promise<Figure[]> {
  const { label, eventStore, readModels } = engine;
  const places = { eventStore, ...(readModels === undefined ? {} : { readModels: { url: readModels } }) };
  const { nation, subjects } = await measuredNation(directory, size, { between: 'http', ...places });
  const health = new ServiceClient({ address: nation.core.url, audience: 'core' });
  try {
    const provided = subjects.filter(({ meant }) => meant === 'provided');
    const ask = (index: number): Promise<void> => query(nation, provided[index % provided.length] as Subject);
    const bareRequest = async (): Promise<void> => void (await health.call({ method: 'GET', path: '/health/live', idempotent: true }));
    await paced(queriesASecond, Math.min(WARM_UP_S, seconds), ask);
    const measured: number[][] = [];
    const bare: number[][] = [];
    const { peakMiB } = await withPeakMemory(async () => {
      for (let run = 0; run < runs; run += 1) {
        measured.push(await paced(queriesASecond, seconds, ask));
        bare.push(await paced(queriesASecond, Math.min(2, seconds), bareRequest));
      }
    });
    return figuresOf({ label, runs: measured, bare, peakRssMiB: peakMiB });
  } finally {
    await health.close();
    await nation.close();
  }
}

export const latency: Benchmark = {
  name: 'latency',
  what:
    `One query at a time, ${QUERIES_A_SECOND} a second (or --rate), over HTTP with tokens through every hop (agency, intermediate server, interface system, core and back; ` +
    'core, interface system, intermediate server of the provider, data sealed to the requester): milliseconds from when the request was due until the answer ' +
    'that the data is durable in the mailbox and recorded. All servers and the asking systems share one process. Baseline: a bare GET at the same pace. On servers besides.',
  on: { eventStore: true, postgres: true },
  async *run({ quick, eventStore, postgres, rate: queriesASecond = QUERIES_A_SECOND }): AsyncIterable<Figure> {
    yield* onEngines({ eventStore, postgres }, async function* (engines) {
      for (const engine of engines) {
        const work = { engine, size: quick ? QUICK : SIZE, runs: quick ? 1 : 3, seconds: quick ? QUICK_RUN_S : RUN_S, queriesASecond };
        yield* await inDirectory((directory) => measure({ directory, ...work }));
      }
    });
  },
};
