import { mkdirSync } from 'node:fs';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { type Position, START } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { type Changes, type CounterChanges, type Erasure, PageFold, partsOf } from '../page-fold.js';
import { countersOf, type Projection, type Recorded } from '../projection.js';
import type { SqlValue, StoredRows, Tables } from '../sql/stored-rows.js';
import type { Columns, Counter, Index, Row, Table } from '../table.js';
import { sqlTypeOf } from './columns.js';
import { Dictionary } from './dictionary.js';
import { kyselyOn, LibsqlDatabase, type Statement } from './libsql-database.js';
import { TableWriter } from './table-writer.js';
import { removeView, viewPath } from './view-files.js';
import { CHECKPOINT, CODES, type FileCheckpoint, lookUp, READER_PRAGMAS, rowByRow } from './view-reader.js';

/** WAL with synchronous = NORMAL: a power cut may take the last transactions (they are folded again), never tear one. */
const WRITER_PRAGMAS = ['journal_mode = WAL', 'synchronous = NORMAL', 'wal_autocheckpoint = 4000', 'journal_size_limit = 67108864', 'cache_size = -16000'];
const NOTHING_FOLDED: FileCheckpoint = { position: START, eventId: '', built: false };

/** One build of a projection: its rows and checkpoint in a SQLite file of its own. Of one thread. */
export class ModelFile<E extends Message = Message> implements StoredRows {
  readonly projection: Projection<E>;
  /** Sees committed rows only. */
  readonly reader: Kysely<Tables>;
  readonly readerDatabase: LibsqlDatabase;
  readonly dictionary: Dictionary;
  readonly #database: LibsqlDatabase;
  readonly #kysely: Kysely<Tables>;
  readonly #writers: ReadonlyMap<string, TableWriter>;
  readonly #counters: ReadonlyMap<string, { readonly add: Statement; readonly purge: Statement }>;
  readonly #setCheckpoint: Statement;
  readonly #addCode: Statement;
  readonly #resident = new Map<string, Map<string, Row>>();
  #checkpoint: FileCheckpoint;

  private constructor(projection: Projection<E>, database: LibsqlDatabase, readerDatabase: LibsqlDatabase) {
    this.projection = projection;
    this.#database = database;
    this.readerDatabase = readerDatabase;
    this.#kysely = kyselyOn(database);
    this.reader = kyselyOn(readerDatabase);
    const codes = database.statement(this.#kysely.selectFrom(CODES).select('text').orderBy('id').compile().sql).all() as { text: string }[];
    this.dictionary = new Dictionary(codes.map(({ text }) => text));
    this.#writers = new Map(projection.folds.map(({ table }) => [table.name, new TableWriter(database, this.#kysely, table, this.dictionary)]));
    this.#counters = new Map(countersOf(projection).map((counter) => [counter.name, this.#counterStatements(counter)]));
    this.#setCheckpoint = database.statement(`INSERT OR REPLACE INTO "${CHECKPOINT}" ("id", "position", "eventId", "built") VALUES (1, ?, ?, ?)`);
    this.#addCode = database.statement(this.#kysely.insertInto(CODES).values({ id: 0, text: '' }).compile().sql);
    this.#checkpoint = this.#readCheckpoint();
    this.#loadResident();
  }

  /** Opens the file, or makes it. */
  static open<E extends Message>(directory: string, projection: Projection<E>, build = 0): ModelFile<E> {
    mkdirSync(directory, { recursive: true });
    const path = viewPath(directory, projection.name, { version: projection.version, build });
    const database = new LibsqlDatabase(path, WRITER_PRAGMAS);
    makeTables(database, projection);
    return new ModelFile(projection, database, new LibsqlDatabase(path, READER_PRAGMAS));
  }

  /** Deletes the file's rows for good: what it held is folded anew. */
  static remove(directory: string, { name, version }: Projection, build = 0): void {
    removeView(directory, name, { version, build });
  }

  get checkpoint(): Position {
    return this.#checkpoint.position;
  }
  get checkpointEventId(): string {
    return this.#checkpoint.eventId;
  }
  /** False until `finishBuilding`: until then there are no indexes, and nothing is answered. */
  get built(): boolean {
    return this.#checkpoint.built;
  }

  codecOf(table: string): TableWriter['codec'] {
    return (this.#writers.get(table) as TableWriter).codec;
  }

  /**
   * Folds events and commits rows, counts and checkpoint together, or nothing. `position` and `eventId` are those of the
   * last event read, whether or not it was for this projection.
   */
  apply(events: readonly Recorded<E>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): void {
    this.#transaction(() => {
      for (const part of partsOf(this.projection, events)) {
        for (const erasure of part.erasures) this.#erase(erasure);
        this.#fold(part.events, derived);
      }
      this.#writeCheckpoint({ position, eventId, built: this.built });
    });
  }

