import { BACKWARDS, END, type ReadStreamOptions } from '@eventstore/db-client';
import { StoreUnavailable } from '../errors.js';
import { NO_STREAM, type StoredEvent } from '../event-store.js';
import type { Collected } from './collect.js';
import type { EsdbClient } from './esdb-client.js';
import type { Times } from './limits.js';
import { type ToStored, toStored } from './stored-event.js';

class Missing extends Error {}

/** The streams of a party. */
export class Streams {
  readonly #client: EsdbClient;
  readonly #prefix: string;
  readonly #times: Times;

  constructor(
    client: EsdbClient,
    prefix: string,
    times: Times,
    private readonly toEvent: ToStored = toStored,
  ) {
    this.#client = client;
    this.#prefix = prefix;
    this.#times = times;
  }

  /** Events from a revision on, at most `limit`; empty where the stream is missing. */
  async read(stream: string, from: number, limit: number): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    while (found.length < limit) {
      const fromRevision = BigInt(from + found.length);
      const read = await this.#read(stream, { fromRevision, maxCount: limit - found.length });
      if (read === undefined) break;
      for (const event of read.events) found.push(this.toEvent(event, this.#prefix));
      if (read.whole) break;
    }
    if (this.toEvent === toStored && found.some(({ revision }, index) => revision !== from + index))
      throw new StoreUnavailable(`EventStoreDB: events are missing from the stream ${stream}`);
    return found;
  }

  /** NO_STREAM where it is missing. */
  async lastRevision(stream: string): Promise<number> {
    const read = await this.#read(stream, { fromRevision: END, direction: BACKWARDS, maxCount: 1 });
    if (read === undefined) return NO_STREAM;
    const [last] = read.events;
    if (last === undefined) throw new StoreUnavailable(`EventStoreDB: events are missing from the stream ${stream}`);
    return toStored(last, this.#prefix).revision;
  }

  async #read(stream: string, options: ReadStreamOptions): Promise<Collected | undefined> {
    const { readIdleMs: idleMs, readMs: budgetMs, replaceAfterMs } = this.#times;
    const attempt = (): Promise<Collected> =>
      this.#client.collect((driver) => driver.readStream(this.#prefix + stream, { ...options, requiresLeader: true }), idleMs);
    try {
      return await this.#client.reads.run(() =>
        this.#client.trying(attempt, { budgetMs, replaceAfterMs }, (failure) => (failure.kind === 'missing' ? new Missing() : undefined)),
      );
    } catch (error) {
      if (error instanceof Missing) return undefined;
      throw error;
    }
  }
}
