import type { Stored } from './stored.js';

/** Streams remembered; an exchange's stream is written three or four times within moments. */
export const STREAMS_REMEMBERED_MAX = 4_000;
/** A longer stream is not kept. */
export const EVENTS_REMEMBERED_MAX = 32;

/**
 * The streams that this process wrote last, as they stand in the store. Only what was appended here is remembered, and one
 * process writes a party's record; a stream that moved on all the same is found out by its append, which names a revision.
 */
export class RecentHistories {
  readonly #histories = new Map<string, readonly Stored[]>();

  get(stream: string): readonly Stored[] | undefined {
    return this.#histories.get(stream);
  }

  /** Two appends may be told of in another order than they were made: the longer history stays. */
  remember(stream: string, history: readonly Stored[]): void {
    if (history.length <= (this.#histories.get(stream)?.length ?? 0)) return;
    this.#histories.delete(stream);
    if (history.length > EVENTS_REMEMBERED_MAX) return;
    if (this.#histories.size >= STREAMS_REMEMBERED_MAX) this.#histories.delete(this.#histories.keys().next().value as string);
    this.#histories.set(stream, history);
  }

  forget(stream: string): void {
    this.#histories.delete(stream);
  }
}
