import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { ProjectionDecoder } from '../decode.js';
import type { ModelsLocation } from '../models-location.js';
import { type PartyKind, projectionsOf } from '../models-of-party.js';
import { DatabaseTrouble } from '../postgres/trouble.js';
import { EpochUnknown } from '../person-keys.js';
import { countersOf, type Projection, type Secrets } from '../projection.js';
import { ModelFile } from '../sqlite/model-file.js';
import type { Row } from '../table.js';
import { openSecrets } from './open-secrets.js';
import { type Stored, StoredModel } from './stored-model.js';
import { StoredModels } from './stored-models.js';

const PAGE_EVENTS = 10_000;

export interface ReadModelsCheckOptions {
  readonly kind: PartyKind;
  readonly store: StoreLocation;
  readonly keyDirectory: string;
  readonly models: ModelsLocation;
  /** How far in the store it is folded, of all projections together, and how far it will be; positions, which count events where these have no gaps. */
  readonly onProgress?: (done: number, total: number) => void;
}
export interface CheckedReadModel {
  readonly model: string;
  /** As far as it was folded, live and here. */
  readonly position: bigint;
  readonly rows: number;
  /** UNREADABLE: its file is no longer SQLite's, its schema no longer what was made. DIFFERS: the events, folded from the beginning, say something else. */
  readonly finding?: { readonly code: 'UNREADABLE' | 'DIFFERS'; readonly detail: string };
}

/**
 * Folds a party's events from the beginning, into files of its own below the system's temporary directory, and holds the
 * content of the party's read models against that, each up to where it stands. Memory does not grow with the history.
 * Models that have no view yet are left out. Rejects where keys or store cannot be read, and with DATABASE_… where a database
 * is in the way.
 */
