import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../support/postgres/server.js';
import { DEPLOY, isThere, itWith } from './support.js';

const execute = promisify(execFile);
const SCRIPT = join(DEPLOY, 'compose', 'postgres', '10-parties.sh');
const mark = randomBytes(4).toString('hex');
/** With what a shell and SQL would stumble over. */
const PASSWORD = `it's a "pass word" $HOME`;
const PARTIES = [`core-${mark}`, `is-east-${mark}`];

let server: PostgresServer | undefined;
let directory: string;
let address: URL;

const urlOf = (role: string, database: string, password = PASSWORD): string => {
  const url = new URL(address);
  url.username = role;
  url.password = encodeURIComponent(password);
  url.pathname = `/${database}`;
  return url.href;
};
const ask = (text: string, url?: string): Promise<Record<string, unknown>[]> => (server as PostgresServer).query(text, [], url);

beforeAll(async () => {
  if (!isThere('psql')) return;
  directory = mkdtempSync(join(tmpdir(), 'renkei-postgres-scripts-'));
  for (const party of PARTIES) writeFileSync(join(directory, `postgres_${party}`), PASSWORD);
  server = await postgresServer();
  address = new URL(await server.database());
}, SERVER_START_TIMEOUT_MS);
afterAll(async () => {
  if (server === undefined) return;
  for (const party of PARTIES) await ask(`drop database if exists "${party}" with (force)`);
  for (const party of PARTIES) await ask(`drop role if exists "${party}"`);
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the script of PostgreSQL in the compose file, on a real server', () => {
  const withPsql = itWith('psql');

  withPsql('makes a role and a database a party', async () => {
    const { username, password, hostname, port } = address;
    const own = { PGHOST: hostname, PGPORT: port, PGPASSWORD: decodeURIComponent(password), POSTGRES_USER: decodeURIComponent(username) };
    const env = { PATH: process.env['PATH'] ?? '', ...own, SECRETS_DIRECTORY: directory, RENKEI_PARTIES: PARTIES.join(' ') };
    await execute('bash', [SCRIPT], { env, timeout: 60_000 });
    for (const party of PARTIES) {
      await ask('create table mine (id integer)', urlOf(party, party));
      expect(await ask('select current_user as role', urlOf(party, party))).toEqual([{ role: party }]);
    }
  });

  withPsql('lets a party neither into the database of another nor in with another password', async () => {
    const [core = '', other = ''] = PARTIES;
    await expect(ask('select 1', urlOf(core, other))).rejects.toThrow(/permission denied for database/);
    await expect(ask('select 1', urlOf(core, core, 'guessed'))).rejects.toThrow(/password authentication failed/);
    expect(await ask(`select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = '${core}'`)).toEqual([
      { rolsuper: false, rolcreaterole: false, rolcreatedb: false },
    ]);
  });
});
