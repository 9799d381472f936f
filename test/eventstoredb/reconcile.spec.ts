// Three parties' records on EventStoreDB held against each other: the server of TEST_ESDB_URL, or one in Docker, or the double.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openStore, storeLocation } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';
import type { Reconciled } from '../../apps/cli/src/reconcile/reconcile-stores.js';
import { type Drafted, exchangeIdOf, writeThreeStores } from '../../apps/cli/src/reconcile/three-stores.fixture.js';
import { eventStoreServer, type RunningEventStore, SERVER_START_TIMEOUT_MS } from '../support/eventstoredb/server.js';

const TIMEOUT_MS = 120_000;
const EXCHANGES = 40;
const LOST = 3;
const DIFFERING = 7;

const tamper = ({ role, index, event }: Drafted): Message | undefined => {
  if (index === LOST && event.type === 'ProvisionReceived') return undefined;
  if (index === DIFFERING && role === 'provider' && event.type === 'ProvisionDemanded')
    return { ...event, data: { ...(event.data as object), affair: 'JM01000000000001' } };
  return event;
};

describe('records on EventStoreDB', () => {
  let server: RunningEventStore;
  let onServer: string;
  let embedded: string;
  beforeAll(async () => {
    server = await eventStoreServer();
    onServer = await mkdtemp(join(tmpdir(), 'renkei-esdb-reconcile-'));
    embedded = await mkdtemp(join(tmpdir(), 'renkei-esdb-reconcile-'));
    const deployment = `reconcile-${randomUUID()}`;
    await writeThreeStores(onServer, {
      exchanges: EXCHANGES,
      tamper,
      open: (party, dataDirectory) => openStore(storeLocation(server.url, dataDirectory, deployment, party)),
    });
    await writeThreeStores(embedded, { exchanges: EXCHANGES, tamper });
  }, SERVER_START_TIMEOUT_MS);
  afterAll(async () => {
    await server.stop();
    await Promise.all([onServer, embedded].map((directory) => rm(directory, { recursive: true, force: true })));
  });

  const reconciled = async (data: string, more: readonly string[] = []): Promise<Reconciled> => {
    const { status, stdout, stderr } = await runInProcess(['reconcile', '--data', data, '--as-of', '2020-06-01T00:00:00Z', '--json', ...more]);
    expect([status, stderr]).toEqual([1, '']);
    return JSON.parse(stdout) as Reconciled;
  };

  it(
    'are reconciled as embedded ones are: the same counts, the same findings',
    async () => {
      const there = await reconciled(onServer, ['--event-store', server.url]);
      expect(there).toEqual(await reconciled(embedded));
      expect(there.found.map(({ exchangeId }) => exchangeId)).toEqual([LOST, DIFFERING].map(exchangeIdOf));
      expect(there.exchanges).toBe(EXCHANGES);
    },
    TIMEOUT_MS,
  );

  it(
    'are evidence, found by the note alone',
    async () => {
      const evidence = join(onServer, 'evidence');
      await reconciled(onServer, ['--evidence', evidence]);
      expect((await readdir(evidence)).sort()).toEqual([LOST, DIFFERING].map((index) => `${exchangeIdOf(index)}.json`).sort());
    },
    TIMEOUT_MS,
  );

  it('are not looked for where a record is embedded, and an EventStoreDB is given by option', async () => {
    const { status, stderr } = await runInProcess(['reconcile', '--data', embedded, '--event-store', server.url, '--json']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('EVENT_STORE_ELSEWHERE')]);
  });
});
