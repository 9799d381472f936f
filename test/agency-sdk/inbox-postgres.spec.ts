import { afterAll, beforeAll, describe } from '@jest/globals';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { inboxContract } from '../../libs/agency-sdk/src/consumer/inbox.contract.js';
import { kyselyBench } from '../../libs/agency-sdk/src/consumer/kysely-inbox.contract.js';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../support/postgres/server.js';

describe('on PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await postgresServer();
  }, SERVER_START_TIMEOUT_MS);
  afterAll(() => server.stop());

  inboxContract('PostgreSQL', async () => {
    const pool = new pg.Pool({ connectionString: await server.database(), max: 4, connectionTimeoutMillis: 10_000 });
    pool.on('error', () => undefined); // the server is stopped while connections rest
    const kysely = new Kysely<{ texts: { id?: number; text: string } }>({ dialect: new PostgresDialect({ pool }) });
    return kyselyBench(kysely, 'serial PRIMARY KEY', () => Promise.resolve());
  });
});