  /** Makes the indexes, once the end of the store was reached for the first time. */
  finishBuilding(): void {
    this.#transaction(() => {
      for (const { table } of this.projection.folds) for (const index of table.indexes) this.#database.execute(indexSql(table, index));
      this.#writeCheckpoint({ ...this.#checkpoint, built: true });
    });
    this.#database.execute('PRAGMA optimize');
  }

  /** Current rows of a resident table, or rows by key. Only inside the thread's own turn. */
  load(table: Table, keys: readonly string[]): ReadonlyMap<string, Row> {
    return this.#resident.get(table.name) ?? (this.#writers.get(table.name) as TableWriter).load(keys);
  }

  async rowsBy(table: Table, column: string, values: readonly string[]): Promise<readonly Row[]> {
    // by key: one turn of the thread, so that the writer's prepared statements show no half of a transaction
    if (column === table.key) return [...this.load(table, values).values()];
    return lookUp(this.reader, table.name, this.codecOf(table.name), column, values);
  }

  filtered(column: string): RawBuilder<unknown> {
    return rowByRow(column);
  }

  close(): void {
    this.readerDatabase.close();
    this.#database.close();
  }

  #fold(events: readonly Recorded<E>[], derived: ReadonlyMap<string, string>): void {
    if (events.length === 0) return;
    this.#write(new PageFold(this.projection, events).fold((table, keys) => this.load(table, keys), derived));
  }

  #write({ tables, counters }: Changes): void {
    for (const { table, inserted, updated, deleted } of tables) {
      const writer = this.#writers.get(table.name) as TableWriter;
      const keyOf = (row: Row): string => row[table.key] as string;
      const inOrder = (a: Row, b: Row): number => (keyOf(a) < keyOf(b) ? -1 : 1);
      writer.insert([...inserted].sort(inOrder));
      writer.update([...updated].sort(inOrder));
      if (deleted.length > 0) writer.delete([...deleted].sort());
      const resident = this.#resident.get(table.name);
      if (resident) {
        for (const row of [...inserted, ...updated]) resident.set(keyOf(row), row);
        for (const key of deleted) resident.delete(key);
      }
    }
    for (const changes of counters) this.#count(changes);
  }

  #count({ counter, changes }: CounterChanges): void {
    if (changes.length === 0) return;
    const { add, purge } = this.#counters.get(counter.name) as { add: Statement; purge: Statement };
    for (const { bucket, by } of changes) {
      add.run([...bucket, by]);
      if (by < 0) purge.run([...bucket]);
    }
  }

  #erase({ table, column, value }: Erasure): void {
    const stored = this.codecOf(table.name).comparable(column, value);
    const { sql: text } = this.#kysely.deleteFrom(table.name).where(column, '=', stored).compile();
    this.#database.statement(text).run([stored]);
    if (table.resident) this.#loadResident();
  }

  #transaction(work: () => void): void {
    const before = this.#checkpoint;
    this.#database.execute('BEGIN IMMEDIATE');
    try {
      work();
      for (const [id, text] of this.dictionary.unstored()) this.#addCode.run([id, text]);
      this.#database.execute('COMMIT');
      this.dictionary.committed();
    } catch (error) {
      this.#checkpoint = before;
      this.dictionary.rolledBack();
      this.#database.execute('ROLLBACK');
      this.#loadResident();
      throw error;
    }
  }

  #writeCheckpoint(checkpoint: FileCheckpoint): void {
    this.#setCheckpoint.run([checkpoint.position.toString(), checkpoint.eventId, checkpoint.built ? 1 : 0]);
    this.#checkpoint = checkpoint;
  }

  #readCheckpoint(): FileCheckpoint {
    const [row] = this.#database.statement(`SELECT "position", "eventId", "built" FROM "${CHECKPOINT}"`).all() as {
      position: string;
      eventId: string;
      built: number;
    }[];
    return row ? { position: BigInt(row.position), eventId: row.eventId, built: row.built === 1 } : NOTHING_FOLDED;
  }

  #loadResident(): void {
    for (const { table } of this.projection.folds) {
      if (!table.resident) continue;
      const { codec } = this.#writers.get(table.name) as TableWriter;
      const rows = this.#database.statement(this.#kysely.selectFrom(table.name).selectAll().compile().sql).all();
      this.#resident.set(
        table.name,
        new Map(rows.map((stored) => codec.decode(stored as Record<string, unknown>)).map((row) => [row[table.key] as string, row])),
      );
    }
  }

  #counterStatements({ name, dimensions }: Counter): { add: Statement; purge: Statement } {
    const blank: Record<string, SqlValue> = Object.fromEntries([...dimensions, 'count'].map((column) => [column, 0]));
    const add = this.#kysely
      .insertInto(name)
      .values(blank)
      .onConflict((conflict) => conflict.columns([...dimensions]).doUpdateSet({ count: sql<number>`${sql.ref(`${name}.count`)} + excluded.count` }))
      .compile();
    const bucket = dimensions.map((column) => `${quoted(column)} = ?`).join(' AND ');
    return { add: this.#database.statement(add.sql), purge: this.#database.statement(`DELETE FROM ${quoted(name)} WHERE ${bucket} AND "count" = 0`) };
  }
}

