import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freshStream, notesAfter } from '../contract/notes.js';
import { NO_STREAM } from '../event-store.js';
import { EventBytes } from './event-bytes.js';
import { LmdbEventStore } from './lmdb-event-store.js';

const EVENTS = 40;

describe("the bytes of an embedded store's events", () => {
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-bytes-'));
    const store = await LmdbEventStore.open(directory);
    for (let count = 0; count < EVENTS;) {
      // blocks of one to five events
      const many = Math.min(1 + (count % 5), EVENTS - count);
      const requests = Array.from({ length: many }, () => notesAfter(freshStream(), NO_STREAM, 1));
      for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
      count += many;
    }
    await store.close();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are those of `readAll`, between any two positions, each told where the next one ends', async () => {
    const store = await LmdbEventStore.open(directory, { readOnly: true });
    const bytes = EventBytes.open(directory);
    try {
      const { events } = await store.readAll({ after: 0n, limit: EVENTS });
      for (const [after, upTo] of [
        [0, EVENTS],
        [0, 1],
        [7, 8],
        [3, 29],
        [EVENTS - 1, EVENTS],
        [EVENTS, EVENTS],
      ] as const) {
        const seen: { readonly text: string; readonly position: number }[] = [];
        bytes.walk(after, upTo, (block, start, end, position, nextEnd) => {
          seen.push({ text: block.toString('utf8', start, end), position });
          const next = events[position]; // the event of the position that follows
          if (nextEnd > 0) expect(block.toString('utf8', end + 2, nextEnd)).toBe(Buffer.from(next?.bytes ?? []).toString('utf8'));
        });
        const expected = events.slice(after, upTo).map((event) => ({ text: Buffer.from(event.bytes).toString('utf8'), position: Number(event.position) }));
        expect(seen).toEqual(expected);
      }
      expect(() => bytes.walk(0, EVENTS + 1, () => undefined)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    } finally {
      await bytes.close();
      await store.close();
    }
  });

  it('cannot be had where there is no store, or a block is damaged', async () => {
    expect(() => EventBytes.open(join(directory, 'nothing'))).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    const { open } = await import('lmdb');
    const file = open<Buffer, Buffer>({ path: join(directory, 'events.mdb'), noSubdir: true, keyEncoding: 'binary', encoding: 'binary' });
    const key = Buffer.from('02000000000001', 'hex');
    const block = Buffer.from(file.getBinary(key) as Buffer);
    block.writeUInt16BE(0xffff, 5); // the first event reaches beyond its block
    file.putSync(key, block);
    await file.close();
    const bytes = EventBytes.open(directory);
    expect(() => bytes.walk(0, EVENTS, () => undefined)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
    await bytes.close();
  });
});
