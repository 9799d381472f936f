import { randomUUID } from 'node:crypto';
import type { Admin, Kafka, Message, Producer } from 'kafkajs';
import { kafkaSource, type MemoryEntry } from '#libs/agency-sdk';
import { toKafkaMessage } from '#libs/feed-schemas';
import type { SourceBench, SourceSetting } from '../../libs/agency-sdk/src/consumer/feed-source.contract.js';
import { clientOf } from '../support/kafka/kafka.js';

const MESSAGES_A_SEND = 200;
export const FAST = { firstMs: 20, maxMs: 200 };

/** An entry as the relay writes it; what is broken is no JSON, what is unknown has a type of its own. */
export function messageOf(entry: MemoryEntry): Message {
  if (!('kind' in entry)) {
    const { key, value, headers, timestamp } = toKafkaMessage(entry);
    return { key, value, headers: { ...headers }, timestamp };
  }
  if (entry.kind === 'broken') return { key: 'broken', value: '{', headers: { ce_id: 'broken' } };
  const headers = { 'content-type': 'application/json', ce_specversion: '1.0', ce_id: entry.id, ce_source: entry.source, ce_type: entry.type };
  return { key: 'new', value: '{"more":true}', headers };
}

/** Topics of a broker, without login. */
export class KafkaFeeds implements SourceSetting {
  private constructor(
    readonly brokers: readonly string[],
    readonly kafka: Kafka,
    readonly admin: Admin,
    readonly producer: Producer,
  ) {}

  static async open(brokers: readonly string[]): Promise<KafkaFeeds> {
    const kafka = clientOf(brokers);
    const admin = kafka.admin();
    const producer = kafka.producer({ allowAutoTopicCreation: false });
    await admin.connect();
    await producer.connect();
    return new KafkaFeeds(brokers, kafka, admin, producer);
  }

  newTopicName(): string {
    return `renkei.agency.${randomUUID()}`;
  }
  async make(...topics: readonly string[]): Promise<void> {
    await this.admin.createTopics({ waitForLeaders: true, topics: topics.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 1 })) });
  }
  async publish(topic: string, ...entries: readonly MemoryEntry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += MESSAGES_A_SEND) {
      await this.producer.send({ topic, acks: -1, messages: entries.slice(from, from + MESSAGES_A_SEND).map(messageOf) });
    }
  }

  async newFeed(): Promise<SourceBench> {
    const topic = this.newTopicName();
    await this.make(topic);
    return {
      publish: (...entries) => this.publish(topic, ...entries),
      source: (group, startAt) => {
        const connection = { brokers: this.brokers, topic, groupId: `${topic}.${group}`, backoff: FAST };
        return kafkaSource({ ...connection, ...(startAt === undefined ? {} : { startAt }) });
      },
      placeAfter: String,
      close: () => Promise.resolve(),
    };
  }
  async close(): Promise<void> {
    await this.producer.disconnect();
    await this.admin.disconnect();
  }
}
