import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Changes, CounterChanges, Erasure, TableChanges } from '../page-fold.js';
import { RowCodec } from '../sql/row-codec.js';
import type { SqlValue, Tables } from '../sql/stored-rows.js';
import type { Column, Row, Table } from '../table.js';
import { castTypeOf, postgresColumns } from './columns.js';

/** Rows that one statement takes, as one JSON text: a page's rows may be megabytes. */
const ROWS_A_STATEMENT = 2_000;

const typeOf = (table: Table, column: string): string => castTypeOf(table.columns[column] as Column);

/** Statements that read and write rows of one table by key, whole pages at a time. Not of their own transaction. */
export class TableStatements {
  readonly codec: RowCodec;
  readonly #table: Table;
  readonly #name: RawBuilder<unknown>;
  readonly #encode: (target: SqlValue[], row: Row) => void;

  constructor(schema: string, table: Table) {
    this.codec = new RowCodec(table, postgresColumns);
    this.#table = table;
    this.#name = sql.id(schema, table.name);
    this.#encode = this.codec.encoderFor(this.codec.names);
  }

  /** Rows whose column has one of the values, in no order. */
  async rowsBy(db: Kysely<Tables>, column: string, values: readonly string[]): Promise<readonly Row[]> {
    if (values.length === 0) return [];
    const { rows } = await sql<Record<string, unknown>>`select * from ${this.#name} where ${sql.ref(column)} = any(${this.#listed(column, values)})`.execute(
      db,
    );
    return rows.map((stored) => this.codec.decode(stored));
  }

  async load(db: Kysely<Tables>, keys: readonly string[]): Promise<Map<string, Row>> {
    const { key } = this.#table;
    return new Map((await this.rowsBy(db, key, keys)).map((row) => [row[key] as string, row]));
  }

  async loadAll(db: Kysely<Tables>): Promise<Map<string, Row>> {
    const { rows } = await sql<Record<string, unknown>>`select * from ${this.#name}`.execute(db);
    return new Map(rows.map((stored) => this.codec.decode(stored)).map((row) => [row[this.#table.key] as string, row]));
  }

  async write(db: Kysely<Tables>, { inserted, updated, deleted }: TableChanges): Promise<void> {
    const { names, changing } = this.codec;
    const columns = sql.join(names.map((name) => sql.ref(name)));
    for (const rows of parts(inserted)) await sql`insert into ${this.#name} (${columns}) select ${columns} from ${this.#recordset(rows)}`.execute(db);
    if (changing.length > 0) {
      const set = sql.join(changing.map((name) => sql`${sql.ref(name)} = ${sql.ref(`given.${name}`)}`));
      const { key } = this.#table;
      for (const rows of parts(updated))
        await sql`update ${this.#name} as kept set ${set} from ${this.#recordset(rows)} where ${sql.ref(`kept.${key}`)} = ${sql.ref(`given.${key}`)}`.execute(
          db,
        );
    }
    if (deleted.length > 0) await sql`delete from ${this.#name} where ${sql.ref(this.#table.key)} = any(${this.#listed(this.#table.key, deleted)})`.execute(db);
  }

  async erase(db: Kysely<Tables>, { column, value }: Erasure): Promise<void> {
    await sql`delete from ${this.#name} where ${sql.ref(column)} = ${this.codec.comparable(column, value)}`.execute(db);
  }

  #listed(column: string, values: readonly string[]): RawBuilder<unknown> {
    return sql`${values.map((value) => this.codec.comparable(column, value))}::${sql.raw(typeOf(this.#table, column))}[]`;
  }

  /** Rows as a table: one parameter, however many there are. */
  #recordset(rows: readonly Row[]): RawBuilder<unknown> {
    const { names } = this.codec;
    const definitions = sql.join(names.map((name) => sql`${sql.ref(name)} ${sql.raw(typeOf(this.#table, name))}`));
    const objects = rows.map((row) => {
      const values: SqlValue[] = [];
      this.#encode(values, row);
      return Object.fromEntries(names.map((name, at) => [name, values[at]]));
    });
    return sql`json_to_recordset(${JSON.stringify(objects)}::json) as given(${definitions})`;
  }
}

function* parts(rows: readonly Row[]): Iterable<readonly Row[]> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) yield rows.slice(from, from + ROWS_A_STATEMENT);
}

/** Adds to the buckets of a counter; a bucket that is empty is gone. */
async function count(db: Kysely<Tables>, schema: string, { counter, changes }: CounterChanges): Promise<void> {
  if (changes.length === 0) return;
  const name = sql.id(schema, counter.name);
  const dimensions = sql.join(counter.dimensions.map((dimension) => sql.ref(dimension)));
  const definitions = sql.join(counter.dimensions.map((dimension) => sql`${sql.ref(dimension)} text`));
  const objects = changes.map(({ bucket, by }) => ({ ...Object.fromEntries(counter.dimensions.map((dimension, at) => [dimension, bucket[at]])), count: by }));
  await sql`insert into ${name} as kept (${dimensions}, "count")
    select ${dimensions}, "count" from json_to_recordset(${JSON.stringify(objects)}::json) as given(${definitions}, "count" bigint)
    on conflict (${dimensions}) do update set "count" = kept."count" + excluded."count"`.execute(db);
  if (changes.some(({ by }) => by < 0)) await sql`delete from ${name} where "count" = 0`.execute(db);
}

export async function writeChanges(
  db: Kysely<Tables>,
  schema: string,
  { tables, counters }: Changes,
  statements: ReadonlyMap<string, TableStatements>,
): Promise<void> {
  for (const changes of tables) await statements.get(changes.table.name)?.write(db, changes);
  for (const changes of counters) await count(db, schema, changes);
}
