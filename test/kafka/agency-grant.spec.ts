// `renkei feed grant` against a real broker: the agency reads its own topic in groups of its own, and nothing else.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import kafkajs, { type Admin } from 'kafkajs';
import { runInProcess } from '../../apps/cli/src/program.fixture.js';
import { clientOf, describeWithKafka } from '../support/kafka/kafka.js';

const AGENCY = '0220101100201700';
const OTHER = '0220113112101700';
const DESK = { username: `agency-${AGENCY}`, password: 'password-of-the-agency' };
const NOBODY = { username: 'nobody', password: 'password-of-nobody' };
const TIMEOUT_MS = 120_000;
const ATTEMPTS_MAX = 100;
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;

interface Told {
  readonly topicMade: boolean;
  readonly added: readonly { readonly operation: string; readonly resource: string; readonly name: string }[];
  readonly others: readonly { readonly operation: string; readonly name: string }[];
}

let directory: string;
let prefix: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-grant-'));
  prefix = `grant-${Date.now()}.agency.`;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

await describeWithKafka('the grant of a feed', { users: [DESK, NOBODY] }, (server, version) => {
  const withOwnBroker = version !== 'given' ? it : it.skip;

  async function grant(login: { readonly username: string; readonly password: string }, agency = AGENCY) {
    const file = join(directory, 'password');
    await writeFile(file, `${login.password}\n`);
    const environment = { KAFKA_BROKERS: server().saslBrokers.join(','), KAFKA_PASSWORD_FILE: file, KAFKA_TOPIC_PREFIX: prefix };
    const run = await runInProcess(['feed', 'grant', agency, '--username', login.username, '--json'], environment);
    expect(run.stdout + run.stderr).not.toContain(login.password);
    return run;
  }
  const told = ({ stdout }: { readonly stdout: string }): Told => JSON.parse(stdout) as Told;
  const asAdmin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = clientOf(server().brokers).admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  /** Tried again while the broker's first coordinator of groups is starting. */
  async function canRead(topic: string, groupId: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await readOne(topic, groupId);
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !/is loading/.test(String(error))) throw error;
        await sleep(200);
      }
    }
  }
  async function readOne(topic: string, groupId: string): Promise<void> {
    const consumer = clientOf(server().saslBrokers, { sasl: { mechanism: 'scram-sha-256', ...DESK } }).consumer({ groupId, maxWaitTimeInMs: 100 });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        consumer.run({ eachMessage: () => Promise.resolve(resolve()) }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
  }

  withOwnBroker(
    'makes topic and rights once, lets the agency read its own feed in its own groups, and nothing else',
    async () => {
      const [own, foreign] = [prefix + AGENCY, prefix + OTHER];
      const first = await grant(server().admin);
      expect(first.status).toBe(0);
      expect(told(first)).toMatchObject({
        topicMade: true,
        added: [
          { operation: 'READ', resource: 'TOPIC', name: own },
          { operation: 'READ', resource: 'GROUP', name: DESK.username },
        ],
        others: [],
      });
      expect(told(await grant(server().admin))).toMatchObject({ topicMade: false, added: [], others: [] });
      expect((await grant(server().admin, OTHER)).status).toBe(0);

      const producer = clientOf(server().brokers).producer();
      await producer.connect();
      await producer.sendBatch({ topicMessages: [own, foreign].map((topic) => ({ topic, messages: [{ value: 'an event' }] })) });
      await producer.disconnect();
      await canRead(own, `${DESK.username}.desk`);
      await expect(canRead(foreign, `${DESK.username}.desk`)).rejects.toMatchObject({ type: 'TOPIC_AUTHORIZATION_FAILED' });
      await expect(canRead(own, `agency-${OTHER}.desk`)).rejects.toMatchObject({ name: 'KafkaJSGroupCoordinatorNotFound' });
      const forger = clientOf(server().saslBrokers, { sasl: { mechanism: 'scram-sha-256', ...DESK } }).producer({ allowAutoTopicCreation: false });
      await forger.connect();
      await expect(forger.send({ topic: own, messages: [{ value: 'forged' }] })).rejects.toMatchObject({ message: expect.stringMatching(/authoriz/i) });
      await forger.disconnect();
    },
    TIMEOUT_MS,
  );

  withOwnBroker(
    'tells what the agency may do besides, and leaves it',
    async () => {
      const more = {
        principal: `User:${DESK.username}`,
        host: '*',
        permissionType: AclPermissionTypes.ALLOW,
        operation: AclOperationTypes.WRITE,
        resourceType: AclResourceTypes.TOPIC,
        resourceName: prefix + OTHER,
        resourcePatternType: ResourcePatternTypes.LITERAL,
      };
      await asAdmin((admin) => admin.createAcls({ acl: [more] }));
      const run = await grant(server().admin);
      expect(run.status).toBe(1);
      expect(told(run).others).toContainEqual(expect.objectContaining({ operation: 'WRITE', name: prefix + OTHER }));
      await asAdmin((admin) => admin.deleteAcls({ filters: [more] }));
      expect(told(await grant(server().admin)).others).not.toContainEqual(expect.objectContaining({ operation: 'WRITE' }));
    },
    TIMEOUT_MS,
  );

  withOwnBroker(
    'says what stands in its way',
    async () => {
      const refused = async (login: { readonly username: string; readonly password: string }): Promise<unknown> => {
        const { status, stderr } = await grant(login);
        return [status, (JSON.parse(stderr) as { readonly error: { readonly code: string } }).error.code];
      };
      expect(await refused({ ...server().admin, password: 'another' })).toEqual([77, 'KAFKA_LOGIN_REFUSED']);
      expect(await refused(NOBODY)).toEqual([77, 'KAFKA_ACCESS_REFUSED']);
      await asAdmin((admin) => admin.createTopics({ topics: [{ topic: prefix + AGENCY, numPartitions: 2 }] }));
      expect(await refused(server().admin)).toEqual([69, 'KAFKA_TOPIC_UNSUITABLE']);
    },
    TIMEOUT_MS,
  );
});
