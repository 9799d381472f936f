import type { Position } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import type { Model, ModelSet } from '../folding/model.js';
import type { Projection, Recorded } from '../projection.js';
import { ModelFile } from './model-file.js';

/** A projection in its file, this thread's alone. */
export class SqliteModel implements Model {
  readonly projection: Projection;
  readonly mine = true;
  readonly #directory: string;
  #file: ModelFile;

  constructor(directory: string, projection: Projection) {
    this.projection = projection;
    this.#directory = directory;
    this.#file = ModelFile.open(directory, projection);
  }

  get rows(): ModelFile {
    return this.#file;
  }
  get checkpoint(): Position {
    return this.#file.checkpoint;
  }
  get checkpointEventId(): string {
    return this.#file.checkpointEventId;
  }
  get built(): boolean {
    return this.#file.built;
  }

  apply(events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): void {
    this.#file.apply(events, derived, position, eventId);
  }

  finishBuilding(): void {
    this.#file.finishBuilding();
  }

  beginAnew(): void {
    this.#file.close();
    ModelFile.remove(this.#directory, this.projection);
    this.#file = ModelFile.open(this.#directory, this.projection);
  }

  /** Other code reads the same file from where it stands: there is nothing to keep. */
  stop(): void {
    return;
  }

  close(): void {
    this.#file.close();
  }
}

/** A directory of model files. Throws what libsql throws. */
export class SqliteModels implements ModelSet {
  readonly models: readonly SqliteModel[];

  constructor(directory: string, projections: readonly Projection[]) {
    this.models = projections.map((projection) => new SqliteModel(directory, projection));
  }

  tend(): void {
    return;
  }

  interrupt(): void {
    return;
  }

  close(): void {
    for (const model of this.models) model.close();
  }
}
