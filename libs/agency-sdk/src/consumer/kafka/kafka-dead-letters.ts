import type { Producer } from 'kafkajs';
import type { DeadLetter, DeadLetters } from '../dead-letters.js';
import { kafkaOf, kafkaTrouble, loadKafka } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';
import { PassingError } from '../handler-errors.js';

export const DEAD_SUFFIX = '.dead';
const ACKS_ALL = -1;

export interface KafkaDeadLettersOptions extends KafkaConnection {
  /** The topic that is consumed: letters go to `<topic>.dead`. */
  readonly topic: string;
  /** Told in a header. */
  readonly groupId?: string;
}

/** Dead letters on a topic of the agency's own. Close it after the consumer has stopped. */
export interface KafkaDeadLetters extends DeadLetters {
  readonly topic: string;
  close(): Promise<void>;
}

/**
 * Puts each letter on `<topic>.dead`, which must exist and which the login may write: key, value and headers as they came,
 * and beside them `renkei_dead_reason`, `_code`, `_attempts`, `_place`, `_at`, `_group`. On all in-sync replicas when `put`
 * resolves.
 */
export function kafkaDeadLetters(options: KafkaDeadLettersOptions): KafkaDeadLetters {
  const topic = `${options.topic}${DEAD_SUFFIX}`;
  let connected: Promise<Producer> | undefined;
  const open = async (): Promise<Producer> => {
    const producer = kafkaOf(await loadKafka(), options).producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    return producer;
  };
  const close = async (): Promise<void> => {
    const producer = connected;
    connected = undefined;
    await producer?.then((open) => open.disconnect()).catch(() => undefined); // it never came to be, or is gone already
  };
  return {
    topic,
    async put(letter) {
      try {
        connected ??= open();
        const producer = await connected;
        await producer.send({ topic, acks: ACKS_ALL, messages: [messageOf(letter, options.groupId)] });
      } catch (cause) {
        await close();
        const { code, message } = kafkaTrouble(cause);
        throw new PassingError(`DEAD_LETTER_${code}`, `the dead letter could not be put on its topic: ${message}`, { cause });
      }
    },
    close,
  };
}

function messageOf({ reason, code, attempts, place, at, message: { key, value, headers = {} } }: DeadLetter, groupId: string | undefined) {
  const own = { reason, code, attempts: String(attempts), place, at, ...(groupId === undefined ? {} : { group: groupId }) };
  return {
    key: key === undefined ? null : Buffer.from(key),
    value: Buffer.from(value),
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, bytes]) => [name, Buffer.from(bytes)])),
      ...Object.fromEntries(Object.entries(own).map(([name, text]) => [`renkei_dead_${name}`, text])),
    },
  };
}
