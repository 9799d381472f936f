import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { RangeJob, type RangeOrder, type RangePlaces, type RangeResult } from './range-job.js';

/** What a thread makes lives for one event: a larger nursery is emptied less often. */
const YOUNG_MIB = 64;

/** Works on ranges, many at once; results come in the order asked. */
export interface RangePool {
  readonly width: number;
  run(order: RangeOrder): Promise<RangeResult>;
  /** Sums of the balance of all that was worked on. Ends it. */
  end(): Promise<readonly Uint32Array[]>;
  /** Ends it, whatever is under way. */
  stop(): Promise<unknown>;
}

/** In this thread: one order at a time, too. */
class Inline implements RangePool {
  readonly width = 1;
  readonly #job: RangeJob;
  #before: Promise<unknown> = Promise.resolve();

  constructor(places: RangePlaces) {
    this.#job = new RangeJob(places);
  }

  run(order: RangeOrder): Promise<RangeResult> {
    const result = this.#before.then(() => this.#job.run(order));
    this.#before = result.catch(() => undefined);
    return result;
  }

  async end(): Promise<readonly Uint32Array[]> {
    const { sums } = this.#job;
    await this.stop();
    return [sums];
  }

  stop(): Promise<unknown> {
    return this.#job.close();
  }
}

/** One thread of the pool: takes one order at a time. */
class Thread {
  readonly #worker: Worker;
  #before: Promise<unknown> = Promise.resolve();

  constructor(places: RangePlaces) {
    this.#worker = new Worker(new URL('./range.worker.js', import.meta.url), {
      workerData: places,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
  }

  ask<T>(order: RangeOrder | 'end'): Promise<T> {
    const answer = this.#before.then(async () => {
      this.#worker.postMessage(order);
      const [result] = (await once(this.#worker, 'message')) as [T];
      return result;
    });
    this.#before = answer.catch(() => undefined);
    return answer;
  }

  stop(): Promise<number> {
    return this.#worker.terminate();
  }
}

class Threads implements RangePool {
  readonly #threads: readonly Thread[];
  #turn = 0;

  constructor(
    readonly width: number,
    places: RangePlaces,
  ) {
    this.#threads = Array.from({ length: width }, () => new Thread(places));
  }

  run(order: RangeOrder): Promise<RangeResult> {
    const thread = this.#threads[this.#turn++ % this.width] as Thread;
    return thread.ask<RangeResult>(order);
  }

  end(): Promise<readonly Uint32Array[]> {
    return Promise.all(this.#threads.map((thread) => thread.ask<Uint32Array>('end')));
  }

  stop(): Promise<unknown> {
    return Promise.all(this.#threads.map((thread) => thread.stop()));
  }
}

/** `threads`: 0 to work in this one. */
export const openRangePool = (threads: number, places: RangePlaces): RangePool => (threads === 0 ? new Inline(places) : new Threads(threads, places));
