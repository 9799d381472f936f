// One measurement of the scale, in a process of its own: its memory is that of nothing else. One line of JSON at the end.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openReadModels } from '#libs/read-models';
import { median, percentile, rate, withPeakMemory } from './benchmark.js';
import { caughtUp, CoreHistory, endExchanges, EVENTS_AN_EXCHANGE, modelsCaughtUp } from './core-history.js';
import { decodedOnly } from './decode-only.js';
import { batchesOf, inFlight } from './decisions.lines.js';
import { INTERFACE_SYSTEM, type MeasuredCore, valuesOf } from './decisions.setup.js';
import { counted, decisionsOf, exchangesOf, rowsBuilt } from './rebuild.benchmark.js';
import { replayed } from './replay.benchmark.js';

/** `grow`: the record alone; `settle`: its log and read models after it; `serve`: the core on it; `read`: history folded and decided again; `views`: rows built again. */
export type ScalePart = 'grow' | 'settle' | 'serve' | 'read' | 'views';
export type Measured = Readonly<Record<string, number>>;

const LINES_A_BATCH = 500;
const BATCHES_AT_ONCE = 4;
const RUNS = 3;
const MIB = 1024 * 1024;

/** Bytes on disk of a directory. */
export function bytesOf(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).blocks * 512, 0);
}

function anonymousMiB(): number {
  globalThis.gc?.();
  const kib = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Math.round((Number(kib) * 1_024) / MIB);
}

/** Whole exchanges at the core a second: decided, reported, received, each durable and under a signed checkpoint. */
async function exchanged(measured: MeasuredCore, exchanges: number): Promise<number> {
  const batches = batchesOf(measured.asking, exchanges, LINES_A_BATCH);
  return rate(exchanges, () =>
    inFlight(
      batches.map((batch) => async () => {
        valuesOf((await measured.core.service.decideQueries(INTERFACE_SYSTEM, batch)).outcomes);
        await endExchanges(measured, batch);
      }),
      BATCHES_AT_ONCE,
    ),
  );
}

/** The views after what was copied, then the log: a start waits for the views no longer than half a minute. */
async function settle(history: CoreHistory): Promise<Measured> {
  const startedMs = performance.now();
  const { dataDirectory, keysDirectory: keyDirectory, location: store } = history;
  const onAlarm = ({ code }: { readonly code: string }): void => {
    throw new Error(`the read models are in trouble: ${code}`);
  };
  const models = await openReadModels({
    kind: 'core',
    store,
    keyDirectory,
    models: { kind: 'sqlite', directory: join(dataDirectory, 'read-models') },
    onAlarm,
  });
  try {
    await caughtUp(models, await history.end());
  } finally {
    await models.close();
  }
  const viewsMs = performance.now();
  const { core } = await history.start();
  const logSeconds = (performance.now() - viewsMs) / 1_000;
  await core.close();
  return { viewsSeconds: (viewsMs - startedMs) / 1_000, logSeconds };
}

async function serve(history: CoreHistory, quick: boolean): Promise<Measured> {
  const startedMs = performance.now();
  const measured = await history.start();
  const restartSeconds = (performance.now() - startedMs) / 1_000;
  try {
    await exchanged(measured, quick ? 1_000 : 5_000);
    const rates: number[] = [];
    const { peakMiB } = await withPeakMemory(async () => {
      for (let run = 0; run < RUNS; run += 1) {
        rates.push(await exchanged(measured, quick ? 1_000 : 20_000));
        await modelsCaughtUp(measured);
      }
    });
    const latencies = await decisionsOf(measured, quick ? 2 : 8);
    const after = { restartSeconds, exchangesPerSecond: median(rates), p50Ms: percentile(latencies, 50), p99Ms: percentile(latencies, 99) };
    await modelsCaughtUp(measured);
    return { ...after, rssAnonMiB: anonymousMiB(), peakRssAnonMiB: peakMiB };
  } finally {
    await measured.core.close();
  }
}

async function read(history: CoreHistory): Promise<Measured> {
  const { result, peakMiB } = await withPeakMemory(async () => {
    const startedMs = performance.now();
    const events = await decodedOnly(history.location);
    const decodeEventsPerSecond = events / ((performance.now() - startedMs) / 1_000);
    const source = exchangesOf(history, events / EVENTS_AN_EXCHANGE);
    return {
      decodeEventsPerSecond,
      countingEventsPerSecond1: await counted({ ...source, events }, 1),
      countingEventsPerSecond2: await counted({ ...source, events }, 2),
      replayDecisionsPerSecond1: await replayed(history, 1),
      replayDecisionsPerSecond2: await replayed(history, 2),
    };
  });
  return { ...result, readPeakRssAnonMiB: peakMiB };
}

async function views(history: CoreHistory, exchanges: number): Promise<Measured> {
  const source = exchangesOf(history, exchanges);
  return { rebuildRowsPerSecond1: await rowsBuilt(source, 1), rebuildRowsPerSecond2: await rowsBuilt(source, 2) };
}

const sizesOf = ({ dataDirectory }: CoreHistory, exchanges: number): Measured => ({
  recordBytesAnExchange: bytesOf(join(dataDirectory, 'event-store')) / exchanges,
  logBytesAnExchange: bytesOf(join(dataDirectory, 'ledger')) / exchanges,
  viewsBytesAnExchange: bytesOf(join(dataDirectory, 'read-models')) / exchanges,
});

async function main([part, directory = '', wanted, quick]: readonly string[]): Promise<Measured> {
  const exchanges = Number(wanted);
  const history = await CoreHistory.open(directory);
  const isQuick = quick === 'quick';
  if (part === 'grow') return { events: await history.grow(exchanges) };
  if (part === 'settle') return { ...(await settle(history)), ...sizesOf(history, exchanges) };
  if (part === 'serve') return serve(history, isQuick);
  if (part === 'read') return read(history);
  return views(history, exchanges);
}

process.stdout.write(`${JSON.stringify(await main(process.argv.slice(2)))}\n`);
