import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { type RunningEventStore, eventStoreServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/eventstoredb/server.js';
import { eventStoreContract } from '../contract/event-store.contract.js';
import { EventStoreDbEventStore } from './eventstoredb-event-store.js';

let server: RunningEventStore;
beforeAll(async () => {
  server = await eventStoreServer();
}, SERVER_START_TIMEOUT_MS);
afterAll(() => server.stop());

eventStoreContract('the store on EventStoreDB', () => {
  const prefix = `contract-${randomUUID()}/`; // one server, a place of its own each
  const open = (): Promise<EventStoreDbEventStore> => EventStoreDbEventStore.open({ url: server.url, prefix });
  return Promise.resolve({ open, reopen: open, cleanup: () => Promise.resolve() });
});
