import { readFileSync } from 'node:fs';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresLocation } from '../models-location.js';
import type { Tables } from '../sql/stored-rows.js';
import { DeadlinePassed, DatabaseTrouble, endsConnection, refusalOf, troubleOf } from './trouble.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** The server's own bounds of a statement; this side gives it up a little later. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** Of statements that only look: what does not answer them is gone. */
const LOOK_TIMEOUT_MS = 5_000;
const QUESTION_TIMEOUT_MS = 10_000;
const LOCK_TIMEOUT_MS = 5_000;
/** A long statement of a process that has died ends so soon, and its locks with it. */
const CLIENT_CHECK_MS = 5_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000;
const GRACE_MS = 2_000;
/** Connections that answer questions, of one process. */
const READERS_MAX = 4;
const READER_IDLE_MS = 30_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** Making indexes is one statement each, of minutes where there are many rows. */
const INDEXING_TIMEOUT_MS = 3_600_000;
/** Oldest that is tried at all: the oldest that its makers still maintain (November 2026). */
export const SERVER_VERSION_MIN = 140_000;

const INT8 = 20;
const types = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : (pg.types.getTypeParser(oid, format) as unknown)) as typeof pg.types.getTypeParser,
};

/** Reads the password anew each time: a file may have been changed. Throws DatabaseTrouble where it cannot be read. */
function configOf({ url, passwordFile, party }: PostgresLocation, statementTimeoutMs: number): pg.ClientConfig {
  return {
    connectionString: passwordFile === undefined ? url : withPassword(url, passwordFile),
    application_name: `renkei ${party} ${process.pid}`,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: statementTimeoutMs,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types,
  };
}

function withPassword(url: string, passwordFile: string): string {
  const whole = new URL(url);
  try {
    whole.password = encodeURIComponent(readFileSync(passwordFile, 'utf8').split(/\r?\n/, 1)[0] ?? '');
  } catch {
    throw new DatabaseTrouble('DATABASE_PASSWORD_UNREADABLE');
  }
  return whole.href;
}

/** A client whose statements have a deadline on this side too, and which says when it is of no use any more. */
class BoundedClient {
  #broken = false;
  #asked = 0;
  #beat: Promise<unknown> = Promise.resolve();
  deadlineMs: number;

  constructor(
    readonly client: pg.ClientBase,
    deadlineMs: number,
    private readonly translate: (error: unknown) => Error,
  ) {
    this.deadlineMs = deadlineMs;
  }

  get broken(): boolean {
    return this.#broken;
  }

  breakOff(): void {
    this.#broken = true;
  }

  /** Asks for a sign of life, if nothing is under way that gives one; a query that comes meanwhile waits for it. */
  async beat(timeoutMs: number): Promise<void> {
    if (this.#asked > 0 || this.#broken) return;
    this.#beat = this.#ask('select 1', [], timeoutMs).catch(() => undefined);
    await this.#beat;
  }

  async query(text: string, values?: unknown[]): Promise<pg.QueryResult> {
    await this.#beat;
    return this.#ask(text, values, this.deadlineMs);
  }

  async #ask(text: string, values: unknown[] | undefined, deadlineMs: number): Promise<pg.QueryResult> {
    if (this.#broken) throw this.translate(new Error('the connection is broken'));
    this.#asked += 1;
    const asked = this.client.query(text, values);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new DeadlinePassed('no answer in time')), deadlineMs);
    });
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      asked.catch(() => undefined); // its own failure comes when the connection is closed
      if (endsConnection(error)) this.#broken = true;
      throw this.translate(error);
    } finally {
      this.#asked -= 1;
      clearTimeout(timer);
    }
  }

  /** As kysely wants it. */
  pooled(release: () => void): PostgresPoolClient {
    return { query: (text: string, values?: readonly unknown[]) => this.query(text, [...(values ?? [])]), release } as unknown as PostgresPoolClient;
  }
}

const kyselyOn = (pool: PostgresPool): Kysely<Tables> => new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });

/** What a server says of itself. */
export interface ServerState {
  readonly version: number;
  readonly readOnly: boolean;
}

