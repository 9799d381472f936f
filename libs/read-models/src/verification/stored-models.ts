import type { ModelsLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import type { Views } from '../rebuild/views.js';
import { type Stored, StoredModel } from './stored-model.js';

/** A party's read models as they are stored, on either engine, read-only. `close` them. */
export class StoredModels {
  readonly #location: ModelsLocation;
  readonly #views: Views | undefined;

  private constructor(location: ModelsLocation, views?: Views) {
    this.#location = location;
    this.#views = views;
  }

  static async open(location: ModelsLocation): Promise<StoredModels> {
    if (location.kind === 'sqlite') return new StoredModels(location);
    const { PostgresViews } = await import('../postgres/postgres-views.js'); // with its driver
    return new StoredModels(location, new PostgresViews(location));
  }

  /** The view of this code's version that answers; undefined where there is none yet. Rejects with DatabaseTrouble, throws what libsql throws. */
  async stored(projection: Projection): Promise<Stored | undefined> {
    if (this.#views === undefined) return this.#location.kind === 'sqlite' ? StoredModel.open(this.#location.directory, projection) : undefined;
    const view = await this.#views.answering(projection);
    if (view?.version !== projection.version) return undefined;
    const snapshot = await this.#views.snapshot(projection, view);
    return { ...snapshot, trouble: () => undefined };
  }

  async close(): Promise<void> {
    await this.#views?.close();
  }
}
