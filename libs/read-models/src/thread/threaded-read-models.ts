import { Worker } from 'node:worker_threads';
import type { Position } from '#libs/event-store';
import type { Answer, Ask, QuestionName } from '../questions.js';
import {
  type Alarm,
  ASK_TIMEOUT_MS,
  ASK_TIMEOUT_MS_MAX,
  type AskOptions,
  type ProjectionLag,
  QUESTIONS_WAITING_MAX,
  ReadModels,
  type RebuildRequest,
  type RebuildState,
  type StaleView,
} from '../read-models.js';
import { readModelsBusy, readModelsDown, readModelsTimeout } from '../folding/waiting-questions.js';
import { Rebuilds } from './rebuilds.js';
import { type Call, type FromWorker, fromRefusal, type ToWorker, type WorkerPlaces } from './worker-messages.js';

const START_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 30_000;
const LAG_TIMEOUT_MS = 5_000;
/** The worker's own deadline comes first; this one is for a worker that does not answer at all. */
const WORKER_GRACE_MS = 1_000;
const RESTART_AFTER_MS = 1_000;
const WORKER_HEAP_MIB_MAX = 512;
/** A page of decoded events outlives several small nurseries, and is copied each time. */
const WORKER_NURSERY_MIB_MAX = 48;

export interface OpenReadModelsOptions extends WorkerPlaces {
  /** Called in the caller's thread, never twice for one standing trouble. */
  readonly onAlarm: (alarm: Alarm) => void;
}

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** The read models of one party, folded and asked in a worker thread. A worker that dies is started again; what it had not committed is folded again. */
export class ThreadedReadModels extends ReadModels {
  readonly #options: OpenReadModelsOptions;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #restart: NodeJS.Timeout | undefined;
  #nextId = 1;
  #poked = false;
  #closing: Promise<void> | undefined;
  #stale: readonly StaleView[] = [];
  /** Of rebuilds, as told. */
  readonly #troubles = new Map<string, string>();
  readonly #rebuilds: Rebuilds;

  private constructor(options: OpenReadModelsOptions) {
    super();
    this.#options = options;
    const { kind, store, keyDirectory, models } = options;
    this.#rebuilds = new Rebuilds({ places: { kind, store, keyDirectory, models }, beside: true, onState: (state) => this.#rebuilt(state) });
  }

  /** Resolves when the worker has opened store, keys and files; folding goes on behind. Rejects with what kept it from that. */
  static async open(options: OpenReadModelsOptions): Promise<ThreadedReadModels> {
    const models = new ThreadedReadModels(options);
    await models.#start();
    return models;
  }

