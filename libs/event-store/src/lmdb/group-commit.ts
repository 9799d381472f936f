import { setTimeout as sleep } from 'node:timers/promises';
import { checkAppend } from '../check-append.js';
import { StoreBusy, StoreClosed, StoreUnavailable } from '../errors.js';
import type { Appended, AppendRequest } from '../event-store.js';
import { ARENA_BYTES, COMMIT_BYTES_TARGET, CommitPlan } from './commit-plan.js';
import { HeadCache } from './head-cache.js';
import type { LmdbFile } from './lmdb-file.js';
import type { LmdbReader } from './reader.js';
import type { Room } from './room.js';

/** Appends waiting or being made durable; more are refused as busy. */
export const IN_FLIGHT_REQUESTS_MAX = 65_536;
/** Bytes of those. */
export const IN_FLIGHT_BYTES_MAX = 64 * 1024 * 1024;
/** A commit that is not on disk by then has an unknown outcome: the store takes no more appends until it is opened again. */
const COMMIT_TIMEOUT_MS = 60_000;
/** LMDB tells a commit's failure first and its cause a moment later. */
const CAUSE_TIMEOUT_MS = 1_000;

export type Outcome = PromiseSettledResult<Appended>;
interface Pending {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly settle: (outcome: Outcome) => void;
}
const rejected = (reason: unknown): Outcome => ({ status: 'rejected', reason });

/**
 * The one writer: what arrives while a commit is being made durable goes into the next one. Outcomes are told only after
 * the commit that they rest on is on disk.
 */
export class GroupCommit {
  readonly #file: LmdbFile;
  readonly #reader: LmdbReader;
  readonly #room: Room;
  readonly #onCommit: () => void;
  readonly #heads = new HeadCache();
  readonly #arena = Buffer.allocUnsafeSlow(ARENA_BYTES);
  readonly #queue: Pending[] = [];
  #inFlight = 0;
  #inFlightBytes = 0;
  #lastPosition: number;
  #running: Promise<void> | undefined;
  #closed = false;
  #broken: StoreUnavailable | undefined;

  constructor(file: LmdbFile, reader: LmdbReader, room: Room, onCommit: () => void) {
    this.#file = file;
    this.#reader = reader;
    this.#room = room;
    this.#onCommit = onCommit;
    this.#lastPosition = reader.lastPosition();
    reader.release();
  }

  /** Checks and queues an append. `settle` is called once, never before this returns to the event loop unless refused. */
  submit(request: AppendRequest, settle: (outcome: Outcome) => void): void {
    let bytes: number;
    try {
      if (this.#closed) throw new StoreClosed();
      if (this.#broken) throw this.#broken;
      bytes = checkAppend(request);
      if (this.#inFlight >= IN_FLIGHT_REQUESTS_MAX || this.#inFlightBytes + bytes > IN_FLIGHT_BYTES_MAX) throw new StoreBusy();
    } catch (error) {
      settle(rejected(error));
      return;
    }
    this.#inFlight += 1;
    this.#inFlightBytes += bytes;
    this.#queue.push({ request, bytes, settle });
    this.#running ??= this.#run();
  }

  /** Waits for what is in flight; refuses what comes after. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate); // what else arrives in this turn of the event loop goes into the same commit
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      const outcomes = await this.#commit(group);
      for (const [index, { bytes, settle }] of group.entries()) {
        this.#inFlight -= 1;
        this.#inFlightBytes -= bytes;
        settle(outcomes[index] ?? rejected(new StoreUnavailable('an append got no outcome')));
      }
    }
    this.#running = undefined;
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let size = 0;
    while (size < this.#queue.length && bytes < COMMIT_BYTES_TARGET) {
      bytes += this.#queue[size]?.bytes ?? 0;
      size += 1;
    }
    return this.#queue.splice(0, size);
  }

  async #commit(group: readonly Pending[]): Promise<readonly Outcome[]> {
    try {
      if (this.#broken) throw this.#broken;
      const plan = new CommitPlan(this.#reader, this.#heads, this.#arena, this.#lastPosition);
      const outcomes = group.map(({ request }) => planned(plan, request));
      this.#reader.release();
      if (!plan.isEmpty) {
        this.#room.check();
        await this.#write(plan);
        this.#lastPosition = plan.lastPosition;
        plan.remember();
        this.#onCommit();
      }
      return outcomes;
    } catch (error) {
      const reason = await this.#failed(error);
      return group.map(() => rejected(reason));
    }
  }

  async #write(plan: CommitPlan): Promise<void> {
    const timer = new AbortController();
    const timeout = sleep(COMMIT_TIMEOUT_MS, undefined, { signal: timer.signal }).then(
      () => {
        this.#broken = new StoreUnavailable(
          `a commit was not on disk after ${COMMIT_TIMEOUT_MS} ms: its outcome is unknown, and the store must be opened again`,
        );
        throw this.#broken;
      },
      () => undefined, // the commit came first
    );
    try {
      await Promise.race([plan.write(this.#file), timeout]);
    } finally {
      timer.abort();
    }
  }

  /** What the file holds after a failed commit is read from the file, never assumed. */
  async #failed(error: unknown): Promise<unknown> {
    const cause = await causeOf(error);
    this.#heads.clear();
    try {
      this.#reader.release();
      this.#lastPosition = this.#reader.lastPosition();
      return this.#room.failure(cause);
    } catch (readError) {
      this.#broken = new StoreUnavailable('the store could neither be written nor read', { cause: readError });
      return this.#broken;
    }
  }
}

function planned(plan: CommitPlan, request: AppendRequest): Outcome {
  try {
    return { status: 'fulfilled', value: plan.add(request) };
  } catch (error) {
    if ((error as Partial<Error>).name !== 'WrongExpectedRevision') throw error;
    return rejected(error);
  }
}

/** lmdb rejects a failed commit with an error that carries a promise, which rejects with the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  const cause = (error as { commitError?: PromiseLike<unknown> }).commitError;
  if (cause === undefined) return error;
  const told = cause.then(
    () => error,
    (reason: unknown) => reason,
  );
  return Promise.race([told, sleep(CAUSE_TIMEOUT_MS, error, { ref: false })]);
}
