import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import { DomainError, type ErrorKind, invalid, isCalendarDay } from '#libs/kernel';
import { RangeCount, type CountPeriod, type CountRange } from './range-count.js';
import { type Statistics, statisticsOf } from './statistics.js';
import type { CountNews, CountOrder } from './statistics.worker.js';
import { addTally, noTally, type Tally } from './tally.js';

/** More threads gain nothing on the machines that were measured: they share the memory's bandwidth. */
const THREADS_MAX = 4;
/** Positions of the embedded store, which are dense, in one range. */
const RANGE_POSITIONS = 100_000;
/** What a thread makes lives for one event: a larger nursery is emptied less often. */
const YOUNG_MIB = 64;

export interface CountOptions extends CountPeriod {
  /** Worker threads; 0 to count in this one. Left out: as many as there are processors, at most THREADS_MAX. */
  readonly threads?: number;
  /** Positions in one range; for tests. */
  readonly rangePositions?: number;
  /** Exchanges whose end is awaited, kept at hand; for tests. */
  readonly openMax?: number;
  /** `done` of `total` of the store's positions. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Counts a core's record, embedded or on EventStoreDB, beside the process that owns it or without one: up to what is
 * durable when it begins. Rejects with INVALID_INPUT (a day that is none, a period that ends before it begins),
 * EVENT_DAMAGED (naming the position), and the typed errors of the store.
 */
export async function countHistory({ location, ...options }: CountOptions & { readonly location: StoreLocation }): Promise<Statistics> {
  const period = periodOf(options);
  const store = await openStore(location, { readOnly: true });
  try {
    const end = await store.lastPosition();
    const { threads = Math.min(availableParallelism(), THREADS_MAX), rangePositions = RANGE_POSITIONS } = options;
    const ranges = rangesOf(end, rangePositions);
    // positions of EventStoreDB have gaps, and only one that is an event's can be asked for: it is read by one thread
    if (location.kind !== 'embedded' || threads === 0 || ranges.length < 2) return await countStore(store, options);
    return statisticsOf(await onThreads({ location, period, end, ranges }, Math.min(threads, ranges.length), options), period);
  } finally {
    await store.close();
  }
}

/** The same of a store that is open already, in this thread. */
export async function countStore(store: EventStore, options: CountOptions = {}): Promise<Statistics> {
  const { openMax, onProgress } = options;
  const period = periodOf(options);
  const end = await store.lastPosition();
  const counting = new RangeCount(store, period, end, openMax);
  if (end > 0n) await counting.count({ after: 0n, upTo: end }, (position) => onProgress?.(Number(position), Number(end)));
  return statisticsOf(counting.tally, period);
}

function periodOf({ from, to }: CountPeriod): CountPeriod {
  for (const [name, day] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (day !== undefined && !isCalendarDay(day)) throw invalid(name, 'a day of the calendar, YYYY-MM-DD', `${name} is not a day`);
  if (from !== undefined && to !== undefined && to <= from) throw invalid('to', 'after from', 'the period ends before it begins');
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function rangesOf(end: bigint, positions: number): readonly CountRange[] {
  const ranges: CountRange[] = [];
  for (let after = 0n; after < end; after += BigInt(positions)) {
    const upTo = after + BigInt(positions);
    ranges.push({ after, upTo: upTo < end ? upTo : end });
  }
  return ranges;
}

/** Each thread takes every n-th range: what they come to is added up, in any order. */
async function onThreads(order: CountOrder, threads: number, { onProgress }: CountOptions): Promise<Tally> {
  let done = 0;
  const workers: Worker[] = [];
  const counted = Array.from({ length: threads }, (_, thread) => {
    const ranges = order.ranges.filter((_range, index) => index % threads === thread);
    const worker = new Worker(new URL('./statistics.worker.js', import.meta.url), {
      workerData: { ...order, ranges } satisfies CountOrder,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    workers.push(worker);
    return new Promise<Tally>((resolve, reject) => {
      worker.on('message', (news: CountNews) => {
        if (news.is === 'events') onProgress?.((done += news.positions), Number(order.end));
        else if (news.is === 'counted') resolve(news.tally);
        else reject(errorOf(news.error));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('a thread ended before its ranges were counted')));
    });
  });
  try {
    const sum = noTally();
    for (const tally of await Promise.all(counted)) addTally(sum, tally);
    return sum;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

const errorOf = ({ code, kind, message }: Extract<CountNews, { is: 'failed' }>['error']): Error =>
  code === undefined || kind === undefined ? new Error(message) : new DomainError(code, kind as ErrorKind, message);
