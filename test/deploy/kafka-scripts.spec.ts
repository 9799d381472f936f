import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Kafka, type KafkaConfig } from 'kafkajs';
import kafkajs from 'kafkajs';
import { freePorts } from '../support/free-ports.js';
import { hasKafkaTools, layKafkaHome } from './kafka-tools.js';
import { DEPLOY } from './support.js';

const execute = promisify(execFile);
const SCRIPTS = join(DEPLOY, 'compose', 'kafka');
const PREFIX = 'renkei.agency.';
const OWN = `${PREFIX}011002`;
const POSITION = 'renkei.relay.is-east';
const REFUSED = /TOPIC_AUTHORIZATION_FAILED|Not authorized to access topics/;
const itHere = hasKafkaTools ? it : it.skip;

let directory: string;
let broker: ChildProcess | undefined;
let output = '';
let environment: Record<string, string>;
let external = 0;

const script = (name: string): Promise<unknown> => execute('bash', [join(SCRIPTS, name)], { env: environment, timeout: 120_000 });
const secret = (place: 'secrets' | 'agencies', name: string): string => {
  writeFileSync(join(directory, place, name), `password-of-${name}`, { mode: 0o440 });
  return `password-of-${name}`;
};
const endBroker = (): void => void broker?.kill('SIGKILL');

function loggedIn(username: string, password: string): Kafka {
  const options: KafkaConfig = {
    brokers: [`127.0.0.1:${external}`],
    sasl: { mechanism: 'scram-sha-256', username, password },
    logLevel: kafkajs.logLevel.NOTHING,
    requestTimeout: 5_000,
    enforceRequestTimeout: true,
    retry: { retries: 10, initialRetryTime: 100 },
  };
  return new kafkajs.Kafka(options);
}
const relay = (): Kafka => loggedIn('relay-is-east', 'password-of-kafka_is-east');
const agency = (code: string, password = `password-of-${code}`): Kafka => loggedIn(`agency-${code}`, password);

/** The first record of a topic, or how Kafka refuses it. */
async function firstOf(client: Kafka, topic: string, groupId: string): Promise<string> {
  const consumer = client.consumer({ groupId, maxWaitTimeInMs: 100 });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<string>((resolve, reject) => {
      // where a group is still being loaded the client starts over by itself
      consumer.on('consumer.crash', ({ payload }) => (payload.restart ? undefined : reject(payload.error)));
      consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString() ?? '') }).catch(reject);
    });
  } catch (error) {
    return String((error as { type?: unknown }).type ?? (error as Error).message);
  } finally {
    await consumer.disconnect();
  }
}
async function sendTo(client: Kafka, topic: string): Promise<string> {
  const producer = client.producer();
  try {
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'one' }] });
    return 'sent';
  } catch (error) {
    return String((error as { type?: unknown }).type ?? (error as Error).message);
  } finally {
    await producer.disconnect();
  }
}

