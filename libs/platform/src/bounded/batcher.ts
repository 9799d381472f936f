import { Busy } from './semaphore.js';

export interface BatcherOptions<Item, Result> {
  readonly name: string;
  /** Items of one batch at most. */
  readonly itemsMax: number;
  /** Items that wait at most, over all batches; beyond that `add` rejects with Busy. */
  readonly waitingMax: number;
  /** Batches that run at once (1). */
  readonly batchesAtOnce?: number;
  /** Weight of an item and of a batch at most, e.g. bytes; an item heavier than a batch goes alone. */
  readonly weight?: { readonly of: (item: Item) => number; readonly max: number };
  /** One result per item, in order. A rejection rejects every item of the batch. */
  readonly run: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Result>[]>;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Group commit: while one batch is running, what arrives is collected for the next. A single item under light load starts
 * at the end of the current turn of the event loop and waits for nobody; under load batches grow by themselves.
 */
export class Batcher<Item, Result> {
  #waiting: Waiting<Item, Result>[] = [];
  #running = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];

  constructor(private readonly options: BatcherOptions<Item, Result>) {
    if (options.itemsMax < 1 || options.waitingMax < 1) throw new RangeError('a batch holds at least one item');
  }

  add(item: Item): Promise<Result> {
    if (this.#waiting.length >= this.options.waitingMax) return Promise.reject(new Busy(this.options.name));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when nothing waits and nothing runs. */
  async drained(): Promise<void> {
    if (this.#running > 0 || this.#waiting.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || this.#running >= (this.options.batchesAtOnce ?? 1)) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#running < (this.options.batchesAtOnce ?? 1)) void this.#runNext();
    });
  }

  #next(): Waiting<Item, Result>[] {
    const { itemsMax, weight } = this.options;
    let count = 0;
    let total = 0;
    for (const { item } of this.#waiting) {
      if (count === itemsMax) break;
      total += weight ? weight.of(item) : 0;
      if (weight && count > 0 && total > weight.max) break;
      count += 1;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  async #runNext(): Promise<void> {
    const batch = this.#next();
    this.#running += 1;
    try {
      const results = await this.options.run(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error(`${this.options.name}: ${results.length} results for ${batch.length} items`);
      for (const [index, waiting] of batch.entries()) {
        const result = results[index] as PromiseSettledResult<Result>;
        if (result.status === 'fulfilled') waiting.resolve(result.value);
        else waiting.reject(result.reason);
      }
    } catch (error) {
      for (const waiting of batch) waiting.reject(error);
    } finally {
      this.#running -= 1;
      if (this.#waiting.length > 0) this.#schedule();
      else if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
    }
  }
}
