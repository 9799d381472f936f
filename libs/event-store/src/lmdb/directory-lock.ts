import { join } from 'node:path';
import Database from 'libsql';
import { StoreInUse, StoreUnavailable } from '../errors.js';

const LOCK_FILE = 'writer.lock';

/**
 * The right to write to a data directory, for one process of a machine. It is the operating system's lock on a file, so
 * it ends with the process however that dies, and holds between containers that share a volume: SQLite takes it, which
 * is the one portable way to it from Node without native code of our own.
 */
export class DirectoryLock {
  readonly #database: Database.Database;

  private constructor(database: Database.Database) {
    this.#database = database;
  }

  /** Throws StoreInUse where another holds it, StoreUnavailable where the lock's file cannot be written. */
  static take(directory: string): DirectoryLock {
    let database: Database.Database | undefined;
    try {
      database = new Database(join(directory, LOCK_FILE), { timeout: 0 });
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      database.exec('BEGIN EXCLUSIVE');
      return new DirectoryLock(database);
    } catch (error) {
      database?.close();
      if ((error as { code?: unknown }).code === 'SQLITE_BUSY') throw new StoreInUse(directory);
      throw new StoreUnavailable(`the data directory ${directory} cannot be locked for writing`, { cause: error });
    }
  }

  release(): void {
    this.#database.close();
  }
}
