// What may stand between a relay and its brokers: each has a code of its own, nothing is lost, and it goes on by itself.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import kafkajs, { type Admin } from 'kafkajs';
import { type EventStore, LmdbEventStore } from '#libs/event-store';
import { type AgencyFeedEvent, FeedRelay, type KafkaConnection, KafkaFeedPublisher } from '#libs/feed';
import { clientOf, describeWithKafka } from '../support/kafka/kafka.js';
import { TcpProxy } from '../support/kafka/tcp-proxy.js';
import { appendMade, madeSource, randomOf } from './made-feed.js';
import { judge, readTopics } from './oracle.js';

const AGENCY = '0271132035000000';
const EVENTS = 120;
const TIMEOUT_MS = 180_000;
const RELAY = { username: 'relay-is-test', password: 'password-of-the-relay' };
const DESK = { username: `agency-${AGENCY}`, password: 'password-of-the-agency' };
const LIMITS = { connectTimeoutMs: 1_000, requestTimeoutMs: 2_000, stepTimeoutMs: 10_000, closeTimeoutMs: 1_000 };
const SETTINGS = { retryFirstMs: 50, retryMaxMs: 300, displacedMs: 200 };
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

let directory: string;
let store: EventStore;
let expected: AgencyFeedEvent[];
let run: string;
const relays: FeedRelay[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-relay-'));
  store = await LmdbEventStore.open(directory);
  expected = await appendMade(store, [AGENCY], EVENTS, randomOf(1));
  run = `run-${Date.now()}`;
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const names = (): { deployment: string; party: string; topicPrefix: string } => ({ deployment: 'test.example', party: run, topicPrefix: `${run}.agency.` });
const topic = (): string => `${run}.agency.${AGENCY}`;

/** A relay over whatever connection is asked for at the moment that it begins. */
function relayOver(connection: () => Omit<KafkaConnection, 'clientId'>): { relay: FeedRelay; codes: string[] } {
  const codes: string[] = [];
  const relay = new FeedRelay({
    source: madeSource(store),
    openPublisher: () => new KafkaFeedPublisher({ connection: { clientId: 'relay', ...connection() }, names: names(), limits: LIMITS }),
    settings: SETTINGS,
    onTrouble: ({ code, error }) => {
      codes.push(code);
      expect(JSON.stringify([String(error), error])).not.toContain(RELAY.password); // nor anybody else's
    },
  });
  relays.push(relay);
  relay.start();
  return { relay, codes };
}
async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + TIMEOUT_MS / 2;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`it never came to ${what}`);
    await sleep(20);
  }
}
const published = async (relay: FeedRelay): Promise<void> => {
  const last = await store.lastPosition();
  await until(`the end: ${relay.trouble?.code ?? 'no trouble'}`, () => relay.ready && relay.position === last);
};

