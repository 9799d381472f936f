import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { type Position, START, type Subscription } from '#libs/event-store';
import { dataschemaOf, sequenceOf } from '#libs/feed-schemas';
import type { AgencyFeedEvent } from '../feed-events.js';
import type { FeedPage } from '../feed-reader.js';
import { batchesOf, bytesOf } from './batches.js';
import { type FeedBatch, FeedPublisher } from './feed-publisher.js';
import { FeedRelay } from './feed-relay.js';
import type { FeedSource } from './feed-source.js';
import { RelayTrouble } from './relay-trouble.js';

const TYPE = 'renkei.identifier.obtained.v1';
const AGENCY = '0271132035000000';
const FAST = { retryFirstMs: 1, retryMaxMs: 4, displacedMs: 1 };

const told = (position: number): AgencyFeedEvent => ({
  agency: AGENCY,
  event: {
    specversion: '1.0',
    id: `event-${position}`,
    source: '/test.example/is-test',
    subject: 'person',
    partitionkey: 'person',
    time: '2020-05-08T00:00:00.000Z',
    sequence: sequenceOf(BigInt(position)),
    type: TYPE,
    dataschema: dataschemaOf(TYPE),
    datacontenttype: 'application/json',
    data: {},
  },
});
const pageOf = (from: number, to: number, last: number): FeedPage => ({
  events: Array.from({ length: to - from + 1 }, (_, at) => told(from + at)),
  next: BigInt(to),
  atEnd: to === last,
});

/** `last` events at positions 1 to `last`, in pages of ten; `breaksAt`: from here on the next page is not to be had. */
class Source implements FeedSource {
  handedOver = 0;
  constructor(
    public last: number,
    public breaksAt = Number.POSITIVE_INFINITY,
  ) {}
  lastPosition(): Promise<Position> {
    return Promise.resolve(BigInt(this.last));
  }
  nextRecordedAt(after: Position): Promise<string | undefined> {
    return Promise.resolve(after < BigInt(this.last) ? new Date(Date.now() - 90_000).toISOString() : undefined);
  }
  follow({ after, onPage }: Parameters<FeedSource['follow']>[0]): Subscription {
    let stopped = false;
    const run = async (): Promise<void> => {
      for (let from = Number(after) + 1; !stopped;) {
        if (from > this.breaksAt) throw new Error('an event cannot be told');
        if (from > this.last) {
          await sleep(1);
          continue;
        }
        const to = Math.min(from + 9, this.last, this.breaksAt);
        this.handedOver = to;
        await onPage(pageOf(from, to, this.last));
        from = to + 1;
      }
    };
    const ended = run();
    return {
      ended,
      stop: async () => {
        stopped = true;
        await ended.catch(() => undefined);
      },
    };
  }
}

/** What a broker holds: batches as they were taken, and who the newest publisher is. */
class Broker {
  readonly batches: FeedBatch[] = [];
  position: Position = START;
  begun = 0;
  closed = 0;
  atOnce = 0;
  mostAtOnce = 0;
  /** Nothing is taken before it resolves. */
  takes: Promise<void> = Promise.resolve();
  /** Asked before each batch is taken; what it throws is the answer. */
  constructor(readonly refuse: (attempt: number) => void = () => undefined) {}
  attempts = 0;

  get ids(): string[] {
    return this.batches.flatMap(({ events }) => events.map(({ event }) => event.id));
  }

  publisher(): FeedPublisher {
    return new BrokersPublisher(this);
  }
}

class BrokersPublisher extends FeedPublisher {
  constructor(private readonly broker: Broker) {
    super();
  }
  begin(): Promise<Position> {
    this.broker.begun += 1;
    return Promise.resolve(this.broker.position);
  }
  async publish(batch: FeedBatch): Promise<void> {
    const { broker } = this;
    broker.atOnce += 1;
    broker.mostAtOnce = Math.max(broker.mostAtOnce, broker.atOnce);
    await sleep(1);
    await broker.takes;
    broker.atOnce -= 1;
    broker.attempts += 1;
    broker.refuse(broker.attempts);
    broker.batches.push(batch);
    broker.position = batch.position;
  }
  close(): Promise<void> {
    this.broker.closed += 1;
    return Promise.resolve();
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    if (turns > 5_000) throw new Error('it never came to that');
    await sleep(1);
  }
}
const idsUpTo = (last: number): string[] => Array.from({ length: last }, (_, at) => `event-${at + 1}`);

