import { parentPort, workerData } from 'node:worker_threads';
import { openStore, type StoreLocation } from '#libs/event-store';
import type { PositionRange } from '../reading/ranges.js';
import { type PlainError, plainError } from '../reading/threads.js';
import { RangeCount, type CountPeriod } from './range-count.js';
import type { Tally } from './tally.js';

/** Plain data: it crosses threads. */
export interface CountOrder {
  readonly location: StoreLocation;
  readonly period: CountPeriod;
  readonly end: bigint;
  readonly ranges: readonly PositionRange[];
}
export type CountNews =
  | { readonly is: 'events'; readonly positions: number }
  | { readonly is: 'counted'; readonly tally: Tally }
  | { readonly is: 'failed'; readonly error: PlainError };

async function run({ location, period, end, ranges }: CountOrder, tell: (news: CountNews) => void): Promise<void> {
  const store = await openStore(location, { readOnly: true });
  try {
    const counting = new RangeCount(store, period, end);
    for (const range of ranges) {
      let told = range.after;
      await counting.count(range, (position) => {
        tell({ is: 'events', positions: Number(position - told) });
        told = position;
      });
    }
    tell({ is: 'counted', tally: counting.tally });
  } finally {
    await store.close();
  }
}

const port = parentPort;
if (port !== null) {
  run(workerData as CountOrder, (news) => port.postMessage(news)).catch((error: unknown) => {
    port.postMessage({ is: 'failed', error: plainError(error) } satisfies CountNews);
  });
}
