import { createHash } from 'node:crypto';
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import type { PostgresLocation } from '../models-location.js';
import { countersOf, type Projection } from '../projection.js';
import { suffixOf } from '../rebuild/view.js';
import type { Tables } from '../sql/stored-rows.js';
import type { Columns, Index, Table } from '../table.js';
import { sqlTypeOf } from './columns.js';
import { DatabaseTrouble } from './trouble.js';

/** Bookkeeping of a schema: a table of one row. */
export const CHECKPOINT = 'checkpoint';
/** PostgreSQL cuts longer names off. */
const NAME_BYTES_MAX = 63;
const PLAIN = /^[a-z0-9.-]+$/;

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The schema of one build of a projection's version at one party of one deployment: readable where it can be, and never another's. */
export function schemaOf(
  { deployment, party }: Pick<PostgresLocation, 'deployment' | 'party'>,
  { name, version }: Pick<Projection, 'name' | 'version'>,
  build = 0,
): string {
  const suffix = suffixOf(build);
  const readable = `${deployment}_${party}_${name}_v${version}${suffix}`;
  if (PLAIN.test(deployment) && PLAIN.test(party) && readable.length <= NAME_BYTES_MAX) return readable;
  return `${name}_v${version}${suffix}_${digestOf(JSON.stringify([deployment, party]))
    .toString('hex')
    .slice(0, 24)}`;
}

/** Key of an advisory lock, as PostgreSQL writes a bigint. */
export const lockKeyOf = (name: string): string => digestOf(`renkei/read-models/${name}`).readBigInt64BE(0).toString();

async function makeTables(db: Kysely<Tables>, schema: string, projection: Projection): Promise<void> {
  const make = db.schema.withSchema(schema);
  for (const { table } of projection.folds) {
    let definition = make.createTable(table.name);
    for (const [name, column] of Object.entries(table.columns as Columns))
      definition = definition.addColumn(name, sql.raw(sqlTypeOf(column)), (made) => (column.optional ? made : made.notNull()));
    await definition.addPrimaryKeyConstraint(`${table.name}_key`, [table.key as never]).execute();
  }
  for (const { name, dimensions } of countersOf(projection)) {
    let definition = make.createTable(name);
    for (const dimension of dimensions) definition = definition.addColumn(dimension, sql`text collate "C"`, (made) => made.notNull());
    definition = definition.addColumn('count', 'bigint', (made) => made.notNull());
    await definition.addPrimaryKeyConstraint(`${name}_key`, [...dimensions] as never[]).execute();
  }
  await make
    .createTable(CHECKPOINT)
    .addColumn('id', 'smallint', (made) => made.primaryKey().check(sql`id = 1`))
    .addColumn('position', 'bigint', (made) => made.notNull())
    .addColumn('eventId', 'text', (made) => made.notNull())
    .addColumn('built', 'boolean', (made) => made.notNull())
    .addColumn('generation', 'bigint', (made) => made.notNull())
    .addColumn('stopped', 'text')
    .execute();
  await db.withSchema(schema).insertInto(CHECKPOINT).values({ id: 1, position: 0, eventId: '', built: false, generation: 0, stopped: null }).execute();
}

/** Of the adapter's own doing, in their order; what a projection holds has a version, and so a schema, of its own. */
const migrationsOf = (schema: string, projection: Projection): Record<string, Migration> => ({
  '0001-tables': { up: (db: Kysely<Tables>) => makeTables(db, schema, projection) },
});

/** Makes or brings up to this code a schema by its migrations. Rejects with DatabaseTrouble. */
export async function migrateBy(db: Kysely<Tables>, schema: string, migrations: Record<string, Migration>): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve(migrations) };
  const { error } = await new Migrator({ db, provider, migrationTableSchema: schema }).migrateToLatest();
  if (error !== undefined) throw error instanceof DatabaseTrouble ? error : new DatabaseTrouble('DATABASE_SCHEMA_UNKNOWN');
}

/** Makes the schema of a projection, or brings it up to this code. Rejects with DatabaseTrouble: DATABASE_SCHEMA_UNKNOWN where other code has made it. */
export async function migrate(db: Kysely<Tables>, schema: string, projection: Projection): Promise<void> {
  await migrateBy(db, schema, migrationsOf(schema, projection));
}

const indexName = (table: Table, { name }: Index): string => `${table.name}_${name}`;

export async function makeIndexes(db: Kysely<Tables>, schema: string, { folds }: Projection): Promise<void> {
  for (const { table } of folds) {
    for (const index of table.indexes) {
      const columns = sql.join(index.columns.map((column) => sql.ref(column)));
      const where = index.where === undefined ? sql`` : sql` where ${sql.ref(index.where)}`;
      await sql`create index if not exists ${sql.id(indexName(table, index))} on ${sql.id(schema, table.name)} (${columns})${where}`.execute(db);
    }
    await sql`analyze ${sql.id(schema, table.name)}`.execute(db);
  }
}

export async function emptyTables(db: Kysely<Tables>, schema: string, projection: Projection): Promise<void> {
  const tables = [...projection.folds.map(({ table }) => table.name), ...countersOf(projection).map(({ name }) => name)];
  await sql`truncate ${sql.join(tables.map((name) => sql.id(schema, name)))}`.execute(db);
  for (const { table } of projection.folds)
    for (const index of table.indexes) await sql`drop index if exists ${sql.id(schema, indexName(table, index))}`.execute(db);
}
