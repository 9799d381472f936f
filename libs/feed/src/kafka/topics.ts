import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs';
import { FEED_RETENTION_MS_MAX } from '#libs/feed-schemas';
import { RelayTrouble } from '../relay/relay-trouble.js';
import { kafkaTrouble } from './kafka-errors.js';

/** Topics asked about or made in one request. */
const CHUNK_TOPICS = 200;
const NAMED_MAX = 5;

export type TopicUse = 'agency' | 'position';

const CONFIGS: Readonly<Record<TopicUse, Readonly<Record<string, string>>>> = {
  agency: { 'cleanup.policy': 'delete', 'retention.ms': String(FEED_RETENTION_MS_MAX) },
  // the last record of a key is kept for ever; small segments, so that the rest goes soon
  position: { 'cleanup.policy': 'compact', 'segment.bytes': '16777216', 'min.cleanable.dirty.ratio': '0.1' },
};

const listed = (topics: readonly string[]): string => [...topics.slice(0, NAMED_MAX), ...(topics.length > NAMED_MAX ? ['…'] : [])].join(', ');
const chunksOf = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / CHUNK_TOPICS) }, (_, at) => all.slice(at * CHUNK_TOPICS, (at + 1) * CHUNK_TOPICS));

/** The topics that a relay writes to: looked at once each, made where they are missing and may be made. */
export class Topics {
  readonly #admin: Admin;
  /** That are as they must be. */
  readonly #suitable = new Set<string>();
  #existing: Set<string> | undefined;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** Resolves when all of them can be written to. Rejects with RelayTrouble, naming those that cannot. */
  async ensure(topics: readonly string[], use: TopicUse): Promise<void> {
    const fresh = [...new Set(topics)].filter((topic) => !this.#suitable.has(topic));
    if (fresh.length === 0) return;
    this.#existing ??= new Set(await this.#admin.listTopics());
    const existing = this.#existing;
    const missing = fresh.filter((topic) => !existing.has(topic));
    for (const chunk of chunksOf(missing)) await this.#make(chunk, use);
    for (const chunk of chunksOf(fresh)) await this.#check(chunk, use);
    for (const topic of fresh) {
      existing.add(topic);
      this.#suitable.add(topic);
    }
  }

  async #make(topics: readonly string[], use: TopicUse): Promise<void> {
    const configEntries = Object.entries(CONFIGS[use]).map(([name, value]) => ({ name, value }));
    // replication is the brokers' own default
    const wanted = topics.map((topic): ITopicConfig => ({ topic, numPartitions: 1, replicationFactor: -1, configEntries }));
    try {
      await this.#admin.createTopics({ topics: wanted, waitForLeaders: true });
    } catch (error) {
      const trouble = kafkaTrouble(error, listed(topics));
      if (trouble.code !== 'KAFKA_ACCESS_REFUSED') throw trouble;
      throw new RelayTrouble('KAFKA_TOPIC_MISSING', `topics are missing and may not be made: ${listed(topics)}`, { cause: error });
    }
  }

  async #check(topics: readonly string[], use: TopicUse): Promise<void> {
    const { topics: described } = await this.#admin.fetchTopicMetadata({ topics: [...topics] });
    const split = described.filter(({ partitions }) => partitions.length !== 1).map(({ name }) => name);
    if (split.length > 0) throw new RelayTrouble('KAFKA_TOPIC_UNSUITABLE', `must have one partition: ${listed(split)}`);
    const configNames = ['cleanup.policy', 'retention.ms'];
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames })),
    });
    for (const { resourceName, configEntries } of resources) {
      const config = Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue]));
      const problem = use === 'agency' ? agencyProblem(config) : positionProblem(config);
      if (problem !== undefined) throw new RelayTrouble('KAFKA_TOPIC_UNSUITABLE', `${resourceName} ${problem}`);
    }
  }
}

type Config = Readonly<Record<string, string | undefined>>;

function agencyProblem(config: Config): string | undefined {
  const retentionMs = Number(config['retention.ms']);
  if (config['cleanup.policy'] !== 'delete') return 'must not be compacted: its keys are exchanges, each with several events';
  return retentionMs > 0 && retentionMs <= FEED_RETENTION_MS_MAX ? undefined : `must keep events for at most ${FEED_RETENTION_MS_MAX} ms (retention.ms)`;
}

/** One that forgets would have everything published again after a pause. */
const positionProblem = (config: Config): string | undefined =>
  config['cleanup.policy'] === 'compact' ? undefined : 'must be compacted (cleanup.policy=compact)';
