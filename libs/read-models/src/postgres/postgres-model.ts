import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import { type Position, START } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import type { Model, Shown } from '../folding/model.js';
import type { PostgresLocation } from '../models-location.js';
import { PageFold, type PagePart, partsOf } from '../page-fold.js';
import type { Projection, Recorded } from '../projection.js';
import type { View } from '../rebuild/view.js';
import type { RowCodec } from '../sql/row-codec.js';
import type { StoredRows, Tables } from '../sql/stored-rows.js';
import type { Row, Table } from '../table.js';
import type { WriterSession } from './connection.js';
import { CHECKPOINT, emptyTables, lockKeyOf, makeIndexes, schemaOf } from './schema.js';
import { TableStatements, writeChanges } from './table-changes.js';

/** A checkpoint row as it is read: positions and generations are whole 64-bit numbers, so text. */
export interface StoredCheckpoint {
  readonly position: string;
  readonly eventId: string;
  readonly built: boolean;
  readonly generation: string;
  readonly stopped: string | null;
}

/** Somebody else has taken the projection over: what this process had in hand is rolled back. */
class NotTheOwner extends Error {
  override readonly name = 'NotTheOwner';
}

/** Ownership of a projection: good as long as the session lives and nobody has begun another generation. */
interface Tenure {
  readonly session: WriterSession;
  readonly generation: string;
}

const NOTHING_HEARD: StoredCheckpoint = { position: '0', eventId: '', built: false, generation: '0', stopped: null };

/** One view: its schema, and what was last heard of its checkpoint. */
interface Place {
  readonly view: View;
  readonly schema: string;
  readonly lockKey: string;
  readonly statements: ReadonlyMap<string, TableStatements>;
  readonly rows: StoredRows;
  stored: StoredCheckpoint;
}

/** One projection at one party in the schema that its pointer names; where this version has none yet, it answers from the newest older one. */
export class PostgresModel implements Model {
  readonly projection: Projection;
  /** Told by the set: what keeps it from the database. */
  trouble: string | undefined;
  /** Told by the set: a rebuild has to see to it. */
  pending = false;
  /** This process has met an event there that it does not know: other code may go on. */
  stoppedHere = false;
  readonly #location: Pick<PostgresLocation, 'deployment' | 'party'>;
  readonly #readers: Kysely<Tables>;
  #place: Place;
  /** Answers until the place that took over from it is as far. */
  #before: Place | undefined;
  /** Answers until this version has a view. */
  #stale: Place | undefined;
  #tenure: Tenure | undefined;
  /** Whole tables that are kept in memory, of this tenure; empty after a failure. */
  #resident: Map<string, Map<string, Row>> | undefined;

  constructor(location: Pick<PostgresLocation, 'deployment' | 'party'>, projection: Projection, readers: Kysely<Tables>, build = 0) {
    this.projection = projection;
    this.#location = location;
    this.#readers = readers;
    this.#place = this.#placeOf({ version: projection.version, build });
  }

