import { LedgerBusy, LedgerUnavailable } from './errors.js';
import type { SignedCheckpoint } from './ledger.js';

/** Who waits for an entry; more are refused as busy. */
const WAITERS_MAX = 65_536;
/** After this long nobody waits any more. */
const WAIT_MS_MAX = 30_000;
const LOOK_MS = 1_000;

interface Waiter {
  readonly position: bigint;
  readonly untilMs: number;
  readonly resolve: (checkpoint: SignedCheckpoint) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait until an entry is under a signed checkpoint. */
export class Waiters {
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly waitMsMax = WAIT_MS_MAX) {}

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  wait(position: bigint): Promise<SignedCheckpoint> {
    if (this.#waiting.length >= WAITERS_MAX) return Promise.reject(new LedgerBusy());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ position, untilMs: performance.now() + this.waitMsMax, resolve, reject });
      this.#timer ??= setInterval(() => this.#expire(), LOOK_MS).unref();
    });
  }

  /** True where somebody waits for an entry up to this position. */
  upTo(position: bigint): boolean {
    return this.#waiting.some((waiter) => waiter.position <= position);
  }

  signed(checkpoint: SignedCheckpoint): void {
    this.#settle(
      ({ position }) => position <= checkpoint.position,
      ({ resolve }) => resolve(checkpoint),
    );
  }

  fail(error: unknown): void {
    this.#settle(
      () => true,
      ({ reject }) => reject(error),
    );
  }

  #expire(): void {
    const nowMs = performance.now();
    this.#settle(
      ({ untilMs }) => untilMs <= nowMs,
      ({ reject }) => reject(new LedgerUnavailable(`the entry was not in the log after ${this.waitMsMax} ms`)),
    );
  }

  #settle(which: (waiter: Waiter) => boolean, settle: (waiter: Waiter) => void): void {
    if (this.#waiting.length === 0) return;
    const settled = this.#waiting.filter(which);
    if (settled.length === 0) return;
    this.#waiting = this.#waiting.filter((waiter) => !which(waiter));
    if (this.#waiting.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const waiter of settled) settle(waiter);
  }
}
