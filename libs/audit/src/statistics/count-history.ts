import { Worker } from 'node:worker_threads';
import { type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import { checkPeriod } from '../reading/days.js';
import { rangesUpTo } from '../reading/ranges.js';
import { errorAgain, READING_LIMITS, threadsByDefault } from '../reading/threads.js';
import { RangeCount, type CountPeriod } from './range-count.js';
import { type Statistics, statisticsOf } from './statistics.js';
import type { CountNews, CountOrder } from './statistics.worker.js';
import { addTally, noTally, type Tally } from './tally.js';

/** Positions of the embedded store, which are dense, in one range. */
const RANGE_POSITIONS = 100_000;

export interface CountOptions extends CountPeriod {
  /** Worker threads; 0 to count in this one. Left out: as many as there are processors, four at most. */
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
    const { threads = threadsByDefault(), rangePositions = RANGE_POSITIONS } = options;
    const ranges = rangesUpTo(end, rangePositions);
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
  const period = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  checkPeriod(period);
  return period;
}

/** Each thread takes every n-th range: what they come to is added up, in any order. */
async function onThreads(order: CountOrder, threads: number, { onProgress }: CountOptions): Promise<Tally> {
  let done = 0;
  const workers: Worker[] = [];
  const counted = Array.from({ length: threads }, (_, thread) => {
    const ranges = order.ranges.filter((_range, index) => index % threads === thread);
    const worker = new Worker(new URL('./statistics.worker.js', import.meta.url), {
      workerData: { ...order, ranges } satisfies CountOrder,
      resourceLimits: READING_LIMITS,
    });
    workers.push(worker);
    return new Promise<Tally>((resolve, reject) => {
      worker.on('message', (news: CountNews) => {
        if (news.is === 'events') onProgress?.((done += news.positions), Number(order.end));
        else if (news.is === 'counted') resolve(news.tally);
        else reject(errorAgain(news.error));
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
