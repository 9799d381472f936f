import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpRefused } from './problem.js';

interface Slot {
  open: boolean;
  handling: boolean;
}

/**
 * Counts requests from their first byte until the response is closed *and* the handler has ended: a caller that hangs up
 * does not end the work it began, and that work still counts for the limit and for a graceful stop.
 */
export class InFlight {
  readonly #slots = new WeakMap<IncomingMessage, Slot>();
  #count = 0;
  #emptied: (() => void)[] = [];
  #stopping = false;

  constructor(private readonly requestsMax: number) {}

  get count(): number {
    return this.#count;
  }
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Throws SERVER_BUSY or SHUTTING_DOWN. */
  enter(request: IncomingMessage, response: ServerResponse): void {
    if (this.#stopping)
      throw new HttpRefused(503, 'SHUTTING_DOWN', 'unavailable', 'this server is stopping: try again, it or another will answer', {}, { connection: 'close' });
    if (this.#count >= this.requestsMax) throw new HttpRefused(503, 'SERVER_BUSY', 'busy', 'too many requests are in flight: try again later');
    const slot: Slot = { open: true, handling: false };
    this.#slots.set(request, slot);
    this.#count += 1;
    response.once('close', () => {
      slot.open = false;
      if (!slot.handling) this.#leave();
    });
  }

  /** Marks the handler as running; the function returned marks its end. */
  handling(request: IncomingMessage): () => void {
    const slot = this.#slots.get(request);
    if (!slot) return () => undefined;
    if (!slot.open) this.#count += 1;
    slot.handling = true;
    return () => {
      if (!slot.handling) return;
      slot.handling = false;
      if (!slot.open) this.#leave();
    };
  }

  /**
   * The request only waits for something to happen: it does not count, until the function returned is called. Whoever waits
   * so bounds the number of those that do, and ends them when the app stops (`HttpAppOptions.stopping`).
   */
  resting(request: IncomingMessage): () => void {
    if (!this.#slots.has(request)) return () => undefined;
    let resting = true;
    this.#leave();
    return () => {
      if (!resting) return;
      resting = false;
      this.#count += 1;
      if (this.#count === 0) this.#tellEmpty();
    };
  }

  /** From now on every request is refused with SHUTTING_DOWN. */
  stop(): void {
    this.#stopping = true;
  }

  /** True when nothing is in flight any more, false when `timeoutMs` passed first. */
  async empty(timeoutMs: number): Promise<boolean> {
    if (this.#count === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#emptied.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #leave(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#tellEmpty();
  }

  #tellEmpty(): void {
    for (const resolve of this.#emptied.splice(0)) resolve();
  }
}
