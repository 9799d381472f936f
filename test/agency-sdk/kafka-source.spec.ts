import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs';
import {
  type ConsumeOptions,
  consumeFeed,
  type FeedConsumer,
  type Inbox,
  kafkaDeadLetters,
  type KafkaConnection,
  type KafkaDeadLetters,
  kafkaSource,
  memoryInbox,
  type MemoryTransaction,
} from '#libs/agency-sdk';
import type { FeedEvent } from '#libs/feed-schemas';
import { results, unknownEvent } from '../../libs/agency-sdk/src/consumer/feed-events.fixture.js';
import { eventually, feedSourceContract, Reading } from '../../libs/agency-sdk/src/consumer/feed-source.contract.js';
import { describeWithKafka } from '../support/kafka/kafka.js';
import { FAST, KafkaFeeds, messageOf } from './kafka-feed.js';

const AGENCY = { username: 'agency-a', password: 'secret-of-agency-a' };
const LONG_MS = 120_000;
const SESSION_MS = 6_000;
/** Of a reader whose broker was killed: dead connections are given up after a request's deadline (15 s), members that are gone after their session, each maybe twice. */
const BACK_WITHIN_MS = 120_000;

const idsOf = (events: readonly FeedEvent[]): string[] => events.map(({ id }) => id);

