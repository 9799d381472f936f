import { type Kysely, sql } from 'kysely';
import type { ModelSet } from '../folding/model.js';
import type { PostgresLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import type { Alarm } from '../read-models.js';
import { isBrokenOff } from '../rebuild/view.js';
import type { Tables } from '../sql/stored-rows.js';
import { Readers, SERVER_VERSION_MIN, WriterSession } from './connection.js';
import { Ownership } from './ownership.js';
import { PostgresModel, type StoredCheckpoint } from './postgres-model.js';
import { Pointers } from './pointers.js';
import { CHECKPOINT, migrate } from './schema.js';
import { DatabaseTrouble, troubleOf } from './trouble.js';

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 10_000;
/** So often a server that was read-only is asked again. */
const READ_ONLY_RETRY_MS = 1_000;
const BEAT_EVERY_MS = 3_000;
const CLOSE_GRACE_MS = 2_000;

/** A party's models in PostgreSQL: this process folds those that it owns, and hears of what others have folded. */
export class PostgresModels implements ModelSet {
  readonly models: readonly PostgresModel[];
  readonly #location: PostgresLocation;
  readonly #alarm: (alarm: Alarm) => void;
  readonly #readers: Readers;
  readonly #pointers: Pointers;
  #session: WriterSession | undefined;
  #ownership: Ownership | undefined;
  #beat: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  #retries = 0;
  #retryAt = 0;
  #closing = false;

  constructor(location: PostgresLocation, projections: readonly Projection[], onAlarm: (alarm: Alarm) => void) {
    this.#location = location;
    this.#alarm = onAlarm;
    this.#readers = new Readers(location);
    this.#pointers = new Pointers(location);
    this.models = projections.map((projection) => new PostgresModel(location, projection, this.#readers.kysely));
  }

  get pending(): readonly string[] {
    return this.models.filter(({ pending }) => pending).map(({ projection }) => projection.name);
  }

  async tend(): Promise<void> {
    if (this.#closing || performance.now() < this.#retryAt) return;
    try {
      if (this.#session?.broken) await this.#drop();
      const session = (this.#session ??= await WriterSession.open(this.#location));
      this.#ownership ??= await this.#settle(session);
      await session.briefly(async () => {
        await this.#ownership?.round();
        await this.#hear(session.kysely);
      });
      this.#retries = 0;
      if (this.#ownership) this.#tell(undefined);
      else await this.#leaveReadOnly();
    } catch (error) {
      await this.#drop();
      if (this.#closing) return;
      // a connection may be lost; what cannot be made anew at once is a trouble
      if (this.#retries > 0) this.#tell(error instanceof DatabaseTrouble ? error.code : 'READ_MODELS_FAILED');
      this.#retryAt = performance.now() + Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#retries);
      this.#retries += 1;
    }
  }

  interrupt(): void {
    this.#closing = true;
    // a page in hand may be finished; what waits for a server that does not answer is broken off
    setTimeout(() => void this.#session?.close(), CLOSE_GRACE_MS).unref();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#drop();
    await this.#readers.close();
  }

  /** The connection is there: is the server one that can be used? Makes the schemas and enters among those who fold; undefined where it is read-only. */
  async #settle(session: WriterSession): Promise<Ownership | undefined> {
    const { version, readOnly } = await session.state();
    if (version < SERVER_VERSION_MIN) throw new DatabaseTrouble('DATABASE_TOO_OLD');
    if (!readOnly) await this.#pointers.migrate(session.kysely);
    for (const model of this.models) await this.#place(model, session.kysely);
    if (readOnly) return undefined;
    for (const { schema, projection, isStale } of this.models) if (!isStale) await migrate(session.kysely, schema, projection);
    const { deployment, party } = this.#location;
    const ownership = new Ownership(session, this.models, `${deployment}_${party}`, (alarm) => this.#alarm(alarm));
    await ownership.enter();
    this.#beat = setInterval(() => void session.beat(), BEAT_EVERY_MS);
    return ownership;
  }

  /** The view that the pointer names; an older version's where this one has none. */
  async #place(model: PostgresModel, db: Kysely<Tables>): Promise<void> {
    const pointer = await this.#pointers.read(db, model.projection);
    const older = pointer.live === undefined ? await this.#pointers.older(db, model.projection) : undefined;
    if (older) model.answerFrom(older);
    else if (model.isStale || model.build !== (pointer.live ?? 0)) model.turnTo(pointer.live ?? 0);
    model.pending = older !== undefined || isBrokenOff(pointer);
  }

  /** Turns to what was switched to, here or by another process. */
  async #lookAgain(db: Kysely<Tables>): Promise<void> {
    const all = await this.#pointers.all(db);
    for (const model of this.models) {
      const pointer = all.get(model.projection.name)?.get(model.projection.version);
      if (!pointer) continue;
      const { live } = pointer;
      if (live !== undefined && (model.isStale || model.build !== live)) {
        await this.#ownership?.giveUp(model);
        model.turnTo(live);
      }
      model.pending = model.isStale || isBrokenOff(pointer);
    }
  }

  /** What was folded is heard of and answered from; whether it may be written again, a new session will show. */
  async #leaveReadOnly(): Promise<void> {
    this.#tell('DATABASE_READ_ONLY');
    this.#retryAt = performance.now() + READ_ONLY_RETRY_MS;
    await this.#drop();
  }

  /** What others have folded, and whether what is folded here still is this process's; a connection that is dead shows here, before a page is begun. */
  async #hear(db: Kysely<Tables>): Promise<void> {
    await this.#lookAgain(db);
    const schemas = this.models.flatMap(({ heardFrom }) => heardFrom);
    const queries = schemas.map(
      (schema, at) =>
        sql`select ${sql.lit(at)} as at, position::text as position, "eventId", built, generation::text as generation, stopped
          from ${sql.id(schema, CHECKPOINT)}`,
    );
    try {
      const { rows } = await sql<StoredCheckpoint & { readonly at: number }>`${sql.join(queries, sql` union all `)}`.execute(db);
      for (const { at, ...stored } of rows)
        for (const model of this.models) if (model.heardFrom.includes(schemas[at] ?? '')) model.heard(schemas[at] ?? '', stored);
    } catch (error) {
      // a server that may not be written to has no schemas yet: there is nothing to hear
      if (this.#ownership || !['42P01', '3F000'].includes(troubleOf(error).sqlState ?? '')) throw error;
    }
  }

  async #drop(): Promise<void> {
    clearInterval(this.#beat);
    this.#ownership = undefined;
    for (const model of this.models) model.letGo();
    const session = this.#session;
    this.#session = undefined;
    await session?.close();
  }

  /** One alarm for one standing trouble. */
  #tell(trouble: string | undefined): void {
    if (trouble !== undefined && trouble !== this.#trouble)
      this.#alarm({ code: trouble, message: 'the database of the read models is in the way: it is tried again' });
    this.#trouble = trouble;
    for (const model of this.models) model.trouble = trouble;
  }
}
