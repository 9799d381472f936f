import type { Position } from '#libs/event-store';
import type { AgencyFeedEvent } from '../feed-events.js';
import type { FeedPage } from '../feed-reader.js';
import { bytesOf } from './batches.js';

/** Pages put together. */
export interface TakenPages extends FeedPage {
  /** How many there were. */
  readonly pages: number;
}

/**
 * What was read and told while a transaction was under way, put together: what is behind goes out in fewer, larger
 * transactions, and what is not goes out at once. Holds `bytesMax` and one page, about.
 */
export class WaitingPages {
  #events: AgencyFeedEvent[] = [];
  #bytes = 0;
  #pages = 0;
  #end: { readonly next: Position; readonly atEnd: boolean } | undefined;
  #closed = false;
  #roomMade: (() => void) | undefined;

  constructor(private readonly bytesMax: number) {}

  add({ events, next, atEnd }: FeedPage): void {
    for (const told of events) {
      this.#events.push(told);
      this.#bytes += bytesOf(told);
    }
    this.#pages += 1;
    this.#end = { next, atEnd };
  }

  /** All that waits; undefined where nothing does, and after `close`. */
  take(): TakenPages | undefined {
    if (this.#end === undefined || this.#closed) return undefined;
    const taken = { ...this.#end, events: this.#events, pages: this.#pages };
    [this.#events, this.#bytes, this.#pages, this.#end] = [[], 0, 0, undefined];
    this.#roomMade?.();
    return taken;
  }

  /** Resolves when there is room for another page. One caller at a time. */
  room(): Promise<void> {
    if (this.#closed || this.#bytes < this.bytesMax) return Promise.resolve();
    return new Promise((resolve) => (this.#roomMade = resolve));
  }

  /** Nothing more is taken. */
  close(): void {
    this.#closed = true;
    this.#roomMade?.();
  }
}
