import { Busy } from './semaphore.js';

/**
 * A queue of at most `max` items, first in first out, in amortised constant time. `push` throws Busy when it is full;
 * `take` resolves to undefined once the queue is closed and empty.
 */
export class BoundedQueue<T> {
  #items: T[] = [];
  #head = 0;
  readonly #takers: ((item: T | undefined) => void)[] = [];
  #closed = false;

  constructor(private readonly options: { readonly name: string; readonly max: number }) {
    if (options.max < 1) throw new RangeError('a queue holds at least one item');
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    if (this.#closed) throw new Busy(`${this.options.name} (closed)`);
    const taker = this.#takers.shift();
    if (taker) return taker(item);
    if (this.size >= this.options.max) throw new Busy(this.options.name);
    this.#items.push(item);
  }

  /** Up to `max` items that are there now, without waiting. */
  takeMany(max: number): T[] {
    const taken = this.#items.slice(this.#head, this.#head + max);
    this.#head += taken.length;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  async take(): Promise<T | undefined> {
    if (this.size > 0) return this.takeMany(1)[0];
    if (this.#closed) return undefined;
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** No more items; those inside can still be taken. */
  close(): void {
    this.#closed = true;
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }
}
