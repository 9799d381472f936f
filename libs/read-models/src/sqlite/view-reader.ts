import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Projection } from '../projection.js';
import { RowCodec } from '../sql/row-codec.js';
import type { SqlValue, StoredRows, Tables } from '../sql/stored-rows.js';
import type { Row, Table } from '../table.js';
import { sqliteColumns } from './columns.js';
import { Dictionary } from './dictionary.js';
import { kyselyOn, LibsqlDatabase } from './libsql-database.js';

/** The cache is per connection and counts as this process's own memory; the reader maps the file instead. */
export const READER_PRAGMAS = ['query_only = 1', 'mmap_size = 268435456', 'cache_size = -4000'];
const SNAPSHOT_PRAGMAS = ['query_only = 1', 'cache_size = -8000'];
/** Bookkeeping of a file: tables of its own. */
export const CHECKPOINT = 'checkpoint';
export const CODES = 'codes';

/** Slots of one lookup statement, smallest that fits: few texts, so that each stays prepared. */
const LOOKUP_SLOTS = [1, 8, 64, 500] as const;
const LOOKUP_SLOTS_MAX = 500;

export interface FileCheckpoint {
  readonly position: bigint;
  readonly eventId: string;
  readonly built: boolean;
}

/** Rows whose column has one of the values, by a connection that sees committed rows only. */
export async function lookUp(reader: Kysely<Tables>, table: string, codec: RowCodec, column: string, values: readonly string[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let from = 0; from < values.length; from += LOOKUP_SLOTS_MAX) {
    const part = values.slice(from, from + LOOKUP_SLOTS_MAX).map((value) => codec.comparable(column, value));
    const slots = LOOKUP_SLOTS.find((size) => size >= part.length) ?? LOOKUP_SLOTS_MAX;
    const filled = [...part, ...new Array<SqlValue>(slots - part.length).fill(part.at(-1) as SqlValue)];
    const found = await reader.selectFrom(table).selectAll().where(column, 'in', filled).execute();
    for (const row of found) rows.push(codec.decode(row));
  }
  return rows;
}

/** The plus keeps SQLite from choosing an index over a filter's column, which knows nothing of the order. */
export const rowByRow = (column: string): RawBuilder<unknown> => sql`+${sql.ref(column)}`;

/** A view's file as it lies there, to be read only: of whatever version, in this code's terms. Throws what libsql throws. */
export class ViewReader implements StoredRows {
  readonly reader: Kysely<Tables>;
  readonly dictionary: Dictionary;
  readonly #database: LibsqlDatabase;
  readonly #codecs: ReadonlyMap<string, RowCodec>;

  private constructor(database: LibsqlDatabase, { folds }: Projection) {
    this.#database = database;
    this.reader = kyselyOn(database);
    const codes = database.statement(`SELECT "id", "text" FROM "${CODES}" ORDER BY "id"`).all() as { readonly id: number; readonly text: string }[];
    if (codes.some(({ id }, at) => id !== at + 1)) throw new RangeError('its codes are not numbered from 1 on');
    this.dictionary = new Dictionary(codes.map(({ text }) => text));
    this.#codecs = new Map(folds.map(({ table }) => [table.name, new RowCodec(table, sqliteColumns(this.dictionary))]));
  }

  static open(path: string, projection: Projection): ViewReader {
    return ViewReader.#on(new LibsqlDatabase(path, READER_PRAGMAS), projection);
  }

  /** Sees one state until it is closed. */
  static frozen(path: string, projection: Projection): ViewReader {
    const database = new LibsqlDatabase(path, SNAPSHOT_PRAGMAS);
    database.execute('BEGIN');
    return ViewReader.#on(database, projection);
  }

  static #on(database: LibsqlDatabase, projection: Projection): ViewReader {
    try {
      return new ViewReader(database, projection);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** As last committed; or of the state it was frozen at. */
  checkpoint(): FileCheckpoint {
    const [row] = this.#database.statement(`SELECT "position", "eventId", "built" FROM "${CHECKPOINT}"`).all() as {
      readonly position: string;
      readonly eventId: string;
      readonly built: number;
    }[];
    return row ? { position: BigInt(row.position), eventId: row.eventId, built: row.built === 1 } : { position: 0n, eventId: '', built: false };
  }

  codecOf(table: string): RowCodec {
    return this.#codecs.get(table) as RowCodec;
  }

  rowsBy(table: Table, column: string, values: readonly string[]): Promise<readonly Row[]> {
    return lookUp(this.reader, table.name, this.codecOf(table.name), column, values);
  }

  filtered(column: string): RawBuilder<unknown> {
    return rowByRow(column);
  }

  columnsOf(table: string): ReadonlySet<string> {
    const columns = this.#database.statement(`SELECT "name" FROM pragma_table_info(?)`).all([table]) as { readonly name: string }[];
    return new Set(columns.map(({ name }) => name));
  }

  close(): void {
    this.#database.close();
  }
}

/** True where a view was folded to the end once, so that it has answered; false also where it cannot be read. */
export function isBuilt(path: string): boolean {
  try {
    const database = new LibsqlDatabase(path, SNAPSHOT_PRAGMAS);
    try {
      const [row] = database.statement(`SELECT "built" FROM "${CHECKPOINT}"`).all() as { readonly built: number }[];
      return row?.built === 1;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}
