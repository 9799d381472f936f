import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore, Position } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { Folding, isOfStore } from '../folding/folding.js';
import type { Projection, Secrets } from '../projection.js';
import { compare, type Comparison } from './comparison.js';
import { nextBuild, noFormer, type Pointer, type View } from './view.js';
import type { OwnedModel, Views } from './views.js';

/** Events of one page: some tens of milliseconds, and few enough that most are garbage before they are copied. */
const PAGE_EVENTS = 4_000;
/** So near the end a view is compared or switched to; who answers folds the rest in before it turns to it. */
const NEAR_EVENTS = 2_000;
/** Beside what another view takes, so much of the disk is left to those that answer. */
const FREE_BYTES_MIN = 64 * 1_048_576;
/** Pages between two looks at the disk. */
const LOOK_AT_DISK_PAGES = 100;

/** What a rebuild is at. `differs`: it ended without a switch, for somebody has to say whether it shall be. */
export type RebuildStage = 'waiting' | 'building' | 'comparing' | 'indexing' | 'catching-up' | 'done' | 'differs' | 'failed';

export interface RebuildProgress {
  readonly projection: string;
  readonly stage: RebuildStage;
  /** Folded up to here, of what is to be folded in this stage; in `comparing` rows looked at, `total` 0. */
  readonly done: number;
  readonly total: number;
  /** Folded since this process took it up, by the clock. */
  readonly eventsPerSecond: number;
  /** Until this stage ends, as fast as it went so far; undefined where that is not known yet. */
  readonly remainingMs?: number;
}

export interface RebuildOutcome {
  readonly projection: string;
  readonly switched: boolean;
  readonly view: View;
  readonly position: Position;
  readonly events: number;
  /** Absent where nothing was there to compare with, and where a former view was gone back to. */
  readonly comparison?: Comparison;
}

export interface RebuildOptions {
  readonly projection: Projection;
  readonly views: Views;
  readonly store: EventStore;
  readonly secrets: Secrets;
  /** `rebuild` from the beginning; `back` to the view that answered before. */
  readonly to: 'rebuild' | 'back';
  /** Takes a view that differs from the one of the same version. */
  readonly accept?: boolean;
  /** Does nothing where this version has a view that answers and no build on its way: another process may have been faster. */
  readonly ifPending?: boolean;
  /** Part of the time that it works; it rests after each page. 1 where it is left out. */
  readonly share?: number;
  readonly onProgress?: (progress: RebuildProgress) => void;
  readonly signal?: AbortSignal;
}

export const diskFull = (): DomainError =>
  new DomainError('REBUILD_DISK_FULL', 'unavailable', 'the disk has no room for another view: what was built of it is gone, the view that answers stays');
const lost = (): DomainError => new DomainError('REBUILD_LOST', 'unavailable', 'the build was taken from this process, or its database is out of reach');
const historyOver = (code: string): DomainError =>
  new DomainError(code, 'conflict', 'the record holds an event that this code does not know: the projection cannot be built');
const FULL: ReadonlySet<unknown> = new Set(['SQLITE_FULL', 'ENOSPC', 'DATABASE_FULL', 'EDQUOT']);
const isFull = (error: unknown): boolean => FULL.has((error as { readonly code?: unknown }).code);

/**
 * Builds a view of a projection beside the one that answers, holds it against that one, and switches to it. Everything
 * that is done is kept: whoever begins again after a kill goes on from there. Rejects with REBUILD_DISK_FULL (the build is
 * deleted), REBUILD_ELSEWHERE, REBUILD_NO_FORMER, UNKNOWN_EVENT_TYPE and what views and store reject with.
 */
export async function rebuild(options: RebuildOptions): Promise<RebuildOutcome> {
  const { projection, views, signal } = options;
  const work = new Rebuilding(options);
  try {
    return await (options.to === 'back' ? work.back() : work.forward());
  } catch (error) {
    await work.close();
    if (signal?.aborted || !isFull(error)) throw error;
    await work.discard();
    const { building: _gone, ...pointer } = await views.pointer(projection);
    await views.point(projection, pointer);
    throw diskFull();
  }
}

