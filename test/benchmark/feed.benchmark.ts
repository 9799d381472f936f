import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import { type EventStore, LmdbEventStore } from '#libs/event-store';
import { FeedRelay, KafkaFeedPublisher } from '#libs/feed';
import { FEED_RETENTION_MS_MAX, fromKafkaMessage } from '#libs/feed-schemas';
import { appendMade, madeSource, randomOf } from '../kafka/made-feed.js';
import { KAFKA_VERSIONS, type KafkaServer } from '../support/kafka/kafka-server.js';
import { clientOf, kafkaMeans, startKafka } from '../support/kafka/start.js';
import { type Benchmark, type Figure, median, rate, withPeakMemory, percentile } from './benchmark.js';

const [VERSION] = KAFKA_VERSIONS.slice(-1);
const TOPICS = [10, 1_788];
const EVENTS = 40_000;
const EVENTS_QUICK = 8_000;
const RUNS = 3;
const APPENDS_AT_ONCE = 1_000;
const PACED_A_SECOND = 200;
const PACED_S = 10;
const PACED_S_QUICK = 3;
const CHUNK_TOPICS = 200;
const POLL_MS = 200;
const SETTLE_MS = 3_000;
const TIMEOUT_MS = 180_000;
const PERCENTILES = [50, 99] as const;

/** A broker with topics, a store, a relay between them, and a reader that takes each event once, decoded. */
class Bench {
  readonly agencies: readonly string[];
  readonly #arrived = new Map<string, number>();
  readonly #random = randomOf(1);
  #consumer: Consumer | undefined;
  #relay: FeedRelay | undefined;

  constructor(
    private readonly server: KafkaServer,
    private readonly store: EventStore,
    count: number,
  ) {
    this.agencies = Array.from({ length: count }, (_, at) => String(at).padStart(16, '0'));
  }

  get #names(): { deployment: string; party: string; topicPrefix: string } {
    return { deployment: 'measured.example', party: `is-${this.agencies.length}`, topicPrefix: `measured-${this.agencies.length}.agency.` };
  }

  async open(): Promise<void> {
    const kafka = clientOf(this.server.brokers);
    const topics = this.agencies.map((agency) => this.#names.topicPrefix + agency);
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'retention.ms', value: String(FEED_RETENTION_MS_MAX) }];
    for (let from = 0; from < topics.length; from += CHUNK_TOPICS) {
      const chunk = topics.slice(from, from + CHUNK_TOPICS);
      await admin.createTopics({ topics: chunk.map((topic) => ({ topic, numPartitions: 1, configEntries })), waitForLeaders: false, timeout: 60_000 });
    }
    while ((await admin.listTopics()).filter((topic) => topic.startsWith(this.#names.topicPrefix)).length < topics.length) await sleep(POLL_MS);
    await sleep(SETTLE_MS); // leaders of so many are known a little later
    await admin.disconnect();
    const consumer = kafka.consumer({ groupId: `measured-${Date.now()}`, maxWaitTimeInMs: 20, sessionTimeout: 60_000 });
    this.#consumer = consumer;
    await consumer.connect();
    await consumer.subscribe({ topics, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        const { id } = fromKafkaMessage(message);
        if (!this.#arrived.has(id)) this.#arrived.set(id, performance.now());
        return Promise.resolve();
      },
    });
    const connection = { brokers: this.server.brokers, clientId: 'measured' };
    this.#relay = new FeedRelay({ source: madeSource(this.store), openPublisher: () => new KafkaFeedPublisher({ connection, names: this.#names }) });
    this.#relay.start();
    await this.arrived((await this.append(this.agencies.length * 2)).map(({ id }) => id)); // every topic has been looked at once
  }

  async append(count: number): Promise<{ readonly id: string }[]> {
    const told = [];
    for (let left = count; left > 0; left -= APPENDS_AT_ONCE)
      told.push(...(await appendMade(this.store, this.agencies, Math.min(left, APPENDS_AT_ONCE), this.#random)));
    return told.map(({ event: { id } }) => ({ id }));
  }

  /** Resolves to when the reader took each; rejects where one does not come. */
  async arrived(ids: readonly string[]): Promise<number[]> {
    const until = performance.now() + TIMEOUT_MS;
    while (ids.some((id) => !this.#arrived.has(id))) {
      if (performance.now() > until) throw new Error(`not everything arrived: ${this.#relay?.trouble?.code ?? 'no trouble'}`);
      await sleep(5);
    }
    return ids.map((id) => this.#arrived.get(id) ?? Number.NaN);
  }

  /** Milliseconds from the acknowledged append to the reader, at a steady pace. */
  async lags(seconds: number): Promise<number[]> {
    const startMs = performance.now();
    const appended: Promise<readonly [id: string, atMs: number]>[] = [];
    for (let index = 0; index < seconds * PACED_A_SECOND; index += 1) {
      const waitMs = startMs + (index * 1_000) / PACED_A_SECOND - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      appended.push(this.append(1).then((told) => [told[0]?.id ?? '', performance.now()] as const));
    }
    const stored = await Promise.all(appended);
    const taken = await this.arrived(stored.map(([id]) => id));
    return taken.map((atMs, at) => Math.max(0, atMs - (stored[at]?.[1] ?? 0)));
  }

  async close(): Promise<void> {
    await this.#relay?.stop();
    await this.#consumer?.disconnect();
  }
}

async function* measured(server: KafkaServer, topics: number, quick: boolean): AsyncIterable<Figure> {
  const directory = await mkdtemp(join(tmpdir(), 'renkei-feed-'));
  const store = await LmdbEventStore.open(directory);
  const bench = new Bench(server, store, topics);
  try {
    await bench.open();
    const events = quick ? EVENTS_QUICK : EVENTS;
    const { result: rates, peakMiB: peakRssMiB } = await withPeakMemory(async () => {
      const all = [];
      for (let run = 0; run < (quick ? 1 : RUNS); run += 1)
        all.push(await rate(events, async () => bench.arrived((await bench.append(events)).map(({ id }) => id))));
      return all;
    });
    const figure = (benchmark: string, unit: string, values: readonly number[]): Figure => ({
      benchmark,
      unit,
      median: Math.round(median(values)),
      min: Math.round(Math.min(...values)),
      max: Math.round(Math.max(...values)),
      baseline: null,
      ratio: null,
      peakRssMiB,
      runs: values.length,
    });
    yield figure(`feed.${topics}-topics`, 'events/s', rates);
    const lags = await bench.lags(quick ? PACED_S_QUICK : PACED_S);
    for (const percent of PERCENTILES) yield figure(`feed.${topics}-topics.lag.p${percent}`, 'ms', [percentile(lags, percent)]);
  } finally {
    await bench.close();
    await store.close();
    await rm(directory, { recursive: true });
  }
}

export const feed: Benchmark = {
  name: 'feed',
  what:
    'Store → relay → Kafka → reader: events appended, told, encoded (CloudEvents), published in transactions to the topics of 10 and of 1,788 agencies, ' +
    'read committed, decoded, taken once; and the time from append to reader at 200 a second. Broker, relay and reader share the cores; in-agency numbers are not opened.',
  on: {
    eventStore: { not: 'it measures the relay and Kafka; `append` tells what the server takes' },
    postgres: { not: 'the relay asks no read model' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    const means = await kafkaMeans(VERSION);
    const server = VERSION === undefined ? undefined : await startKafka({ version: VERSION });
    if (server === undefined) throw new Error(means.by === 'nothing' ? means.why : 'no broker');
    try {
      for (const topics of TOPICS) yield* measured(server, topics, quick);
    } finally {
      await server.stop();
    }
  },
};
