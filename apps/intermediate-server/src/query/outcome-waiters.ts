import { Injectable } from '@nestjs/common';
import { Busy } from '#libs/platform';
import { ServerParts } from '../server-parts.js';

/** Lets a request wait until its queries have an outcome. Bounded: more waiters are refused as busy. */
@Injectable()
export class OutcomeWaiters {
  readonly #waiters = new Map<string, Set<() => void>>();
  #waiting = 0;

  constructor(private readonly parts: ServerParts) {}

  /** Something was recorded that ends these queries, or denies them. */
  settled(exchangeIds: Iterable<string>): void {
    if (this.#waiters.size === 0) return;
    for (const exchangeId of exchangeIds) {
      for (const wake of this.#waiters.get(exchangeId) ?? []) wake();
      this.#waiters.delete(exchangeId);
    }
  }

  /**
   * Announces a wait before the work begins, so that no outcome is missed: `within` resolves when each query has its
   * outcome or the time is over; `forget` must be called in any case. Throws Busy.
   */
  expect(exchangeIds: readonly string[]): { within(ms: number): Promise<void>; forget(): void } {
    if (this.#waiting >= this.parts.settings.waitersMax) throw new Busy('the queue of those who wait for outcomes');
    this.#waiting += 1;
    const open = new Set(exchangeIds);
    let done = (): void => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    const wakes = [...open].map((exchangeId) => {
      const wake = (): void => {
        open.delete(exchangeId);
        if (open.size === 0) done();
      };
      const others = this.#waiters.get(exchangeId);
      if (others) others.add(wake);
      else this.#waiters.set(exchangeId, new Set([wake]));
      return { exchangeId, wake };
    });
    const forget = (): void => {
      for (const { exchangeId, wake } of wakes.splice(0)) {
        const others = this.#waiters.get(exchangeId);
        others?.delete(wake);
        if (others?.size === 0) this.#waiters.delete(exchangeId);
      }
    };
    return {
      within: async (ms) => {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
        await Promise.race([all, late]);
        clearTimeout(timer);
      },
      forget: () => {
        this.#waiting -= 1;
        forget();
      },
    };
  }
}
