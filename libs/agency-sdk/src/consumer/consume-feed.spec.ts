import { afterEach, describe, expect, it } from '@jest/globals';
import type { FeedEvent } from '#libs/feed-schemas';
import { type ConsumeOptions, consumeFeed, countsAsMetrics, type FeedConsumer } from './consume-feed.js';
import type { ConsumerHooks } from './consumer-hooks.js';
import type { DeadLetter, DeadLetters } from './dead-letters.js';
import { resultReceived, results, unknownEvent } from './feed-events.fixture.js';
import { eventually } from './feed-source.contract.js';
import { PassingError, PoisonEvent } from './handler-errors.js';
import { memoryInbox, type MemoryTransaction } from './inbox.js';
import { MemoryFeed } from './memory-feed.js';

const FAST = { firstMs: 1, maxMs: 2 };

class Letters implements DeadLetters {
  readonly put: DeadLetters['put'];
  readonly letters: DeadLetter[] = [];
  failures = 0;
  constructor() {
    this.put = (letter) => {
      if (this.failures > 0) {
        this.failures -= 1;
        return Promise.reject(new PassingError('DISK_FULL', 'no room'));
      }
      this.letters.push(letter);
      return Promise.resolve();
    };
  }
}

const running: FeedConsumer<MemoryTransaction>[] = [];
afterEach(() => Promise.all(running.splice(0).map((consumer) => consumer.stop())));

function bench(options: Partial<ConsumeOptions<MemoryTransaction>> = {}) {
  const feed = new MemoryFeed();
  const letters = new Letters();
  const handled: string[] = [];
  const told: string[] = [];
  const hooks: ConsumerHooks = {
    ended: ({ outcome, attempts }) => told.push(`${outcome} ${attempts}`),
    retrying: ({ code, attempt, passing }) => told.push(`retry ${code} ${attempt}${passing ? ' passing' : ''}`),
    deadLetter: ({ reason, code }) => told.push(`dead ${reason} ${code}`),
    notice: ({ code }) => told.push(code),
  };
  const start = (): FeedConsumer<MemoryTransaction> => {
    const consumer = consumeFeed<MemoryTransaction>({
      source: feed.source(),
      inbox: memoryInbox(),
      deadLetters: letters,
      handlers: { 'renkei.result.received.v1': (event, { tx }) => Promise.resolve(tx.onCommit(() => handled.push(event.id))) },
      hooks,
      backoff: FAST,
      ...options,
    });
    running.push(consumer);
    return consumer;
  };
  const until = (consumer: FeedConsumer<MemoryTransaction>, ended: number): Promise<void> =>
    eventually(
      () => Object.values(consumer.health().counts).reduce((sum, count) => sum + count, 0) >= ended,
      () => `counted ${JSON.stringify(consumer.health())}; told ${told.join(', ')}`,
    );
  return { feed, letters, handled, told, start, until };
}

const [first, second] = results(2) as [FeedEvent, FeedEvent];

