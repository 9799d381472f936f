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
import { type FollowOptions, type Followed, Followers, pause } from '../follow.js';
import { DirectoryLock } from './directory-lock.js';
import { GroupCommit, type Outcome } from './group-commit.js';
import { type LmdbFile, makeDirectory, openFile, translated } from './lmdb-file.js';
import { LmdbReader } from './reader.js';
import { RESERVE_BYTES, Room } from './room.js';

/** How often a follower looks for news in a store that another thread or process writes. */
const POLL_MS = 20;

export interface LmdbOptions {
  /** Reads beside a writer in this process (any thread) or another one; takes no lock, never writes. */
  readonly readOnly?: boolean;
  /** Appends are refused with StoreFull while the disk has fewer free bytes than this (64 MiB by default). */
  readonly reserveBytes?: number;
}

/**
 * The embedded event store: one LMDB file in a directory, one writer a directory. `close` it, or the directory stays
 * locked until the process ends.
 */
export class LmdbEventStore extends EventStore implements Followed {
  readonly #file: LmdbFile;
  readonly #reader: LmdbReader;
  readonly #lock: DirectoryLock | undefined;
  readonly #writer: GroupCommit | undefined;
  readonly #followers = new Followers();
  #closing: Promise<void> | undefined;

  private constructor(file: LmdbFile, lock?: DirectoryLock, room?: Room) {
    super();
    this.#file = file;
    this.#lock = lock;
    this.#reader = new LmdbReader(file);
    this.#writer = room && new GroupCommit(file, this.#reader, room, () => this.#followers.wake());
  }

  /**
   * Opens the store in a directory, which is made if it is missing. Rejects with StoreInUse where another process (or
   * store object) writes there, StoreUnavailable where it cannot be read or written or, read-only, there is no store.
   */
  static open(directory: string, options: LmdbOptions = {}): Promise<LmdbEventStore> {
    return Promise.resolve().then(() => {
      if (options.readOnly) return new LmdbEventStore(openFile(directory, true));
      makeDirectory(directory);
      const lock = DirectoryLock.take(directory);
      try {
        return new LmdbEventStore(openFile(directory, false), lock, new Room(directory, options.reserveBytes ?? RESERVE_BYTES));
      } catch (error) {
        lock.release();
        throw error;
      }
    });
  }

  append(request: AppendRequest): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#submit(request, (outcome) => (outcome.status === 'fulfilled' ? resolve(outcome.value) : reject(outcome.reason as Error)));
    });
  }

  appendMany(requests: readonly AppendRequest[]): Promise<readonly Outcome[]> {
    return new Promise((resolve) => {
      const outcomes = new Array<Outcome>(requests.length);
      let left = requests.length;
      if (left === 0) resolve(outcomes);
      for (const [index, request] of requests.entries()) {
        this.#submit(request, (outcome) => {
          outcomes[index] = outcome;
          left -= 1;
          if (left === 0) resolve(outcomes);
        });
      }
    });
  }

  readStream(stream: string, { from = 0, limit = PAGE_EVENTS_MAX }: { readonly from?: number; readonly limit?: number } = {}): Promise<readonly StoredEvent[]> {
    return this.#read(() => this.#reader.readStream(stream, Math.max(from, 0), Math.min(limit, PAGE_EVENTS_MAX)));
  }

  readStreams(streams: readonly string[]): Promise<readonly (readonly StoredEvent[])[]> {
    return this.#read(() => streams.map((stream) => this.#reader.readStream(stream, 0, PAGE_EVENTS_MAX)));
  }

  revisions(streams: readonly string[]): Promise<readonly number[]> {
    return this.#read(() => streams.map((stream) => this.#reader.lastRevision(stream)));
  }

  readAll({ after, limit }: { readonly after: Position; readonly limit: number }): Promise<AllPage> {
    return this.#read(() => this.#reader.readAll(Number(after), Math.min(Math.max(limit, 1), PAGE_EVENTS_MAX)));
  }

  lastPosition(): Promise<Position> {
    return this.#read(() => BigInt(this.#reader.lastPosition()));
  }

  subscribe(options: FollowOptions): Subscription {
    return this.#followers.begin(this, options);
  }

  get generation(): number {
    return this.#followers.generation;
  }

  changed(generation: number, signal: AbortSignal): Promise<void> {
    return this.#writer === undefined ? pause(POLL_MS, signal) : this.#followers.woken(generation, signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Not from inside a subscription's handler: it waits for that to end. */
  async #close(): Promise<void> {
    await this.#writer?.close();
    await this.#followers.stop();
    await this.#file.close();
    this.#lock?.release();
  }

  #submit(request: AppendRequest, settle: (outcome: Outcome) => void): void {
    if (this.#writer) this.#writer.submit(request, settle);
    else settle({ status: 'rejected', reason: this.#closing ? new StoreClosed() : new StoreUnavailable('the store was opened read-only') });
  }

  /** Every read sees the newest durable state, as of its call. */
  async #read<T>(read: () => T): Promise<T> {
    if (this.#closing) throw new StoreClosed();
    try {
      return read();
    } catch (error) {
      throw translated(error, 'the events could not be read');
    } finally {
      this.#reader.release();
    }
  }
}