await describeWithKafka('the SDK’s consumer', { users: [AGENCY] }, (server, version) => {
  feedSourceContract('Kafka', () => KafkaFeeds.open(server().brokers));

  describe('a consumer of a topic', () => {
    let feeds: KafkaFeeds;
    const running: FeedConsumer<MemoryTransaction>[] = [];
    const letters: KafkaDeadLetters[] = [];
    const readings: Reading[] = [];
    beforeAll(async () => {
      feeds = await KafkaFeeds.open(server().brokers);
    });
    afterEach(async () => {
      await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
      await Promise.all(readings.splice(0).map((reading) => reading.stop()));
      await Promise.all(letters.splice(0).map((one) => one.close()));
    });
    afterAll(() => feeds.close());

    /** A consumer that notes what it handled, and what it told. */
    function consume(topic: string, handled: string[], more: Partial<ConsumeOptions<MemoryTransaction>> & { readonly sessionTimeoutMs?: number } = {}) {
      const told: string[] = [];
      const { sessionTimeoutMs, ...options } = more;
      const connection = { brokers: feeds.brokers, topic, groupId: `${topic}.group`, backoff: FAST };
      const dead = kafkaDeadLetters(connection);
      letters.push(dead);
      const consumer = consumeFeed<MemoryTransaction>({
        source: kafkaSource({ ...connection, ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }) }),
        inbox: memoryInbox(),
        deadLetters: dead,
        onEvent: ({ id }, { tx }) => Promise.resolve(tx.onCommit(() => handled.push(id))),
        backoff: FAST,
        hooks: {
          reading: () => told.push('reading'),
          trouble: ({ code }) => told.push(code),
          notice: ({ code }) => told.push(code),
          retrying: ({ code }) => told.push(`retry ${code}`),
        },
        ...options,
      });
      running.push(consumer);
      return { consumer, told };
    }
    const until = (holds: () => boolean, told: readonly string[]): Promise<void> => eventually(holds, () => told.join(' '));

    it('puts dead letters on the topic beside it, as they came and with the reason, and goes on', async () => {
      const topic = feeds.newTopicName();
      await feeds.make(topic, `${topic}.dead`);
      const [first, last] = results(2) as [FeedEvent, FeedEvent];
      const invalid = messageOf(first);
      await feeds.producer.send({ topic, messages: [messageOf({ kind: 'broken', code: 'x' }), { ...invalid, value: '{"exchangeId":"no"}' }] });
      await feeds.publish(topic, unknownEvent(), last);
      const handled: string[] = [];
      const { told } = consume(topic, handled);
      await until(() => handled.length === 1, told);
      expect(handled).toEqual([last.id]);
      expect(told).toContain('UNKNOWN_EVENT_TYPE');

      const found: { reason?: string; code?: string; place?: string; key?: string; value?: string; id?: string }[] = [];
      const reader = feeds.kafka.consumer({ groupId: `${topic}.dead-reader`, maxWaitTimeInMs: 100 });
      await reader.connect();
      await reader.subscribe({ topic: `${topic}.dead`, fromBeginning: true });
      const text = (bytes: unknown): string => (bytes instanceof Uint8Array || typeof bytes === 'string' ? Buffer.from(bytes).toString('utf8') : '');
      await reader.run({
        eachMessage: ({ message: { key, value, headers = {} } }) => {
          const own = { reason: text(headers['renkei_dead_reason']), code: text(headers['renkei_dead_code']), place: text(headers['renkei_dead_place']) };
          found.push({ ...own, key: text(key), value: text(value), id: text(headers['ce_id']) });
          return Promise.resolve();
        },
      });
      await until(() => found.length === 2, told);
      await reader.disconnect();
      expect(found).toEqual([
        { reason: 'undecodable', code: expect.stringMatching(/^FEED_/), place: `${topic}/0/0`, key: 'broken', value: '{', id: 'broken' },
        { reason: 'schema-invalid', code: 'FEED_DATA_INVALID', place: `${topic}/0/1`, key: first.partitionkey, value: '{"exchangeId":"no"}', id: first.id },
      ]);
    });

    it('waits where there is no topic for dead letters, and goes on when there is one', async () => {
      const topic = feeds.newTopicName();
      await feeds.make(topic);
      const [event] = results(1) as [FeedEvent];
      await feeds.publish(topic, { kind: 'broken', code: 'x' }, event);
      const handled: string[] = [];
      const { consumer, told } = consume(topic, handled);
      await until(() => told.includes('retry DEAD_LETTER_TOPIC_MISSING'), told);
      expect(handled).toEqual([]);
      await feeds.make(`${topic}.dead`);
      await until(() => handled.length === 1, told);
      expect(consumer.health().counts).toMatchObject({ dead: 1, handled: 1 });
    });

    it('says that its topic is missing, and reads it by itself once it is there', async () => {
      const topic = feeds.newTopicName();
      const events = results(3);
      const handled: string[] = [];
      const { consumer, told } = consume(topic, handled);
      await until(() => told.includes('TOPIC_MISSING'), told);
      expect(consumer.health()).toMatchObject({ state: 'trouble', trouble: { code: 'TOPIC_MISSING' } });
      await feeds.make(topic);
      await feeds.publish(topic, ...events);
      await until(() => handled.length === 3, told);
      expect(handled).toEqual(idsOf(events));
    });

    it('passes over what was aborted, and records its place behind the marks of transactions', async () => {
      const topic = feeds.newTopicName();
      await feeds.make(topic);
      const events = results(4);
      const producer = feeds.kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime: 10 } });
      await producer.connect();
      for (const [index, event] of events.entries()) {
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: [messageOf(event)] });
        await (index === 1 ? transaction.abort() : transaction.commit());
      }
      await producer.disconnect();
      const connection = { brokers: feeds.brokers, topic, groupId: `${topic}.one`, backoff: FAST };
      const reading = new Reading(kafkaSource(connection));
      readings.push(reading);
      await reading.until(3);
      await reading.stop();
      expect(reading.ids).toEqual(idsOf([events[0], events[2], events[3]] as FeedEvent[]));
      const again = new Reading(kafkaSource(connection));
      readings.push(again);
      await eventually(
        () => again.told.includes('reading'),
        () => again.told.join(' '),
      );
      await sleep(700);
      expect(again.ids).toEqual([]);
    });

    it('keeps its membership through a handler that takes longer than a session, and through attempts', async () => {
      const topic = feeds.newTopicName();
      await feeds.make(topic);
      const [slow, next] = results(2) as [FeedEvent, FeedEvent];
      await feeds.publish(topic, slow, next);
      const handled: string[] = [];
      let runs = 0;
      const { consumer, told } = consume(topic, handled, {
        sessionTimeoutMs: SESSION_MS,
        onEvent: async ({ id }, { tx, attempt }) => {
          runs += 1;
          if (id === slow.id && attempt === 1) {
            await sleep(SESSION_MS + 2_500);
            throw Object.assign(new Error('later'), { code: 'ETIMEDOUT' });
          }
          tx.onCommit(() => handled.push(id));
        },
      });
      await eventually(
        () => handled.length === 2,
        () => told.join(' '),
      );
      expect(handled).toEqual([slow.id, next.id]);
      expect(runs).toBe(3);
      expect(told).toEqual(['reading', 'retry ETIMEDOUT']);
      expect(consumer.health().counts).toMatchObject({ handled: 2, duplicate: 0 });
    }, 60_000);

    it(
      'hands over to another member of its group: the event under way ends, each is handled once, in order',
      async () => {
        const topic = feeds.newTopicName();
        await feeds.make(topic);
        const events = results(300);
        await feeds.publish(topic, ...events);
        const handled: string[] = [];
        const inbox: Inbox<MemoryTransaction> = memoryInbox(); // both are instances of one system, on one database
        let interrupted = 0;
        const onEvent: ConsumeOptions<MemoryTransaction>['onEvent'] = async ({ id }, { tx }) => {
          interrupted += 1;
          await sleep(5);
          tx.onCommit(() => handled.push(id));
          interrupted -= 1;
        };
        const one = consume(topic, handled, { inbox, onEvent });
        await until(() => handled.length > 20, one.told);
        const two = consume(topic, handled, { inbox, onEvent });
        await until(() => two.told.includes('reading'), two.told);
        await until(() => handled.length > 60, one.told);
        await one.consumer.stop();
        await until(() => handled.length >= 300, two.told);
        await sleep(300);
        expect(interrupted).toBe(0);
        expect(handled).toEqual(idsOf(events));
      },
      LONG_MS,
    );

    (version !== 'given' ? it : it.skip)(
      'loses, repeats and reorders nothing while the broker is killed and started again',
      async () => {
        const topic = feeds.newTopicName();
        await feeds.make(topic);
        const events = results(2_000);
        await feeds.publish(topic, ...events.slice(0, 1_500));
        const handled: string[] = [];
        const { told } = consume(topic, handled, {
          sessionTimeoutMs: SESSION_MS,
          onEvent: async ({ id }, { tx }) => {
            if (handled.length % 20 === 0) await sleep(5);
            tx.onCommit(() => handled.push(id));
          },
        });
        await until(() => handled.length > 200, told);
        const back = (holds: () => boolean): Promise<void> => eventually(holds, () => `${handled.length} handled; told ${told.join(' ')}`, BACK_WITHIN_MS);
        for (let kill = 0; kill < 2; kill += 1) {
          await server().kill();
          await sleep(500);
          await server().restart();
          await back(() => handled.length > 200 + 400 * (kill + 1) || handled.length === 1_500);
        }
        const fresh = await KafkaFeeds.open(server().brokers);
        await fresh.publish(topic, ...events.slice(1_500));
        await fresh.close();
        await back(() => handled.length >= 2_000);
        expect(handled).toEqual(idsOf(events));
      },
      4 * LONG_MS,
    );

    (version !== 'given' ? it : it.skip)(
      'says why a login may not read, and reads its own topic with SCRAM and its own rights alone',
      async () => {
        const topic = feeds.newTopicName();
        const other = feeds.newTopicName();
        await feeds.make(topic, other);
        const events = results(2);
        await feeds.publish(topic, ...events);
        const allow = (resourceType: AclResourceTypes, resourceName: string, resourcePatternType: ResourcePatternTypes) => ({
          resourceType,
          resourceName,
          resourcePatternType,
          principal: `User:${AGENCY.username}`,
          host: '*',
          operation: AclOperationTypes.READ,
          permissionType: AclPermissionTypes.ALLOW,
        });
        await feeds.admin.createAcls({
          acl: [allow(AclResourceTypes.TOPIC, topic, ResourcePatternTypes.LITERAL), allow(AclResourceTypes.GROUP, topic, ResourcePatternTypes.PREFIXED)],
        });
        const read = (what: { readonly topic?: string; readonly groupId?: string; readonly password?: string; readonly mechanism?: 'plain' }): Reading => {
          const { password = AGENCY.password, mechanism = 'scram-sha-256', ...rest } = what;
          const sasl: KafkaConnection['sasl'] = { mechanism, username: AGENCY.username, password };
          const reading = new Reading(kafkaSource({ brokers: server().saslBrokers, sasl, topic, groupId: `${topic}.own`, backoff: FAST, ...rest }));
          readings.push(reading);
          return reading;
        };
        const own = read({});
        await own.until(2);
        expect(own.ids).toEqual(idsOf(events));
        const refused: readonly (readonly [string, Reading])[] = [
          ['TOPIC_FORBIDDEN', read({ topic: other })],
          ['GROUP_UNAVAILABLE', read({ groupId: 'somebody' })],
          ['LOGIN_REFUSED', read({ password: 'wrong' })],
          ['MECHANISM_REFUSED', read({ mechanism: 'plain' })],
        ];
        for (const [code, reading] of refused) {
          await eventually(
            () => reading.told.filter((told) => told === code).length >= 2, // told, and tried again
            () => `${code}: ${reading.told.join(' ')}`,
          );
          expect(reading.ids).toEqual([]);
        }
      },
      LONG_MS,
    );
  });
});
