import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Servers } from './engines.js';

/** One measured figure, as `--json` prints it. */
export interface Figure {
  readonly benchmark: string;
  /** What is counted, e.g. `events/s`. */
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median of what it is compared with, measured in the same run; null where there is nothing. */
  readonly baseline: number | null;
  /** median / baseline */
  readonly ratio: number | null;
  /** Highest memory of the process while this was measured; on Linux without file pages (the LMDB map is page cache). */
  readonly peakRssMiB: number;
  readonly runs: number;
}

export interface BenchmarkOptions extends Servers {
  /** Fewer and shorter runs, to see that it works; such figures are not for a README. */
  readonly quick: boolean;
  /** Queries a second, where they come at a pace. */
  readonly rate?: number | undefined;
  /** Exchanges up to which a history grows. */
  readonly to?: number | undefined;
  /** Goes on with what an interrupted run left. */
  readonly resume?: boolean;
}

/** Whether a benchmark runs on a server besides, or why that makes no sense. */
export type OnServer = true | { readonly not: string };

export interface Benchmark {
  /** The word on the command line. */
  readonly name: string;
  /** A sentence: what is measured, and what is inside the figure. */
  readonly what: string;
  readonly on: { readonly eventStore: OnServer; readonly postgres: OnServer };
  run(options: BenchmarkOptions): AsyncIterable<Figure>;
}

/** One way of doing the work: does it once and returns how many units it did a second. */
export interface Contender {
  readonly benchmark: string;
  readonly unit: string;
  /** The contender that this one is compared with. */
  readonly baseline?: string;
  run(): Promise<number>;
}

const MEMORY_SAMPLE_MS = 50;
const MIB = 1024 * 1024;

/** Anonymous memory of this process in bytes (`RssAnon`), or all resident memory where the system does not tell. */
function anonymousBytes(): number {
  try {
    const kib = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kib !== undefined) return Number(kib) * 1024;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
  }
  return process.memoryUsage.rss();
}

/** Does some work and tells the highest memory meanwhile, sampled. */
export async function withPeakMemory<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly peakMiB: number }> {
  let peak = anonymousBytes();
  const sample = (): void => {
    peak = Math.max(peak, anonymousBytes());
  };
  const timer = setInterval(sample, MEMORY_SAMPLE_MS);
  try {
    const result = await work();
    sample();
    return { result, peakMiB: Math.round(peak / MIB) };
  } finally {
    clearInterval(timer);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that so many percent of them are below. */
export const percentile = (values: readonly number[], percent: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor((values.length * percent) / 100))] ?? Number.NaN;

/** Units a second of one piece of work. */
export async function rate(units: number, work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return units / (Number(process.hrtime.bigint() - start) / 1e9);
}

/**
 * Measures contenders against each other: one warm-up round, then `runs` rounds in which each runs once, so that what
 * else the machine does falls on all of them alike. Median and spread of the rounds.
 */
export async function compare(contenders: readonly Contender[], runs: number): Promise<Figure[]> {
  const rates = new Map<string, number[]>(contenders.map(({ benchmark }) => [benchmark, []]));
  const peaks = new Map<string, number>();
  for (let round = -1; round < runs; round += 1) {
    for (const { benchmark, run } of contenders) {
      const { result, peakMiB } = await withPeakMemory(run);
      await sleep(0);
      if (round < 0) continue;
      rates.get(benchmark)?.push(result);
      peaks.set(benchmark, Math.max(peakMiB, peaks.get(benchmark) ?? 0));
    }
  }
  return contenders.map(({ benchmark, unit, baseline }) => {
    const own = rates.get(benchmark) ?? [];
    const compared = baseline === undefined ? null : median(rates.get(baseline) ?? []);
    return {
      benchmark,
      unit,
      median: Math.round(median(own)),
      min: Math.round(Math.min(...own)),
      max: Math.round(Math.max(...own)),
      baseline: compared === null ? null : Math.round(compared),
      ratio: compared === null ? null : Math.round((median(own) / compared) * 100) / 100,
      peakRssMiB: peaks.get(benchmark) ?? 0,
      runs,
    };
  });
}