/** The one connection that holds a process's locks and writes: what it held is let go when it ends. Used by one at a time. */
export class WriterSession {
  readonly kysely: Kysely<Tables>;
  readonly #bounded: BoundedClient;
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
    this.#bounded = new BoundedClient(client, STATEMENT_TIMEOUT_MS + GRACE_MS, troubleOf);
    client.on('error', () => this.#bounded.breakOff());
    client.on('end', () => this.#bounded.breakOff());
    const pool = { connect: () => Promise.resolve(this.#bounded.pooled(() => undefined)), end: () => Promise.resolve() };
    this.kysely = kyselyOn(pool);
  }

  /** Rejects with DatabaseTrouble. */
  static async open(location: PostgresLocation): Promise<WriterSession> {
    try {
      const client = new pg.Client(configOf(location, STATEMENT_TIMEOUT_MS));
      const session = new WriterSession(client);
      await client.connect();
      // servers on other systems than Linux may not know it: they end such a statement later
      await session.#bounded.query(`set client_connection_check_interval = ${CLIENT_CHECK_MS}`).catch(() => undefined);
      return session;
    } catch (error) {
      throw troubleOf(error);
    }
  }

  get broken(): boolean {
    return this.#bounded.broken;
  }

  async state(): Promise<ServerState> {
    const { rows } = await this.#bounded.query(
      `select current_setting('server_version_num')::int as "version", (pg_is_in_recovery() or current_setting('transaction_read_only')::bool) as "readOnly"`,
    );
    return rows[0] as ServerState;
  }

  /** Lets the server and others see that this process lives; while a statement runs, that one shows it. Never rejects. */
  beat(): Promise<void> {
    return this.#bounded.beat(LOOK_TIMEOUT_MS);
  }

  /** Statements of the work only look: they have little time here. */
  briefly<T>(work: () => Promise<T>): Promise<T> {
    return this.#within(LOOK_TIMEOUT_MS, work);
  }

  /** Statements of the work may take much longer than others, here and at the server. */
  slowly<T>(work: () => Promise<T>): Promise<T> {
    return this.#within(INDEXING_TIMEOUT_MS + GRACE_MS, async () => {
      await this.#bounded.query(`set statement_timeout = ${INDEXING_TIMEOUT_MS}`);
      try {
        return await work();
      } finally {
        if (!this.broken) await this.#bounded.query(`set statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
      }
    });
  }

  async #within<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
    const before = this.#bounded.deadlineMs;
    this.#bounded.deadlineMs = deadlineMs;
    try {
      return await work();
    } finally {
      this.#bounded.deadlineMs = before;
    }
  }

  /** Ends at once what still runs. */
  async close(): Promise<void> {
    this.#bounded.breakOff();
    await bounded(this.#client.end());
  }
}

/** Connections that answer questions: few, made when they are needed. */
export class Readers {
  readonly kysely: Kysely<Tables>;
  readonly #location: PostgresLocation;
  #pool: pg.Pool | undefined;
  #closed = false;

  constructor(location: PostgresLocation) {
    this.#location = location;
    this.kysely = kyselyOn({ connect: () => this.#connect(), end: () => Promise.resolve() });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #connect(): Promise<PostgresPoolClient> {
    try {
      if (this.#closed) throw new DatabaseTrouble('DATABASE_UNREACHABLE');
      this.#pool ??= this.#make();
      const client = await this.#pool.connect();
      const reader = new BoundedClient(client, QUESTION_TIMEOUT_MS + GRACE_MS, refusalOf);
      return reader.pooled(() => client.release(reader.broken));
    } catch (error) {
      // the next one reads the password again
      if (troubleOf(error).code === 'DATABASE_REFUSED') void this.#drop();
      throw refusalOf(error);
    }
  }

  #make(): pg.Pool {
    const pool = new pg.Pool({
      ...configOf(this.#location, QUESTION_TIMEOUT_MS),
      max: READERS_MAX,
      idleTimeoutMillis: READER_IDLE_MS,
      allowExitOnIdle: true,
    });
    pool.on('error', () => undefined); // an idle connection was ended: the pool makes another one
    return pool;
  }

  async #drop(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool) await bounded(pool.end());
  }
}

/** An end that is not acknowledged is one as well. */
async function bounded(ending: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const given = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE_MS);
  });
  await Promise.race([ending.catch(() => undefined), given]);
  clearTimeout(timer);
}
