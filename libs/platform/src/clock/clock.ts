/** Where the business instant comes from (format.md §4). Tokens and timeouts never use it. */
export abstract class Clock {
  /** ISO 8601 UTC with milliseconds. */
  abstract now(): string;
}

/** The wall clock: what deployments use. */
export class WallClock extends Clock {
  now(): string {
    return new Date().toISOString();
  }
}

/** Stands still until it is set: for tests and for the simulator. */
export class ManualClock extends Clock {
  #now: string;
  constructor(start: string) {
    super();
    this.#now = instant(start);
  }
  now(): string {
    return this.#now;
  }
  set(to: string): void {
    this.#now = instant(to);
  }
  advance(ms: number): void {
    this.#now = new Date(Date.parse(this.#now) + ms).toISOString();
  }
}

/** The instant in UTC with milliseconds; an offset is allowed in. Throws RangeError for what is no instant. */
export function instant(text: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || !/^\d{4}-\d{2}-\d{2}T/.test(text)) throw new RangeError('not an ISO 8601 instant');
  return new Date(ms).toISOString();
}
