import { Worker } from 'node:worker_threads';
import { invalid } from '#libs/kernel';
import { projectionsOf } from '../models-of-party.js';
import { REBUILD_SHARE, type RebuildRequest, type RebuildState } from '../read-models.js';
import { projectionUnknown, rebuildRunning } from '../rebuild/view.js';
import { type FromRebuildWorker, fromRefusal, type RebuildJob, type WorkerPlaces } from './worker-messages.js';

/** Projections that are built at once. */
export const REBUILDS_AT_ONCE = 2;
const SHARE_MIN = 0.05;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 60_000;
/** Tries of what somebody asked for; what begins by itself is tried until it is done. */
const TRIES_MAX = 8;
/** So long a full disk is left alone. */
const DISK_FULL_RETRY_MS = 300_000;
const CLOSE_TIMEOUT_MS = 30_000;
const WORKER_HEAP_MIB_MAX = 512;
const WORKER_NURSERY_MIB_MAX = 48;
/** Trying again changes nothing. */
const FINAL: ReadonlySet<string> = new Set(['UNKNOWN_EVENT_TYPE', 'UNKNOWN_EVENT_VERSION', 'REBUILD_NO_FORMER']);
const ENDED: ReadonlySet<string> = new Set(['done', 'differs', 'failed']);

export interface RebuildsOptions {
  readonly places: WorkerPlaces;
  /** True where others in this process answer meanwhile. */
  readonly beside: boolean;
  readonly atOnce?: number;
  /** Called whenever one has moved on. */
  readonly onState?: (state: RebuildState) => void;
}

interface Running {
  state: RebuildState;
  readonly job: RebuildJob;
  tries: number;
  worker?: Worker;
  retry?: NodeJS.Timeout;
}

/** Rebuilds of one party, each in a worker thread of its own, a few at a time. */
export class Rebuilds {
  readonly #options: RebuildsOptions;
  readonly #known: readonly string[];
  readonly #rebuilds = new Map<string, Running>();
  readonly #waiting: Running[] = [];
  #working = 0;
  #closed = false;
  #settled: (() => void)[] = [];

  constructor(options: RebuildsOptions) {
    this.#options = options;
    this.#known = projectionsOf[options.places.kind].map(({ name }) => name);
  }

  get states(): readonly RebuildState[] {
    return this.#known.flatMap((name) => this.#rebuilds.get(name)?.state ?? []);
  }

