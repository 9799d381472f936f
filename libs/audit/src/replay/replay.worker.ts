import { parentPort, workerData } from 'node:worker_threads';
import type { PositionRange } from '../reading/ranges.js';
import { type PlainError, plainError } from '../reading/threads.js';
import type { FoundationData } from './foundation.js';
import { type RangePlaces, RangeReplay } from './replay-range.js';

/** Plain data: it crosses threads. */
export type ReplayOrder =
  | { readonly is: 'gather'; readonly range: PositionRange }
  | { readonly is: 'foundation'; readonly data: FoundationData }
  | { readonly is: 'decide'; readonly range: PositionRange }
  | { readonly is: 'end' };
export type ReplayAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: PlainError };

async function work(job: RangeReplay, order: ReplayOrder): Promise<unknown> {
  if (order.is === 'gather') return job.gather(order.range);
  if (order.is === 'decide') return job.decide(order.range);
  if (order.is === 'foundation') return job.found(order.data);
  return job.close();
}

const port = parentPort;
if (port !== null) {
  const opened = RangeReplay.open(workerData as RangePlaces);
  opened.catch(() => undefined); // told with the first order
  port.on('message', (order: ReplayOrder) => {
    opened
      .then((job) => work(job, order))
      .then(
        (value) => port.postMessage({ ok: true, value } satisfies ReplayAnswer),
        (error: unknown) => port.postMessage({ ok: false, error: plainError(error) } satisfies ReplayAnswer),
      )
      .finally(() => {
        if (order.is === 'end') port.close();
      });
  });
}
