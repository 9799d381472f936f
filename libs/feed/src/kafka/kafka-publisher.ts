import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Consumer, type Kafka as KafkaClient, type Message, type Producer, type TopicMessages } from 'kafkajs';
import { type Position, START } from '#libs/event-store';
import { toKafkaMessage } from '#libs/feed-schemas';
import { bytesOf } from '../relay/batches.js';
import { type FeedBatch, FeedPublisher } from '../relay/feed-publisher.js';
import { RelayTrouble } from '../relay/relay-trouble.js';
import { kafkaClient, letGo, PRODUCER_RETRY, RETRY, within } from './kafka-client.js';
import { kafkaTrouble } from './kafka-errors.js';
import { agencyTopic, KAFKA_LIMITS, type KafkaConnection, type KafkaLimits, positionTopic, type RelayNames, relayName } from './kafka-settings.js';
import { BEGUN_KEY, POSITION_KEY, positionOf, positionValue } from './position-record.js';
import { Topics } from './topics.js';

/** A broker's default for one record batch is 1,048,588 bytes, and the driver makes one of all that goes to a partition at once. */
const TOPIC_BYTES_A_SEND_MAX = 524_288;
/** Records looked back for the position at first, then ever further: after compaction it stands close to the end. */
const LOOK_BACK_FIRST = 32;
const LOOK_BACK_FACTOR = 16;
const ACKS_ALL = -1;

export interface KafkaPublisherOptions {
  readonly connection: KafkaConnection;
  readonly names: RelayNames;
  readonly limits?: Partial<KafkaLimits>;
}

/**
 * Publishes to one topic an agency, each batch in one Kafka transaction whose last record, on the compacted topic of the
 * relay's own, is the position. The transactional id shuts out earlier publishers.
 */
export class KafkaFeedPublisher extends FeedPublisher {
  readonly #kafka: KafkaClient;
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly #topics: Topics;
  readonly #limits: KafkaLimits;
  readonly #names: RelayNames;
  readonly #positionTopic: string;

