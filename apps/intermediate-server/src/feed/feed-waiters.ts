import { Injectable } from '@nestjs/common';
import { isToldInFeed, type AgencyServerEvent } from '#libs/domain';
import type { AllPage, Position, Subscription } from '#libs/event-store';
import { agencyOf, concernsFeed } from '#libs/feed';
import { Busy } from '#libs/platform';
import { ServerParts } from '../server-parts.js';

/** One request that waits for the next event of an agency's feed. `end` must be called in any case. */
export interface FeedWaiter {
  /** What was recorded up to here is to be looked for; what comes later wakes it. */
  readonly from: Position;
  /** Position of a newer event of the agency; undefined where the time is over, the caller is gone, or the server stops. */
  next(ms: number, gone?: AbortSignal): Promise<Position | undefined>;
  end(): void;
}
interface Waiting {
  newest: Position;
  wake: () => void;
}

/**
 * Lets requests wait for events of an agency's feed. The store is followed only while somebody waits. Bounded, in all and
 * an agency: more are refused as busy.
 */
@Injectable()
export class FeedWaiters {
  readonly #waiting = new Map<string, Set<Waiting>>();
  #count = 0;
  #following: Promise<Subscription> | undefined;
  #stopped = false;

  constructor(private readonly parts: ServerParts) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Throws Busy. */
  async begin(agency: string): Promise<FeedWaiter> {
    const { feedWaitersMax, feedWaitersPerAgencyMax } = this.parts.settings;
    const others = this.#waiting.get(agency) ?? new Set();
    if (this.#count >= feedWaitersMax || others.size >= feedWaitersPerAgencyMax) throw new Busy('the queue of those who wait for the feed');
    const waiting: Waiting = { newest: 0n, wake: () => undefined };
    this.#waiting.set(agency, others.add(waiting));
    this.#count += 1;
    const end = (): void => this.#end(agency, waiting);
    try {
      await (this.#following ??= this.#follow());
      const from = await this.parts.party.store.lastPosition();
      return { from, next: (ms, gone) => this.#next(waiting, from, ms, gone), end };
    } catch (error) {
      this.#following = undefined;
      end();
      throw error;
    }
  }

  /** Ends all waiting, now and from now on. */
  stop(): void {
    this.#stopped = true;
    for (const all of this.#waiting.values()) for (const { wake } of all) wake();
    this.#unfollow();
  }

  #end(agency: string, waiting: Waiting): void {
    const all = this.#waiting.get(agency);
    if (!all?.delete(waiting)) return;
    if (all.size === 0) this.#waiting.delete(agency);
    this.#count -= 1;
    waiting.wake();
  }

  async #next(waiting: Waiting, from: Position, ms: number, gone?: AbortSignal): Promise<Position | undefined> {
    const until = performance.now() + ms;
    while (waiting.newest <= from) {
      const left = until - performance.now();
      if (left <= 0 || this.#stopped || gone?.aborted === true) return undefined;
      await woken(waiting, left, gone);
    }
    const { newest } = waiting;
    waiting.newest = 0n;
    return newest;
  }

  async #follow(): Promise<Subscription> {
    const { store } = this.parts.party;
    const subscription = store.subscribe({ after: await store.lastPosition(), onPage: (page) => this.#onPage(page) });
    subscription.ended.catch((error: unknown) => {
      this.parts.log.warn('the feed no longer follows the store: whoever waits is answered when the time is over', { error });
      this.#following = undefined;
    });
    return subscription;
  }

  #unfollow(): void {
    const following = this.#following;
    this.#following = undefined;
    // not awaited: it ends after the page in hand, which may be the one that calls this
    void following?.then((subscription) => subscription.stop()).catch(() => undefined);
  }

  #onPage({ events }: AllPage): void {
    if (this.#count === 0) return this.#unfollow();
    for (const event of events) {
      if (!concernsFeed(event) || !isToldInFeed(event.type as AgencyServerEvent['type'])) continue;
      for (const waiting of this.#waiting.get(agencyOf(event) ?? '') ?? []) {
        waiting.newest = event.position;
        waiting.wake();
      }
    }
  }
}

async function woken(waiting: Waiting, ms: number, gone?: AbortSignal): Promise<void> {
  let wake = (): void => undefined;
  const something = new Promise<void>((resolve) => (wake = resolve));
  const timer = setTimeout(wake, ms);
  waiting.wake = wake;
  gone?.addEventListener('abort', wake);
  try {
    await something;
  } finally {
    clearTimeout(timer);
    gone?.removeEventListener('abort', wake);
    waiting.wake = () => undefined;
  }
}
