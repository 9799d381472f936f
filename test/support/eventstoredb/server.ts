// Which EventStoreDB the tests run on: the one that TEST_ESDB_URL names, else one that Docker starts, else the double.
import { EventStoreDBClient } from '@eventstore/db-client';
import { dockerAnswers } from '../docker.js';
import { type DoubleVersion, type EventStoreDouble, startEventStoreDouble } from './double.js';

/** The versions whose behaviour is known: Docker's images and the double's. */
export const EVENT_STORE_VERSIONS: readonly DoubleVersion[] = ['23.10.8', '24.2.0'];
const IMAGES: Readonly<Record<DoubleVersion, string>> = {
  '23.10.8': 'eventstore/eventstore:23.10.8-bookworm-slim',
  '24.2.0': 'eventstore/eventstore:24.2.0-bookworm-slim',
};
const SERVER_PORT = 2113;
/** An image may have to be fetched first. */
export const SERVER_START_TIMEOUT_MS = 180_000;

export interface RunningEventStore {
  readonly kind: 'given' | 'docker' | 'double';
  readonly url: string;
  /** As the server reports it. */
  readonly version: string;
  /** One line for whoever reads the test's output. */
  readonly description: string;
  /** Its fault hooks, where it is the double. */
  readonly double?: EventStoreDouble;
  stop(): Promise<void>;
}

export interface EventStoreTarget {
  readonly name: string;
  start(): Promise<RunningEventStore>;
}

/** Every server that a suite of facts is to run on: the one that was given, or else one of each version. */
export async function eventStoreTargets(): Promise<readonly EventStoreTarget[]> {
  const url = process.env['TEST_ESDB_URL'];
  if (url !== undefined && url !== '') return [{ name: 'server of TEST_ESDB_URL', start: () => given(url) }];
  const inDocker = await dockerAnswers();
  return EVENT_STORE_VERSIONS.map((version) =>
    inDocker ? { name: `server ${version} in Docker`, start: () => docker(version) } : { name: `double of ${version}`, start: () => double(version) },
  );
}

/** One server, for a suite that does not ask for a version; says on standard error which. Stop it in the end. */
export async function eventStoreServer(): Promise<RunningEventStore> {
  const [target] = await eventStoreTargets();
  const server = await target!.start();
  process.stderr.write(`${server.description}\n`);
  return server;
}

async function given(url: string): Promise<RunningEventStore> {
  const version = await versionOf(url);
  return { kind: 'given', url, version, description: `EventStoreDB ${version} of TEST_ESDB_URL`, stop: () => Promise.resolve() };
}

async function double(version: DoubleVersion): Promise<RunningEventStore> {
  const started = await startEventStoreDouble({ version });
  return {
    kind: 'double',
    url: started.url,
    version,
    description: `a double of EventStoreDB ${version}: neither TEST_ESDB_URL nor Docker is there`,
    double: started,
    stop: () => started.stop(),
  };
}

async function docker(version: DoubleVersion): Promise<RunningEventStore> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(IMAGES[version])
    .withEnvironment({ EVENTSTORE_INSECURE: 'true', EVENTSTORE_CLUSTER_SIZE: '1', EVENTSTORE_MEM_DB: 'false', EVENTSTORE_RUN_PROJECTIONS: 'None' })
    .withExposedPorts(SERVER_PORT)
    .withWaitStrategy(Wait.forHttp('/health/live', SERVER_PORT).forStatusCode(204))
    .withStartupTimeout(SERVER_START_TIMEOUT_MS)
    .start();
  const url = `esdb://${container.getHost()}:${container.getMappedPort(SERVER_PORT)}?tls=false`;
  return {
    kind: 'docker',
    url,
    version: await versionOf(url),
    description: `EventStoreDB ${version} in Docker (${IMAGES[version]})`,
    stop: async () => void (await container.stop()),
  };
}

/** What the server at a connection string says of itself. */
export async function versionOf(url: string): Promise<string> {
  const client = EventStoreDBClient.connectionString(url);
  try {
    // the client asks for it anyway, but shows it to its subclasses only
    return (await (client as unknown as { readonly capabilities: Promise<{ readonly serverVersion: string }> }).capabilities).serverVersion;
  } finally {
    await client.dispose();
  }
}
