import { type Kysely, sql } from 'kysely';
import type { Position } from '#libs/event-store';
import type { PostgresLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import { type Snapshot, snapshotOn } from '../rebuild/snapshot.js';
import { builtElsewhere, type Pointer, type View } from '../rebuild/view.js';
import { type OwnedModel, Views } from '../rebuild/views.js';
import { RowCodec } from '../sql/row-codec.js';
import type { Tables } from '../sql/stored-rows.js';
import { postgresColumns } from './columns.js';
import { Readers, WriterSession } from './connection.js';
import { Pointers } from './pointers.js';
import { PostgresModel } from './postgres-model.js';
import { CHECKPOINT, lockKeyOf, migrate, schemaOf } from './schema.js';

/** A build of this process's: its session has the lock that whoever folds it must have. */
class OwnedSchema extends PostgresModel implements OwnedModel {
  session: WriterSession | undefined;

  async close(): Promise<void> {
    this.letGo();
    await this.session?.close();
  }
}

/** Views in schemas of a database. */
export class PostgresViews extends Views {
  readonly #location: PostgresLocation;
  readonly #pointers: Pointers;
  readonly #readers: Readers;
  #session: WriterSession | undefined;

  constructor(location: PostgresLocation) {
    super();
    this.#location = location;
    this.#pointers = new Pointers(location);
    this.#readers = new Readers(location);
  }

  override async pointer(projection: Projection): Promise<Pointer> {
    return this.#pointers.read(await this.#db(), projection);
  }

  override async point(projection: Projection, pointer: Pointer): Promise<void> {
    const db = await this.#db();
    await this.#pointers.migrate(db);
    await this.#pointers.write(db, projection, pointer);
  }

  override async answering(projection: Projection): Promise<View | undefined> {
    return this.#pointers.answering(await this.#db(), projection);
  }

  override async open(projection: Projection, build: number): Promise<OwnedModel> {
    const session = await WriterSession.open(this.#location);
    try {
      const model = new OwnedSchema(this.#location, projection, this.#readers.kysely, build);
      await migrate(session.kysely, model.schema, projection);
      const { rows } = await sql<{ readonly taken: boolean }>`select pg_try_advisory_lock(${lockKeyOf(model.schema)}::bigint) as taken`.execute(session.kysely);
      if (rows[0]?.taken !== true) throw builtElsewhere();
      await model.take(session);
      model.session = session;
      return model;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  override async discard(projection: Projection, build: number): Promise<void> {
    await sql`drop schema if exists ${sql.id(schemaOf(this.#location, projection, build))} cascade`.execute(await this.#db());
  }

  override async positionOf(projection: Projection, view: View): Promise<Position> {
    const { rows } = await sql<{ readonly position: string }>`select position::text as position
      from ${sql.id(this.#schemaOf(projection, view), CHECKPOINT)}`.execute(await this.#db());
    return BigInt(rows[0]?.position ?? 0);
  }

  /** By a connection of its own, whose transaction sees one state. */
  override async snapshot(projection: Projection, view: View): Promise<Snapshot> {
    const session = await WriterSession.open(this.#location);
    try {
      const schema = this.#schemaOf(projection, view);
      await sql`begin transaction isolation level repeatable read, read only`.execute(session.kysely);
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(session.kysely);
      const { rows } = await sql<{
        readonly position: string;
        readonly eventId: string;
        readonly built: boolean;
      }>`select position::text as position, "eventId", built
        from ${sql.id(schema, CHECKPOINT)}`.execute(session.kysely);
      const [stored] = rows;
      return snapshotOn({
        db: session.kysely.withSchema(schema),
        position: BigInt(stored?.position ?? 0),
        eventId: stored?.eventId ?? '',
        built: stored?.built ?? false,
        codecOf: (table) => new RowCodec(table, postgresColumns),
        columnsOf: async (table) => {
          const found = await sql<{ readonly name: string }>`select column_name as name from information_schema.columns
            where table_schema = ${schema} and table_name = ${table}`.execute(session.kysely);
          return new Set(found.rows.map(({ name }) => name));
        },
        close: () => session.close(),
      });
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** The server's disk is not seen from here. */
  override room(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override async close(): Promise<void> {
    await this.#session?.close();
    await this.#readers.close();
  }

  #schemaOf({ name }: Projection, { version, build }: View): string {
    return schemaOf(this.#location, { name, version }, build);
  }

  async #db(): Promise<Kysely<Tables>> {
    if (this.#session?.broken) {
      await this.#session.close();
      this.#session = undefined;
    }
    this.#session ??= await WriterSession.open(this.#location);
    return this.#session.kysely;
  }
}
