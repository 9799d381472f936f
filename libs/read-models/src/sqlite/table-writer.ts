import type { Kysely } from 'kysely';
import { RowCodec } from '../sql/row-codec.js';
import type { SqlValue, Tables } from '../sql/stored-rows.js';
import type { Row, Table } from '../table.js';
import { sqliteColumns } from './columns.js';
import type { Dictionary } from './dictionary.js';
import type { LibsqlDatabase, Statement } from './libsql-database.js';

/** Rows that one INSERT takes: binding costs more than the statement, so more gain nothing. */
const INSERT_ROWS = 8;
/** Keys that one SELECT or DELETE takes, smallest that fits; a shorter list is filled up with its last key. */
const KEY_SLOTS = [1, 8, 64, 512] as const;
const KEY_SLOTS_MAX = 512;

/** Statements that read and write rows of one table by key, compiled once. Not of its own transaction. */
export class TableWriter {
  readonly codec: RowCodec;
  readonly #database: LibsqlDatabase;
  readonly #kysely: Kysely<Tables>;
  readonly #table: Table;
  readonly #encodeAll: (target: SqlValue[], row: Row) => void;
  readonly #encodeUpdate: (target: SqlValue[], row: Row) => void;
  readonly #insertOne: Statement;
  readonly #insertMany: Statement;
  readonly #update: Statement | undefined;
  readonly #selects = new Map<number, Statement>();
  readonly #deletes = new Map<number, Statement>();

  constructor(database: LibsqlDatabase, kysely: Kysely<Tables>, table: Table, dictionary: Dictionary) {
    this.codec = new RowCodec(table, sqliteColumns(dictionary));
    this.#database = database;
    this.#kysely = kysely;
    this.#table = table;
    this.#encodeAll = this.codec.encoderFor(this.codec.names);
    this.#encodeUpdate = this.codec.encoderFor([...this.codec.changing, table.key]);
    this.#insertOne = this.#insert(1);
    this.#insertMany = this.#insert(INSERT_ROWS);
    this.#update = this.codec.changing.length === 0 ? undefined : this.#updateByKey();
  }

  #insert(rows: number): Statement {
    const blank = Object.fromEntries(this.codec.names.map((name) => [name, 0]));
    const { sql } = this.#kysely
      .insertInto(this.#table.name)
      .values(Array.from({ length: rows }, () => blank))
      .compile();
    return this.#database.statement(sql);
  }

  #updateByKey(): Statement {
    const blank = Object.fromEntries(this.codec.changing.map((name) => [name, 0]));
    const { sql } = this.#kysely.updateTable(this.#table.name).set(blank).where(this.#table.key, '=', 0).compile();
    return this.#database.statement(sql);
  }

  insert(rows: readonly Row[]): void {
    let values: SqlValue[] = [];
    let held = 0;
    const whole = rows.length - (rows.length % INSERT_ROWS);
    for (const [at, row] of rows.entries()) {
      this.#encodeAll(values, row);
      held += 1;
      if (at < whole && held < INSERT_ROWS) continue;
      (at < whole ? this.#insertMany : this.#insertOne).run(values);
      values = [];
      held = 0;
    }
  }

  update(rows: readonly Row[]): void {
    for (const row of rows) {
      const values: SqlValue[] = [];
      this.#encodeUpdate(values, row);
      this.#update?.run(values);
    }
  }

  delete(keys: readonly string[]): void {
    for (const { statement, values } of this.#byKeys(keys, this.#deletes, (slots) => this.#deleteByKeys(slots))) statement.run(values);
  }

  load(keys: readonly string[]): Map<string, Row> {
    const rows = new Map<string, Row>();
    for (const { statement, values } of this.#byKeys(keys, this.#selects, (slots) => this.#selectByKeys(slots))) {
      for (const stored of statement.all(values)) {
        const row = this.codec.decode(stored as Record<string, unknown>);
        rows.set(row[this.#table.key] as string, row);
      }
    }
    return rows;
  }

  #deleteByKeys(slots: number): string {
    return this.#kysely.deleteFrom(this.#table.name).where(this.#table.key, 'in', new Array<number>(slots).fill(0)).compile().sql;
  }

  #selectByKeys(slots: number): string {
    return this.#kysely.selectFrom(this.#table.name).selectAll().where(this.#table.key, 'in', new Array<number>(slots).fill(0)).compile().sql;
  }

  *#byKeys(
    keys: readonly string[],
    statements: Map<number, Statement>,
    sqlFor: (slots: number) => string,
  ): Iterable<{ statement: Statement; values: SqlValue[] }> {
    for (let from = 0; from < keys.length; from += KEY_SLOTS_MAX) {
      const part = keys.slice(from, from + KEY_SLOTS_MAX);
      const slots = KEY_SLOTS.find((size) => size >= part.length) ?? KEY_SLOTS_MAX;
      let statement = statements.get(slots);
      if (!statement) statements.set(slots, (statement = this.#database.statement(sqlFor(slots))));
      const values: SqlValue[] = part.map((key) => this.codec.comparable(this.#table.key, key));
      const last = values.at(-1) as SqlValue;
      while (values.length < slots) values.push(last);
      yield { statement, values };
    }
  }
}