  get schema(): string {
    return this.#place.schema;
  }
  get lockKey(): string {
    return this.#place.lockKey;
  }
  get build(): number {
    return this.#place.view.build;
  }
  get isStale(): boolean {
    return this.#stale !== undefined;
  }
  get shown(): Shown {
    const { rows, stored, view } = this.#stale ?? this.#before ?? this.#place;
    const position = BigInt(stored.position);
    return this.#stale ? { rows, position, staleVersion: view.version } : { rows, position };
  }
  get checkpoint(): Position {
    return BigInt((this.#stale ?? this.#place).stored.position);
  }
  get checkpointEventId(): string {
    return (this.#stale ?? this.#place).stored.eventId;
  }
  get built(): boolean {
    return (this.#stale ?? this.#place).stored.built;
  }
  get stopped(): string | undefined {
    return this.#place.stored.stopped ?? undefined;
  }
  get mine(): boolean {
    return this.#tenure !== undefined && !this.#tenure.session.broken;
  }

  /** Schemas that it is heard of from. */
  get heardFrom(): readonly string[] {
    return this.#stale ? [this.#stale.schema] : [this.#place.schema, ...(this.#before ? [this.#before.schema] : [])];
  }

  /** Heard of it, from whoever folds it; another generation than this process's is somebody else's. */
  heard(schema: string, stored: StoredCheckpoint): void {
    if (schema === this.#place.schema) {
      if (this.#tenure?.generation !== stored.generation) this.letGo();
      this.#place.stored = stored;
    }
    for (const place of [this.#before, this.#stale]) if (place?.schema === schema) place.stored = stored;
    this.#join();
  }

  /** This version's view was switched to. What answered before does until this one is as far. */
  turnTo(build: number): void {
    this.letGo();
    const place = this.#placeOf({ version: this.projection.version, build });
    if (!this.#stale && this.#place.stored.built) this.#before ??= this.#place;
    this.#place = place;
    this.#stale = undefined;
  }

  /** This version has no view yet: an older one's answers. */
  answerFrom(view: View): void {
    this.#stale = this.#placeOf(view);
  }

  /** The session has the lock: begins a generation, so that nobody of an earlier one can write any more. */
  async take(session: WriterSession): Promise<void> {
    const { rows } = await sql<StoredCheckpoint>`update ${this.#name(CHECKPOINT)} set generation = generation + 1, stopped = null
      returning position::text as position, "eventId", built, generation::text as generation, stopped`.execute(session.kysely);
    const [stored] = rows;
    if (!stored) throw new Error('a schema has no checkpoint');
    this.#place.stored = stored;
    this.#resident = undefined;
    this.#tenure = { session, generation: stored.generation };
  }

  letGo(): void {
    this.#tenure = undefined;
    this.#resident = undefined;
  }

  async apply(events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): Promise<void> {
    const parts = [...partsOf(this.projection, events)];
    const write = (): Promise<void> => this.#writePage(parts, derived, { position: position.toString(), eventId });
    // rows of a month are deleted by a column without an index
    await (parts.length > 1 ? this.#tenure?.session.slowly(write) : write());
  }

  #writePage(
    parts: readonly PagePart<Message>[],
    derived: ReadonlyMap<string, string>,
    checkpoint: Pick<StoredCheckpoint, 'position' | 'eventId'>,
  ): Promise<void> {
    return this.#write(async (transaction) => {
      for (const part of parts) {
        for (const erasure of part.erasures) {
          await this.#place.statements.get(erasure.table.name)?.erase(transaction, erasure);
          if (erasure.table.resident) this.#resident = undefined;
        }
        await this.#fold(transaction, part.events, derived);
      }
      return checkpoint;
    });
  }

  async finishBuilding(): Promise<void> {
    await this.#tenure?.session.slowly(() =>
      this.#write(async (transaction) => {
        await makeIndexes(transaction, this.schema, this.projection);
        return { built: true };
      }),
    );
  }

  async beginAnew(): Promise<void> {
    this.#before = undefined; // of the same history
    await this.#write(async (transaction) => {
      await emptyTables(transaction, this.schema, this.projection);
      this.#resident = undefined;
      return { position: START.toString(), eventId: '', built: false };
    });
  }

  /** For those who ask elsewhere; and other code may take it over and go on. */
  async stop(code: string): Promise<void> {
    this.stoppedHere = true;
    await this.#write(() => Promise.resolve({ stopped: code }));
  }

  /** Carries the work out and sets the checkpoint in one transaction, if this process still is the owner. */
  async #write(work: (transaction: Transaction<Tables>) => Promise<Partial<StoredCheckpoint>>): Promise<void> {
    const tenure = this.#tenure;
    if (!tenure || tenure.session.broken) return;
    try {
      const stored = await tenure.session.kysely.transaction().execute(async (transaction) => {
        await this.#checkOwner(transaction, tenure);
        const changes = await work(transaction);
        await transaction.withSchema(this.schema).updateTable(CHECKPOINT).set(changes).execute();
        return { ...this.#place.stored, ...changes };
      });
      this.#place.stored = stored;
      this.#join();
    } catch (error) {
      this.#resident = undefined;
      if (error instanceof NotTheOwner) this.letGo();
      else if (!tenure.session.broken) throw error; // a broken session is told of, and made anew, by the set
    }
  }

  /** The row is locked until the end: a new owner begins after this transaction, or this one writes nothing. */
  async #checkOwner(transaction: Transaction<Tables>, { generation }: Tenure): Promise<void> {
    const { rows } = await sql<StoredCheckpoint>`select position::text as position, generation::text as generation
      from ${this.#name(CHECKPOINT)} for update`.execute(transaction);
    const [stored] = rows;
    if (stored?.generation !== generation || stored.position !== this.#place.stored.position) throw new NotTheOwner();
  }

  async #fold(transaction: Transaction<Tables>, events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>): Promise<void> {
    if (events.length === 0) return;
    const resident = (this.#resident ??= await this.#loadResident(transaction));
    const fold = new PageFold(this.projection, events);
    const loaded = new Map<string, ReadonlyMap<string, Row>>(resident);
    for (const { table, keys } of fold.wanted())
      if (!table.resident) loaded.set(table.name, (await this.#place.statements.get(table.name)?.load(transaction, keys)) ?? new Map<string, Row>());
    const changes = fold.fold(({ name }) => loaded.get(name) ?? new Map<string, Row>(), derived);
    await writeChanges(transaction, this.schema, changes, this.#place.statements);
    for (const { table, inserted, updated, deleted } of changes.tables) {
      const kept = resident.get(table.name);
      for (const row of [...inserted, ...updated]) kept?.set(row[table.key] as string, row);
      for (const key of deleted) kept?.delete(key);
    }
  }

  async #loadResident(transaction: Transaction<Tables>): Promise<Map<string, Map<string, Row>>> {
    const resident = new Map<string, Map<string, Row>>();
    for (const { table } of this.projection.folds)
      if (table.resident) resident.set(table.name, (await this.#place.statements.get(table.name)?.loadAll(transaction)) ?? new Map<string, Row>());
    return resident;
  }

  #join(): void {
    if (this.#before && BigInt(this.#place.stored.position) >= BigInt(this.#before.stored.position)) this.#before = undefined;
  }

  #placeOf(view: View): Place {
    const schema = schemaOf(this.#location, { name: this.projection.name, version: view.version }, view.build);
    const statements = new Map(this.projection.folds.map(({ table }) => [table.name, new TableStatements(schema, table)]));
    return { view, schema, lockKey: lockKeyOf(schema), statements, rows: new PostgresRows(schema, statements, this.#readers), stored: NOTHING_HEARD };
  }

  #name(table: string): RawBuilder<unknown> {
    return sql.id(this.schema, table);
  }
}

/** What questions see: committed rows, by connections of their own. */
class PostgresRows implements StoredRows {
  readonly reader: Kysely<Tables>;
  readonly #readers: Kysely<Tables>;
  readonly #statements: ReadonlyMap<string, TableStatements>;

  constructor(schema: string, statements: ReadonlyMap<string, TableStatements>, readers: Kysely<Tables>) {
    this.reader = readers.withSchema(schema);
    this.#readers = readers;
    this.#statements = statements;
  }

  codecOf(table: string): RowCodec {
    return (this.#statements.get(table) as TableStatements).codec;
  }

  rowsBy(table: Table, column: string, values: readonly string[]): Promise<readonly Row[]> {
    return (this.#statements.get(table.name) as TableStatements).rowsBy(this.#readers, column, values);
  }

  filtered(column: string): RawBuilder<unknown> {
    return sql.ref(column);
  }
}