  constructor({ connection, names, limits }: KafkaPublisherOptions) {
    super();
    this.#limits = { ...KAFKA_LIMITS, ...limits };
    this.#names = names;
    this.#positionTopic = positionTopic(names);
    this.#kafka = kafkaClient(connection, this.#limits);
    this.#admin = this.#kafka.admin();
    this.#topics = new Topics(this.#admin);
    this.#producer = this.#kafka.producer({
      transactionalId: relayName(names),
      idempotent: true,
      maxInFlightRequests: 1, // more would reorder on a retry
      allowAutoTopicCreation: false,
      transactionTimeout: this.#limits.stepTimeoutMs,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: PRODUCER_RETRY,
    });
  }

  get #source(): string {
    return `/${this.#names.deployment}/${this.#names.party}`;
  }

  begin(): Promise<Position> {
    return this.#step(async () => {
      await this.#admin.connect();
      await this.#topics.ensure([this.#positionTopic], 'position');
      await this.#producer.connect(); // a new epoch: earlier producers are shut out, what they had open is aborted
      await (await this.#producer.transaction()).abort();
      return this.#readPosition(await this.#markBegun());
    }, this.#positionTopic);
  }

  publish({ events, position }: FeedBatch): Promise<void> {
    return this.#step(async () => {
      const sends = this.#sendsOf({ events, position });
      await this.#topics.ensure(
        events.map(({ agency }) => agencyTopic(this.#names, agency)),
        'agency',
      );
      const transaction = await this.#producer.transaction();
      for (const topicMessages of sends) await transaction.sendBatch({ acks: ACKS_ALL, topicMessages });
      await transaction.commit();
    });
  }

  async close(): Promise<void> {
    await letGo(this.#limits.closeTimeoutMs, [this.#producer.disconnect(), this.#admin.disconnect()]);
  }

  async #step<T>(work: () => Promise<T>, what?: string): Promise<T> {
    try {
      return await within(this.#limits.stepTimeoutMs, work());
    } catch (error) {
      throw kafkaTrouble(error, what);
    }
  }

  /** Requests of one transaction, in order: each topic's events in pieces that one record batch can hold, the position last. */
  #sendsOf({ events, position }: FeedBatch): TopicMessages[][] {
    const pieces = new Map<string, { messages: Message[]; bytes: number }[]>();
    for (const told of events) {
      const topic = agencyTopic(this.#names, told.agency);
      const ofTopic = pieces.get(topic) ?? [];
      const bytes = bytesOf(told);
      let last = ofTopic.at(-1);
      if (last === undefined || last.bytes + bytes > TOPIC_BYTES_A_SEND_MAX) ofTopic.push((last = { messages: [], bytes: 0 }));
      last.messages.push({ ...toKafkaMessage(told.event), partition: 0 });
      last.bytes += bytes;
      pieces.set(topic, ofTopic);
    }
    const rounds: TopicMessages[][] = [];
    for (const [topic, ofTopic] of pieces) for (const [at, { messages }] of ofTopic.entries()) (rounds[at] ??= []).push({ topic, messages });
    const place = { topic: this.#positionTopic, messages: [{ key: POSITION_KEY, value: positionValue(this.#source, position), partition: 0 }] };
    if (rounds.length === 0) rounds.push([]);
    rounds.at(-1)?.push(place);
    return rounds;
  }

  /** Offset of a record that is newer than all that counts. */
  async #markBegun(): Promise<bigint> {
    const transaction = await this.#producer.transaction();
    const [written] = await transaction.send({
      acks: ACKS_ALL,
      topic: this.#positionTopic,
      messages: [{ key: BEGUN_KEY, value: randomUUID(), partition: 0 }],
    });
    await transaction.commit();
    if (written?.baseOffset === undefined) throw new RelayTrouble('KAFKA_FAILED', 'the broker does not tell where it wrote');
    return BigInt(written.baseOffset);
  }

  async #readPosition(end: bigint): Promise<Position> {
    const [partition] = await this.#admin.fetchTopicOffsets(this.#positionTopic);
    const low = BigInt(partition?.low ?? 0);
    for (let back = BigInt(LOOK_BACK_FIRST); ; back *= BigInt(LOOK_BACK_FACTOR)) {
      const from = end - back > low ? end - back : low;
      const found = await this.#lastPosition(from, end);
      if (found !== undefined || from === low) return found ?? START;
    }
  }

  /** The last position told between two offsets, the second one being a committed record. */
  async #lastPosition(from: bigint, end: bigint): Promise<Position | undefined> {
    // a group of its own, which leaves nothing: one that is shared would wait for the members of a relay that died
    const consumer = this.#kafka.consumer({
      groupId: `${relayName(this.#names)}.${randomUUID()}`,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      maxWaitTimeInMs: 100,
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.#positionTopic, fromBeginning: true });
      return await this.#readBetween(consumer, from, end);
    } finally {
      await letGo(this.#limits.closeTimeoutMs, [consumer.disconnect()]);
    }
  }

  #readBetween(consumer: Consumer, from: bigint, end: bigint): Promise<Position | undefined> {
    return new Promise((resolve, reject) => {
      let position: Position | undefined;
      let done = false;
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const eachMessage = ({ message: { offset, key, value } }: { message: { offset: string; key: Buffer | null; value: Buffer | null } }): Promise<void> => {
        const at = BigInt(offset);
        if (done || at < from) return Promise.resolve(); // the first fetch may have begun before the seek
        try {
          if (at < end && key?.toString() === POSITION_KEY) position = positionOf(value, this.#source);
          if (at >= end) done = true;
        } catch (error) {
          done = true;
          reject(error as RelayTrouble);
        }
        if (done) resolve(position);
        return Promise.resolve();
      };
      consumer
        .run({ autoCommit: false, eachMessage })
        .then(() => consumer.seek({ topic: this.#positionTopic, partition: 0, offset: String(from) }))
        .catch(reject); // also of a seek in a group that has broken up meanwhile
    });
  }
}
