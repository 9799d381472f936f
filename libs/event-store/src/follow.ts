import { setTimeout as sleep } from 'node:timers/promises';
import type { AllPage, Position, Subscription } from './event-store.js';

/** Pause before a read is tried again after the store could not be read. */
const RETRY_MS = 200;
const PAGE_EVENTS_DEFAULT = 1_000;

/** What a follower needs of an adapter. */
export interface Followed {
  readAll(options: { readonly after: Position; readonly limit: number }): Promise<AllPage>;
  /** Changes whenever something new may have become readable. */
  readonly generation: number;
  /** Resolves when `generation` is no longer the one given, or on the signal's abort. Never rejects. */
  changed(generation: number, signal: AbortSignal): Promise<void>;
}
export interface FollowOptions {
  readonly after: Position;
  readonly pageEventsMax?: number;
  readonly onPage: (page: AllPage) => Promise<void> | void;
}

const isClosed = (error: unknown): boolean => (error as Partial<Error> | undefined)?.name === 'StoreClosed';

/** Waits, or returns at once when the signal fires (the only thing that a timer rejects with). */
export const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);

/** The next page, or undefined when the store cannot be read just now. A closed store ends the subscription. */
async function nextPage(store: Followed, after: Position, limit: number, stop: AbortController): Promise<AllPage | undefined> {
  try {
    return await store.readAll({ after, limit });
  } catch (error) {
    if (isClosed(error)) stop.abort();
    else await pause(RETRY_MS, stop.signal);
    return undefined;
  }
}

async function run(store: Followed, options: FollowOptions, stop: AbortController): Promise<void> {
  const limit = options.pageEventsMax ?? PAGE_EVENTS_DEFAULT;
  let after = options.after;
  while (!stop.signal.aborted) {
    const generation = store.generation;
    const page = await nextPage(store, after, limit, stop);
    if (page === undefined || stop.signal.aborted) continue;
    if (page.events.length > 0) {
      await options.onPage(page);
      after = page.next;
    }
    if (page.atEnd) await store.changed(generation, stop.signal);
  }
}

/** The subscription of the port, over any adapter's `readAll`: pages in order, one at a time, from a position on. */
export function follow(store: Followed, options: FollowOptions): Subscription {
  const stop = new AbortController();
  const ended = run(store, options, stop);
  return {
    ended,
    async stop() {
      stop.abort();
      await ended.catch(() => undefined); // what the handler threw is told to whoever holds `ended`
    },
  };
}

/** The followers of one store, and what wakes them: the same for every adapter. */
export class Followers {
  readonly #subscriptions = new Set<Subscription>();
  readonly #waiting = new Set<() => void>();
  #generation = 0;

  /** As `Followed` has it: how often `wake` was called. */
  get generation(): number {
    return this.#generation;
  }

  begin(store: Followed, options: FollowOptions): Subscription {
    const subscription = follow(store, options);
    this.#subscriptions.add(subscription);
    const forget = (): boolean => this.#subscriptions.delete(subscription);
    subscription.ended.then(forget, forget);
    return subscription;
  }

  /** Something new may have become readable. */
  wake(): void {
    this.#generation += 1;
    for (const done of [...this.#waiting]) done();
  }

  /** Resolves when woken since `generation`, on the signal's abort, or after so long; the timer keeps no process alive. Never rejects. */
  async woken(generation: number, signal: AbortSignal, atMostMs?: number): Promise<void> {
    if (generation !== this.#generation || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = atMostMs === undefined ? undefined : setTimeout(done, atMostMs).unref();
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  /** Ends them all, each after the page in hand. */
  async stop(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.stop()));
  }
}
