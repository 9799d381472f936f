import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { DomainError } from '#libs/kernel';
import { StoreFull, StoreUnavailable } from '../errors.js';
import { FORMAT_KEY, STORE_FORMAT } from './layout.js';

export type LmdbFile = RootDatabase<Buffer, Buffer>;

const FILE_NAME = 'events.mdb';
/** Address space kept for the file (it takes no memory): growing a map under readers is what we need never do. */
const MAP_BYTES = 256 * 1024 ** 3;
const READERS_MAX = 256;

const FULL_TEXT = /no space left|file too large|quota exceeded|not enough space|mapsize limit/i;

/** LMDB's and the file system's errors in the port's words. */
export function translated(error: unknown, what: string): DomainError {
  if (error instanceof DomainError) return error;
  const message = error instanceof Error ? error.message : (error as { message?: unknown } | undefined)?.message;
  return typeof message === 'string' && FULL_TEXT.test(message)
    ? new StoreFull(`${what}: the disk is full`, { cause: error })
    : new StoreUnavailable(what, { cause: error });
}

/**
 * Opens the store's file. `overlappingSync: false`: a commit is on disk before any reader sees it and before its promise
 * resolves. In one process all threads share one map of the file, whoever opened it first.
 */
export function openFile(directory: string, readOnly: boolean): LmdbFile {
  const path = join(directory, FILE_NAME);
  try {
    if (readOnly && !existsSync(path)) throw new StoreUnavailable(`there is no event store in ${directory}`);
    const file = open<Buffer, Buffer>({
      path,
      noSubdir: true,
      readOnly,
      mapSize: MAP_BYTES,
      maxReaders: READERS_MAX,
      keyEncoding: 'binary',
      encoding: 'binary',
      overlappingSync: false,
      compression: false,
      // with it, lmdb makes a promise of its own for each turn, and a failed commit would be an unhandled rejection
      eventTurnBatching: false,
    });
    checkFormat(file, readOnly);
    return file;
  } catch (error) {
    throw translated(error, `the event store in ${directory} cannot be opened`);
  }
}

export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw translated(error, `the data directory ${directory} cannot be made`);
  }
}

function checkFormat(file: LmdbFile, readOnly: boolean): void {
  const format = file.getBinary(FORMAT_KEY)?.[0];
  if (format === STORE_FORMAT) return;
  if (format !== undefined) {
    void file.close();
    throw new StoreUnavailable(`the store has format ${format}, this version of the code reads ${STORE_FORMAT}`);
  }
  if (!readOnly) file.putSync(FORMAT_KEY, Buffer.from([STORE_FORMAT]));
}
