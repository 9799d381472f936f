import { sql } from 'kysely';
import type { Alarm } from '../read-models.js';
import type { WriterSession } from './connection.js';
import type { PostgresModel } from './postgres-model.js';
import { lockKeyOf } from './schema.js';

const ROUND_EVERY_MS = 1_000;
/** An owner whose session does nothing for so long is stopped, or cut off: it is put out. It beats every three seconds. */
export const SILENT_MS = 15_000;

/** Who holds a lock. */
interface Holder {
  readonly key: string;
  readonly pid: number;
  readonly mine: boolean;
  readonly silent: boolean;
}

/**
 * Which projections of a party this process folds. Each is owned by the session that holds its advisory lock; each process
 * that takes part holds a lock of presence, shared, so that all know how many there are, and takes its share of the
 * projections. What an owner that died has held is free at once; an owner that has fallen silent is put out. Every
 * ownership begins a generation, which is checked in the transaction of each page.
 */
export class Ownership {
  readonly #session: WriterSession;
  readonly #models: readonly PostgresModel[];
  readonly #presence: string;
  readonly #alarm: (alarm: Alarm) => void;
  #present = false;
  #nextAt = 0;

  constructor(session: WriterSession, models: readonly PostgresModel[], name: string, alarm: (alarm: Alarm) => void) {
    this.#session = session;
    this.#models = models;
    this.#presence = lockKeyOf(`presence/${name}`);
    this.#alarm = alarm;
  }

  async enter(): Promise<void> {
    await sql`select pg_advisory_lock_shared(${this.#presence}::bigint)`.execute(this.#session.kysely);
    this.#present = true;
  }

  /** Once a second at most. Rejects with DatabaseTrouble: then the session is of no use. */
  async round(): Promise<void> {
    if (performance.now() < this.#nextAt) return;
    this.#nextAt = performance.now() + ROUND_EVERY_MS;
    await this.#giveUpStopped();
    const holders = await this.#holders();
    const others = holders.filter(({ key, mine }) => key === this.#presence && !mine).length;
    const share = Math.ceil(this.#models.length / (others + 1));
    const owned = this.#models.filter(({ mine }) => mine);
    const [last] = owned.slice(share);
    if (last && this.#present) {
      await this.#release(last); // one a round: the others take it in theirs
      return;
    }
    let room = share - owned.length;
    for (const model of this.#models) {
      if (room <= 0) return;
      if (model.mine || model.stoppedHere || model.isStale) continue;
      const holder = holders.find(({ key }) => key === model.lockKey);
      if (holder && !holder.mine && !holder.silent) continue;
      if (holder && !holder.mine) await this.#putOut(model, holder);
      // the lock may be left of an ownership that was lost to a newer generation
      if (holder?.mine || (await this.#lock(model))) {
        await model.take(this.#session);
        room -= 1;
      }
    }
  }

  /** Folds it here no more. */
  async giveUp(model: PostgresModel): Promise<void> {
    if (model.mine) await this.#release(model);
  }

  /** What this code cannot fold is left to other code; and who does not fold everything takes no share from who might. */
  async #giveUpStopped(): Promise<void> {
    const stopped = this.#models.filter(({ stoppedHere }) => stoppedHere);
    for (const model of stopped) if (model.mine) await this.#release(model);
    if (stopped.length === 0 || !this.#present) return;
    this.#present = false;
    await sql`select pg_advisory_unlock_shared(${this.#presence}::bigint)`.execute(this.#session.kysely);
  }

  async #holders(): Promise<readonly Holder[]> {
    const keys = [this.#presence, ...this.#models.map(({ lockKey }) => lockKey)];
    // a running statement is a sign of life, unless its client takes nothing of it
    const { rows } = await sql<Holder>`
      select (l.classid::bigint << 32 | l.objid::bigint)::text as key, l.pid, l.pid = pg_backend_pid() as mine,
        coalesce((a.state <> 'active' or a.wait_event_type = 'Client')
          and greatest(a.state_change, a.query_start) < clock_timestamp() - ${SILENT_MS} * interval '1 millisecond', false) as silent
      from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
        and l.database = (select oid from pg_database where datname = current_database())
        and (l.classid::bigint << 32 | l.objid::bigint) = any(${keys}::bigint[])`.execute(this.#session.kysely);
    return rows;
  }

  async #putOut({ projection }: PostgresModel, { pid }: Holder): Promise<void> {
    this.#alarm({ code: 'OWNER_SILENT', projection: projection.name, message: 'the process that folded it has fallen silent: it is put out' });
    await sql`select pg_terminate_backend(${pid})`.execute(this.#session.kysely);
  }

  async #lock({ lockKey }: PostgresModel): Promise<boolean> {
    const { rows } = await sql<{ readonly taken: boolean }>`select pg_try_advisory_lock(${lockKey}::bigint) as taken`.execute(this.#session.kysely);
    return rows[0]?.taken === true;
  }

  async #release(model: PostgresModel): Promise<void> {
    model.letGo();
    await sql`select pg_advisory_unlock(${model.lockKey}::bigint)`.execute(this.#session.kysely);
  }
}
