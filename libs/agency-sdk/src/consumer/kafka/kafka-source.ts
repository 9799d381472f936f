import type { Admin, Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { FeedEvent } from '#libs/feed-schemas';
import { backoffMs, type BackoffOptions, pause } from '../backoff.js';
import { decodedOfMessage } from '../decoding.js';
import { type Delivery, FeedSource, type SourceEvents, type StartAt, type WireMessage } from '../feed-source.js';
import { kafkaOf, kafkaTrouble, loadKafka } from './kafka-client.js';
import type { KafkaConnection } from './kafka-connection.js';

const SESSION_TIMEOUT_MS = 15_000;
const REBALANCE_TIMEOUT_MS = 60_000;
const HEARTBEAT_MS = 3_000;
const FETCH_WAIT_MS = 500;
/** Places are committed at least so often while a batch is under way, and at its end. */
const COMMIT_EVERY = 100;
const COMMIT_EVERY_MS = 1_000;

export interface KafkaSourceOptions extends KafkaConnection {
  /** The agency's own topic, e.g. `renkei.agency.0220113112101700`. */
  readonly topic: string;
  /** Consumer group: keeps the place. A replay is a new group. */
  readonly groupId: string;
  /** Where a group that has no place yet begins (`beginning`): `{ time }`, `{ place: offset }` for a replay. */
  readonly startAt?: StartAt;
  readonly backoff?: BackoffOptions;
  /** Silence after which the group takes a member for dead, milliseconds (15,000): so long a killed one's events wait. */
  readonly sessionTimeoutMs?: number;
}

/** The agency's feed from its Kafka topic, read-committed. Needs the package kafkajs. */
export function kafkaSource(options: KafkaSourceOptions): FeedSource<FeedEvent> {
  return new KafkaSource(options);
}

class KafkaSource extends FeedSource<FeedEvent> {
  readonly name: string;

  constructor(private readonly options: KafkaSourceOptions) {
    super();
    this.name = options.topic;
  }

  async run(events: SourceEvents<FeedEvent>, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    for (let failures = 0; !signal.aborted;) {
      let read = false;
      try {
        await this.#session({ ...events, reading: () => ((read = true), events.reading()) }, signal, stopped);
      } catch (error) {
        if (signal.aborted) return;
        failures = read ? 1 : failures + 1;
        const delayMs = backoffMs(failures, this.options.backoff);
        events.trouble({ ...kafkaTrouble(error), delayMs });
        await pause(delayMs, signal);
      }
    }
  }

  /** One membership of the group: until it is stopped, or rejects where it breaks. */
  async #session(events: SourceEvents<FeedEvent>, signal: AbortSignal, stopped: Promise<void>): Promise<void> {
    const { topic, groupId, sessionTimeoutMs = SESSION_TIMEOUT_MS } = this.options;
    const kafka = kafkaOf(await loadKafka(), this.options);
    await this.#placeNewGroup(kafka);
    const consumer = kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3),
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(false) },
    });
    const broken = new Promise<never>((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    broken.catch(() => undefined); // raced below
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      consumer.on(consumer.events.GROUP_JOIN, () => events.reading());
      consumer.on(consumer.events.REBALANCING, () => events.notice('REBALANCING', 'the group shares its partitions anew'));
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: (payload) => this.#batch(events, payload, signal) });
      if (!signal.aborted) await Promise.race([broken, stopped]);
    } finally {
      await closed(consumer);
    }
  }

  /** Gives a group that has no place the one where it shall begin: it must not depend on when the first event is committed. */
  async #placeNewGroup(kafka: Kafka): Promise<void> {
    const { topic, groupId, startAt = 'beginning' } = this.options;
    if (startAt === 'beginning') return;
    const admin = kafka.admin();
    try {
      await admin.connect();
      const [known] = await admin.fetchOffsets({ groupId, topics: [topic] });
      if (known?.partitions.some(({ offset }) => offset !== '-1')) return;
      const places = await startingPlaces(admin, topic, startAt);
      await admin.setOffsets({ groupId, topic, partitions: places });
    } finally {
      await admin.disconnect();
    }
  }

  async #batch(events: SourceEvents<FeedEvent>, payload: EachBatchPayload, stopping: AbortSignal): Promise<void> {
    const { batch } = payload;
    const lost = new AbortController();
    let lostBy: unknown;
    const beat = (): void => {
      payload.heartbeat().catch((error: unknown) => {
        lostBy ??= error; // a rebalance, or the membership is over
        lost.abort();
      });
    };
    const heart = setInterval(beat, HEARTBEAT_MS);
    const givenBack = AbortSignal.any([stopping, lost.signal]);
    let uncommitted = 0;
    let committedMs = performance.now();
    try {
      for (const [index, message] of batch.messages.entries()) {
        if (givenBack.aborted || !payload.isRunning() || payload.isStale()) break;
        const behind = Math.max(0, Number(BigInt(batch.highWatermark) - BigInt(message.offset)) - 1);
        const delivery = deliveryOf(`${batch.topic}/${batch.partition}/${message.offset}`, message, { givenBack, behind, hold: () => payload.pause() });
        if ((await events.deliver(delivery)) === 'not-done') break;
        payload.resolveOffset(message.offset);
        uncommitted += 1;
        const due = uncommitted >= COMMIT_EVERY || performance.now() - committedMs >= COMMIT_EVERY_MS;
        if (!due || index === batch.messages.length - 1) continue;
        await payload.heartbeat();
        await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
        uncommitted = 0;
        committedMs = performance.now();
      }
    } finally {
      clearInterval(heart);
      await payload.commitOffsetsIfNecessary(payload.uncommittedOffsets());
    }
    if (lostBy !== undefined) throw asError(lostBy);
    if (!stopping.aborted) await payload.heartbeat();
  }
}

const asError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : Object.assign(new Error('the membership of the group is over'), { cause: thrown });

/** Disconnects; that something fails then is of no use to anyone. */
async function closed(consumer: Consumer): Promise<void> {
  await consumer.disconnect().catch(() => undefined);
}

async function startingPlaces(
  admin: Admin,
  topic: string,
  startAt: Exclude<StartAt, 'beginning'>,
): Promise<{ readonly partition: number; readonly offset: string }[]> {
  if (typeof startAt === 'object' && 'time' in startAt) return admin.fetchTopicOffsetsByTimestamp(topic, new Date(startAt.time).getTime());
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, high }) => ({ partition, offset: startAt === 'end' ? high : startAt.place }));
}

function deliveryOf(place: string, message: KafkaMessage, control: Pick<Delivery<FeedEvent>, 'givenBack' | 'behind' | 'hold'>): Delivery<FeedEvent> {
  return { place, decode: () => decodedOfMessage(message), message: () => wireMessageOf(message), ...control };
}

function wireMessageOf({ key, value, headers }: KafkaMessage): WireMessage {
  const named = Object.entries(headers ?? {}).flatMap(([name, content]) => {
    const first = Array.isArray(content) ? content[0] : content;
    return first === undefined ? [] : [[name, Buffer.from(first)] as const];
  });
  return { ...(key ? { key } : {}), value: value ?? Buffer.alloc(0), headers: Object.fromEntries(named) };
}
