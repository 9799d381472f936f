import { dockerAnswers } from '../docker.js';
import { freePorts } from '../free-ports.js';
import type { OwnServer } from './embedded.js';

const IMAGE = 'postgres:18.4-bookworm';
const PORT = 5432;
const PASSWORD = 'only-for-tests';
const START_TIMEOUT_MS = 120_000;

/** Undefined where there is no Docker engine. */
export async function dockerPostgres(): Promise<OwnServer | undefined> {
  if (!(await dockerAnswers())) return undefined;
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  const runtime = await getContainerRuntimeClient();
  const [port = 0] = await freePorts(1);
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_USER: 'renkei', POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'postgres' })
    .withExposedPorts({ container: PORT, host: port }) // fixed, so that it is the same after a restart
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .withStartupTimeout(START_TIMEOUT_MS)
    .start();
  const known = runtime.container.getById(container.getId());
  return {
    url: `postgres://renkei:${PASSWORD}@${container.getHost()}:${port}/postgres`,
    kill: async () => void (await known.kill()),
    start: async () => void (await known.start()),
    stop: async () => void (await container.stop()),
  };
}
