// What kafkajs 2.2.4 was found to do against Kafka 3.9 and 4.x, row by row: the relay and the consumer lean on each of these.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import kafkajs, { type Admin, type Consumer, type Kafka, type KafkaMessage } from 'kafkajs';
import { clientOf, describeWithKafka, type KafkaServer } from '../support/kafka/kafka.js';

const AGENCY = { username: 'agency-a', password: 'password-of-a' };
const OTHER = { username: 'agency-b', password: 'password-of-b' };

let admin: Admin;
let next = 0;
const fresh = (name: string): string => `facts.${name}.${Date.now()}.${(next += 1)}`;

async function topic(name: string, configEntries: { name: string; value: string }[] = []): Promise<string> {
  const made = fresh(name);
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic: made, numPartitions: 1, replicationFactor: 1, configEntries }] });
  return made;
}

const text = ({ value }: KafkaMessage): string => value?.toString() ?? '';
const messages = (first: number, count: number, bytes = 0): { value: string }[] =>
  Array.from({ length: count }, (_, index) => ({ value: `${first + index}`.padEnd(bytes, ' ') }));

/** The values of a topic, oldest first, as a read-committed consumer sees them, until there are `count` or `ms` have passed. */
async function read(kafka: Kafka, from: string, count: number, ms = 5_000): Promise<string[]> {
  const values: string[] = [];
  const consumer: Consumer = kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: from, fromBeginning: true });
  await consumer.run({ eachMessage: ({ message }) => Promise.resolve(void values.push(text(message).trim())) });
  const until = performance.now() + ms;
  while (values.length < count && performance.now() < until) await sleep(20);
  await consumer.disconnect();
  return values;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));
const relayOf = (kafka: Kafka, transactionalId: string, initialRetryTime = 10) =>
  kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime, retries: 5 } });

async function backToBack(kafka: Kafka, to: string, initialRetryTime: number, count: number): Promise<number> {
  const producer = relayOf(kafka, fresh('id'), initialRetryTime);
  await producer.connect();
  let begunMs = 0;
  for (let index = 0; index <= count; index += 1) {
    if (index === 1) begunMs = performance.now(); // the first one also finds its coordinator
    const transaction = await producer.transaction();
    await transaction.send({ topic: to, messages: messages(index, 1) });
    await transaction.commit();
  }
  const meanMs = (performance.now() - begunMs) / count;
  await producer.disconnect();
  return meanMs;
}

/** The last value before the marker on a topic of positions: whoever has read the marker, a committed record, has read all before it. */
async function lastBefore(kafka: Kafka, marker: string, positions: string): Promise<number> {
  const consumer: Consumer = kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs: 100 });
  let [last, seen] = [0, false];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: positions, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        const value = text(message);
        if (value === marker) seen = true;
        else if (!seen && !value.startsWith('begun')) last = Number(value);
        return Promise.resolve();
      },
    });
    const until = performance.now() + 20_000;
    while (!seen && performance.now() < until) await sleep(20);
    if (!seen) throw new Error('the marker does not come');
    return last;
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}

/**
 * Publishes the numbers from a stored position on, with the position in the transaction; every error starts it over. It is a
 * record of its own, not a group's offset: kafkajs reads offsets without asking for stable ones, so that right after a kill an
 * offset of a transaction that is just being finished may be missed.
 */
async function relayNumbers(kafka: Kafka, [to, positions]: readonly [string, string], total: number, errors: string[]): Promise<void> {
  const transactionalId = fresh('id');
  for (;;) {
    const producer = relayOf(kafka, transactionalId);
    try {
      await producer.connect();
      await (await producer.transaction()).abort(); // fences whoever came before
      const marker = `begun ${fresh('run')}`;
      const beginning = await producer.transaction();
      await beginning.send({ topic: positions, messages: [{ value: marker }] });
      await beginning.commit();
      let position = await lastBefore(kafka, marker, positions);
      while (position < total) {
        const transaction = await producer.transaction();
        await transaction.send({ topic: to, messages: messages(position, 100) });
        await transaction.send({ topic: positions, messages: [{ value: String(position + 100) }] });
        await transaction.commit();
        position += 100;
      }
      return;
    } catch (error) {
      errors.push((error as Error).name);
      await sleep(100);
    } finally {
      await producer.disconnect().catch(() => undefined); // of a broker that is gone
    }
  }
}

