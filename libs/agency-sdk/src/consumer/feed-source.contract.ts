import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FeedEvent } from '#libs/feed-schemas';
import { results, timeOfEvent, unknownEvent } from './feed-events.fixture.js';
import type { Delivery, DeliveryOutcome, FeedSource, StartAt } from './feed-source.js';
import type { MemoryEntry } from './memory-feed.js';

/** A feed of its own, empty at first, as an adapter's tests set one up. */
export interface SourceBench {
  /** Resolves once a source can read them. */
  publish(...entries: readonly MemoryEntry[]): Promise<void>;
  source(group: string, startAt?: StartAt): FeedSource<FeedEvent>;
  /** What `startAt.place` is for beginning after so many entries. */
  placeAfter(entries: number): string;
  close(): Promise<void>;
}
export interface SourceSetting {
  newFeed(): Promise<SourceBench>;
  close(): Promise<void>;
}

const READ_WITHIN_MS = 30_000;
/** Long enough that what must not happen would have. */
const QUIET_MS = 300;

export type Deliver = (delivery: Delivery<FeedEvent>) => Promise<DeliveryOutcome> | DeliveryOutcome;

/** Runs a source in the background. */
export class Reading {
  readonly places: string[] = [];
  readonly ids: string[] = [];
  readonly kinds: string[] = [];
  readonly told: string[] = [];
  readonly #stop = new AbortController();
  readonly done: Promise<void>;

  constructor(source: FeedSource<FeedEvent>, deliver: Deliver = () => 'done') {
    this.done = source.run(
      {
        deliver: async (delivery) => {
          const outcome = await deliver(delivery);
          if (outcome === 'done') this.#note(delivery);
          return outcome;
        },
        reading: () => void this.told.push('reading'),
        trouble: ({ code }) => void this.told.push(code),
        notice: (code) => void this.told.push(code),
      },
      this.#stop.signal,
    );
  }

  #note(delivery: Delivery<FeedEvent>): void {
    this.places.push(delivery.place);
    try {
      const decoded = delivery.decode();
      this.kinds.push(decoded.kind);
      this.ids.push(decoded.kind === 'event' ? decoded.event.id : decoded.id);
    } catch {
      this.kinds.push('broken');
    }
  }

  abort(): void {
    this.#stop.abort();
  }
  async stop(): Promise<void> {
    this.abort();
    await this.done;
  }
  /** Waits until so many were handed over and done. */
  async until(count: number): Promise<void> {
    await eventually(
      () => this.places.length >= count,
      () => `only ${this.places.length} of ${count} came; told ${this.told.join(' ')}`,
    );
  }
}

/** Waits until it holds; rejects with what `otherwise` tells where it does not in time. */
export async function eventually(holds: () => boolean, otherwise: () => string, withinMs = READ_WITHIN_MS): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(otherwise());
    await sleep(10);
  }
}

const idsOf = (events: readonly FeedEvent[]): string[] => events.map(({ id }) => id);

