// A long randomised run of the relay with everything that may go wrong; an oracle counts what a read-committed consumer finds
// lost, repeated or reordered.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EventStore, LmdbEventStore } from '#libs/event-store';
import { type AgencyFeedEvent, FeedPublisher, FeedRelay, type FeedRelayOptions, type FeedSource, KafkaFeedPublisher } from '#libs/feed';
import { clientOf, describeWithKafka } from '../support/kafka/kafka.js';
import { appendMade, madeSource, randomOf } from './made-feed.js';
import { judge, readTopics } from './oracle.js';

const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
const AGENCIES = ['0100000000000001', '0100000000000002', '0100000000000003'];
const LIMITS = { requestTimeoutMs: 5_000, stepTimeoutMs: 20_000, closeTimeoutMs: 1_000 };
const SETTINGS = { retryFirstMs: 50, retryMaxMs: 500, displacedMs: 500 };

describe('the oracle', () => {
  const told = (agency: string, id: string): { agency: string; id: string } => ({ agency, id });
  const expected = [told('a', '1'), told('a', '2'), told('b', '3')];
  it('finds nothing where each topic holds its events once, in order', () => {
    expect(
      judge(
        expected,
        new Map([
          ['a', ['1', '2']],
          ['b', ['3']],
        ]),
      ),
    ).toEqual({ lost: 0, repeated: 0, reordered: 0 });
  });
  it('counts what is lost, repeated, and reordered', () => {
    expect(judge(expected, new Map([['a', ['2', '1', '2']]]))).toEqual({ lost: 1, repeated: 1, reordered: 1 });
  });
});

await describeWithKafka('the relay', {}, (server, version) => {
  const withOwnBroker = version !== 'given' ? it : it.skip;
  let directory: string;
  let store: EventStore;
  let source: FeedSource;
  const expected: AgencyFeedEvent[] = [];
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'renkei-relay-'));
    store = await LmdbEventStore.open(directory);
    source = madeSource(store);
  });
  afterAll(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  const namesOf = (run: string) => ({ deployment: 'renkei.example', party: `is-${run}`, topicPrefix: `${run}.agency.` });
  const publisherOf = (run: string) => (): FeedPublisher =>
    new KafkaFeedPublisher({ connection: { brokers: server().brokers, clientId: 'relay' }, names: namesOf(run), limits: LIMITS });
  const relayOf = (openPublisher: () => FeedPublisher): FeedRelay => {
    const options: FeedRelayOptions = { source, openPublisher, settings: SETTINGS };
    const relay = new FeedRelay(options);
    relay.start();
    return relay;
  };
  const caughtUp = async (relay: FeedRelay, timeoutMs: number): Promise<void> => {
    const last = await store.lastPosition();
    const until = performance.now() + timeoutMs;
    while (!(relay.ready && relay.position === last)) {
      if (performance.now() > until) throw new Error(`not caught up: ${relay.trouble?.code ?? 'no trouble'} at ${relay.position} of ${last}`);
      await sleep(50);
    }
  };
  const verdict = async (run: string): Promise<unknown> => {
    const kafka = clientOf(server().brokers);
    const found = await readTopics(kafka, AGENCIES, namesOf(run).topicPrefix, expected.length);
    return judge(
      expected.map(({ agency, event }) => ({ agency, id: event.id })),
      found,
    );
  };

  withOwnBroker(
    `loses, repeats and reorders nothing over restarts, two relays at once and kills of the broker (seed ${SEED})`,
    async () => {
      const random = randomOf(SEED);
      const openPublisher = publisherOf('oracle');
      const relays = [relayOf(openPublisher)];
      let kills = 0;
      for (let round = 0; round < 12; round += 1) {
        expected.push(...(await appendMade(store, AGENCIES, 200 + Math.floor(random() * 800), random)));
        await sleep(random() * 300);
        const what = round === 3 || round === 8 ? 'kill' : (['restart', 'second', 'nothing'] as const)[Math.floor(random() * 3)];
        if (what === 'kill') {
          await server().kill();
          await server().restart();
          kills += 1;
        }
        if (what === 'restart') {
          await relays.shift()?.stop();
          relays.push(relayOf(openPublisher));
        }
        if (what === 'second' && relays.length < 2) relays.push(relayOf(openPublisher));
      }
      while (relays.length > 1) await relays.shift()?.stop();
      await caughtUp(relays[0] as FeedRelay, 60_000);
      await relays[0]?.stop();
      expect(kills).toBe(2);
      expect(await verdict('oracle')).toEqual({ lost: 0, repeated: 0, reordered: 0 });
    },
    300_000,
  );

  it('goes on from its place after a pause of any length: the topic is compacted, no offset expires', async () => {
    const run = `pause-${Date.now()}`;
    if (expected.length === 0) expected.push(...(await appendMade(store, AGENCIES, 300, randomOf(SEED))));
    const first = relayOf(publisherOf(run));
    await caughtUp(first, 60_000);
    await first.stop();
    expected.push(...(await appendMade(store, AGENCIES, 50, randomOf(SEED + 1))));
    const second = relayOf(publisherOf(run));
    await caughtUp(second, 60_000);
    expect(second.counts.events).toBe(50);
    await second.stop();
    expect(await verdict(run)).toEqual({ lost: 0, repeated: 0, reordered: 0 });
    const admin = clientOf(server().brokers).admin();
    await admin.connect();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: `${run}.relay.is-${run}`, configNames: ['cleanup.policy'] }],
    });
    await admin.disconnect();
    expect(resources[0]?.configEntries[0]?.configValue).toBe('compact');
  }, 200_000);

  it('would be found out if the position stood outside the transaction', async () => {
    const run = `mutant-${Date.now()}`;
    /** Publishes for good, then fails before the place is kept: what a position of its own transaction comes to. */
    class Forgetful extends FeedPublisher {
      static failures = 1;
      readonly #inner = publisherOf(run)();
      begin = () => this.#inner.begin();
      close = () => this.#inner.close();
      async publish(batch: Parameters<FeedPublisher['publish']>[0]): Promise<void> {
        if (Forgetful.failures > 0) {
          Forgetful.failures -= 1;
          await this.#inner.publish({ ...batch, position: 0n });
          throw new Error('broke off between events and position');
        }
        await this.#inner.publish(batch);
      }
    }
    const relay = relayOf(() => new Forgetful());
    await caughtUp(relay, 60_000);
    await relay.stop();
    expect(await verdict(run)).toMatchObject({ lost: 0, repeated: expect.any(Number) });
    expect(((await verdict(run)) as { repeated: number }).repeated).toBeGreaterThan(0);
  }, 200_000);
});
