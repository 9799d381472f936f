import { checkAppend } from '../check-append.js';
import { StoreClosed, StoreUnavailable } from '../errors.js';
import {
  type AllPage,
  type Appended,
  type AppendRequest,
  EventStore,
  PAGE_EVENTS_MAX,
  type Position,
  type StoredEvent,
  type Subscription,
} from '../event-store.js';
import { type FollowOptions, type Followed, Followers } from '../follow.js';
import { AllLog } from './all-log.js';
import { AppendQueue } from './append-queue.js';
import { Appender } from './appender.js';
import { checkServer } from './check-server.js';
import { EsdbClient } from './esdb-client.js';
import { TIMES, type Times } from './limits.js';
import { asFound, toStored } from './stored-event.js';
import { Streams } from './streams.js';
import { checkAllStreams } from './truncation.js';

export interface EventStoreDbOptions {
  /** Reads beside a writer in another thread or process; never writes. */
  readonly readOnly?: boolean;
  /** For verification: events are given as the server has them, whatever their bytes say, and with the gaps of their streams. */
  readonly asFound?: boolean;
  /** Called once it is closed. */
  readonly onClosed?: () => void;
  readonly times?: Partial<Times>;
}

/** One party's store on an EventStoreDB server: the streams of its prefix. `close` it, or the connection keeps the process alive. */
export class EventStoreDbEventStore extends EventStore implements Followed {
  readonly #client: EsdbClient;
  readonly #times: Times;
  readonly #all: AllLog;
  readonly #streams: Streams;
  readonly #appends: AppendQueue | undefined;
  readonly #followers = new Followers();
  readonly #onClosed: () => void;
  #closing: Promise<void> | undefined;

  private constructor(
    client: EsdbClient,
    prefix: string,
    times: Times,
    { readOnly = false, asFound: isAsFound = false, onClosed = () => undefined }: EventStoreDbOptions,
  ) {
    super();
    this.#client = client;
    this.#onClosed = onClosed;
    this.#times = times;
    const toEvent = isAsFound ? asFound : toStored;
    this.#all = new AllLog(client, prefix, times, toEvent);
    this.#streams = new Streams(client, prefix, times, toEvent);
    if (readOnly) return;
    const appender = new Appender(client, prefix, times, this.#all);
    this.#appends = new AppendQueue((request) => client.appends.run(() => appender.append(request)));
  }

  /**
   * Connects to the server. Rejects with StoreUnavailable where none answers in time or access is refused,
   * StoreUnsupported where it is older than 23.10, StoreTruncates where the server is told to drop events of this party,
   * EVENT_STORE_INVALID where the connection string is none.
   */
  static async open({ url, prefix }: { readonly url: string; readonly prefix: string }, options: EventStoreDbOptions = {}): Promise<EventStoreDbEventStore> {
    const times = { ...TIMES, ...options.times };
    const client = EsdbClient.acquire(url);
    try {
      await checkServer(client, times);
      if (options.readOnly !== true) await checkAllStreams(client, prefix, times);
      return new EventStoreDbEventStore(client, prefix, times, options);
    } catch (error) {
      await client.release();
      throw error;
    }
  }

  async append(request: AppendRequest): Promise<Appended> {
    if (this.#closing) throw new StoreClosed();
    if (this.#appends === undefined) throw new StoreUnavailable('the store was opened read-only');
    const appended = await this.#appends.submit(request, checkAppend(request));
    this.#followers.wake();
    return appended;
  }

  appendMany(requests: readonly AppendRequest[]): Promise<readonly PromiseSettledResult<Appended>[]> {
    return Promise.allSettled(requests.map((request) => this.append(request)));
  }

  readStream(stream: string, { from = 0, limit = PAGE_EVENTS_MAX }: { readonly from?: number; readonly limit?: number } = {}): Promise<readonly StoredEvent[]> {
    return this.#read(() => this.#streams.read(stream, Math.max(from, 0), Math.min(limit, PAGE_EVENTS_MAX)));
  }

  readStreams(streams: readonly string[]): Promise<readonly (readonly StoredEvent[])[]> {
    return this.#read(() => Promise.all(streams.map((stream) => this.#streams.read(stream, 0, PAGE_EVENTS_MAX))));
  }

  revisions(streams: readonly string[]): Promise<readonly number[]> {
    return this.#read(() => Promise.all(streams.map((stream) => this.#streams.lastRevision(stream))));
  }

  readAll({ after, limit }: { readonly after: Position; readonly limit: number }): Promise<AllPage> {
    return this.#read(() => this.#all.readAll(after, Math.min(Math.max(limit, 1), PAGE_EVENTS_MAX)));
  }

  lastPosition(): Promise<Position> {
    return this.#read(() => this.#all.lastPosition());
  }

  subscribe(options: FollowOptions): Subscription {
    return this.#followers.begin(this, options);
  }

  get generation(): number {
    return this.#followers.generation;
  }

  /** Also after a while without news: what others wrote, or what was stored after it was given up, wakes nobody. */
  changed(generation: number, signal: AbortSignal): Promise<void> {
    const { writerPollMs, readerPollMs } = this.#times;
    return this.#followers.woken(generation, signal, this.#appends ? writerPollMs : readerPollMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Not from inside a subscription's handler: it waits for that to end. */
  async #close(): Promise<void> {
    await this.#appends?.close();
    await this.#followers.stop();
    await this.#client.release();
    this.#onClosed();
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    if (this.#closing) throw new StoreClosed();
    return read();
  }
}