  /** Throws PROJECTION_UNKNOWN, REBUILD_RUNNING, INVALID_INPUT; then none has begun. */
  begin({ projections = this.#known, to = 'rebuild', accept = false, share = REBUILD_SHARE }: RebuildRequest): readonly RebuildState[] {
    const names = [...new Set(projections)];
    if (!(share >= SHARE_MIN && share <= 1)) throw invalid('share', `${SHARE_MIN}..1`, `share must be a number from ${SHARE_MIN} to 1`);
    for (const name of names) {
      if (!this.#known.includes(name)) throw projectionUnknown(name, this.#known);
      if (this.#isRunning(name)) throw rebuildRunning(name);
    }
    return names.map((name) => this.#begin(name, { to, accept, share, ifPending: false }));
  }

  /** What this version needs, by itself; once a process, for what was given up is somebody's to look at. */
  beginPending(names: readonly string[]): void {
    for (const name of names) if (!this.#rebuilds.has(name)) this.#begin(name, { to: 'rebuild', accept: false, share: REBUILD_SHARE, ifPending: true });
  }

  /** Resolves when none is under way any more. */
  async settled(): Promise<readonly RebuildState[]> {
    while (!this.#closed && this.states.some(({ stage }) => !ENDED.has(stage))) await new Promise<void>((resolve) => this.#settled.push(resolve));
    return this.states;
  }

  /** What is under way is kept, and goes on at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting.length = 0;
    const ended = [...this.#rebuilds.values()].map(async ({ worker, retry }) => {
      clearTimeout(retry);
      if (!worker) return;
      const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      worker.postMessage('stop');
      const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    });
    await Promise.all(ended);
    this.#wake();
  }

  #isRunning(name: string): boolean {
    const state = this.#rebuilds.get(name)?.state;
    return state !== undefined && !ENDED.has(state.stage);
  }

  #begin(projection: string, asked: Pick<RebuildJob, 'to' | 'accept' | 'share' | 'ifPending'>): RebuildState {
    const { places, beside } = this.#options;
    const state: RebuildState = { projection, stage: 'waiting', done: 0, total: 0, eventsPerSecond: 0, to: asked.to, automatic: asked.ifPending };
    const running: Running = { state, job: { places, projection, beside, ...asked }, tries: 0 };
    this.#rebuilds.set(projection, running);
    this.#waiting.push(running);
    this.#next();
    return state;
  }

  #next(): void {
    const { atOnce = REBUILDS_AT_ONCE } = this.#options;
    while (!this.#closed && this.#working < atOnce) {
      const running = this.#waiting.shift();
      if (!running) return;
      this.#work(running);
    }
  }

  #work(running: Running): void {
    this.#working += 1;
    running.tries += 1;
    let end: Exclude<FromRebuildWorker, { from: 'progress' }> | undefined;
    const worker = new Worker(new URL('./rebuild.worker.js', import.meta.url), {
      workerData: running.job,
      name: `rebuild ${running.job.projection}`,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX, maxYoungGenerationSizeMb: WORKER_NURSERY_MIB_MAX },
    });
    running.worker = worker;
    worker.on('message', (message: FromRebuildWorker) => {
      if (message.from === 'progress') {
        const { to, automatic } = running.state;
        // how it ended is told with its outcome
        if (!ENDED.has(message.progress.stage)) this.#tell(running, { ...message.progress, to, automatic });
      } else end = message;
    });
    worker.on('error', () => undefined); // 'exit' follows
    worker.once('exit', () => {
      delete running.worker;
      this.#working -= 1;
      if (end?.from === 'done') {
        const { trouble: _over, remainingMs: _none, ...state } = running.state;
        const stage = end.outcome.comparison !== undefined && !end.outcome.switched ? 'differs' : 'done';
        this.#tell(running, { ...state, stage, outcome: end.outcome });
      } else this.#failed(running, end === undefined ? 'WORKER_DIED' : codeOf(end));
      this.#next();
    });
  }

  #failed(running: Running, trouble: string): void {
    if (this.#closed) return;
    const { automatic } = running.state;
    const isFull = trouble === 'REBUILD_DISK_FULL';
    if (FINAL.has(trouble) || (!automatic && (isFull || trouble === 'REBUILD_ELSEWHERE' || running.tries >= TRIES_MAX))) {
      this.#tell(running, { ...running.state, stage: 'failed', trouble });
      return;
    }
    this.#tell(running, { ...running.state, stage: 'waiting', trouble });
    const delayMs = isFull ? DISK_FULL_RETRY_MS : Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** (running.tries - 1));
    running.retry = setTimeout(() => {
      this.#waiting.push(running);
      this.#next();
    }, delayMs);
  }

  #tell(running: Running, state: RebuildState): void {
    running.state = state;
    this.#options.onState?.(state);
    if (ENDED.has(state.stage)) this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}

/** A code from a closed vocabulary; of what has none, the kind of failure. */
function codeOf({ refusal }: Extract<FromRebuildWorker, { from: 'failed' }>): string {
  const { code, message } = fromRefusal(refusal);
  return code === 'READ_MODELS_FAILED' ? (/\((\w+)\)$/.exec(message)?.[1] ?? code) : code;
}

export interface RebuildReadModelsOptions extends WorkerPlaces, RebuildRequest {
  readonly atOnce?: number;
  readonly onState?: (state: RebuildState) => void;
  /** Ends it; what was built is kept, and the next run goes on with it. */
  readonly signal?: AbortSignal;
}

/**
 * Rebuilds read models of a party that no process runs, and resolves to how each ended: for the command line, under the
 * party's lock, and for measuring. At full speed where no `share` is given.
 */
export async function rebuildReadModels({ onState, signal, atOnce, ...options }: RebuildReadModelsOptions): Promise<readonly RebuildState[]> {
  const { kind, store, keyDirectory, models, ...request } = options;
  const rebuilds = new Rebuilds({
    places: { kind, store, keyDirectory, models },
    beside: false,
    ...(atOnce === undefined ? {} : { atOnce }),
    ...(onState === undefined ? {} : { onState }),
  });
  const stop = (): void => void rebuilds.close();
  try {
    rebuilds.begin({ share: 1, ...request });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    return await rebuilds.settled();
  } finally {
    signal?.removeEventListener('abort', stop);
    await rebuilds.close();
  }
}