await describeWithKafka('a relay in trouble', { users: [RELAY, DESK] }, (server, version) => {
  const withOwnBroker = version !== 'given' ? it : it.skip;
  const admin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const client = clientOf(server().brokers).admin();
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.disconnect();
    }
  };
  const allSeen = async (): Promise<void> => {
    const found = await readTopics(clientOf(server().brokers), [AGENCY], names().topicPrefix, expected.length);
    const verdict = judge(
      expected.map(({ agency, event }) => ({ agency, id: event.id })),
      found,
    );
    expect(verdict).toEqual({ lost: 0, repeated: 0, reordered: 0 });
  };
  const sasl = (password: string): Omit<KafkaConnection, 'clientId'> => ({
    brokers: server().saslBrokers,
    sasl: { mechanism: 'scram-sha-256', username: RELAY.username, password },
  });
  /** What the runbook gives a relay: its topics by prefix, its transactional id, its groups. */
  const allow = (operations: readonly number[]): Promise<unknown> =>
    admin((client) => {
      const all = { principal: `User:${RELAY.username}`, host: '*', permissionType: AclPermissionTypes.ALLOW };
      const literal = ResourcePatternTypes.LITERAL;
      const prefixed = ResourcePatternTypes.PREFIXED;
      return client.createAcls({
        acl: [
          ...operations.map((operation) => ({
            ...all,
            operation,
            resourceType: AclResourceTypes.TOPIC,
            resourceName: `${run}.`,
            resourcePatternType: prefixed,
          })),
          ...[AclOperationTypes.WRITE, AclOperationTypes.DESCRIBE].map((operation) => ({
            ...all,
            operation,
            resourceType: AclResourceTypes.TRANSACTIONAL_ID,
            resourceName: `renkei-relay-test.example-${run}`,
            resourcePatternType: literal,
          })),
          {
            ...all,
            operation: AclOperationTypes.READ,
            resourceType: AclResourceTypes.GROUP,
            resourceName: `renkei-relay-test.example-${run}.`,
            resourcePatternType: prefixed,
          },
        ],
      });
    });
  const REST = [AclOperationTypes.READ, AclOperationTypes.WRITE, AclOperationTypes.DESCRIBE, AclOperationTypes.DESCRIBE_CONFIGS];

  withOwnBroker(
    'meets brokers that are not there, that are silent, and that are slow',
    async () => {
      const proxy = new TcpProxy(server().proxy);
      try {
        const { relay, codes } = relayOver(() => ({ brokers: [proxy.address] }));
        await until('a trouble', () => relay.trouble !== undefined);
        expect([relay.ready, relay.trouble?.code]).toEqual([false, 'KAFKA_UNREACHABLE']);
        await proxy.mode(100);
        await published(relay);
        await proxy.mode('silent');
        expected.push(...(await appendMade(store, [AGENCY], EVENTS, randomOf(2))));
        await until('a second trouble', () => relay.trouble !== undefined);
        expect(relay.ready).toBe(false);
        expect(['KAFKA_TIMEOUT', 'KAFKA_UNREACHABLE']).toContain(codes[1]); // of a silent broker the driver mostly says that it finds no coordinator
        await proxy.mode('refused');
        await proxy.mode('open');
        await published(relay);
        await allSeen();
      } finally {
        await proxy.stop();
      }
    },
    TIMEOUT_MS,
  );

  withOwnBroker(
    'meets a wrong password, missing rights and topics that it may not make; publishes once it may',
    async () => {
      let password = 'another-password';
      const { relay, codes } = relayOver(() => sasl(password));
      await until('a refused login', () => codes.includes('KAFKA_LOGIN_REFUSED'));
      password = RELAY.password;
      await until('a missing topic or right', () => /ACCESS_REFUSED|TOPIC_MISSING/.test(relay.trouble?.code ?? ''));
      await allow(REST);
      await until('a missing topic', () => relay.trouble?.code === 'KAFKA_TOPIC_MISSING');
      expect(relay.ready).toBe(false);
      await admin((client) =>
        client.createTopics({
          topics: [
            { topic: `${run}.relay.${run}`, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
            { topic: topic(), numPartitions: 1, configEntries: [{ name: 'retention.ms', value: String(31 * 86_400_000) }] },
          ],
        }),
      );
      await until('a topic that keeps too long', () => relay.trouble?.code === 'KAFKA_TOPIC_UNSUITABLE');
      await admin((client) =>
        client.alterConfigs({
          validateOnly: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic(), configEntries: [{ name: 'retention.ms', value: '86400000' }] }],
        }),
      );
      await published(relay);
      await allSeen();
    },
    TIMEOUT_MS,
  );

  withOwnBroker(
    'writes topics that only their own agency can read, and nobody but it can write',
    async () => {
      await allow([...REST, AclOperationTypes.CREATE, AclOperationTypes.ALTER_CONFIGS]);
      const other = '0111002011000000';
      expected.push(...(await appendMade(store, [other], 1, randomOf(3))));
      const { relay } = relayOver(() => sasl(RELAY.password));
      await published(relay);
      await admin((client) => {
        const own = { principal: `User:${DESK.username}`, host: '*', permissionType: AclPermissionTypes.ALLOW, operation: AclOperationTypes.READ };
        return client.createAcls({
          acl: [
            { ...own, resourceType: AclResourceTypes.TOPIC, resourceName: topic(), resourcePatternType: ResourcePatternTypes.LITERAL },
            { ...own, resourceType: AclResourceTypes.GROUP, resourceName: `${DESK.username}.`, resourcePatternType: ResourcePatternTypes.PREFIXED },
          ],
        });
      });
      const desk = clientOf(server().saslBrokers, { sasl: { mechanism: 'scram-sha-256', ...DESK } });
      const read = async (from: string): Promise<number> => {
        const consumer = desk.consumer({ groupId: `${DESK.username}.${Date.now()}`, maxWaitTimeInMs: 100 });
        await consumer.connect();
        try {
          let count = 0;
          await consumer.subscribe({ topics: [from], fromBeginning: true });
          await consumer.run({ autoCommit: false, eachMessage: () => Promise.resolve(void (count += 1)) });
          await until('all of it', () => count === EVENTS);
          return count;
        } finally {
          await consumer.disconnect();
        }
      };
      expect(await read(topic())).toBe(EVENTS);
      await expect(read(`${run}.agency.${other}`)).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
      const producer = desk.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      await expect(producer.send({ topic: topic(), messages: [{ value: 'forged' }] })).rejects.toMatchObject({ message: expect.stringMatching(/authoriz/i) });
      await producer.disconnect();
    },
    TIMEOUT_MS,
  );
});
