import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ExchangeOutcome, Reconciliation, Role } from '#libs/domain';
import { openStore, type StoreLocation } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { partitionsFor } from './partition-files.js';
import {
  type Counts,
  type Flushed,
  type FromWorker,
  type Matched,
  PIECE_EVENTS,
  type ReconciledExchange,
  type ToWorker,
  type WorkerTask,
} from './worker-messages.js';

const WORKERS_MAX = 4;
/** What a record takes at least in the log of an EventStoreDB, whose positions count bytes. */
const EVENT_BYTES_MIN = 256;
/** Exchanges that are told one by one; the others are counted. */
export const FOUND_MAX = 10_000;
/** Nearly everything that is read is let go at once. */
const YOUNG_MIB = 128;
const CORE = 'core';

export interface ReconcileOptions {
  /** Stores of all parties whose records are at hand; the core is among them. */
  readonly stores: readonly { readonly id: string; readonly location: StoreLocation }[];
  readonly agency?: string;
  /** Exchanges requested in [from, to). */
  readonly from?: string;
  readonly to?: string;
  /** Business instant of the judgement; otherwise that of the newest record. */
  readonly asOf?: string;
  /** How long what one party recorded may take to reach the others, milliseconds. */
  readonly patienceMs: number;
  readonly signal?: AbortSignal;
  /** Told how far it is: positions read of all (an embedded store's count its events), then partitions compared of all. */
  readonly onProgress?: (phase: 'read' | 'compare', done: number, total: number) => void;
}

/** What came of reconciling the records of a period. */
export interface Reconciled {
  readonly asOf: string;
  readonly exchanges: number;
  readonly counts: Counts;
  readonly late: number;
  /** Since when the record is waited for that has been waited for longest; undefined where none is. */
  readonly awaitedSince?: string;
  readonly notAtHand: Readonly<Partial<Record<Role, number>>>;
  /** At most FOUND_MAX of them, by exchange. */
  readonly found: readonly ReconciledExchange[];
  readonly foundCount: number;
  readonly codes: Readonly<Record<string, number>>;
  /** Events in streams of exchanges that cannot be read: the ledger's verification says which. */
  readonly unreadable: number;
  readonly events: number;
}

/** A thread with one piece of work at a time. */
class Thread {
  #settle: { resolve: (answer: FromWorker) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor(
    private readonly worker: Worker,
    private readonly exited: Promise<unknown>,
  ) {
    worker.on('message', (message: FromWorker) => {
      if (message.from === 'failed') this.#fail(new DomainError(message.code, 'internal', message.message));
      else this.#settle?.resolve(message);
    });
    worker.on('error', (error: Error) => this.#fail(error));
  }

  static start(task: WorkerTask): Thread {
    const worker = new Worker(new URL('./reconcile.worker.js', import.meta.url), { workerData: task, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB } });
    return new Thread(worker, new Promise((resolve) => worker.once('exit', resolve)));
  }

  ask<From extends FromWorker['from']>(message: ToWorker): Promise<Extract<FromWorker, { from: From }>> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#settle = { resolve: resolve as (answer: FromWorker) => void, reject };
      this.worker.postMessage(message);
    });
  }

  async stop(): Promise<void> {
    this.worker.postMessage({ to: 'close' } satisfies ToWorker);
    if (this.#failure) await this.worker.terminate();
    await this.exited;
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#settle?.reject(error);
  }
}

/** Hands pieces of work to threads, each the next when it is done with one. */
async function eachPiece<Piece>(
  threads: readonly Thread[],
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
  work: (thread: Thread, piece: Piece) => Promise<void>,
): Promise<void> {
  const waiting = pieces[Symbol.iterator]();
  await Promise.all(
    threads.map(async (thread) => {
      for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
        signal?.throwIfAborted();
        await work(thread, next.value);
      }
    }),
  );
}

interface Piece {
  readonly store: number;
  readonly after: number;
  readonly last: number;
  /** Events that it holds at most. */
  readonly events: number;
}

/** Of an embedded store, pieces between positions, which have no gaps. An EventStoreDB's log is gone through in one. */
async function piecesOfStore({ location }: ReconcileOptions['stores'][number], store: number): Promise<readonly Piece[]> {
  const opened = await openStore(location, { readOnly: true });
  const end = Number(await opened.lastPosition().finally(() => opened.close()));
  if (location.kind === 'eventstoredb') return end === 0 ? [] : [{ store, after: 0, last: end, events: Math.ceil(end / EVENT_BYTES_MIN) }];
  return Array.from({ length: Math.ceil(end / PIECE_EVENTS) }, (_, piece) => {
    const after = piece * PIECE_EVENTS;
    const last = Math.min(end, after + PIECE_EVENTS);
    return { store, after, last, events: last - after };
  });
}

/** Pieces of all stores by turns, so that records of one time are read about the same time. */
async function piecesOf(stores: ReconcileOptions['stores']): Promise<readonly Piece[]> {
  const pieces = await Promise.all(stores.map(piecesOfStore));
  return pieces.flat().sort((a, b) => a.after - b.after || a.store - b.store);
}

