import kafkajs, { type Kafka as KafkaClient, type SASLOptions } from 'kafkajs';
import { RelayTrouble } from '../relay/relay-trouble.js';
import type { KafkaConnection, KafkaLimits } from './kafka-settings.js';

/** Retries inside the driver, short: it is the relay that starts over. */
export const RETRY = { initialRetryTime: 10, retries: 8, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 };
/**
 * Of the producer. A broker that still writes the markers of the transaction before (two seconds for 1,788 topics on a
 * small one) answers CONCURRENT_TRANSACTIONS, and the driver sleeps: the longest sleep is what that may be overslept by.
 */
export const PRODUCER_RETRY = { ...RETRY, maxRetryTime: 150, retries: 60 };

/** A client whose every call has a deadline, and which prints nothing. */
export function kafkaClient({ brokers, clientId, sasl, ca }: KafkaConnection, limits: KafkaLimits): KafkaClient {
  return new kafkajs.Kafka({
    brokers: [...brokers],
    clientId,
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
    ...(ca === undefined ? {} : { ssl: { ca: [ca] } }),
    connectionTimeout: limits.connectTimeoutMs,
    authenticationTimeout: limits.requestTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    enforceRequestTimeout: true, // else a call to a silent broker waits for ever
    retry: RETRY,
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

/** The promise, or KAFKA_TIMEOUT; the work that comes too late is let go of. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RelayTrouble('KAFKA_TIMEOUT', 'the brokers do not answer in time')), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // came too late
  }
}

/** Waits for an end, but not longer; what goes wrong at an end changes nothing. */
export async function letGo(ms: number, ends: readonly Promise<unknown>[]): Promise<void> {
  await within(ms, Promise.allSettled(ends)).catch(() => undefined); // the sockets are left to their own timeouts
}