await describeWithKafka('kafkajs', { users: [AGENCY, OTHER] }, (server, version) => {
  const withOwnBroker = version !== 'given' ? it : it.skip;
  let kafka: Kafka;
  beforeAll(async () => {
    kafka = clientOf(server().brokers);
    admin = kafka.admin();
    await admin.connect();
  });
  afterAll(() => admin.disconnect());

  it('describes the cluster, makes topics with a configuration, and reads the configuration back', async () => {
    const { brokers } = await admin.describeCluster();
    expect(brokers.length).toBeGreaterThan(0);
    const made = await topic('config', [{ name: 'retention.ms', value: '86400000' }]);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: made, configNames: ['retention.ms'] }],
    });
    expect(resources[0]?.configEntries).toMatchObject([{ configName: 'retention.ms', configValue: '86400000' }]);
  });

  it('produces idempotently with one request in flight', async () => {
    const to = await topic('idempotent');
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    for (let first = 0; first < 20_000; first += 1_000) await producer.send({ topic: to, messages: messages(first, 1_000, 300) });
    await producer.disconnect();
    expect(await read(kafka, to, 20_000)).toEqual(numbers(20_000));
  });

  it('commits and aborts over two topics and an offset: what was aborted is never read, the offset is readable after the commit', async () => {
    const [one, two] = [await topic('one'), await topic('two')];
    const groupId = fresh('group');
    const producer = relayOf(kafka, fresh('id'));
    await producer.connect();
    for (const [value, offset, end] of [
      ['aborted', '5', 'abort'],
      ['committed', '7', 'commit'],
    ] as const) {
      const transaction = await producer.transaction();
      for (const to of [one, two]) await transaction.send({ topic: to, messages: [{ value }] });
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: one, partitions: [{ partition: 0, offset }] }] });
      await transaction[end]();
    }
    await producer.disconnect();
    expect(await read(kafka, one, 2, 1_000)).toEqual(['committed']);
    expect(await read(kafka, two, 2, 1_000)).toEqual(['committed']);
    const [stored] = await admin.fetchOffsets({ groupId, topics: [one] });
    expect(stored?.partitions[0]?.offset).toBe('7');
  });

  it('fences the first producer when a second one comes with the same transactional id', async () => {
    const to = await topic('fenced');
    const transactionalId = fresh('id');
    const [first, second] = [relayOf(kafka, transactionalId), relayOf(kafka, transactionalId)];
    await first.connect();
    const transaction = await first.transaction();
    await transaction.send({ topic: to, messages: [{ value: 'of the first' }] });
    await second.connect();
    const its = await second.transaction();
    await its.send({ topic: to, messages: [{ value: 'of the second' }] });
    await its.commit();
    await expect(transaction.commit()).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
    await Promise.all([first.disconnect(), second.disconnect()]);
    expect(await read(kafka, to, 2, 1_000)).toEqual(['of the second']);
  });

  it('waits for its retry time between transactions: 10 ms instead of 300 makes each much shorter', async () => {
    const to = await topic('back-to-back');
    const shortMs = await backToBack(kafka, to, 10, 10);
    const defaultMs = await backToBack(kafka, to, 300, 5);
    expect(defaultMs).toBeGreaterThan(100);
    expect(shortMs).toBeLessThan(defaultMs / 2);
  }, 60_000);

  withOwnBroker(
    'loses, repeats and reorders nothing over kills of the broker, where every error starts the relay over',
    async () => {
      const to = await topic('killed');
      const errors: string[] = [];
      const relaying = relayNumbers(kafka, [to, await topic('position')], 10_000, errors);
      let done = false;
      void relaying.finally(() => (done = true)).catch(() => undefined);
      let kills = 0;
      for (; kills < 2 || (kills < 4 && !done); kills += 1) {
        await sleep(100);
        await server().kill();
        await sleep(200);
        await server().restart();
      }
      await relaying;
      expect(errors.length).toBeGreaterThan(0);
      expect(await read(kafka, to, 10_000, 20_000)).toEqual(numbers(10_000));
    },
    120_000,
  );

  withOwnBroker('lets a user read its own topic under its own group prefix, and nothing else', async () => {
    const [own, foreign] = [await topic('own'), await topic('foreign')];
    const group = fresh('agency-a');
    await allowReading(own, AGENCY.username, group);
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: own, messages: [{ value: 'for a' }] });
    await producer.disconnect();
    const asAgency = login(server(), AGENCY);
    const seen = await readAs(asAgency, own, `${group}.one`);
    expect(seen).toBe('for a');
    await expect(readAs(asAgency, foreign, `${group}.two`)).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    await expect(readAs(asAgency, own, fresh('not-its-group'))).rejects.toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound' });
    const its = asAgency.producer({ retry: { retries: 0 } });
    await its.connect();
    await expect(its.send({ topic: own, messages: [{ value: 'forged' }] })).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
    await its.disconnect();
  });

  withOwnBroker('tells a wrong password and a mechanism that is not offered apart', async () => {
    const wrong = login(server(), { ...AGENCY, password: 'wrong' }).admin();
    await expect(wrong.connect()).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' });
    await wrong.disconnect();
    const plain = clientOf(server().saslBrokers, { retry: { retries: 0 }, sasl: { mechanism: 'plain', ...AGENCY } }).admin();
    await expect(plain.connect()).rejects.toMatchObject({ message: expect.stringMatching(/mechanism/i) });
    await plain.disconnect();
  });

  it('refuses to send to a topic that does not exist', async () => {
    const producer = kafka.producer({ retry: { initialRetryTime: 10, retries: 3 } });
    await producer.connect();
    await expect(producer.send({ topic: fresh('missing'), messages: messages(0, 1) })).rejects.toMatchObject({
      message: expect.stringContaining('does not host this topic-partition'),
    });
    await producer.disconnect();
  });

  it('hands a new group its first message at once; disconnect waits for the running fetch, up to maxWaitTimeInMs', async () => {
    const from = await topic('first');
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: from, messages: messages(0, 1) });
    await producer.disconnect();
    const took: number[] = [];
    for (const maxWaitTimeInMs of [100, 3_000]) {
      const consumer = kafka.consumer({ groupId: fresh('group'), maxWaitTimeInMs });
      await consumer.connect();
      await consumer.subscribe({ topic: from, fromBeginning: true });
      const first = new Promise<void>((resolve) => {
        void consumer.run({ eachMessage: () => Promise.resolve(resolve()) });
      });
      await first;
      await sleep(300); // the next fetch is under way
      const begunMs = performance.now();
      await consumer.disconnect();
      took.push(performance.now() - begunMs);
    }
    const [short, long] = took as [number, number];
    expect(short).toBeLessThan(long / 1.5);
    expect(long).toBeGreaterThan(1_500);
  });

  it('gives up on a silent broker only where the request timeout is enforced', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
    const options = { requestTimeout: 300, retry: { initialRetryTime: 10, retries: 1 } };
    // `connect` may resolve though nobody answered; the first question tells
    const ask = async (client: Admin): Promise<string> => {
      try {
        await client.connect();
        await client.describeCluster();
        return 'answered';
      } catch {
        return 'gave up';
      }
    };
    const enforced = clientOf(brokers, { ...options, enforceRequestTimeout: true }).admin();
    expect(await ask(enforced)).toBe('gave up');
    const waiting = clientOf(brokers, { ...options, enforceRequestTimeout: false }).admin();
    const asked = ask(waiting);
    expect(await Promise.race([asked, sleep(4_500, 'still waiting')])).toBe('still waiting');
    for (const socket of sockets) socket.destroy();
    silent.close();
    await Promise.all([enforced.disconnect(), waiting.disconnect()]);
  });
});

const login = (server: KafkaServer, user: { username: string; password: string }): Kafka =>
  clientOf(server.saslBrokers, { retry: { retries: 0 }, sasl: { mechanism: 'scram-sha-256', ...user } });

async function allowReading(readable: string, user: string, groupPrefix: string): Promise<void> {
  const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
  const entry = { principal: `User:${user}`, host: '*', operation: AclOperationTypes.READ, permissionType: AclPermissionTypes.ALLOW };
  await admin.createAcls({
    acl: [
      { ...entry, resourceType: AclResourceTypes.TOPIC, resourceName: readable, resourcePatternType: ResourcePatternTypes.LITERAL },
      { ...entry, resourceType: AclResourceTypes.GROUP, resourceName: groupPrefix, resourcePatternType: ResourcePatternTypes.PREFIXED },
    ],
  });
}

/** The first message that a user's group is handed; rejects with what the broker refuses. */
async function readAs(kafka: Kafka, from: string, groupId: string): Promise<string> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry: { retries: 0, restartOnFailure: () => Promise.resolve(false) } });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: from, fromBeginning: true });
    return await new Promise<string>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer.run({ eachMessage: ({ message }) => Promise.resolve(resolve(text(message))) }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
}
