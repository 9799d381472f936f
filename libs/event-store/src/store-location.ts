import { join } from 'node:path';
import type { EventStore } from './event-store.js';
import { LmdbEventStore } from './lmdb/lmdb-event-store.js';

/** Where the store of one party is. Plain data: it crosses threads and processes. */
export interface EmbeddedLocation {
  readonly kind: 'embedded';
  readonly directory: string;
}
export type StoreLocation = EmbeddedLocation;

export interface OpenStoreOptions {
  /** Follows beside the one writer, from any thread or process; never writes. */
  readonly readOnly?: boolean;
}

/** The embedded store below a party's data directory: where its record is when nothing else is said. */
export const embeddedIn = (dataDirectory: string): StoreLocation => ({ kind: 'embedded', directory: join(dataDirectory, 'event-store') });

/** Opens the store of a party, wherever it is. Rejects with the typed errors of its adapter. */
export function openStore({ directory }: StoreLocation, options: OpenStoreOptions = {}): Promise<EventStore> {
  return LmdbEventStore.open(directory, options);
}