/** What every FeedSource keeps. */
export function feedSourceContract(name: string, open: () => Promise<SourceSetting>): void {
  describe(`FeedSource: ${name}`, () => {
    let setting: SourceSetting;
    let feed: SourceBench;
    const readings: Reading[] = [];
    const read = (source: FeedSource<FeedEvent>, deliver?: Deliver): Reading => {
      const reading = new Reading(source, deliver);
      readings.push(reading);
      return reading;
    };

    beforeAll(async () => {
      setting = await open();
    }, 120_000);
    afterAll(() => setting.close());
    beforeEach(async () => {
      feed = await setting.newFeed();
    });
    afterEach(async () => {
      await Promise.all(readings.splice(0).map((reading) => reading.stop()));
      await feed.close();
    });

    it('hands over everything in order: what was there, and what comes later', async () => {
      const events = results(250);
      await feed.publish(...events.slice(0, 200));
      const reading = read(feed.source('one'));
      await reading.until(200);
      await feed.publish(...events.slice(200));
      await reading.until(250);
      expect(reading.ids).toEqual(idsOf(events));
      expect(reading.told).toContain('reading');
    });

    it('goes on where its group stopped, and leaves nothing out', async () => {
      const events = results(30);
      await feed.publish(...events.slice(0, 20));
      const first = read(feed.source('one'));
      await first.until(20);
      await first.stop();
      await feed.publish(...events.slice(20));
      const second = read(feed.source('one'));
      await second.until(10);
      await sleep(QUIET_MS);
      expect(second.ids).toEqual(idsOf(events.slice(20)));
    });

    it('gives the next one only after the outcome of the one before', async () => {
      await feed.publish(...results(20));
      let underWay = 0;
      let most = 0;
      const reading = read(feed.source('one'), async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await sleep(2);
        underWay -= 1;
        return 'done' as const;
      });
      await reading.until(20);
      expect(most).toBe(1);
    });

    it('stops only after the one under way has ended, and records its place', async () => {
      const events = results(3);
      await feed.publish(...events);
      let finish = (): void => undefined;
      const held = new Promise<void>((resolve) => (finish = resolve));
      let started = false;
      const first = read(feed.source('one'), async () => {
        started = true;
        await held;
        return 'done' as const;
      });
      await eventually(
        () => started,
        () => 'nothing came',
      );
      first.abort();
      let stopped = false;
      void first.done.then(() => (stopped = true));
      await sleep(QUIET_MS);
      expect(stopped).toBe(false);
      finish();
      await first.done;
      expect(first.ids).toEqual(idsOf(events.slice(0, 1)));
      const second = read(feed.source('one'));
      await second.until(2);
      expect(second.ids).toEqual(idsOf(events.slice(1)));
    });

    it('brings again what was given back, before anything after it', async () => {
      const events = results(3);
      await feed.publish(...events);
      const first: Reading = read(feed.source('one'), async (delivery) => {
        if (first.places.length === 0) return 'done';
        first.abort();
        await eventually(
          () => delivery.givenBack.aborted,
          () => 'it was not asked back',
        );
        return 'not-done';
      });
      await first.done;
      const second = read(feed.source('one'));
      await second.until(2);
      expect(second.ids).toEqual(idsOf(events.slice(1)));
    });

    it('reads the whole feed for each group', async () => {
      const events = results(5);
      await feed.publish(...events);
      const one = read(feed.source('one'));
      await one.until(5);
      const two = read(feed.source('two'));
      await two.until(5);
      expect(two.ids).toEqual(idsOf(events));
    });

    it('begins for a new group at an instant, at a place or at the end, and then keeps its own place', async () => {
      const events = results(8);
      await feed.publish(...events.slice(0, 6));
      const fromTime = (): FeedSource<FeedEvent> => feed.source('time', { time: timeOfEvent(4) });
      const byTime = read(fromTime());
      const byPlace = read(feed.source('place', { place: feed.placeAfter(3) }));
      const atEnd = read(feed.source('end', 'end'));
      await byTime.until(2);
      await byPlace.until(3);
      await eventually(
        () => atEnd.told.includes('reading'),
        () => 'it does not read',
      );
      await sleep(QUIET_MS);
      await byTime.stop();
      await feed.publish(...events.slice(6));
      const again = read(fromTime());
      await again.until(2);
      await atEnd.until(2);
      expect(byTime.ids).toEqual(idsOf(events.slice(4, 6)));
      expect(again.ids).toEqual(idsOf(events.slice(6)));
      expect(byPlace.ids.slice(0, 3)).toEqual(idsOf(events.slice(3, 6)));
      expect(atEnd.ids).toEqual(idsOf(events.slice(6)));
    });

    it('hands over what can not be read and what is not known as such', async () => {
      const [first, last] = results(2) as [FeedEvent, FeedEvent];
      await feed.publish(first, { kind: 'broken', code: 'FEED_NOT_JSON' }, unknownEvent('new-1'), last);
      const bytes: number[] = [];
      const reading = read(feed.source('one'), (delivery) => {
        bytes.push(delivery.message().value.byteLength);
        return 'done';
      });
      await reading.until(4);
      expect(reading.kinds).toEqual(['event', 'broken', 'unknown', 'event']);
      expect(reading.ids).toEqual([first.id, 'new-1', last.id]);
      expect(Math.min(...bytes)).toBeGreaterThan(0);
    });

    it('stops at once where nothing comes', async () => {
      const reading = read(feed.source('one'));
      await eventually(
        () => reading.told.includes('reading'),
        () => 'it does not read',
      );
      const startedMs = performance.now();
      await reading.stop();
      expect(performance.now() - startedMs).toBeLessThan(15_000); // a page is waited for 20 s and more;
    });
  });
}