describe('a feed consumer', () => {
  it('hands each event to the handler of its type, in order, and leaves types without one', async () => {
    const others: string[] = [];
    const { feed, handled, start, until } = bench({ onEvent: (event) => Promise.resolve(void others.push(event.type)) });
    const obtained: FeedEvent = { ...first, id: second.id, type: 'renkei.identifier.obtained.v1', data: {} } as FeedEvent;
    feed.publish(first, obtained, resultReceived(2));
    await until(start(), 3);
    expect(handled).toEqual([first.id, resultReceived(2).id]);
    expect(others).toEqual(['renkei.identifier.obtained.v1']);

    const alone = bench();
    alone.feed.publish(obtained);
    const consumer = alone.start();
    await alone.until(consumer, 1);
    expect(consumer.health().counts).toMatchObject({ ignored: 1, handled: 0 });
  });

  it('handles an event that comes twice once', async () => {
    const { feed, handled, start, until } = bench();
    feed.publish(first, first, second, first);
    const consumer = start();
    await until(consumer, 4);
    expect(handled).toEqual([first.id, second.id]);
    expect(consumer.health().counts).toMatchObject({ handled: 2, duplicate: 2 });
    expect(countsAsMetrics(consumer.health())).toContain('renkei_feed_events_total{outcome="duplicate"} 2\n');
  });

  it('tries what fails in a passing way in place, more often than it tries anything else, and nothing overtakes it', async () => {
    const order: string[] = [];
    let failures = 40;
    const { feed, letters, told, start, until } = bench({
      attemptsMax: 3,
      handlers: {
        'renkei.result.received.v1': ({ id }) => {
          if (id === first.id && failures > 0) {
            failures -= 1;
            throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
          }
          order.push(id);
          return Promise.resolve();
        },
      },
    });
    feed.publish(first, second);
    await until(start(), 2);
    expect(order).toEqual([first.id, second.id]);
    expect(letters.letters).toEqual([]);
    expect(told).toContain('retry ECONNREFUSED 40 passing');
    expect(told).toContain('handled 41');
  });

  it('buries an event whose handler keeps failing otherwise, and goes on', async () => {
    const { feed, letters, handled, told, start, until } = bench({
      attemptsMax: 3,
      handlers: {
        'renkei.result.received.v1': ({ id }, { tx }) => {
          tx.onCommit(() => handled.push(id));
          if (id === first.id) throw new TypeError('cannot read properties of 123456789012');
          return Promise.resolve();
        },
      },
    });
    feed.publish(first, second);
    await until(start(), 2);
    expect(handled).toEqual([second.id]);
    expect(letters.letters).toMatchObject([
      { reason: 'attempts-exceeded', code: 'TypeError', attempts: 3, from: 'memory', place: '0', event: { id: first.id } },
    ]);
    expect(JSON.stringify({ ...letters.letters[0], message: undefined })).not.toContain('123456789012');
    expect(told).toEqual(['retry TypeError 1', 'retry TypeError 2', 'dead attempts-exceeded TypeError', 'dead 3', 'handled 1']);
  });

  it('buries at once what a handler calls poison', async () => {
    const { feed, letters, start, until } = bench({ onEvent: () => Promise.reject(new PoisonEvent('CASE_UNKNOWN', 'no such case')), handlers: {} });
    feed.publish(first);
    await until(start(), 1);
    expect(letters.letters).toMatchObject([{ reason: 'poison', code: 'CASE_UNKNOWN', attempts: 1 }]);
    expect(JSON.parse(Buffer.from(letters.letters[0]?.message.value ?? []).toString('utf8'))).toMatchObject({ id: first.id });
  });

  it('buries what cannot be read, and tells what is not as its schema says apart', async () => {
    const { feed, letters, handled, start, until } = bench();
    feed.publish({ kind: 'broken', code: 'FEED_NOT_JSON' }, { kind: 'broken', code: 'FEED_DATA_INVALID' }, first);
    await until(start(), 3);
    expect(letters.letters.map(({ reason, code }) => [reason, code])).toEqual([
      ['undecodable', 'FEED_NOT_JSON'],
      ['schema-invalid', 'FEED_DATA_INVALID'],
    ]);
    expect(handled).toEqual([first.id]);
  });

  it('leaves events of types that it does not know, telling each type once', async () => {
    const { feed, letters, told, start, until } = bench();
    feed.publish(unknownEvent('a'), unknownEvent('b'), unknownEvent('c', 'renkei.other.thing.v1'), first);
    const consumer = start();
    await until(consumer, 4);
    expect(told.filter((one) => one === 'UNKNOWN_EVENT_TYPE')).toHaveLength(2);
    expect(consumer.health().counts).toMatchObject({ unknown: 3, handled: 1, dead: 0 });
    expect(letters.letters).toEqual([]);
  });

  it('waits while dead letters cannot be put, and while the inbox has no database', async () => {
    const inner = memoryInbox();
    let down = 5;
    const { feed, letters, handled, told, start, until } = bench({
      attemptsMax: 1,
      inbox: { once: (event, work) => (down-- > 0 ? Promise.reject(new Error('the database is gone')) : inner.once(event, work)) },
    });
    letters.failures = 12;
    feed.publish({ kind: 'broken', code: 'FEED_NOT_JSON' }, first);
    await until(start(), 2);
    expect(letters.letters).toHaveLength(1);
    expect(handled).toEqual([first.id]);
    expect(told).toContain('retry DISK_FULL 12 passing');
    expect(told).toContain('retry Error 5 passing');
  });

  it('says in its health what it waits for, stops while it waits, and brings the event again', async () => {
    let down = true;
    const handler = (): Promise<void> => (down ? Promise.reject(new PassingError('RESULTS_DOWN', 'later')) : Promise.resolve());
    const { feed, start, until } = bench({ backoff: { firstMs: 60_000, maxMs: 60_000 }, handlers: { 'renkei.result.received.v1': handler } });
    feed.publish(first);
    const consumer = start();
    await eventually(
      () => consumer.health().waitingFor !== undefined,
      () => 'it does not wait',
    );
    expect(consumer.health()).toMatchObject({ state: 'reading', waitingFor: { code: 'RESULTS_DOWN', attempt: 1, place: '0' } });
    await consumer.stop();
    expect(consumer.health()).toMatchObject({ state: 'stopped', counts: { handled: 0 } });
    down = false;
    const again = start();
    await until(again, 1);
    expect(again.health().counts.handled).toBe(1);
  });

  it('tells a handler when its time is over, rolls back what it did, and tries again only after it has ended', async () => {
    let [running, mostAtOnce, calls] = [0, 0, 0];
    let release: () => void = () => undefined;
    const heedless = new Promise<void>((resolve) => (release = resolve));
    const reasons: unknown[] = [];
    const { feed, letters, handled, told, start, until } = bench({
      handlerTimeoutMs: 20,
      attemptsMax: 1,
      handlers: {
        'renkei.result.received.v1': async ({ id }, { tx, signal, attempt }) => {
          [running, calls] = [running + 1, calls + 1];
          mostAtOnce = Math.max(mostAtOnce, running);
          tx.onCommit(() => handled.push(id));
          try {
            // the first attempt heeds the signal, the second one does not
            if (id === first.id && attempt === 1) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
            if (id === first.id && attempt === 2) await heedless;
          } catch (error) {
            reasons.push((error as { readonly code?: unknown }).code);
            throw error;
          } finally {
            running -= 1;
          }
        },
      },
    });
    feed.publish(first, second);
    const consumer = start();
    await eventually(
      () => consumer.health().overdue?.attempt === 2,
      () => `no handler is overdue: ${JSON.stringify(consumer.health())}`,
    );
    for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    expect([calls, handled]).toEqual([2, []]); // nothing is begun while it goes on
    release();
    await until(consumer, 2);
    expect(handled).toEqual([first.id, second.id]);
    expect([mostAtOnce, reasons, letters.letters]).toEqual([1, ['HANDLER_TIMEOUT'], []]);
    expect(told.filter((one) => one !== 'HANDLER_TIMEOUT')).toEqual([
      'retry HANDLER_TIMEOUT 1 passing',
      'retry HANDLER_TIMEOUT 2 passing',
      'handled 3',
      'handled 1',
    ]);
    expect(consumer.health()).not.toHaveProperty('overdue');
  });

  it('buries at once what a handler calls poison although its time is over, and counts timeouts where the caller says they do not pass', async () => {
    const late = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));
    const { feed, letters, start, until } = bench({
      handlerTimeoutMs: 1,
      attemptsMax: 2,
      passes: () => false,
      handlers: {
        'renkei.result.received.v1': async ({ id }) => {
          await late();
          if (id === first.id) throw new PoisonEvent('CASE_UNKNOWN', 'no such case');
        },
      },
    });
    feed.publish(first, second);
    await until(start(), 2);
    expect(letters.letters.map(({ reason, code, attempts }) => [reason, code, attempts])).toEqual([
      ['poison', 'CASE_UNKNOWN', 1],
      ['attempts-exceeded', 'HANDLER_TIMEOUT', 2],
    ]);
  });

  it('lets the caller say what passes', async () => {
    let failures = 9;
    const { feed, letters, start, until } = bench({
      attemptsMax: 2,
      passes: (error) => (error instanceof RangeError ? true : undefined),
      onEvent: () => (failures-- > 0 ? Promise.reject(new RangeError('quota')) : Promise.resolve()),
      handlers: {},
    });
    feed.publish(first);
    await until(start(), 1);
    expect(letters.letters).toEqual([]);
  });

  it('goes on where a hook throws', async () => {
    const failing = (): never => {
      throw new Error('the hook failed');
    };
    const { feed, handled, start, until } = bench({ hooks: { ended: failing, reading: failing, notice: failing } });
    feed.publish(unknownEvent(), first);
    await until(start(), 2);
    expect(handled).toEqual([first.id]);
  });
});
