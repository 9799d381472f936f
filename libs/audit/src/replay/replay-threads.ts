import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { PositionRange } from '../reading/ranges.js';
import { errorAgain, READING_LIMITS } from '../reading/threads.js';
import type { FoundationData, Gathered } from './foundation.js';
import { type OnPage, type RangePlaces, RangeReplay, type RangeResult } from './replay-range.js';
import type { ReplayAnswer, ReplayOrder } from './replay.worker.js';

/** Works on ranges, as many at once as it is wide. */
export interface ReplayPool {
  readonly width: number;
  /** `onPage` is told by who works in this thread. */
  gather(range: PositionRange, onPage?: OnPage): Promise<Gathered>;
  /** What all ranges gathered, to every thread. */
  found(data: FoundationData): Promise<void>;
  decide(range: PositionRange, onPage?: OnPage): Promise<RangeResult>;
  close(): Promise<void>;
}

class Inline implements ReplayPool {
  readonly width = 1;

  constructor(private readonly job: RangeReplay) {}

  gather(range: PositionRange, onPage?: OnPage): Promise<Gathered> {
    return this.job.gather(range, onPage);
  }
  async found(data: FoundationData): Promise<void> {
    await Promise.resolve(this.job.found(data));
  }
  decide(range: PositionRange, onPage?: OnPage): Promise<RangeResult> {
    return this.job.decide(range, onPage);
  }
  close(): Promise<void> {
    return this.job.close();
  }
}

/** Takes one order at a time. */
class Thread {
  readonly #worker: Worker;
  #before: Promise<unknown> = Promise.resolve();

  constructor(places: RangePlaces) {
    this.#worker = new Worker(new URL('./replay.worker.js', import.meta.url), {
      workerData: places,
      resourceLimits: READING_LIMITS,
    });
  }

  ask<T>(order: ReplayOrder): Promise<T> {
    const answer = this.#before.then(async () => {
      this.#worker.postMessage(order);
      const [told] = (await once(this.#worker, 'message')) as [ReplayAnswer];
      if (told.ok) return told.value as T;
      throw errorAgain(told.error);
    });
    this.#before = answer.catch(() => undefined);
    return answer;
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}

class Threads implements ReplayPool {
  readonly #threads: readonly Thread[];
  #turn = 0;

  constructor(
    readonly width: number,
    places: RangePlaces,
  ) {
    this.#threads = Array.from({ length: width }, () => new Thread(places));
  }

  gather(range: PositionRange): Promise<Gathered> {
    return this.#next().ask({ is: 'gather', range });
  }
  async found(data: FoundationData): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ is: 'foundation', data })));
  }
  decide(range: PositionRange): Promise<RangeResult> {
    return this.#next().ask({ is: 'decide', range });
  }
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ is: 'end' }).catch(() => undefined)));
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  #next(): Thread {
    return this.#threads[this.#turn++ % this.width] as Thread;
  }
}

/** `threads`: 0 to work in this one. Rejects with the store's typed errors. */
export const openReplayPool = async (threads: number, places: RangePlaces): Promise<ReplayPool> =>
  threads === 0 ? new Inline(await RangeReplay.open(places)) : new Threads(threads, places);