beforeAll(async () => {
  if (!hasKafkaTools) return;
  directory = mkdtempSync(join(tmpdir(), 'renkei-kafka-scripts-'));
  for (const name of ['secrets', 'agencies', 'data']) mkdirSync(join(directory, name));
  layKafkaHome(join(directory, 'kafka'));
  const [internal = 0, controller = 0, published = 0] = await freePorts(3);
  external = published;
  environment = {
    PATH: process.env['PATH'] ?? '',
    KAFKA_HOME: join(directory, 'kafka'),
    SECRETS_DIRECTORY: join(directory, 'secrets'),
    AGENCIES_DIRECTORY: join(directory, 'agencies'),
    KAFKA_DATA: join(directory, 'data'),
    KAFKA_RUNTIME: join(directory, 'runtime'),
    KAFKA_INTERNAL_HOST: '127.0.0.1',
    KAFKA_BIND: '127.0.0.1',
    KAFKA_INTERNAL_PORT: String(internal),
    KAFKA_CONTROLLER_PORT: String(controller),
    KAFKA_EXTERNAL_PORT: String(external),
    KAFKA_BOOTSTRAP: `127.0.0.1:${internal}`,
    KAFKA_TOPIC_PREFIX: PREFIX,
    KAFKA_RELAYS: 'is-east',
    DEPLOYMENT: 'renkei.example',
  };
  secret('secrets', 'kafka_admin');
  secret('secrets', 'kafka_is-east');
  secret('agencies', '011002');
  broker = spawn('bash', [join(SCRIPTS, 'start-kafka.sh')], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', endBroker);
  for (const stream of [broker.stdout, broker.stderr]) stream?.on('data', (text: Buffer) => (output += text.toString()));
  for (let tries = 0; ; tries += 1) {
    try {
      await script('check-kafka.sh');
      break;
    } catch (error) {
      if (tries === 40 || broker.exitCode !== null) throw new Error(`the broker is not ready: ${output}`, { cause: error });
    }
  }
}, 240_000);
afterAll(async () => {
  if (broker !== undefined && broker.exitCode === null) {
    const closed = new Promise((resolve) => broker?.on('close', resolve));
    endBroker();
    await closed;
  }
  process.off('exit', endBroker);
  if (hasKafkaTools) rmSync(directory, { recursive: true, force: true });
});

describe(`the scripts of Kafka in the compose file, on a real broker${hasKafkaTools ? '' : " (skipped: needs Java 17, Maven and Kafka's jars)"}`, () => {
  itHere('start a broker that keeps the admin’s password out of its log, and its configuration from others', () => {
    expect(output).not.toMatch(/password-of|salt=|storedKey/);
    expect(readdirSync(join(directory, 'runtime')).map((name) => statSync(join(directory, 'runtime', name)).mode & 0o077)).toEqual([0, 0]);
    expect(readFileSync(join(directory, 'runtime', 'server.properties'), 'utf8')).toContain('allow.everyone.if.no.acl.found=false');
  });

  itHere(
    'make users once, and those of an agency that joins later',
    async () => {
      await expect(script('init-kafka.sh')).resolves.toMatchObject({ stdout: 'user relay-is-east\nuser agency-011002\n' });
      secret('agencies', '272035');
      await expect(script('init-kafka.sh')).resolves.toMatchObject({ stdout: 'user relay-is-east\nuser agency-011002\nuser agency-272035\n' });
    },
    240_000,
  );

  itHere('let a relay make topics and write them with its position in one transaction', async () => {
    const admin = relay().admin();
    await admin.connect();
    const topics = [OWN, POSITION].map((topic) => ({ topic, numPartitions: 1 }));
    await expect(admin.createTopics({ topics })).resolves.toBe(true);
    await admin.disconnect();
    const producer = relay().producer({ transactionalId: 'renkei-relay-renkei.example-is-east', idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: OWN, messages: [{ value: 'event' }] });
    await transaction.send({ topic: POSITION, messages: [{ key: 'position', value: '7' }] });
    await transaction.commit();
    await producer.disconnect();
  });

  itHere('let an agency read its own topic in a group of its own, and put letters aside', async () => {
    expect(await firstOf(agency('011002'), OWN, 'agency-011002-desk')).toBe('event');
    expect(await sendTo(agency('011002'), `${OWN}.dead`)).toBe('sent');
  });

  itHere('let an agency do nothing else', async () => {
    expect(await firstOf(agency('272035'), OWN, 'agency-272035')).toMatch(REFUSED);
    expect(await firstOf(agency('011002'), OWN, 'agency-272035')).toMatch(/group coordinator|GROUP_AUTHORIZATION_FAILED/);
    expect(await sendTo(agency('011002'), OWN)).toMatch(REFUSED);
    expect(await sendTo(agency('272035'), `${OWN}.dead`)).toMatch(REFUSED);
    expect(await firstOf(agency('011002'), POSITION, 'agency-011002-desk')).toMatch(REFUSED);
  });

  itHere('let nobody in with a wrong password, nor without one', async () => {
    expect(await sendTo(agency('011002', 'wrong'), OWN)).toMatch(/invalid credentials/);
    const anonymous = new kafkajs.Kafka({
      brokers: [`127.0.0.1:${external}`],
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 1, initialRetryTime: 50 },
    });
    expect(await sendTo(anonymous, OWN)).not.toBe('sent');
  });
});
