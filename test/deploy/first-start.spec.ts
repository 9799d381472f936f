import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseEnvironmentFile } from '#libs/platform';
import { freePorts } from '../support/free-ports.js';
import { eventStoreServer, type RunningEventStore } from '../support/eventstoredb/server.js';
import { type PostgresServer, postgresServer, SERVER_START_TIMEOUT_MS } from '../support/postgres/server.js';
import { appServices, type AppName, composeFile, environmentOf, type Service, stages } from './compose-file.js';
import { copies, isInContext, layImage } from './image-tree.js';
import { read, repositoryFiles } from './support.js';

/** A new one each time: a server that was given may have the streams of other runs. */
const DEPLOYMENT = `first-start-${randomBytes(4).toString('hex')}.example`;
const READY_WITHIN_MS = 60_000;
/** Of the engines PostgreSQL is real here, EventStoreDB what eventStoreServer() finds; nothing is fed to Kafka (kafka-scripts.spec.ts). */
const WITHOUT_KAFKA = /^KAFKA_[A-Z_]+$/;

const compose = composeFile();
const apps = appServices(compose);
const POSTGRES_PARTIES = Object.keys(compose.secrets).flatMap((name) => (name === 'postgres_admin' ? [] : (/^postgres_(.+)$/.exec(name)?.[1] ?? [])));

let directory: string;
let image: string;
let postgres: PostgresServer | undefined;
let postgresAddress = '';
let eventStore: RunningEventStore | undefined;
const running: ChildProcess[] = [];
const ports = new Map<string, number>();
const within = (...path: string[]): string => join(directory, ...path);

