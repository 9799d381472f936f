import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EventStore, type Position, START } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import type { Cursors } from '../cursor.js';
import type { Secrets } from '../projection.js';
import type { Answer, Ask, QuestionName } from '../questions.js';
import { type Alarm, ASK_TIMEOUT_MS, ASK_TIMEOUT_MS_MAX, type AskOptions, type ProjectionLag, QUESTIONS_WAITING_MAX, type StaleView } from '../read-models.js';
import { viewStale } from '../rebuild/view.js';
import { answers } from '../sql/answers.js';
import { Follower } from './follower.js';
import type { ModelSet } from './model.js';
import { readModelsDown, readModelsTimeout, WaitingQuestions } from './waiting-questions.js';

/** Events of one page while a model is being built, and of one while questions are answered between the pages. */
const BUILDING_PAGE_EVENTS = 10_000;
const LIVE_PAGE_EVENTS = 2_000;
/** Without a poke the store is looked at so often. */
const LOOK_EVERY_MS = 500;
const LOOK_WHILE_WAITED_FOR_MS = 5;
/** Pages follow each other no faster, unless somebody waits: what comes meanwhile about one exchange becomes one write. */
const COALESCE_MS = 50;

export interface RunnerOptions {
  readonly store: EventStore;
  /** This runner's alone; closed with it. */
  readonly models: ModelSet;
  readonly secrets: Secrets;
  readonly cursors: Cursors;
  readonly onAlarm: (alarm: Alarm) => void;
}

/** Folds a party's store into its models and answers from them, in the thread it is made in. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #followers: ReadonlyMap<string, Follower>;
  readonly #waiting = new WaitingQuestions(QUESTIONS_WAITING_MAX);
  #storePosition: Position = START;
  #poked = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #running: Promise<void>;

  constructor(options: RunnerOptions) {
    this.#options = options;
    const { models, secrets, onAlarm } = options;
    this.#followers = new Map(models.models.map((model) => [model.projection.name, new Follower(model, secrets, onAlarm)]));
    this.#running = this.#run();
  }

  async ask<N extends QuestionName>(name: N, question: Ask<N>, { atLeast = START, timeoutMs = ASK_TIMEOUT_MS }: AskOptions = {}): Promise<Answer<N>> {
    if (this.#closed) throw readModelsDown();
    const { projection, answer } = answers[name];
    const follower = this.#followers.get(projection);
    if (!follower) throw new DomainError('QUESTION_NOT_SERVED', 'not-found', `this party does not answer ${name}`);
    const deadline = performance.now() + Math.min(timeoutMs, ASK_TIMEOUT_MS_MAX);
    await this.#reached(follower, atLeast, deadline);
    const { rows, staleVersion } = follower.model.shown;
    const answered = within(deadline, answer(rows, question, this.#options.cursors));
    return staleVersion === undefined ? answered : answered.catch(asStale);
  }

  stale(): readonly StaleView[] {
    return [...this.#followers.values()].flatMap(({ projection: { name }, model: { shown } }) =>
      shown.staleVersion === undefined ? [] : [{ projection: name, version: shown.staleVersion, position: shown.position }],
    );
  }

  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  async caughtUp(position: Position, timeoutMs: number = ASK_TIMEOUT_MS): Promise<void> {
    if (this.#closed) throw readModelsDown();
    const deadline = performance.now() + Math.min(timeoutMs, ASK_TIMEOUT_MS_MAX);
    await Promise.all([...this.#followers.values()].map((follower) => this.#reached(follower, position, deadline)));
  }

  async lag(): Promise<readonly ProjectionLag[]> {
    if (this.#closed) throw readModelsDown();
    const position = await this.#options.store.lastPosition();
    return [...this.#followers.values()].map((follower) => follower.lag(position));
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#waiting.rejectAll();
      this.#options.models.interrupt();
      this.#wake?.();
    }
    await this.#running;
  }

  #reached(follower: Follower, atLeast: Position, deadline: number): Promise<void> {
    const reached = this.#waiting.wait(() => follower.standing, atLeast, deadline);
    this.#wake?.();
    return reached;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const started = performance.now();
      const more = await this.#foldAll();
      this.#waiting.recheck();
      await nextTurn(); // lets questions in between two pages
      if (!more) await this.#pause(started);
    }
    await this.#options.models.close();
  }

  /** One page for each place in the store where projections stand. True where there is more to read. */
  async #foldAll(): Promise<boolean> {
    let more = false;
    const { store, models } = this.#options;
    await models.tend();
    for (const follower of this.#followers.values()) await follower.checkHistory(store);
    for (const together of byCheckpoint([...this.#followers.values()].filter((follower) => follower.running))) {
      const [first] = together;
      await attempt(first, async () => {
        const limit = together.every(({ model }) => model.built) ? LIVE_PAGE_EVENTS : BUILDING_PAGE_EVENTS;
        const page = await store.readAll({ after: first.checkpoint, limit });
        this.#storePosition = page.next > this.#storePosition ? page.next : this.#storePosition;
        for (const follower of together) await follower.take(page);
        more ||= !page.atEnd && together.some((follower) => follower.running);
      });
      if (this.#closed) return false;
    }
    return more;
  }

  /** Until there may be something new: a poke, a waiting question, a retry that is due, or the timer. */
  async #pause(started: number): Promise<void> {
    if (this.#waiting.any) {
      // the end of the store was read and did not suffice: what somebody waits for is only now being written
      await this.#sleep(LOOK_WHILE_WAITED_FOR_MS);
    } else {
      const retries = [...this.#followers.values()].flatMap(({ retryInMs }) => retryInMs ?? []);
      if (!this.#poked) await this.#sleep(Math.min(LOOK_EVERY_MS, ...retries));
      if (!this.#waiting.any) await this.#sleep(COALESCE_MS - (performance.now() - started), () => this.#waiting.any);
    }
    this.#poked = false;
  }

  /** At most so long; a wake-up ends it where `enough` agrees. */
  #sleep(ms: number, enough: () => boolean = () => true): Promise<void> {
    if (ms <= 0 || this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        if (this.#closed || enough()) done();
      };
    });
  }
}

function byCheckpoint(followers: readonly Follower[]): Iterable<[Follower, ...Follower[]]> {
  const groups = new Map<Position, [Follower, ...Follower[]]>();
  for (const follower of followers) {
    const group = groups.get(follower.checkpoint);
    if (group) group.push(follower);
    else groups.set(follower.checkpoint, [follower]);
  }
  return groups.values();
}

/** An older version's rows may lack what this code asks of them: no fault, and no answer. */
function asStale(error: unknown): never {
  throw error instanceof DomainError ? error : viewStale();
}

/** Rejects with READ_MODELS_TIMEOUT where the answer is not there by then. */
function within<T>(deadlineMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(readModelsTimeout()), Math.max(0, deadlineMs - performance.now()));
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

async function attempt(follower: Follower, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    follower.fail(error);
  }
}
