import { type AllPage, type EventStore, type Position, START } from '#libs/event-store';
import type { Stop } from '../decode.js';
import type { Projection, Secrets } from '../projection.js';
import type { Alarm, ProjectionLag } from '../read-models.js';
import { Folding, isOfStore } from './folding.js';
import type { Model } from './model.js';
import type { Standing } from './waiting-questions.js';

const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;

/** One projection on its way through the store: takes pages in, stops at what it does not know, tries again after failures. */
export class Follower {
  readonly projection: Projection;
  readonly model: Model;
  readonly #alarm: (alarm: Alarm) => void;
  readonly #folding: Folding;
  /** The checkpoint that was last seen, and whether the history up to it was found to be this store's. */
  #seen: Position = START;
  #historyChecked = false;
  #stop: Stop | undefined;
  #trouble: string | undefined;
  #retries = 0;
  #retryAt = 0;

  constructor(model: Model, secrets: Secrets, alarm: (alarm: Alarm) => void) {
    this.projection = model.projection;
    this.model = model;
    this.#alarm = alarm;
    this.#folding = new Folding(model.projection, secrets);
  }

  get checkpoint(): Position {
    return this.model.checkpoint;
  }
  /** Indexed once, and known to be folded from this store. */
  get #ready(): boolean {
    return this.model.built && this.#historyChecked;
  }
  get standing(): Standing {
    const { position, staleVersion } = this.model.shown;
    return { ready: this.#ready, checkpoint: position, stopped: this.#stopCode, stale: staleVersion !== undefined };
  }
  lag(storePosition: Position): ProjectionLag {
    const { name, version } = this.projection;
    const trouble = this.#stopCode ?? this.#trouble ?? this.model.trouble;
    const { position, staleVersion } = this.model.shown;
    return {
      projection: name,
      version,
      checkpoint: position,
      storePosition,
      ready: this.#ready,
      ...(trouble === undefined ? {} : { trouble }),
      ...(staleVersion === undefined ? {} : { stale: { version: staleVersion, position } }),
    };
  }

  /** True where it would take a page in now. */
  get running(): boolean {
    return this.model.mine && this.#tries;
  }

  get #tries(): boolean {
    return this.#stop === undefined && performance.now() >= this.#retryAt;
  }

  /** What stopped it here; or whoever folds it elsewhere, as far as is known. */
  get #stopCode(): string | undefined {
    return this.#stop?.code ?? this.model.stopped;
  }

  /** Milliseconds until it tries again; undefined where nothing is due. */
  get retryInMs(): number | undefined {
    return this.#stop === undefined && this.#retryAt > 0 ? Math.max(0, this.#retryAt - performance.now()) : undefined;
  }

  /**
   * Once after opening, and where the checkpoint went back: is the store still the one that was folded? If not, who folds
   * it begins anew; anyone else does not answer until then. Never throws.
   */
  async checkHistory(store: EventStore): Promise<void> {
    if (this.checkpoint < this.#seen) this.#historyChecked = false;
    this.#seen = this.checkpoint;
    if (this.#historyChecked || !this.#tries) return;
    try {
      if (await isOfStore(this.model, store)) this.#historyChecked = true;
      else if (this.model.mine) {
        this.#raise({ code: 'HISTORY_CHANGED', message: 'the store is not the one that was folded: the read model is folded anew' });
        await this.model.beginAnew();
        this.#seen = this.checkpoint;
        this.#historyChecked = this.checkpoint === START;
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /** Takes a page in that was read after its checkpoint. Never throws: what stands in the way is told and tried again. */
  async take(page: AllPage): Promise<void> {
    try {
      await this.#fold(page);
      if (page.atEnd && !this.model.built && this.running) await this.model.finishBuilding();
      this.#trouble = undefined;
      this.#retries = 0;
      this.#retryAt = 0;
    } catch (error) {
      this.fail(error);
    }
  }

  /** Something failed: tells it once, and waits longer each time. */
  fail(error: unknown): void {
    const { code, name } = error as { code?: unknown; name?: unknown };
    const trouble = typeof code === 'string' ? code : typeof name === 'string' ? name : 'UNKNOWN';
    if (trouble !== this.#trouble) this.#raise({ code: trouble, position: this.checkpoint, message: 'a page could not be folded: it is tried again' });
    this.#trouble = trouble;
    this.#retryAt = performance.now() + Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#retries);
    this.#retries += 1;
  }

  async #fold(page: AllPage): Promise<void> {
    const stop = await this.#folding.fold(this.model, page.events);
    if (!stop) return;
    this.#stop = stop;
    this.#raise({ ...stop, message: 'an event of a type that this code does not know: the projection stands still before it' });
    await this.model.stop(stop.code);
  }

  #raise(alarm: Omit<Alarm, 'projection'>): void {
    this.#alarm({ ...alarm, projection: this.projection.name });
  }
}
