import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { JarBroker } from './jar-broker.js';
import { jarsMissing } from './jars.js';
import { ADMIN, KAFKA_VERSIONS, type KafkaOptions, type KafkaServer, type KafkaVersion } from './kafka-server.js';

export { ADMIN, KAFKA_VERSIONS, type KafkaOptions, type KafkaServer, type KafkaUser, type KafkaVersion } from './kafka-server.js';

const START_TIMEOUT_MS = 240_000;
const DOCKER_SOCKET = '/var/run/docker.sock';

/** Whether an engine answers. Looks for its socket first: loading testcontainers takes a second. */
async function dockerAnswers(): Promise<boolean> {
  if (process.env['DOCKER_HOST'] === undefined && !existsSync(DOCKER_SOCKET)) return false;
  const { getContainerRuntimeClient } = await import('testcontainers');
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}

/** Where a broker that is there already answers: `TEST_KAFKA_BROKERS=host:port[,host:port]`, without login, allowed everything. */
function givenBrokers(): readonly string[] | undefined {
  const brokers = process.env['TEST_KAFKA_BROKERS']?.split(',').filter((broker) => broker !== '');
  return brokers?.length ? brokers : undefined;
}

export type KafkaMeans =
  { readonly by: 'given'; readonly brokers: readonly string[] } | { readonly by: 'docker' | 'jars' } | { readonly by: 'nothing'; readonly why: string };

/** How a broker can be had here, or why it cannot. */
export async function kafkaMeans(version: KafkaVersion = KAFKA_VERSIONS[0]): Promise<KafkaMeans> {
  const brokers = givenBrokers();
  if (brokers) return { by: 'given', brokers };
  if (await dockerAnswers()) return { by: 'docker' };
  const missing = await jarsMissing(version);
  return missing === undefined ? { by: 'jars' } : { by: 'nothing', why: `no TEST_KAFKA_BROKERS, no Docker engine, and ${missing}` };
}

const notOurs = (): Promise<never> => Promise.reject(new Error('a given broker is not killed'));

/**
 * Starts a broker of this version, which the caller stops. Where TEST_KAFKA_BROKERS names one it is that, of whatever
 * version; undefined where there is none, no Docker, and no Java with Maven.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer | undefined> {
  const means = await kafkaMeans(options.version);
  switch (means.by) {
    case 'given': {
      const { brokers } = means;
      const nothing = { saslBrokers: [], tlsBrokers: undefined, certificate: undefined, proxy: { listen: 0, target: 0 }, admin: ADMIN };
      return { version: 'given', origin: 'given', brokers, ...nothing, kill: notOurs, restart: notOurs, stop: () => Promise.resolve() };
    }
    case 'docker': {
      const { ContainerBroker } = await import('./container-broker.js');
      return ContainerBroker.start(options);
    }
    case 'jars':
      return JarBroker.start(options);
    case 'nothing':
      return undefined;
  }
}

/** A line of the run's own output, past Jest's capture of the console. */
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** `version` is known where tests are named; what has to kill a broker or log in to it cannot run on a `given` one. */
type Suite = (kafka: () => KafkaServer, version: KafkaVersion | 'given') => void;

/**
 * A suite for every version, each against a broker of its own that is started before and stopped after; once where a
 * broker is given. `await` it at the top of a spec file: where no broker can be had it says so, and shows as skipped.
 */
export async function describeWithKafka(title: string, options: Omit<KafkaOptions, 'version'>, suite: Suite): Promise<void> {
  const means = await kafkaMeans();
  if (means.by === 'nothing') {
    say(`skipped: ${title} (${means.why})`);
    describe.skip(title, () => {
      it(`needs a Kafka broker: ${means.why}`, () => undefined);
    });
    return;
  }
  for (const version of means.by === 'given' ? (['given'] as const) : KAFKA_VERSIONS) {
    describe(`${title}, on Kafka ${version}`, () => {
      let server: KafkaServer | undefined;
      beforeAll(async () => {
        const startedMs = performance.now();
        server = await startKafka({ ...options, version: version === 'given' ? KAFKA_VERSIONS[0] : version });
        if (server === undefined) throw new Error('the broker that was there is gone');
        say(`${title}: Kafka ${server.version} by ${server.origin}, ready in ${Math.round(performance.now() - startedMs)} ms`);
      }, START_TIMEOUT_MS);
      afterAll(() => server?.stop());
      suite(() => server as KafkaServer, version);
    });
  }
}

/** A client that gives up soon and prints nothing. */
export const clientOf = (brokers: readonly string[], options: Partial<ConstructorParameters<typeof Kafka>[0]> = {}): Kafka =>
  new Kafka({
    clientId: 'renkei-tests',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 50, retries: 5 },
    ...options,
  });
