import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '#libs/kernel';
import { StoreUnavailable } from './errors.js';
import type { EventStore } from './event-store.js';
import { DirectoryLock } from './lmdb/directory-lock.js';
import { LmdbEventStore } from './lmdb/lmdb-event-store.js';

/** Where the store of one party is. Plain data: it crosses threads and processes. */
export interface EmbeddedLocation {
  readonly kind: 'embedded';
  readonly directory: string;
}
export interface EventStoreDbLocation {
  readonly kind: 'eventstoredb';
  /** Connection string, `esdb://user:password@host:port?tls=true`: never shown. */
  readonly url: string;
  /** `<deployment>/<party>/`, before the name of each of the party's streams at the server. */
  readonly prefix: string;
  /** What this machine keeps of it: the lock of the process that writes, and a note of where the store is. */
  readonly directory: string;
}
export type StoreLocation = EmbeddedLocation | EventStoreDbLocation;

export interface OpenStoreOptions {
  /** Follows beside the one writer, from any thread or process; never writes. */
  readonly readOnly?: boolean;
}

const DIRECTORY = 'event-store';
const NOTE_FILE = 'location.json';
/** The embedded store's file. */
const EMBEDDED_FILE = 'events.mdb';

const directoryIn = (dataDirectory: string): string => join(dataDirectory, DIRECTORY);

/** The embedded store below a party's data directory: where its record is when nothing else is said. */
export const embeddedIn = (dataDirectory: string): EmbeddedLocation => ({ kind: 'embedded', directory: directoryIn(dataDirectory) });

/** Where a party's record is: on the EventStoreDB of this connection string, or embedded in its data directory. */
export function storeLocation(url: string | undefined, dataDirectory: string, deployment: string, party: string): StoreLocation {
  if (url === undefined) return embeddedIn(dataDirectory);
  // neither name can hold a slash: no party's prefix begins another's
  return { kind: 'eventstoredb', url, prefix: `${deployment}/${party}/`, directory: directoryIn(dataDirectory) };
}

interface Note {
  readonly prefix: string;
  /** Connection string without user and password. */
  readonly url: string;
}

/**
 * Where the record of a party's data directory is, as its last start noted. `url`: another way to the server, with a
 * password for instance, which is not noted. Throws EVENT_STORE_ELSEWHERE where one is given for a record that is embedded.
 */
export function locationIn(dataDirectory: string, url?: string): StoreLocation {
  const directory = directoryIn(dataDirectory);
  const note = noteIn(directory);
  if (note !== undefined) return { kind: 'eventstoredb', url: url ?? note.url, prefix: note.prefix, directory };
  if (url !== undefined) throw elsewhere(`the record in ${dataDirectory} is embedded, not on EventStoreDB`);
  return { kind: 'embedded', directory };
}

/**
 * Opens the store of a party, wherever it is. Rejects with the typed errors of its adapter, with StoreInUse where another
 * process writes, and with EVENT_STORE_ELSEWHERE where the directory's record was begun in another place than is said now.
 */
export async function openStore(location: StoreLocation, { readOnly = false }: OpenStoreOptions = {}): Promise<EventStore> {
  const { directory } = location;
  if (location.kind === 'embedded') {
    if (noteIn(directory) !== undefined) throw elsewhere(`the record of ${directory} is on EventStoreDB: say where (EVENT_STORE, --event-store)`);
    return LmdbEventStore.open(directory, { readOnly });
  }
  const { EventStoreDbEventStore } = await import('./eventstoredb/eventstoredb-event-store.js'); // with its driver, which the embedded store needs not
  if (readOnly) return EventStoreDbEventStore.open(location, { readOnly });
  if (existsSync(join(directory, EMBEDDED_FILE))) throw elsewhere(`the record of ${directory} is embedded there, not on EventStoreDB`);
  makeDirectory(directory);
  checkNote(directory, location);
  const lock = DirectoryLock.take(directory);
  const onClosed = (): void => lock.release();
  const store = await EventStoreDbEventStore.open(location, { onClosed }).catch((error: unknown) => {
    onClosed();
    throw error;
  });
  try {
    writeNote(directory, location); // from here on a start that forgets where the record is, is refused
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

const elsewhere = (message: string): DomainError => new DomainError('EVENT_STORE_ELSEWHERE', 'conflict', message);

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (cause) {
    throw new StoreUnavailable(`the data directory ${directory} cannot be made`, { cause });
  }
}

function noteIn(directory: string): Note | undefined {
  const file = join(directory, NOTE_FILE);
  if (!existsSync(file)) return undefined;
  try {
    const { prefix, url } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Note>;
    if (typeof prefix === 'string' && typeof url === 'string') return { prefix, url };
  } catch {
    // as below
  }
  throw new StoreUnavailable(`${file} does not say where the store is`);
}

/** The server may move, the party may not. */
function checkNote(directory: string, { prefix }: EventStoreDbLocation): void {
  const note = noteIn(directory);
  if (note !== undefined && note.prefix !== prefix) throw elsewhere(`the record of ${directory} is that of ${note.prefix}, not of ${prefix}`);
}

function writeNote(directory: string, { url, prefix }: EventStoreDbLocation): void {
  const file = join(directory, NOTE_FILE);
  const note: Note = { prefix, url: url.replace(/^([a-z+]+:\/\/)[^/?]*@/, '$1') };
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(note)}\n`);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new StoreUnavailable(`${file} cannot be written`, { cause });
  }
}
