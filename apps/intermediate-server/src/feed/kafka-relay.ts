import { readFileSync } from 'node:fs';
import { Counter, Gauge } from 'prom-client';
import type { EventStore } from '#libs/event-store';
import { type FeedReader, FeedRelay, type KafkaConnection, KafkaFeedPublisher, storeFeedSource } from '#libs/feed';
import { TOPIC_PREFIX_DEFAULT } from '#libs/feed-schemas';
import { DomainError } from '#libs/kernel';
import type { Log, Metrics } from '#libs/platform';
import type { ServerLog } from '../log/server-log.js';

/** Where a server's feed goes besides HTTP. */
export interface KafkaOptions {
  /** `host:port`, joined by commas. */
  readonly brokers: string;
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly mechanism?: 'scram-sha-256' | 'scram-sha-512';
  /** File of the certificate of the brokers' authority, PEM; without it the connection is not encrypted. */
  readonly caFile?: string | undefined;
  readonly topicPrefix?: string;
}

function textOf(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (cause) {
    throw new DomainError('CONFIGURATION', 'invalid', `the file that ${variable} names cannot be read`, {}, { cause });
  }
}

function connectionOf(id: string, { brokers, username, passwordFile, mechanism = 'scram-sha-256', caFile }: KafkaOptions): KafkaConnection {
  const unsaid = (username === undefined) !== (passwordFile === undefined);
  if (unsaid) throw new DomainError('CONFIGURATION', 'invalid', 'KAFKA_USERNAME and KAFKA_PASSWORD_FILE go together');
  return {
    brokers: brokers.split(',').map((broker) => broker.trim()),
    clientId: `renkei-${id}`,
    ...(username === undefined || passwordFile === undefined ? {} : { sasl: { mechanism, username, password: textOf(passwordFile, 'KAFKA_PASSWORD_FILE') } }),
    ...(caFile === undefined ? {} : { ca: textOf(caFile, 'KAFKA_TLS_CA_FILE') }),
  };
}

export interface RelayParts {
  readonly id: string;
  readonly deployment: string;
  readonly store: Pick<EventStore, 'subscribe' | 'lastPosition' | 'readAll'>;
  readonly serverLog: Pick<ServerLog, 'caughtUp'>;
  readonly reader: FeedReader;
  readonly log: Log;
}

/** The record as a relay follows it: nothing that tells of a recorded event leaves before the log holds it. */
const behindTheLog = ({ store, serverLog }: Pick<RelayParts, 'store' | 'serverLog'>): RelayParts['store'] => ({
  lastPosition: () => store.lastPosition(),
  readAll: (query) => store.readAll(query),
  subscribe: ({ onPage, ...place }) =>
    store.subscribe({
      ...place,
      onPage: async (page) => {
        await serverLog.caughtUp();
        await onPage(page);
      },
    }),
});

/** The relay of a server's feed to Kafka; not started. Throws CONFIGURATION where a file cannot be read. */
export function kafkaRelay({ id, deployment, reader, log, ...record }: RelayParts, options: KafkaOptions): FeedRelay {
  const connection = connectionOf(id, options);
  const names = { deployment, party: id, topicPrefix: options.topicPrefix ?? TOPIC_PREFIX_DEFAULT };
  return new FeedRelay({
    source: storeFeedSource(behindTheLog(record), reader),
    openPublisher: () => new KafkaFeedPublisher({ connection, names }),
    onTrouble: ({ code, error, attempt }) => log.error('the feed does not go out to Kafka; it is tried again', { code, attempt, error }),
    onRecovered: () => log.info('the feed goes out to Kafka again'),
  });
}

/** No label: neither agencies nor topics are told apart. */
export function measureRelay({ registry }: Metrics, relay: FeedRelay): void {
  const registers = [registry];
  const counts = [
    { name: 'renkei_feed_relay_events_total', what: 'events', help: 'Events published, in transactions that were committed' },
    { name: 'renkei_feed_relay_transactions_total', what: 'transactions', help: 'Transactions committed' },
    { name: 'renkei_feed_relay_restarts_total', what: 'restarts', help: 'Runs begun anew after an error' },
  ] as const;
  for (const { name, what, help } of counts) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(relay.counts[what]);
      },
    });
  }
  const lagSeconds = new Gauge({
    name: 'renkei_feed_relay_lag_seconds',
    help: 'Age of the oldest event that is not yet published; 0 where there is none',
    registers,
  });
  new Gauge({
    name: 'renkei_feed_relay_lag_positions',
    help: 'From the last position published to the end of the store: events in the embedded store, bytes of the log in EventStoreDB',
    registers,
    async collect() {
      const lag = await relay.lag().catch(() => undefined); // the store cannot be read just now: the last figures stand
      if (lag === undefined) return;
      this.set(lag.positions);
      lagSeconds.set(lag.seconds);
    },
  });
  new Gauge({
    name: 'renkei_feed_relay_ready',
    help: '1 where the relay has found its place and nothing hinders it',
    registers,
    collect() {
      this.set(relay.ready ? 1 : 0);
    },
  });
}
