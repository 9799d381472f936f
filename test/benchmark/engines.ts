import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { embeddedIn, storeLocation, type StoreLocation } from '#libs/event-store';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { versionOf } from '../support/eventstoredb/server.js';

const ANSWER_TIMEOUT_MS = 15_000;

/** The servers that figures are wanted of besides, as the command line names them. */
export interface Servers {
  /** Connection string of an EventStoreDB, or `double`: the tests' double of its protocol, to try the path. */
  readonly eventStore?: string | undefined;
  /** URL of a PostgreSQL server on which databases may be created, or `embedded`: one that is started for it. */
  readonly postgres?: string | undefined;
}

/** Where the record and the read models of what is measured are. */
export interface Engine {
  /** Stands behind the names of its figures; empty where all is embedded. */
  readonly label: string;
  /** Connection string; embedded where it is left out. */
  readonly eventStore?: string | undefined;
  /** URL of a new, empty database; SQLite where it is left out. */
  readonly readModels?: string | undefined;
}

const EMBEDDED: Engine = { label: '' };
export const isEmbedded = ({ label }: Engine): boolean => label === '';

/** A place for one party's record that nothing else is in. */
export const newStore = ({ eventStore }: Engine, directory: string): StoreLocation =>
  eventStore === undefined ? embeddedIn(directory) : storeLocation(eventStore, directory, `bench-${randomUUID()}`, 'measured');

/** What a server process is told of its engine, under a deployment's name that nobody had before. */
export function placesOf({ eventStore, readModels }: Engine, directory: string, party: string) {
  const deployment = `bench-${randomUUID()}`;
  return {
    deployment,
    store: storeLocation(eventStore, join(directory, 'data'), deployment, party),
    ...(readModels === undefined ? {} : { readModels: { url: readModels } }),
  };
}

interface Started {
  readonly name: string;
  readonly url: string;
  stop(): Promise<void>;
}

async function eventStoreOf(wanted: string): Promise<Started> {
  if (wanted === 'double') {
    const double = await startEventStoreDouble();
    process.stderr.write(`a double of EventStoreDB ${double.version} in this process, in memory: its figures say nothing of a server\n`);
    return { name: `double of EventStoreDB ${double.version}`, url: double.url, stop: () => double.stop() };
  }
  const late = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const timeout = new Promise<never>((_, reject) => late.addEventListener('abort', () => reject(new Error('no EventStoreDB answers there'))));
  return { name: `EventStoreDB ${await Promise.race([versionOf(wanted), timeout])}`, url: wanted, stop: () => Promise.resolve() };
}

async function postgresOf(wanted: string): Promise<Started> {
  // only here: the embedded server's package takes the process's exit code over
  const { postgresServer } = await import('../support/postgres/server.js');
  const server = await postgresServer({ durable: true, ...(wanted === 'embedded' ? {} : { url: wanted }) });
  try {
    return { name: `PostgreSQL ${server.version}`, url: await server.database(), stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The embedded engine first, and then the one of the servers asked for, which are stopped when `work` has ended. */
export async function* onEngines<T>({ eventStore, postgres }: Servers, work: (engines: readonly Engine[]) => AsyncIterable<T>): AsyncIterable<T> {
  const started: Started[] = [];
  try {
    const record = eventStore === undefined ? undefined : await eventStoreOf(eventStore);
    if (record) started.push(record);
    const models = postgres === undefined ? undefined : await postgresOf(postgres);
    if (models) started.push(models);
    const names = started.map(({ name }) => name);
    const besides = started.length === 0 ? [] : [{ label: `, ${names.join(' and ')}`, eventStore: record?.url, readModels: models?.url }];
    yield* work([EMBEDDED, ...besides]);
  } finally {
    for (const { stop } of started) await stop();
  }
}