export async function checkReadModels(options: ReadModelsCheckOptions): Promise<readonly CheckedReadModel[]> {
  const { kind, store: location, keyDirectory, models, onProgress = () => undefined } = options;
  const { secrets, close } = await openSecrets(kind, keyDirectory);
  const directory = mkdtempSync(join(tmpdir(), 'renkei-verify-'));
  let store: EventStore | undefined;
  let storedModels: StoredModels | undefined;
  try {
    store = await openStore(location, { readOnly: true });
    storedModels = await StoredModels.open(models);
    const total = Number(await store.lastPosition()) * projectionsOf[kind].length;
    const checked: CheckedReadModel[] = [];
    let done = 0;
    for (const projection of projectionsOf[kind]) {
      const checking = new Checking(projection, store, secrets, directory, (positions) => onProgress((done += positions), total));
      const result = await checking.run(storedModels);
      if (result) checked.push(result);
    }
    return checked;
  } catch (error) {
    if (error instanceof DatabaseTrouble) throw new DomainError(error.code, 'unavailable', error.message, {}, { cause: error });
    throw error;
  } finally {
    await storedModels?.close();
    await store?.close();
    await close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Checking {
  readonly #decoder: ProjectionDecoder<never>;
  /** Compared so far. */
  #rows = 0;

  constructor(
    private readonly projection: Projection,
    private readonly store: EventStore,
    private readonly secrets: Secrets,
    private readonly directory: string,
    private readonly onFolded: (positions: number) => void,
  ) {
    this.#decoder = new ProjectionDecoder(projection as unknown as Projection<never>);
  }

  async run(models: StoredModels): Promise<CheckedReadModel | undefined> {
    const { name: model } = this.projection;
    let position = 0n;
    let stored: Stored | undefined;
    let folded: ModelFile | undefined;
    try {
      stored = await models.stored(this.projection);
      if (stored === undefined) return undefined;
      ({ position } = stored);
      const trouble = stored.trouble();
      if (trouble !== undefined) return { model, position, rows: 0, finding: { code: 'UNREADABLE', detail: trouble } };
      folded = ModelFile.open(this.directory, this.projection);
      const difference = (await this.#fold(folded, stored)) ?? (await this.#compare(folded, stored));
      return { model, position, rows: this.#rows, ...(difference === undefined ? {} : { finding: { code: 'DIFFERS' as const, detail: difference } }) };
    } catch (error) {
      if (error instanceof DatabaseTrouble ? isOfTheSchema(error) : folded === undefined || isOfTheFile(error))
        return { model, position, rows: 0, finding: { code: 'UNREADABLE', detail: `it cannot be read as it is stored (${nameOf(error)})` } };
      throw error;
    } finally {
      await stored?.close();
      folded?.close();
    }
  }

  /** Up to where the stored one stands. */
  async #fold(into: ModelFile, { position, eventId }: Stored): Promise<string | undefined> {
    let id = '';
    while (into.checkpoint < position) {
      const page = await this.store.readAll({ after: into.checkpoint, limit: PAGE_EVENTS });
      const upTo = page.events.filter((event) => event.position <= position);
      const { events, last, stop } = this.#decoder.decode(upTo);
      if (last === undefined)
        return `it stands at position ${position}, which this store does not have, or this code cannot fold${stop ? ` (${stop.code})` : ''}`;
      const before = into.checkpoint;
      into.apply(events, await this.#derive(events), last.position, last.id);
      ({ id } = last);
      this.onFolded(Number(last.position - before));
    }
    return position === 0n || id === eventId ? undefined : `it was folded from another event at position ${position}`;
  }

  async #derive(events: Parameters<NonNullable<Projection['derive']>>[0]): Promise<ReadonlyMap<string, string>> {
    const { derive } = this.projection;
    for (;;) {
      try {
        return derive?.(events, this.secrets) ?? new Map();
      } catch (error) {
        if (!(error instanceof EpochUnknown) || !this.secrets.persons) throw error;
        await this.secrets.persons.refresh();
      }
    }
  }

  async #compare(folded: ModelFile, stored: Stored): Promise<string | undefined> {
    for (const { table } of this.projection.folds) {
      let rows = 0;
      for await (const page of stored.rows(table)) {
        const keys = page.map((row) => row[table.key] as string);
        const expected = folded.load(table, keys);
        for (const row of page) if (!isSame(row, expected.get(row[table.key] as string))) return `a row of ${table.name} is not what the events say`;
        rows += page.length;
      }
      this.#rows += rows;
      const there = stored.count?.(table.name) ?? rows;
      if (there !== rows || this.#count(folded, table.name) !== rows)
        return `${table.name} has ${there} rows, the events give ${this.#count(folded, table.name)}`;
    }
    const own = StoredModel.open(this.directory, this.projection) as StoredModel;
    try {
      return await this.#compareCounts(stored, own);
    } finally {
      own.close();
    }
  }

  async #compareCounts(stored: Stored, own: StoredModel): Promise<string | undefined> {
    for (const counter of countersOf(this.projection)) {
      const counts = await stored.counts(counter);
      const expected = own.counts(counter);
      if (counts.size !== expected.size || [...counts].some(([bucket, count]) => expected.get(bucket) !== count))
        return `${counter.name} counts otherwise than the events`;
    }
    return undefined;
  }

  #count(folded: ModelFile, table: string): number {
    const { count } = folded.readerDatabase.statement(`SELECT count(*) AS "count" FROM "${table}"`).all()[0] as { readonly count: number };
    return count;
  }
}

const isSame = (row: Row, other: Row | undefined): boolean => other !== undefined && JSON.stringify(row) === JSON.stringify(other);

/** Never the message: it may show a row. */
const nameOf = (error: unknown): string => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : String(name);
};

/** A table or column is not there, or not as it was made: not an outage. */
const isOfTheSchema = ({ code }: DatabaseTrouble): boolean => code.startsWith('DATABASE_ERROR_');

/** Errors of SQLite's, and of what decodes a row. */
const isOfTheFile = (error: unknown): boolean => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return (
    (typeof code === 'string' && code.startsWith('SQLITE_')) || name === 'SqliteError' || name === 'RangeError' || name === 'SyntaxError' || name === 'Error'
  );
};
