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
export const openFile = (directory: string, readOnly: boolean): LmdbFile => openAs<Buffer>(directory, readOnly, { encoding: 'binary' });

/** What reads a value where it lies, in memory that is good for the time of the call only. */
export interface ValueReader<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array, length: number): V;
}

/** The store's file for reading, its values read by `reader`: a Buffer a value costs more than what is read from it. */
export const openReading = <V>(directory: string, reader: ValueReader<V>): RootDatabase<V, Buffer> => openAs<V>(directory, true, { encoder: reader });

function openAs<V>(
  directory: string,
  readOnly: boolean,
  values: { readonly encoding: 'binary' } | { readonly encoder: ValueReader<V> },
): RootDatabase<V, Buffer> {
  const path = join(directory, FILE_NAME);
  try {
    if (readOnly && !existsSync(path)) {
      const isElsewhere = existsSync(join(directory, 'location.json')); // the note of a store on a server (store-location.ts)
      throw new StoreUnavailable(
        isElsewhere
          ? `the record of ${directory} is on EventStoreDB: this reads the file of an embedded store only`
          : `there is no event store in ${directory}`,
      );
    }
    const file = open<V, Buffer>({
      path,
      noSubdir: true,
      readOnly,
      mapSize: MAP_BYTES,
      maxReaders: READERS_MAX,
      keyEncoding: 'binary',
      ...values,
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

function checkFormat<V>(file: RootDatabase<V, Buffer>, readOnly: boolean): void {
  const format = file.getBinary(FORMAT_KEY)?.[0];
  if (format === STORE_FORMAT) return;
  if (format !== undefined) {
    void file.close();
    throw new StoreUnavailable(`the store has format ${format}, this version of the code reads ${STORE_FORMAT}`);
  }
  if (!readOnly) file.putSync(FORMAT_KEY, Buffer.from([STORE_FORMAT]) as V);
}