describe('a relay', () => {
  it('publishes everything in order, one batch at a time, and what comes later', async () => {
    const [source, broker] = [new Source(45), new Broker()];
    const relay = new FeedRelay({ source, openPublisher: () => broker.publisher(), settings: FAST });
    relay.start();
    await until(() => broker.position === 45n);
    source.last = 52;
    await until(() => broker.position === 52n);
    await relay.stop();
    expect(broker.ids).toEqual(idsUpTo(52));
    expect([broker.mostAtOnce, broker.begun, broker.closed]).toEqual([1, 1, 1]);
    expect(relay.counts).toMatchObject({ events: 52, restarts: 0 });
  });

  it('starts over with a new publisher from the place that counts, whatever goes wrong, and tells of it once', async () => {
    const told: string[] = [];
    const broker = new Broker((attempt) => {
      if (attempt === 2 || attempt === 3) throw new RelayTrouble('KAFKA_TIMEOUT', 'late');
      if (attempt === 5) throw new RelayTrouble('KAFKA_RELAY_DISPLACED', 'another');
    });
    const relay = new FeedRelay({
      source: new Source(60),
      openPublisher: () => broker.publisher(),
      settings: FAST,
      onTrouble: ({ code }) => told.push(code),
      onRecovered: () => told.push('recovered'),
    });
    relay.start();
    await until(() => broker.position === 60n && relay.ready);
    await relay.stop();
    expect(broker.ids).toEqual(idsUpTo(60));
    expect(told).toEqual(['KAFKA_TIMEOUT', 'recovered', 'KAFKA_RELAY_DISPLACED', 'recovered']);
    expect([broker.begun, broker.closed, relay.counts.restarts]).toEqual([4, 4, 3]);
  });

  it('publishes what stands before an event that cannot be told, stops there, and goes on when it can', async () => {
    const source = new Source(40, 23);
    const broker = new Broker();
    const relay = new FeedRelay({ source, openPublisher: () => broker.publisher(), settings: FAST });
    relay.start();
    await until(() => broker.position === 23n && relay.trouble !== undefined);
    expect([relay.ready, relay.trouble?.code]).toEqual([false, 'INTERNAL']);
    source.breaksAt = Number.POSITIVE_INFINITY;
    await until(() => broker.position === 40n && relay.ready);
    await relay.stop();
    expect(broker.ids).toEqual(idsUpTo(40));
  });

  it('publishes nothing where the store ends before the place: an older backup was restored', async () => {
    const broker = new Broker();
    broker.position = 50n;
    const relay = new FeedRelay({ source: new Source(40), openPublisher: () => broker.publisher(), settings: FAST });
    relay.start();
    await until(() => relay.trouble !== undefined);
    await relay.stop();
    expect(relay.trouble?.code).toBe('FEED_POSITION_AHEAD');
    expect(broker.batches).toEqual([]);
  });

  it('says how far it is behind', async () => {
    const broker = new Broker();
    const source = new Source(10);
    const relay = new FeedRelay({ source, openPublisher: () => broker.publisher(), settings: FAST });
    expect((await relay.lag()).positions).toBe(10);
    relay.start();
    await until(() => broker.position === 10n && relay.position === 10n);
    expect(await relay.lag()).toEqual({ positions: 0, seconds: 0 });
    await relay.stop();
    source.last = 12; // recorded a minute and a half ago
    const { positions, seconds } = await relay.lag();
    expect(positions).toBe(2);
    expect(seconds).toBeGreaterThanOrEqual(90);
  });

  it('puts together what was recorded while a transaction was under way, up to so many bytes', async () => {
    const broker = new Broker();
    let release: () => void = () => undefined;
    broker.takes = new Promise((resolve) => (release = resolve));
    const batchBytesMax = bytesOf(told(1)) * 30;
    const source = new Source(300);
    const relay = new FeedRelay({ source, openPublisher: () => broker.publisher(), settings: { ...FAST, batchBytesMax } });
    relay.start();
    await until(() => source.handedOver === 40); // ten are under way, thirty wait, no more is read
    for (let turns = 0; turns < 20; turns += 1) await sleep(1);
    expect(source.handedOver).toBe(40);
    release();
    await until(() => broker.position === 300n);
    await relay.stop();
    expect(broker.ids).toEqual(idsUpTo(300));
    expect(broker.batches.slice(0, 2).map(({ events }) => events.length)).toEqual([10, 30]);
    expect(broker.mostAtOnce).toBe(1);
  });

  it('lets what waits go out before an event that cannot be told stops it, and nothing after a batch that was refused', async () => {
    const broker = new Broker((attempt) => {
      if (attempt === 1) throw new RelayTrouble('KAFKA_TIMEOUT', 'late');
    });
    const source = new Source(100, 70);
    const relay = new FeedRelay({ source, openPublisher: () => broker.publisher(), settings: { ...FAST, displacedMs: 1 } });
    relay.start();
    await until(() => broker.position === 70n && relay.trouble?.code === 'INTERNAL');
    await relay.stop();
    expect(broker.ids).toEqual(idsUpTo(70));
  });
});

describe('the batches of a page', () => {
  it('hold so many bytes at most, all events in order, and the place that each reaches', () => {
    const page = pageOf(1, 100, 100);
    const bytesMax = bytesOf(told(1)) * 7;
    const batches = [...batchesOf(page, bytesMax)];
    expect(batches.flatMap(({ events }) => events)).toEqual(page.events);
    expect(batches.every(({ events }) => events.reduce((sum, event) => sum + bytesOf(event), 0) <= bytesMax)).toBe(true);
    expect(batches.map(({ position }) => position)).toEqual([...Array.from({ length: 14 }, (_, at) => BigInt((at + 1) * 7)), 100n]);
  });
  it('are one, with the place alone, where there is nothing to tell', () => {
    expect([...batchesOf({ events: [], next: 9n, atEnd: false })]).toEqual([{ events: [], position: 9n }]);
  });
});