/** Runs a file of the image by Node, as its container does. */
function start(args: readonly string[], environment: Readonly<Record<string, string>>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, args, { cwd: image, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  running.push(child);
  return { child, output: () => output };
}
async function toItsEnd(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<{ status: number | null; output: string }> {
  const { child, output } = start(args, environment);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, output: output() };
}

/** Puts the places of this test where the compose file has those of containers. */
const local = (value: string, name: string): string =>
  value
    .replace('/var/lib/renkei/pins', within('pins'))
    .replace('/var/lib/renkei/all-keys', within('keys'))
    .replace('/var/lib/renkei/keys', within('keys', name))
    .replace('/var/lib/renkei/data', within('data', name))
    .replace('/run/network.json', within('network.json'))
    .replace('/run/secrets', within('secrets'))
    .replace('postgres:5432', postgresAddress)
    .replace('esdb://eventstoredb:2113?tls=false', eventStore?.url ?? '')
    .replace(/http:\/\/([a-z-]+):[0-9]+/, (_, host: string) => `http://127.0.0.1:${ports.get(host)}`);

function localEnvironment(name: string, service: Service): Record<string, string> {
  const entries = Object.entries(environmentOf(service, {})).filter(([variable]) => !WITHOUT_KAFKA.test(variable));
  const environment = { ...Object.fromEntries(entries.map(([variable, value]) => [variable, local(value, name)])), DEPLOYMENT };
  return ports.has(name) ? { ...environment, HOST: '127.0.0.1', PORT: String(ports.get(name)), LOG_LEVEL: 'warn' } : environment;
}
const oneShot = (name: 'keys' | 'register'): ReturnType<typeof toItsEnd> => {
  const service = compose.services[name] as Service;
  return toItsEnd((service.entrypoint ?? []).slice(1), localEnvironment(name, service));
};

async function up(name: string, service: Service): Promise<void> {
  const { child, output } = start(
    (service.command ?? []).map((argument) => local(argument, name)),
    localEnvironment(name, service),
  );
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const health = await toItsEnd((service.healthcheck?.test ?? []).slice(2), { PORT: String(ports.get(name)) });
    if (health.status === 0) return;
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${name} is not ready:\n${output()}`);
    await sleep(100);
  }
}

/** A role and a database for each party with a secret for it, as the compose file's script makes them (postgres-scripts.spec.ts). */
async function startPostgres(): Promise<void> {
  postgres = await postgresServer();
  postgresAddress = new URL(await postgres.database()).host;
  mkdirSync(within('secrets'));
  for (const party of POSTGRES_PARTIES) {
    writeFileSync(within('secrets', `postgres_${party}`), `password of ${party}`, { mode: 0o440 });
    await postgres.query(`create role "${party}" login password 'password of ${party}'`);
    await postgres.query(`create database "${party}" owner "${party}"`);
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'renkei-first-start-'));
  image = layImage(directory, 'cli');
  const free = await freePorts(apps.length);
  apps.forEach(([name], index) => ports.set(name, free[index] ?? 0));
  for (const [name] of apps) for (const kind of ['data', 'keys']) mkdirSync(within(kind, name), { recursive: true, mode: 0o700 });
  await startPostgres();
  eventStore = await eventStoreServer();
  const plan = read('deploy/compose/network.json').replaceAll(/http:\/\/([a-z-]+):[0-9]+/g, (url) => local(url, ''));
  writeFileSync(within('network.json'), plan);
}, SERVER_START_TIMEOUT_MS);
afterAll(async () => {
  const left = running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(
    left.map((child) => {
      const closed = new Promise((resolve) => child.on('close', resolve));
      child.kill('SIGKILL');
      return closed;
    }),
  );
  for (const party of postgres === undefined ? [] : POSTGRES_PARTIES) {
    await postgres?.query(`drop database if exists "${party}" with (force)`);
    await postgres?.query(`drop role if exists "${party}"`);
  }
  await postgres?.stop();
  await eventStore?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('the Dockerfile', () => {
  it('builds on one stage and runs on distroless, as nobody', () => {
    const [build, runtime, ...targets] = stages();
    expect(build).toMatchObject({ name: 'build', from: expect.stringMatching(/^node:2[24]\.[0-9]+\.[0-9]+-bookworm-slim$/) as unknown });
    expect(runtime).toMatchObject({ name: 'runtime', from: 'gcr.io/distroless/nodejs24-debian12:nonroot' });
    expect(runtime?.lines).toContain('USER 65532:65532');
    expect(targets.map(({ name, from }) => `${name} on ${from}`)).toEqual(
      ['core', 'interface-system', 'intermediate-server', 'resident-registry', 'cli'].map((name) => `${name} on runtime`),
    );
    expect(targets.flatMap(({ lines }) => lines.filter((line) => /^(?:RUN|USER|ADD)\b/.test(line)))).toEqual([]);
  });

  it('copies only what its context holds', () => {
    const wanted = stages().flatMap(({ name }) =>
      copies(name)
        .filter(({ fromBuild }) => !fromBuild)
        .flatMap(({ sources }) => sources),
    );
    expect(wanted.filter((source) => !repositoryFiles(source).some(isInContext))).toEqual([]);
  });

  it('sends neither tests, nor what only developers read, nor anybody’s secrets to the build', () => {
    const sent = repositoryFiles().filter(isInContext);
    expect(sent.filter((path) => /\.spec\.ts$|\.md$|^test\/|\.env|^deploy\/(?:compose|kubernetes)\/|^\.git/.test(path))).toEqual([]);
    expect(isInContext('deploy/compose/secrets/kafka_admin')).toBe(false);
    expect(isInContext('deploy/compose/.env')).toBe(false);
    expect(isInContext('node_modules/yaml/package.json')).toBe(false);
    expect(isInContext('data/keys/core/signing-current.pem')).toBe(false);
  });

  it('leaves no source and no test in an image', () => {
    const files = readdirSync(image, { recursive: true, encoding: 'utf8' }).filter((path) => !path.startsWith('node_modules'));
    expect(files.filter((path) => /\.ts$|\.spec\.js$/.test(path))).toEqual([]);
    expect(existsSync(join(image, 'dist', 'apps', 'core', 'src', 'main.js'))).toBe(true);
  });
});

describe('a first start, by what the compose file says, from what the images hold', () => {
  it('makes keys, closed to others, and pins their public halves', async () => {
    expect(await oneShot('keys')).toMatchObject({ status: 0 });
    expect(statSync(within('keys', 'core', 'signing-current.pem')).mode & 0o077).toBe(0);
    expect(Object.keys(parseEnvironmentFile(readFileSync(within('pins', 'core.env'), 'utf8')))).toEqual(['CORE_PUBLIC_KEY', 'CORE_LEDGER_KEY']);
    const pinned = readdirSync(within('pins')).map((name) => readFileSync(within('pins', name), 'utf8'));
    expect(pinned.filter((text) => text.includes('PRIVATE'))).toEqual([]);
  });

  it('keeps keys and pins when it is run again', async () => {
    const before = readdirSync(within('pins')).map((name) => readFileSync(within('pins', name), 'utf8'));
    expect(await oneShot('keys')).toMatchObject({ status: 0, output: expect.stringContaining('core.env is there: left as it is') as unknown });
    expect(readdirSync(within('pins')).map((name) => readFileSync(within('pins', name), 'utf8'))).toEqual(before);
  });

  it('brings up the core, to which the plan is then told', async () => {
    const [, , core] = apps.find(([name]) => name === 'core') as [string, AppName, Service];
    await up('core', core);
    const { status, output } = await oneShot('register');
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining('servers: 5 lines, 5 new') as unknown });
    expect(output).toContain('agency-keys: 2 lines, 2 new');
  }, 120_000);

  it('changes nothing when the plan is told again', async () => {
    const { status, output } = await oneShot('register');
    expect(status).toBe(0);
    expect(output.match(/ [0-9]+ new$/gm)?.filter((found) => found !== ' 0 new')).toEqual([]);
  }, 60_000);

  it('brings up every other server, each by its own health check', async () => {
    // the record is not kept in a directory: a lock and a note are
    expect(readdirSync(within('data', 'core', 'event-store'))).not.toContain('events.mdb');
    await Promise.all(apps.filter(([name]) => name !== 'core').map(([name, , service]) => up(name, service)));
    for (const [name] of apps) expect((await fetch(`http://127.0.0.1:${ports.get(name)}/health/ready`)).status).toBe(200);
  }, 120_000);

  it('keeps the read models in the databases that the compose file names', async () => {
    for (const party of POSTGRES_PARTIES) {
      const url = `postgres://${party}:${encodeURIComponent(`password of ${party}`)}@${postgresAddress}/${party}`;
      const tables = await postgres?.query<{ count: string }>('select count(*) from pg_tables where tableowner = current_user', [], url);
      expect(Number(tables?.[0]?.count)).toBeGreaterThan(0);
    }
  });

  it('has the command line at hand', async () => {
    const entry = stages()
      .find(({ name }) => name === 'cli')
      ?.lines.find((line) => line.startsWith('ENTRYPOINT'));
    const [, program = ''] = JSON.parse(entry?.slice('ENTRYPOINT '.length) ?? '[]') as string[];
    expect(await toItsEnd([program, 'keys', 'show', '--directory', within('keys', 'operator')], { LANG: 'C' })).toMatchObject({ status: 0 });
  });
});
