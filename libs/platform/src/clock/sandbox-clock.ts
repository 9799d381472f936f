import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { DomainError } from '#libs/kernel';
import { Clock, instant } from './clock.js';

/** How far ahead the stored instant lies: after a kill -9 the clock resumes there, so it never runs backwards. */
const RESERVED_MS = 60_000;

export interface SandboxClockOptions {
  /** Where the instant is kept. */
  readonly file: string;
  /** First instant of a clock that has no file yet, e.g. `2020-05-08T09:00:00+09:00`. */
  readonly startsAt: string;
  /** Milliseconds that only grow; the process's monotonic clock by default. */
  readonly monotonicMs?: () => number;
}

/**
 * A clock that starts at a given instant, advances with wall time while it is open, and resumes where it stood. Stored
 * ahead of time: after a crash it is up to a minute ahead, never behind.
 */
export class SandboxClock extends Clock {
  readonly #file: string;
  readonly #monotonicMs: () => number;
  #baseMs: number;
  #baseMonotonicMs: number;
  #reservedUntilMs: number;

  private constructor(options: SandboxClockOptions, startMs: number) {
    super();
    this.#file = options.file;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#baseMs = startMs;
    this.#baseMonotonicMs = this.#monotonicMs();
    this.#reservedUntilMs = startMs;
  }

  /** Throws CLOCK_FILE (internal) where the stored instant can't be read or written. */
  static open(options: SandboxClockOptions): SandboxClock {
    const startMs = existsSync(options.file) ? storedMs(options.file) : Date.parse(instant(options.startsAt));
    const clock = new SandboxClock(options, startMs);
    clock.now();
    return clock;
  }

  now(): string {
    const nowMs = this.#nowMs();
    if (nowMs >= this.#reservedUntilMs) this.#store(nowMs + RESERVED_MS);
    return new Date(nowMs).toISOString();
  }

  /** Goes on from another instant, earlier or later: what is recorded after it carries that instant. */
  set(to: string): void {
    this.#baseMs = Date.parse(instant(to));
    this.#baseMonotonicMs = this.#monotonicMs();
    this.#store(this.#baseMs + RESERVED_MS);
  }

  /** Stores the very instant, so that the next start goes on from here. */
  close(): void {
    this.#store(this.#nowMs() + 1);
  }

  #nowMs(): number {
    return Math.floor(this.#baseMs + this.#monotonicMs() - this.#baseMonotonicMs);
  }

  #store(ms: number): void {
    const temporary = `${this.#file}.new`;
    try {
      const handle = openSync(temporary, 'w', 0o600);
      try {
        writeSync(handle, `${JSON.stringify({ resumesAt: new Date(ms).toISOString() })}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(temporary, this.#file);
    } catch (cause) {
      throw new DomainError('CLOCK_FILE', 'internal', 'the sandbox clock cannot be stored', {}, { cause });
    }
    this.#reservedUntilMs = ms;
  }
}

function storedMs(file: string): number {
  try {
    const { resumesAt } = JSON.parse(readFileSync(file, 'utf8')) as { readonly resumesAt?: unknown };
    return Date.parse(instant(String(resumesAt)));
  } catch (cause) {
    throw new DomainError('CLOCK_FILE', 'internal', 'the stored instant of the sandbox clock cannot be read', {}, { cause });
  }
}
