import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgencyClient } from '../agency-client.js';
import { type CursorStore, fileCursor, memoryCursor } from './cursor-store.js';
import { fileDeadLetters } from './dead-letters.js';
import { results } from './feed-events.fixture.js';
import { FeedServer } from './feed-server.fixture.js';
import { eventually, feedSourceContract, Reading } from './feed-source.contract.js';
import { httpSource } from './http-source.js';
import type { MemoryEntry } from './memory-feed.js';

const FAST = { firstMs: 5, maxMs: 20 };

const wire = (entry: MemoryEntry): unknown => {
  if (!('kind' in entry)) return entry;
  return entry.kind === 'broken' ? { no: 'event' } : { specversion: '1.0', id: entry.id, source: entry.source, type: entry.type, data: { more: true } };
};

feedSourceContract('HTTP', () =>
  Promise.resolve({
    newFeed: async () => {
      const server = await FeedServer.start();
      const client = server.client();
      const cursors = new Map<string, CursorStore>();
      return {
        publish: (...entries) => Promise.resolve(server.publish(...entries.map(wire))),
        source: (group, startAt) => {
          const cursor = cursors.get(group) ?? memoryCursor();
          cursors.set(group, cursor);
          return httpSource({ client, cursor, backoff: FAST, ...(startAt === undefined ? {} : { startAt }) });
        },
        placeAfter: (entries) => `c${entries}`,
        close: async () => {
          await client.close();
          await server.close();
        },
      };
    },
    close: () => Promise.resolve(),
  }),
);

describe('the feed over HTTP', () => {
  let server: FeedServer;
  let client: AgencyClient;
  let directory: string;
  const readings: Reading[] = [];
  beforeEach(async () => {
    server = await FeedServer.start();
    client = server.client();
    directory = await mkdtemp(join(tmpdir(), 'renkei-http-source-'));
  });
  afterEach(async () => {
    await Promise.all(readings.splice(0).map((reading) => reading.stop()));
    await client.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
  const read = (cursor: CursorStore): Reading => {
    const reading = new Reading(httpSource({ client, cursor, backoff: FAST, limit: 3 }));
    readings.push(reading);
    return reading;
  };

  it('tells trouble while the server fails, goes on by itself, and says that it reads again', async () => {
    const events = results(6);
    server.publish(...events.slice(0, 4));
    const reading = read(memoryCursor());
    await reading.until(4);
    server.failing = 503;
    server.publish(...events.slice(4));
    await eventually(
      () => reading.told.filter((code) => code === 'BUSY').length >= 2,
      () => reading.told.join(' '),
    );
    server.failing = undefined;
    await reading.until(6);
    expect(reading.ids).toEqual(events.map(({ id }) => id));
    await eventually(
      () => reading.told.at(-1) === 'reading',
      () => reading.told.join(' '),
    );
  });

  it('waits for the next event in the call, and asks again no sooner than it was answered', async () => {
    const reading = read(memoryCursor());
    await eventually(
      () => server.requests.length === 2,
      () => server.requests.join(' '),
    );
    await sleep(200);
    expect(server.requests).toEqual(['/feed?limit=3', '/feed?wait=20&limit=3&after=c0']);
    server.publish(...results(1));
    await reading.until(1);
  });

  it('keeps its cursor in a file, and reads from the beginning where the server no longer accepts it', async () => {
    const events = results(5);
    const cursor = fileCursor(join(directory, 'cursor'));
    server.publish(...events);
    const first = read(cursor);
    await first.until(5);
    await first.stop();
    expect(await readFile(join(directory, 'cursor'), 'utf8')).toBe('c5\n');
    server.refused = 'c5';
    const second = read(cursor);
    await eventually(
      () => second.told.includes('CURSOR_REFUSED'),
      () => second.told.join(' '),
    );
    server.refused = undefined;
    await second.until(5);
    expect(second.ids).toEqual(events.map(({ id }) => id));
  });

  it('goes on where the cursor cannot be stored for a while', async () => {
    const inner = memoryCursor();
    let failures = 3;
    const reading = read({
      load: () => inner.load(),
      save: (next) => (failures-- > 0 ? Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) : inner.save(next)),
    });
    server.publish(...results(2));
    await eventually(
      () => failures < 0,
      () => reading.told.join(' '),
    );
    expect(reading.told.filter((code) => code === 'ENOSPC')).toHaveLength(3);
    expect(await inner.load()).toBe('c2');
  });

  it('appends dead letters to a file as they came', async () => {
    const letters = fileDeadLetters(join(directory, 'dead.jsonl'));
    const letter = { reason: 'undecodable', code: 'FEED_NOT_JSON', attempts: 1, from: 'http', place: '7', at: '2020-05-08T00:00:00.000Z' } as const;
    await letters.put({ ...letter, message: { value: Buffer.from('{') } });
    await letters.put({ ...letter, place: '8', message: { key: Buffer.from('k'), value: Buffer.from('x'), headers: { ce_id: Buffer.from('1') } } });
    const lines = (await readFile(join(directory, 'dead.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...letter, message: { value: 'ew==' } },
      { ...letter, place: '8', message: { key: 'aw==', value: 'eA==', headers: { ce_id: 'MQ==' } } },
    ]);
  });
});