const quoted = (name: string): string => `"${name}"`;

function makeTables<E extends Message>(database: LibsqlDatabase, projection: Projection<E>): void {
  database.execute('BEGIN IMMEDIATE');
  database.execute(
    `CREATE TABLE IF NOT EXISTS ${quoted(CHECKPOINT)} ("id" INTEGER PRIMARY KEY, "position" TEXT NOT NULL, "eventId" TEXT NOT NULL, "built" INTEGER NOT NULL)`,
  );
  database.execute(`CREATE TABLE IF NOT EXISTS ${quoted(CODES)} ("id" INTEGER PRIMARY KEY, "text" TEXT NOT NULL UNIQUE)`);
  for (const { table } of projection.folds) database.execute(tableSql(table));
  for (const { name, dimensions } of countersOf(projection)) {
    const columns = dimensions.map((column) => `${quoted(column)} TEXT NOT NULL`).join(', ');
    database.execute(
      `CREATE TABLE IF NOT EXISTS ${quoted(name)} (${columns}, "count" INTEGER NOT NULL, PRIMARY KEY (${dimensions.map(quoted).join(', ')})) WITHOUT ROWID`,
    );
  }
  database.execute('COMMIT');
}

function tableSql({ name, columns, key }: Table): string {
  const lines = Object.entries(columns as Columns).map(
    ([column, definition]) => `${quoted(column)} ${sqlTypeOf(definition)}${definition.optional ? '' : ' NOT NULL'}`,
  );
  return `CREATE TABLE IF NOT EXISTS ${quoted(name)} (${lines.join(', ')}, PRIMARY KEY (${quoted(key)})) WITHOUT ROWID`;
}

function indexSql(table: Table, { name, columns, where }: Index): string {
  const condition = where === undefined ? '' : ` WHERE ${quoted(where)} = 1`;
  return `CREATE INDEX IF NOT EXISTS ${quoted(`${table.name}_${name}`)} ON ${quoted(table.name)} (${columns.map(quoted).join(', ')})${condition}`;
}