/**
 * Joins the records of all parties by exchange and holds them against each other. Two passes: threads read every store in
 * order and put what comparing takes of each event into partition files by exchange; then each partition is compared in
 * memory, and what is not plainly matched is read again and judged by the whole rule. Memory does not grow with the stores.
 * Throws NO_CORE where the core's record is not among them, StoreUnavailable, and the signal's reason.
 */
export async function reconcileStores(options: ReconcileOptions): Promise<Reconciled> {
  const { stores, signal, onProgress } = options;
  const core = stores.findIndex(({ id }) => id === CORE);
  if (core < 0) throw new DomainError('NO_CORE', 'invalid', 'the core’s record is needed: without it nothing can be reconciled');
  const pieces = await piecesOf(stores);
  const span = pieces.reduce((sum, { after, last }) => sum + last - after, 0);
  const partitions = partitionsFor(pieces.reduce((sum, { events }) => sum + events, 0));
  const directory = await mkdtemp(join(tmpdir(), 'renkei-reconcile-'));
  const writers = Math.min(WORKERS_MAX, availableParallelism());
  const threads: Thread[] = [];
  try {
    const task = { ...periodOf(options), stores, core, directory, partitions, writers };
    for (let writer = 0; writer < writers; writer += 1) threads.push(Thread.start({ ...task, writer }));
    let read = 0;
    let events = 0;
    await eachPiece(threads, pieces, signal, async (thread, { store, after, last }) => {
      for (let from = after; from < last;) {
        signal?.throwIfAborted();
        const scanned = await thread.ask<'scan'>({ to: 'scan', store, after: from, last });
        events += scanned.events;
        read += scanned.next - from;
        from = scanned.next;
        onProgress?.('read', read, span);
      }
    });
    const flushed = await Promise.all(threads.map((thread) => thread.ask<'flush'>({ to: 'flush' })));
    const sum = new Sum(flushed, options.asOf, events);
    let compared = 0;
    await eachPiece(
      threads,
      Array.from({ length: partitions }, (_, partition) => partition),
      signal,
      async (thread, partition) => {
        const { asOf, hosts } = sum;
        sum.add(await thread.ask<'match'>({ to: 'match', partition, asOf, hosts, patienceMs: options.patienceMs, findingsMax: FOUND_MAX }));
        compared += 1;
        onProgress?.('compare', compared, partitions);
      },
    );
    return sum.told();
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

const periodOf = ({ agency, from, to }: ReconcileOptions): Pick<WorkerTask, 'agency' | 'fromMs' | 'toMs'> => ({
  ...(agency === undefined ? {} : { agency }),
  ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
  ...(to === undefined ? {} : { toMs: Date.parse(to) }),
});

/** What all threads found, together. */
class Sum {
  readonly asOf: string;
  readonly hosts = new Map<string, readonly string[]>();
  readonly #unreadable: number;
  readonly #counts: Counts = {};
  readonly #codes: Record<string, number> = {};
  readonly #notAtHand: Partial<Record<Role, number>> = {};
  readonly #found: ReconciledExchange[] = [];
  #late = 0;
  #awaitedSince = '';

  constructor(
    flushed: readonly Flushed[],
    asOf: string | undefined,
    private readonly events: number,
  ) {
    this.asOf =
      asOf ??
      flushed
        .map(({ newestAt }) => newestAt)
        .sort()
        .at(-1) ??
      '';
    for (const { hosts } of flushed) for (const [agency, servers] of hosts) this.hosts.set(agency, [...(this.hosts.get(agency) ?? []), ...servers]);
    this.#unreadable = flushed.reduce((sum, { unreadable }) => sum + unreadable, 0);
  }

  add({ counts, late, awaitedSince, notAtHand, found, codes }: Matched): void {
    for (const [outcome, of] of Object.entries(counts) as [ExchangeOutcome, Counts[ExchangeOutcome]][]) {
      const total = (this.#counts[outcome] ??= {});
      for (const [status, count] of Object.entries(of ?? {}) as [Reconciliation['status'], number][]) total[status] = (total[status] ?? 0) + count;
    }
    for (const [code, count] of Object.entries(codes)) this.#codes[code] = (this.#codes[code] ?? 0) + count;
    for (const [role, count] of Object.entries(notAtHand) as [Role, number][]) this.#notAtHand[role] = (this.#notAtHand[role] ?? 0) + count;
    this.#late += late;
    if (awaitedSince !== '' && (this.#awaitedSince === '' || awaitedSince < this.#awaitedSince)) this.#awaitedSince = awaitedSince;
    this.#found.push(...found.slice(0, FOUND_MAX - this.#found.length));
  }

  told(): Reconciled {
    const all = Object.values(this.#counts);
    return {
      asOf: this.asOf,
      exchanges: all.reduce((sum, of) => sum + Object.values(of).reduce((inner, count) => inner + count, 0), 0),
      counts: this.#counts,
      late: this.#late,
      ...(this.#awaitedSince === '' ? {} : { awaitedSince: this.#awaitedSince }),
      notAtHand: this.#notAtHand,
      found: this.#found.sort((a, b) => (a.exchangeId < b.exchangeId ? -1 : 1)),
      foundCount: all.reduce((sum, { found = 0 }) => sum + found, 0),
      codes: this.#codes,
      unreadable: this.#unreadable,
      events: this.events,
    };
  }
}
