import { afterAll, beforeAll } from '@jest/globals';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import { killedRebuildContract } from '../rebuild/kill.contract.js';

let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await postgresServer();
  url = await server.database();
}, SERVER_START_TIMEOUT_MS);
afterAll(() => server.stop());

killedRebuildContract('PostgreSQL', (party) => ({ ...party.places, models: { kind: 'postgres', url, deployment: 'test', party: 'killed' } }));
