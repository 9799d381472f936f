import Database from 'libsql';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import type { Tables } from '../sql/stored-rows.js';

export type Statement = Database.Statement;

const STATEMENTS_CACHED_MAX = 128;

/**
 * A libsql connection as kysely's SqliteDialect wants it. It keeps prepared statements: the dialect prepares anew for
 * every query, and libsql takes longer for that than for a lookup.
 */
export class LibsqlDatabase implements SqliteDatabase {
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string, pragmas: readonly string[]) {
    this.#database = new Database(path, { timeout: 5_000 });
    for (const pragma of pragmas) this.#database.prepare(`PRAGMA ${pragma}`).all();
  }

  /** For queries that kysely builds: the statement is this connection's, so it is used up before another query takes it. */
  prepare(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      const oldest = this.#statements.size >= STATEMENTS_CACHED_MAX ? this.#statements.keys().next().value : undefined;
      if (oldest !== undefined) this.#statements.delete(oldest);
      statement = this.statement(sql);
      this.#statements.set(sql, statement);
    }
    return statement as unknown as SqliteStatement;
  }

  /** A statement that the caller keeps. */
  statement(sql: string): Statement {
    return this.#database.prepare(sql);
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}

export const kyselyOn = (database: LibsqlDatabase): Kysely<Tables> => new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
