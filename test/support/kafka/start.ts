import { Kafka, logLevel } from 'kafkajs';
import { dockerAnswers } from '../docker.js';
import { JarBroker } from './jar-broker.js';
import { jarsMissing } from './jars.js';
import { ADMIN, KAFKA_VERSIONS, type KafkaOptions, type KafkaServer, type KafkaVersion } from './kafka-server.js';

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
