import type { Run } from './layout.js';

const STREAMS_A_GENERATION = 8_192;

/**
 * The newest runs of the streams that were written or asked for last, durable ones only. Two generations instead of a
 * list by age: when the young one is full it becomes the old one, and what is used again moves over.
 */
export class HeadCache {
  #young = new Map<string, Run>();
  #old = new Map<string, Run>();

  get(stream: string): Run | undefined {
    const young = this.#young.get(stream);
    if (young !== undefined) return young;
    const old = this.#old.get(stream);
    if (old !== undefined) this.set(stream, old);
    return old;
  }

  set(stream: string, head: Run): void {
    if (this.#young.size >= STREAMS_A_GENERATION) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(stream, head);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
