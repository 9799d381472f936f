import { readFileSync } from 'node:fs';
import type * as KafkaJs from 'kafkajs';
import { DomainError } from '#libs/kernel';
import type { KafkaConnection } from './kafka-connection.js';

const CONNECTION_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;

export type KafkaModule = typeof KafkaJs;

/** kafkajs, loaded when it is needed: an agency without Kafka has it not. Throws KAFKAJS_MISSING. */
export async function loadKafka(): Promise<KafkaModule> {
  try {
    const loaded = (await import('kafkajs')) as KafkaModule & { readonly default?: KafkaModule };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new DomainError('KAFKAJS_MISSING', 'internal', 'the feed on Kafka needs the package kafkajs beside this one: npm install kafkajs', {}, { cause });
  }
}

/** A client whose every call has a deadline, that retries little itself and prints nothing. */
export function kafkaOf({ Kafka: KafkaClient, logLevel }: KafkaModule, { brokers, clientId = 'renkei-agency', sasl, tls }: KafkaConnection): KafkaJs.Kafka {
  const ssl = tls === undefined ? {} : { ssl: tls === true || { ca: ['ca' in tls ? tls.ca : readFileSync(tls.caFile, 'utf8')] } };
  const config: KafkaJs.KafkaConfig = {
    brokers: [...brokers],
    clientId,
    ...ssl,
    ...(sasl ? { sasl: sasl as KafkaJs.SASLOptions } : {}),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 2_000 },
    logLevel: logLevel.NOTHING,
  };
  return new KafkaClient(config);
}

const CODES: Readonly<Record<string, readonly [code: string, message: string]>> = {
  UNKNOWN_TOPIC_OR_PARTITION: ['TOPIC_MISSING', 'the topic does not exist, or may not be seen'],
  TOPIC_AUTHORIZATION_FAILED: ['TOPIC_FORBIDDEN', 'this login may not use the topic'],
  // the driver keeps to itself why
  COORDINATOR_NOT_FOUND: ['GROUP_UNAVAILABLE', 'the brokers name no coordinator of the group: this login may not use the group, or they are just starting'],
  GROUP_COORDINATOR_NOT_AVAILABLE: ['GROUP_UNAVAILABLE', 'the group has no coordinator yet: the brokers are just starting'],
  GROUP_LOAD_IN_PROGRESS: ['GROUP_UNAVAILABLE', 'the coordinator of the group is just starting'],
  NOT_COORDINATOR_FOR_GROUP: ['GROUP_UNAVAILABLE', 'the group gets another coordinator'],
  GROUP_AUTHORIZATION_FAILED: ['GROUP_FORBIDDEN', 'this login may not use the group'],
  SASL_AUTHENTICATION_FAILED: ['LOGIN_REFUSED', 'the brokers refuse the login'],
  UNSUPPORTED_SASL_MECHANISM: ['MECHANISM_REFUSED', 'the brokers do not offer this SASL mechanism'],
  KAFKAJS_MISSING: ['KAFKAJS_MISSING', 'the package kafkajs is not installed'],
};
const NAMES: Readonly<Record<string, string>> = {
  KafkaJSSASLAuthenticationError: 'SASL_AUTHENTICATION_FAILED',
  KafkaJSGroupCoordinatorNotFound: 'COORDINATOR_NOT_FOUND',
};
const DEEP_MAX = 6;

interface ErrorShape {
  readonly name?: string;
  readonly type?: string;
  readonly code?: string | number;
  readonly message?: string;
  readonly cause?: unknown;
  readonly originalError?: unknown;
}

/** What an error of the driver means, in our own words: nothing of its text is repeated. */
export function kafkaTrouble(error: unknown): { readonly code: string; readonly message: string } {
  let at: unknown = error;
  for (let depth = 0; depth < DEEP_MAX && typeof at === 'object' && at !== null; depth += 1) {
    const { name = '', type = '', code = '', message = '', cause, originalError }: ErrorShape = at;
    const unknownTopic = /does not host this topic-partition/.test(message) ? 'UNKNOWN_TOPIC_OR_PARTITION' : '';
    for (const key of [type, NAMES[name] ?? '', String(code), unknownTopic]) {
      const found = CODES[key];
      if (found) return { code: found[0], message: found[1] };
    }
    at = cause ?? originalError;
  }
  return { code: 'BROKERS_UNREACHABLE', message: 'the brokers do not answer, or not as expected' };
}
