import { type Kysely, type Migration, sql } from 'kysely';
import type { PostgresLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import { type Pointer, pointerOf, UNTOUCHED, type View } from '../rebuild/view.js';
import type { Tables } from '../sql/stored-rows.js';
import { CHECKPOINT, migrateBy, schemaOf } from './schema.js';
import { troubleOf } from './trouble.js';

const POINTERS = 'pointers';
const NO_TABLE: ReadonlySet<string | undefined> = new Set(['42P01', '3F000']);

type Place = Pick<PostgresLocation, 'deployment' | 'party'>;
type Named = Pick<Projection, 'name' | 'version'>;

const makeTable: Migration['up'] = async (db) => {
  const schema = (db as Kysely<Tables>).schema;
  await schema
    .createTable(POINTERS)
    .addColumn('projection', 'text', (made) => made.notNull())
    .addColumn('version', 'integer', (made) => made.notNull())
    .addColumn('pointer', 'text', (made) => made.notNull())
    .addPrimaryKeyConstraint('pointers_key', ['projection', 'version'] as never[])
    .execute();
};

/** Which builds a party's projections have: one row a projection and version, in a schema of the party's own. */
export class Pointers {
  readonly #place: Place;
  readonly #schema: string;

  constructor(place: Place) {
    this.#place = place;
    this.#schema = schemaOf(place, { name: POINTERS, version: 1 });
  }

  /** Rejects with DatabaseTrouble. */
  async migrate(db: Kysely<Tables>): Promise<void> {
    await migrateBy(db, this.#schema, { '0001-pointers': { up: (inside: Kysely<Tables>) => makeTable(inside.withSchema(this.#schema)) } });
  }

  /** All that are written, by name and version. */
  async all(db: Kysely<Tables>): Promise<ReadonlyMap<string, ReadonlyMap<number, Pointer>>> {
    const found = new Map<string, Map<number, Pointer>>();
    for (const { projection, version, pointer } of await this.#rows(db)) {
      const versions = found.get(projection) ?? new Map<number, Pointer>();
      found.set(projection, versions.set(version, pointerOf(pointer)));
    }
    return found;
  }

  /** Where none is written, the first build answers: unless it is not there and an older version's view is. */
  async read(db: Kysely<Tables>, projection: Named): Promise<Pointer> {
    const written = (await this.all(db)).get(projection.name)?.get(projection.version);
    if (written) return written;
    if ((await this.#built(db, projection, 0)) !== undefined) return UNTOUCHED;
    return (await this.older(db, projection)) ? {} : UNTOUCHED;
  }

  /** The newest view of another version that ever answered. */
  async older(db: Kysely<Tables>, { name, version }: Named): Promise<View | undefined> {
    const written = (await this.all(db)).get(name) ?? new Map<number, Pointer>();
    const before = Array.from({ length: version - 1 }, (_, at) => at + 1);
    const versions = [...new Set([...written.keys(), ...before])].filter((other) => other !== version).sort((a, b) => b - a);
    for (const other of versions) {
      const { live } = written.get(other) ?? UNTOUCHED;
      if (live !== undefined && (await this.#built(db, { name, version: other }, live)) === true) return { version: other, build: live };
    }
    return undefined;
  }

  async answering(db: Kysely<Tables>, projection: Named): Promise<View | undefined> {
    const { live } = await this.read(db, projection);
    if (live === undefined) return this.older(db, projection);
    return (await this.#built(db, projection, live)) === true ? { version: projection.version, build: live } : undefined;
  }

  /** One row, one commit. */
  async write(db: Kysely<Tables>, { name, version }: Named, pointer: Pointer): Promise<void> {
    await sql`insert into ${sql.id(this.#schema, POINTERS)} (projection, version, pointer) values (${name}, ${version}, ${JSON.stringify(pointer)})
      on conflict (projection, version) do update set pointer = excluded.pointer`.execute(db);
  }

  /** Undefined where there is no such view. */
  async #built(db: Kysely<Tables>, projection: Named, build: number): Promise<boolean | undefined> {
    const rows = await unlessMissing(() =>
      sql<{ readonly built: boolean }>`select built from ${sql.id(schemaOf(this.#place, projection, build), CHECKPOINT)}`.execute(db),
    );
    return rows?.rows[0]?.built;
  }

  async #rows(db: Kysely<Tables>): Promise<readonly { readonly projection: string; readonly version: number; readonly pointer: string }[]> {
    const found = await unlessMissing(() =>
      sql<{ readonly projection: string; readonly version: number; readonly pointer: string }>`select projection, version, pointer
        from ${sql.id(this.#schema, POINTERS)}`.execute(db),
    );
    return found?.rows ?? [];
  }
}

/** Undefined where the table or its schema is not there. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (NO_TABLE.has(troubleOf(error).sqlState)) return undefined;
    throw error;
  }
}
