import { existsSync } from 'node:fs';
import type { Projection } from '../projection.js';
import { RowCodec } from '../sql/row-codec.js';
import { sqliteColumns } from '../sqlite/columns.js';
import { Dictionary } from '../sqlite/dictionary.js';
import { LibsqlDatabase } from '../sqlite/libsql-database.js';
import { readPointer, viewPath } from '../sqlite/view-files.js';
import { isBuilt } from '../sqlite/view-reader.js';
import type { Counter, Row, Table } from '../table.js';

const PRAGMAS = ['query_only = 1', 'cache_size = -8000'];
/** Rows read at once. */
const PAGE_ROWS = 1_000;

const quoted = (name: string): string => `"${name}"`;

/** A blob as it is read is not one that can be bound. */
const bound = (value: unknown): unknown => (typeof value === 'object' && value !== null ? Buffer.from(value as ArrayBuffer) : value);

/** A projection's content as it is, one state of it, beside whoever writes it or nobody. */
export interface Stored {
  readonly position: bigint;
  /** Of the event there. */
  readonly eventId: string;
  /** What the engine itself finds wrong. */
  trouble(): string | undefined;
  /** Rows of a table, where the engine can count them other than by reading them. */
  count?(table: string): number;
  /** All rows of a table, decoded, a page at a time. */
  rows(table: Table): Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>;
  /** Counts by bucket. */
  counts(counter: Counter): ReadonlyMap<string, number> | Promise<ReadonlyMap<string, number>>;
  close(): void | Promise<void>;
}

/** A projection's SQLite file. Throws what libsql throws. */
export class StoredModel implements Stored {
  readonly position: bigint;
  readonly eventId: string;
  readonly #database: LibsqlDatabase;
  readonly #dictionary: Dictionary;

  private constructor(database: LibsqlDatabase) {
    this.#database = database;
    database.execute('BEGIN');
    const checkpoint = this.#all('SELECT "position", "eventId" FROM "checkpoint"') as { readonly position: string; readonly eventId: string }[];
    this.position = BigInt(checkpoint[0]?.position ?? 0);
    this.eventId = checkpoint[0]?.eventId ?? '';
    const codes = this.#all('SELECT "id", "text" FROM "codes" ORDER BY "id"') as { readonly id: number; readonly text: string }[];
    if (codes.some(({ id }, at) => id !== at + 1)) throw new RangeError('its codes are not numbered from 1 on');
    this.#dictionary = new Dictionary(codes.map(({ text }) => text));
  }

  /** The view that answers; undefined where this version of the projection has none yet. */
  static open(directory: string, projection: Projection): StoredModel | undefined {
    const { live } = readPointer(directory, projection, isBuilt);
    const path = live === undefined ? '' : viewPath(directory, projection.name, { version: projection.version, build: live });
    if (!existsSync(path)) return undefined;
    const database = new LibsqlDatabase(path, PRAGMAS);
    try {
      return new StoredModel(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** What SQLite itself finds wrong with the file: pages, indexes. */
  trouble(): string | undefined {
    const found = this.#all('PRAGMA integrity_check(1)').map((row) => String(Object.values(row as Record<string, unknown>)[0]));
    return found.length === 1 && found[0] === 'ok' ? undefined : 'its pages or indexes do not fit each other';
  }

  count(table: string): number {
    return (this.#all(`SELECT count(*) AS "count" FROM ${quoted(table)}`) as { readonly count: number }[])[0]?.count ?? 0;
  }

  *rows(table: Table): Iterable<readonly Row[]> {
    const codec = new RowCodec(table, sqliteColumns(this.#dictionary));
    const key = quoted(table.key);
    const first = this.#database.statement(`SELECT * FROM ${quoted(table.name)} ORDER BY ${key} LIMIT ${PAGE_ROWS}`);
    const next = this.#database.statement(`SELECT * FROM ${quoted(table.name)} WHERE ${key} > ? ORDER BY ${key} LIMIT ${PAGE_ROWS}`);
    let page = first.all() as Record<string, unknown>[];
    while (page.length > 0) {
      yield page.map((row) => codec.decode(row));
      if (page.length < PAGE_ROWS) return;
      page = next.all([bound(page.at(-1)?.[table.key])]) as Record<string, unknown>[];
    }
  }

  counts({ name, dimensions }: Counter): ReadonlyMap<string, number> {
    const rows = this.#all(`SELECT * FROM ${quoted(name)}`) as Record<string, unknown>[];
    return new Map(rows.map((row) => [JSON.stringify(dimensions.map((column) => row[column])), Number(row['count'])]));
  }

  close(): void {
    this.#database.close();
  }

  #all(sql: string): unknown[] {
    return this.#database.statement(sql).all();
  }
}
