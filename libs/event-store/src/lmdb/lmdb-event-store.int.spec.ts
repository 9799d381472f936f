import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventStoreContract } from '../contract/event-store.contract.js';
import { LmdbEventStore } from './lmdb-event-store.js';

eventStoreContract('the embedded event store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-store-'));
  const open = (): Promise<LmdbEventStore> => LmdbEventStore.open(directory);
  return { open, reopen: open, cleanup: () => rm(directory, { recursive: true }) };
});
