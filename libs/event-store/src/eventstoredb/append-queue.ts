import { StoreBusy, StoreClosed } from '../errors.js';
import type { Appended, AppendRequest } from '../event-store.js';
import { APPENDS_WAITING_MAX, WAITING_BYTES_MAX } from './limits.js';

/**
 * Appends to one stream one after the other, to different streams beside each other. Were two of one stream under way, a
 * retry of the first could meet the second; and of the same append sent twice, only the order tells which one was stored.
 */
export class AppendQueue {
  readonly #send: (request: AppendRequest) => Promise<Appended>;
  /** The last one taken of each stream that has any. */
  readonly #last = new Map<string, Promise<unknown>>();
  #waiting = 0;
  #bytes = 0;
  #closed = false;

  constructor(send: (request: AppendRequest) => Promise<Appended>) {
    this.#send = send;
  }

  async submit(request: AppendRequest, bytes: number): Promise<Appended> {
    if (this.#closed) throw new StoreClosed();
    if (this.#waiting >= APPENDS_WAITING_MAX || this.#bytes + bytes > WAITING_BYTES_MAX) throw new StoreBusy();
    this.#waiting += 1;
    this.#bytes += bytes;
    const before = this.#last.get(request.stream);
    const done = before === undefined ? this.#send(request) : before.then(() => this.#send(request));
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(request.stream, settled);
    try {
      return await done;
    } finally {
      this.#waiting -= 1;
      this.#bytes -= bytes;
      if (this.#last.get(request.stream) === settled) this.#last.delete(request.stream);
    }
  }

  /** Takes no more, and waits for what it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#last.values());
  }
}