class Rebuilding {
  readonly #options: RebuildOptions;
  readonly #folding: Folding;
  #model: OwnedModel | undefined;
  #build = 0;
  #stage: RebuildStage = 'waiting';
  #events = 0;
  #beganMs = performance.now();
  #stageBegan = { ms: this.#beganMs, done: 0 };
  #pages = 0;

  constructor(options: RebuildOptions) {
    this.#options = options;
    this.#folding = new Folding(options.projection, options.secrets);
  }

  async forward(): Promise<RebuildOutcome> {
    const { projection, views, accept, ifPending } = this.#options;
    const found = await views.pointer(projection);
    if (ifPending === true && found.live !== undefined && !found.building) return this.#nothingToDo(found.live);
    const pointer = await this.#claim(found);
    const model = await this.#open(pointer.building?.build as number);
    const against = await views.answering(projection);
    let comparison = pointer.building?.compared;
    if (against && !comparison) {
      comparison = await this.#compareWith(against);
      if (comparison) await views.point(projection, { ...pointer, building: { build: this.#build, compared: comparison } });
    }
    const differs = comparison !== undefined && !comparison.equal && comparison.against.version === projection.version;
    if (differs && accept !== true) return this.#end(model, false, comparison);
    await this.#catchUp(model);
    await this.close();
    // a former view of before is no longer gone back to
    if (pointer.former !== undefined) await views.discard(projection, pointer.former);
    const former = pointer.live === undefined ? {} : { former: pointer.live };
    await views.point(projection, { live: this.#build, ...former });
    return this.#end(model, true, comparison);
  }

  async back(): Promise<RebuildOutcome> {
    const { projection, views } = this.#options;
    const pointer = await views.pointer(projection);
    const { live, former } = pointer;
    if (former === undefined || live === undefined) throw noFormer(projection.name);
    const model = await this.#open(former);
    await this.#catchUp(model);
    await this.close();
    await views.point(projection, { ...pointer, live: former, former: live });
    return this.#end(model, true, undefined);
  }

  async close(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    await model?.close();
  }

  async discard(): Promise<void> {
    if (this.#options.to === 'rebuild') await this.#options.views.discard(this.#options.projection, this.#build);
  }

  /** The build that a kill has left, or a new one; its pointer stands before its rows. */
  async #claim(pointer: Pointer): Promise<Pointer> {
    const { projection, views, accept } = this.#options;
    const { building } = pointer;
    const isGone = building?.compared !== undefined && !building.compared.equal && building.compared.against.version === projection.version && accept !== true;
    if (building && !isGone) return pointer;
    if (building) await views.discard(projection, building.build);
    await this.#checkRoom(await views.answering(projection));
    const { building: _gone, ...rest } = pointer;
    const claimed = { ...rest, building: { build: nextBuild(pointer) } };
    await views.point(projection, claimed);
    return claimed;
  }

  async #open(build: number): Promise<OwnedModel> {
    const { projection, views, store } = this.#options;
    this.#build = build;
    const model = await views.open(projection, build);
    this.#model = model;
    if (!(await isOfStore(model, store))) await model.beginAnew();
    return model;
  }

  /** Folds up to where the other stands, which may move on meanwhile, and compares both there. */
  async #compareWith(against: View): Promise<Comparison | undefined> {
    const { projection, views, store } = this.#options;
    const model = this.#model as OwnedModel;
    for (;;) {
      // while many were folded, the other has moved on as well
      while ((await this.#foldUpTo(await views.positionOf(projection, against), 'building')) > NEAR_EVENTS);
      const before = await views.snapshot(projection, against);
      try {
        if (!(await isOfStore({ checkpoint: before.position, checkpointEventId: before.eventId }, store))) return undefined; // of another history: it is being thrown away
        await this.#foldUpTo(before.position, 'building');
        if (model.checkpoint !== before.position) {
          await model.beginAnew(); // the other was taken back since
          continue;
        }
        const now = await views.snapshot(projection, { version: projection.version, build: this.#build });
        try {
          let rows = 0;
          const onRows = (more: number): void => this.#tell('comparing', (rows += more), 0);
          return await compare(now, before, { projection, against, onRows });
        } finally {
          await now.close();
        }
      } finally {
        await before.close();
      }
    }
  }

  async #catchUp(model: OwnedModel): Promise<void> {
    const { store } = this.#options;
    await this.#foldUpTo(await store.lastPosition(), 'catching-up');
    if (!model.built) {
      this.#tell('indexing', 0, 0);
      await model.finishBuilding();
      if (!model.built) throw lost();
    }
    // what came while the indexes were made
    while ((await this.#foldUpTo(await store.lastPosition(), 'catching-up')) > NEAR_EVENTS);
  }

  /** Resolves to how many events it took. */
  async #foldUpTo(position: Position, stage: RebuildStage): Promise<number> {
    const { store, signal, share = 1 } = this.#options;
    const model = this.#model as OwnedModel;
    const eventsBefore = this.#events;
    this.#tell(stage, Number(model.checkpoint), Number(position));
    while (model.checkpoint < position) {
      signal?.throwIfAborted();
      const started = performance.now();
      const before = model.checkpoint;
      const { events } = await store.readAll({ after: before, limit: PAGE_EVENTS });
      const upTo = events.filter((event) => event.position <= position);
      const stop = await this.#folding.fold(model, upTo);
      if (stop) throw historyOver(stop.code);
      if (model.checkpoint === before) {
        if (!model.mine) throw lost();
        break; // the store has nothing there
      }
      this.#events += upTo.length;
      this.#tell(stage, Number(model.checkpoint), Number(position));
      await this.#lookAtDisk();
      await sleep(((performance.now() - started) * (1 - share)) / share, undefined, signal === undefined ? {} : { signal });
    }
    return this.#events - eventsBefore;
  }

  async #lookAtDisk(): Promise<void> {
    this.#pages += 1;
    if (this.#pages % LOOK_AT_DISK_PAGES === 0) await this.#checkRoom(undefined);
  }

  /** What answers must not run out of disk for what is being built. */
  async #checkRoom(like: View | undefined): Promise<void> {
    const { projection, views } = this.#options;
    const room = await views.room(projection, like);
    if (room && room.freeBytes < room.neededBytes + FREE_BYTES_MIN) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
  }

  #tell(stage: RebuildStage, done: number, total: number): void {
    const now = performance.now();
    if (this.#stage === 'waiting') this.#beganMs = now;
    if (stage !== this.#stage) this.#stageBegan = { ms: now, done };
    this.#stage = stage;
    const seconds = (now - this.#beganMs) / 1_000;
    const eventsPerSecond = seconds > 0 ? Math.round(this.#events / seconds) : 0;
    const gone = done - this.#stageBegan.done;
    const remaining = gone > 0 && total >= done ? { remainingMs: Math.round(((total - done) / gone) * (now - this.#stageBegan.ms)) } : {};
    this.#options.onProgress?.({ projection: this.#options.projection.name, stage, done, total, eventsPerSecond, ...remaining });
  }

  #nothingToDo(build: number): RebuildOutcome {
    const { name, version } = this.#options.projection;
    this.#tell('done', 0, 0);
    return { projection: name, switched: false, view: { version, build }, position: 0n, events: 0 };
  }

  async #end(model: OwnedModel, switched: boolean, comparison: Comparison | undefined): Promise<RebuildOutcome> {
    const { name, version } = this.#options.projection;
    const position = model.checkpoint;
    await this.close();
    this.#tell(switched ? 'done' : 'differs', Number(position), Number(position));
    return { projection: name, switched, view: { version, build: this.#build }, position, events: this.#events, ...(comparison ? { comparison } : {}) };
  }
}
