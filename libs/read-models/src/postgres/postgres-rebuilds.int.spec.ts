import { afterAll, beforeAll } from '@jest/globals';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import { rebuildsContract } from '../rebuild/rebuilds.contract.js';
import { PostgresModels } from './postgres-models.js';
import { PostgresViews } from './postgres-views.js';

let server: PostgresServer;
let url: string;
let parties = 0;
beforeAll(async () => {
  server = await postgresServer();
  url = await server.database();
}, SERVER_START_TIMEOUT_MS);
afterAll(() => server.stop());

rebuildsContract('PostgreSQL', () => {
  const location = { kind: 'postgres', url, deployment: 'test', party: `party-${(parties += 1)}` } as const;
  return { models: (projections, onAlarm) => new PostgresModels(location, projections, onAlarm), views: () => new PostgresViews(location) };
});
