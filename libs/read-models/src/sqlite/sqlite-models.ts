import type { Position } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import type { Model, ModelSet, Shown } from '../folding/model.js';
import type { Projection, Recorded } from '../projection.js';
import { isBrokenOff, type Pointer, type View } from '../rebuild/view.js';
import { ASK_TIMEOUT_MS_MAX } from '../read-models.js';
import { ModelFile } from './model-file.js';
import { olderView, pointerMark, readPointer, viewPath } from './view-files.js';
import { type FileCheckpoint, isBuilt, ViewReader } from './view-reader.js';

/** A view that answers no more is kept open for what was asked of it before. */
const RETIRED_AFTER_MS = ASK_TIMEOUT_MS_MAX + 1_000;

/** A view of another version's code: it stands where it is. */
interface Stale {
  readonly view: View;
  readonly reader: ViewReader;
  readonly checkpoint: FileCheckpoint;
}

/** A projection in the file that its pointer names, this thread's alone; where this version has none yet, it answers from the newest older one. */
export class SqliteModel implements Model {
  readonly projection: Projection;
  /** Of looking at the pointer. */
  trouble: string | undefined;
  readonly #directory: string;
  #pointer: Pointer;
  #mark: string;
  #file: ModelFile | undefined;
  /** Answers until the file that took its place is as far. */
  #before: ModelFile | undefined;
  #stale: Stale | undefined;
  #retired: { readonly view: { close(): void }; readonly atMs: number }[] = [];

  constructor(directory: string, projection: Projection) {
    this.projection = projection;
    this.#directory = directory;
    this.#mark = pointerMark(directory, projection);
    this.#pointer = readPointer(directory, projection, isBuilt);
    if (this.#pointer.live === undefined) this.#stale = this.#openStale();
    // what was the view of an older version is gone, or cannot be read: nothing answers until this version's is built
    if (!this.#stale) this.#file = ModelFile.open(directory, projection, this.#pointer.live);
  }

  get mine(): boolean {
    return this.#file !== undefined;
  }
  get shown(): Shown {
    const file = this.#before ?? this.#file;
    if (file) return { rows: file, position: file.checkpoint };
    const { view, reader, checkpoint } = this.#stale as Stale;
    return { rows: reader, position: checkpoint.position, staleVersion: view.version };
  }
  get checkpoint(): Position {
    return this.#file ? this.#file.checkpoint : (this.#stale as Stale).checkpoint.position;
  }
  get checkpointEventId(): string {
    return this.#file ? this.#file.checkpointEventId : (this.#stale as Stale).checkpoint.eventId;
  }
  get built(): boolean {
    return this.#file ? this.#file.built : true;
  }
  /** What a rebuild has to do here: this version was never built, or a build was broken off. */
  get pending(): boolean {
    return this.#stale !== undefined || isBrokenOff(this.#pointer);
  }

  apply(events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): void {
    this.#file?.apply(events, derived, position, eventId);
    this.#join();
  }

  finishBuilding(): void {
    this.#file?.finishBuilding();
  }

  beginAnew(): void {
    if (!this.#file) return;
    this.#retire(this.#before);
    this.#before = undefined;
    this.#file.close();
    ModelFile.remove(this.#directory, this.projection, this.#pointer.live);
    this.#file = ModelFile.open(this.#directory, this.projection, this.#pointer.live);
  }

  /** Other code reads the same file from where it stands: there is nothing to keep. */
  stop(): void {
    return;
  }

  /** Turns to the view that the pointer names by now. */
  lookAgain(): void {
    while (this.#retired[0] && performance.now() - this.#retired[0].atMs > RETIRED_AFTER_MS) this.#retired.shift()?.view.close();
    const mark = pointerMark(this.#directory, this.projection);
    if (mark === this.#mark) return;
    const pointer = readPointer(this.#directory, this.projection, isBuilt);
    if (pointer.live !== undefined && (pointer.live !== this.#pointer.live || !this.#file)) {
      const file = ModelFile.open(this.#directory, this.projection, pointer.live);
      if (this.#before) this.#retire(this.#file);
      else this.#before = this.#file;
      this.#file = file;
      this.#retire(this.#stale?.reader);
      this.#stale = undefined;
    }
    this.#pointer = pointer;
    this.#mark = mark;
    this.#join();
  }

  close(): void {
    for (const view of [this.#file, this.#before, this.#stale?.reader, ...this.#retired.map((retired) => retired.view)]) view?.close();
    this.#retired = [];
  }

  #join(): void {
    if (!this.#before || !this.#file || this.#file.checkpoint < this.#before.checkpoint) return;
    this.#retire(this.#before);
    this.#before = undefined;
  }

  #retire(view: { close(): void } | undefined): void {
    if (view) this.#retired.push({ view, atMs: performance.now() });
  }

  #openStale(): Stale | undefined {
    const view = olderView(this.#directory, this.projection, isBuilt);
    if (!view) return undefined;
    const reader = ViewReader.open(viewPath(this.#directory, this.projection.name, view), this.projection);
    return { view, reader, checkpoint: reader.checkpoint() };
  }
}

/** A directory of views. Throws what libsql throws. */
export class SqliteModels implements ModelSet {
  readonly models: readonly SqliteModel[];

  constructor(directory: string, projections: readonly Projection[]) {
    this.models = projections.map((projection) => new SqliteModel(directory, projection));
  }

  get pending(): readonly string[] {
    return this.models.filter(({ pending }) => pending).map(({ projection }) => projection.name);
  }

  tend(): void {
    for (const model of this.models) {
      try {
        model.lookAgain();
        model.trouble = undefined;
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        model.trouble = typeof code === 'string' ? code : 'READ_MODELS_FAILED'; // it answers on as it is, and looks again
      }
    }
  }

  interrupt(): void {
    return;
  }

  close(): void {
    for (const model of this.models) model.close();
  }
}