  async ask<N extends QuestionName>(name: N, question: Ask<N>, { atLeast, timeoutMs = ASK_TIMEOUT_MS }: AskOptions = {}): Promise<Answer<N>> {
    const bounded = Math.min(timeoutMs, ASK_TIMEOUT_MS_MAX);
    return (await this.#call({ call: 'ask', name, question, atLeast, timeoutMs: bounded }, bounded)) as Answer<N>;
  }

  poke(): void {
    if (this.#poked) return;
    this.#poked = true; // one message a turn of the event loop, however many appends
    setImmediate(() => {
      this.#poked = false;
      this.#send({ to: 'poke' });
    });
  }

  async caughtUp(position: Position, timeoutMs: number = ASK_TIMEOUT_MS): Promise<void> {
    const bounded = Math.min(timeoutMs, ASK_TIMEOUT_MS_MAX);
    await this.#call({ call: 'caughtUp', position, timeoutMs: bounded }, bounded);
  }

  async rebuild(request: RebuildRequest): Promise<readonly RebuildState[]> {
    if (this.#closing) throw readModelsDown();
    return await Promise.resolve().then(() => this.#rebuilds.begin(request));
  }

  rebuilds(): readonly RebuildState[] {
    return this.#rebuilds.states;
  }

  stale(): readonly StaleView[] {
    return this.#stale;
  }

  async lag(): Promise<readonly ProjectionLag[]> {
    return (await this.#call({ call: 'lag' }, LAG_TIMEOUT_MS)) as readonly ProjectionLag[];
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #call(call: Call, timeoutMs: number): Promise<unknown> {
    if (!this.#worker || this.#closing) return Promise.reject(readModelsDown());
    if (this.#pending.size >= QUESTIONS_WAITING_MAX) return Promise.reject(readModelsBusy());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle(id, ({ reject: refuse }) => refuse(readModelsTimeout())), timeoutMs + WORKER_GRACE_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#send({ to: 'call', id, call });
    });
  }

  #send(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #settle(id: number, how: (pending: Pending) => void): void {
    const pending = this.#pending.get(id);
    if (!pending) return; // it had timed out
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    how(pending);
  }

  #start(): Promise<void> {
    const { kind, store, keyDirectory, models } = this.#options;
    const places: WorkerPlaces = { kind, store, keyDirectory, models };
    const worker = new Worker(new URL('./read-models.worker.js', import.meta.url), {
      workerData: places,
      name: `read-models ${kind}`,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX, maxYoungGenerationSizeMb: WORKER_NURSERY_MIB_MAX },
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(readModelsTimeout());
        void worker.terminate();
      }, START_TIMEOUT_MS);
      let started = false;
      worker.on('message', (message: FromWorker) => {
        if (message.from === 'ready') {
          started = true;
          clearTimeout(timer);
          resolve();
        } else if (message.from === 'failed') reject(fromRefusal(message.refusal));
        else this.#received(message);
      });
      worker.on('error', (error) => reject(error)); // 'exit' follows, and tells the rest
      worker.once('exit', () => {
        clearTimeout(timer);
        reject(readModelsDown());
        this.#died(started);
      });
    });
  }

  #received(message: Exclude<FromWorker, { from: 'ready' | 'failed' }>): void {
    switch (message.from) {
      case 'alarm':
        this.#options.onAlarm(message.alarm);
        break;
      case 'views':
        this.#stale = message.stale;
        if (!this.#closing) this.#rebuilds.beginPending(message.pending);
        break;
      case 'answer':
        this.#settle(message.id, ({ resolve }) => resolve(message.answer));
        break;
      case 'refusal':
        this.#settle(message.id, ({ reject }) => reject(fromRefusal(message.refusal)));
        break;
    }
  }

  #died(started: boolean): void {
    this.#worker = undefined;
    for (const id of this.#pending.keys()) this.#settle(id, ({ reject }) => reject(readModelsDown()));
    if (this.#closing || !started) return;
    this.#options.onAlarm({ code: 'WORKER_DIED', message: 'the thread of the read models has died: it is started again' });
    this.#restartLater();
  }

  #restartLater(): void {
    this.#restart = setTimeout(() => {
      if (this.#closing) return;
      this.#start().catch(() => this.#restartLater()); // the alarm was raised when it died
    }, RESTART_AFTER_MS);
  }

  /** A switch is seen at the next look at the pointer; a failure that stands is told once. */
  #rebuilt({ projection, stage, trouble }: RebuildState): void {
    if (stage === 'done') this.poke();
    const standing = this.#troubles.get(projection);
    if (trouble === undefined || trouble === standing) {
      if (stage === 'done') this.#troubles.delete(projection);
      return;
    }
    this.#troubles.set(projection, trouble);
    this.#options.onAlarm({ code: trouble, projection, message: 'a rebuild cannot go on: the view that answers stays' });
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart);
    await this.#rebuilds.close();
    const worker = this.#worker;
    if (!worker) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#send({ to: 'close' });
    const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  }
}

/**
 * The read models of a party, wherever they are. The event store and the keys must have been opened (made) before.
 * Resolves when a worker thread has opened them too, and SQLite's files; a PostgreSQL server may be out of reach then:
 * an alarm tells so, and it is tried again. Folding goes on behind. Rejects with what kept it from that.
 */
export const openReadModels = (options: OpenReadModelsOptions): Promise<ReadModels> => ThreadedReadModels.open(options);
