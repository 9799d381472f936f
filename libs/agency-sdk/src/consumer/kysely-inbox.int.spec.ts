import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import Database from 'libsql';
import { inboxContract } from './inbox.contract.js';
import { kyselyBench } from './kysely-inbox.contract.js';

inboxContract('SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-inbox-'));
  const database = new Database(join(directory, 'agency.sqlite'));
  const kysely = new Kysely<{ texts: { id?: number; text: string } }>({
    dialect: new SqliteDialect({ database: database as unknown as SqliteDatabase }),
  });
  return kyselyBench(kysely, 'INTEGER PRIMARY KEY AUTOINCREMENT', () => rm(directory, { recursive: true, force: true }));
});
