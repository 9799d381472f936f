import { afterAll, beforeAll } from '@jest/globals';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../../../../test/support/postgres/server.js';
import { readModelsContract } from '../read-models.contract.js';
import { openReadModels } from '../thread/threaded-read-models.js';

let server: PostgresServer;
let url: string;
let parties = 0;
beforeAll(async () => {
  server = await postgresServer();
  url = await server.database();
}, SERVER_START_TIMEOUT_MS);
afterAll(() => server.stop());

readModelsContract('PostgreSQL, folded in a worker thread', (party, onAlarm) => {
  const models = { kind: 'postgres', url, deployment: 'test', party: `party-${(parties += 1)}` } as const;
  return openReadModels({ ...party.places, models, onAlarm });
});
