import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { open } from 'lmdb';
import { freshStream, note, notesAfter } from '../contract/notes.js';
import { NO_STREAM } from '../event-store.js';
import { BLOCK_HEADER_BYTES, blockKey, decodeRun, encodeRun, EVENT_PREFIX_BYTES, headKey, olderKey } from '../lmdb/layout.js';
import { LmdbEventStore } from '../lmdb/lmdb-event-store.js';
import type { StoreFinding } from './store-finding.js';
import { StoreWalk } from './store-walk.js';

describe('a walk through a store', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-walk-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Streams of several runs, and many short ones: `long` in three runs of 2, 1 and 3 events. */
  const long = 'note-0171ef30-0000-7000-8000-0000000000ff';
  async function filled(): Promise<void> {
    const store = await LmdbEventStore.open(directory);
    await store.append(notesAfter(long, NO_STREAM, 2));
    await store.appendMany(Array.from({ length: 50 }, () => notesAfter(freshStream(), NO_STREAM, 4)));
    await store.append(notesAfter(long, 1, 1));
    await store.append(notesAfter('note-"名"', NO_STREAM, 1));
    await store.append(notesAfter(long, 2, 3));
    await store.close();
  }

  interface Walked {
    readonly positions: number[];
    readonly runs: number;
    readonly findings: readonly StoreFinding[];
    readonly ids: number;
  }
  async function walk(): Promise<Walked> {
    const store = StoreWalk.open(directory);
    const positions: number[] = [];
    const findings: StoreFinding[] = [];
    let ids = 0;
    let runs = 0;
    const last = store.lastPosition();
    const { finding } = store.blocks(1, last + 1, {
      event: (_block, _start, _end, position) => positions.push(position),
      ids: (words) => (ids += words.length / 4),
    });
    if (finding) findings.push(finding);
    for (const page of store.index(last)) {
      runs += page.runs;
      if (page.finding) findings.push(page.finding);
    }
    const difference = findings.length === 0 ? store.difference(last) : undefined;
    if (difference) findings.push(difference);
    await store.close();
    return { positions, runs, findings, ids };
  }

  /** Writes past the store, as whoever has the disk could. */
  async function tamper(change: (file: { get(key: Buffer): Buffer; put(key: Buffer, value: Buffer): void; remove(key: Buffer): void }) => void): Promise<void> {
    const file = open<Buffer, Buffer>({ path: join(directory, 'events.mdb'), noSubdir: true, keyEncoding: 'binary', encoding: 'binary' });
    change({
      get: (key) => file.getBinary(key) as Buffer,
      put: (key, value) => file.putSync(key, value),
      remove: (key) => file.removeSync(key),
    });
    await file.close();
  }

  it('finds nothing in a store as it was written, and sees every event', async () => {
    await filled();
    const { positions, runs, findings, ids } = await walk();
    expect(findings).toEqual([]);
    expect(positions).toEqual(Array.from({ length: 207 }, (_, index) => index + 1));
    expect([runs, ids]).toEqual([54, 207]);
  });

  it('finds nothing in an empty store, nor beside an owner that writes', async () => {
    const store = await LmdbEventStore.open(directory);
    expect((await walk()).findings).toEqual([]);
    let writing = true;
    const grow = (async (): Promise<void> => {
      for (let revision = NO_STREAM; writing; revision += 1) await store.append(notesAfter(long, revision, 1));
    })();
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await walk()).findings).toEqual([]);
    }
    writing = false;
    await grow;
    await store.close();
  });

  it.each<[string, string, (file: Parameters<Parameters<typeof tamper>[0]>[0]) => void]>([
    ['a block that is gone', 'POSITION_MISSING', (file) => file.remove(blockKey(203))],
    ['an event that is gone from its block', 'BLOCK_DAMAGED', (file) => file.put(blockKey(203), file.get(blockKey(203)).subarray(0, BLOCK_HEADER_BYTES))],
    ['bytes behind the last event', 'BLOCK_DAMAGED', (file) => file.put(blockKey(1), Buffer.concat([file.get(blockKey(1)), Buffer.of(0)]))],
    ['a block of another format', 'BLOCK_DAMAGED', (file) => file.put(blockKey(1), Buffer.concat([Buffer.of(9), file.get(blockKey(1)).subarray(1)]))],
    ['a stream whose newest run is gone', 'INDEX_DAMAGED', (file) => file.remove(headKey(long))],
    ['a run that is gone', 'REVISION_MISSING', (file) => file.remove(olderKey(long, 2))],
    ['a run at another place', 'INDEX_CONTRADICTS_BLOCKS', (file) => file.put(headKey(long), encodeRun({ ...decodeRun(file.get(headKey(long))), ordinal: 1 }))],
    ['a run of more events', 'REVISION_MISSING', (file) => file.put(olderKey(long, 2), encodeRun({ ...decodeRun(file.get(olderKey(long, 2))), count: 2 }))],
    ['a stream that no block holds', 'INDEX_CONTRADICTS_BLOCKS', (file) => file.put(headKey('note-x'), file.get(headKey('note-"名"')))],
    ['an entry of another kind', 'ENTRY_UNKNOWN', (file) => file.put(Buffer.of(9), Buffer.of(1))],
  ])('finds %s', async (_, code, change) => {
    await filled();
    await tamper(change);
    const { findings } = await walk();
    expect(findings.map((finding) => finding.code)).toEqual(expect.arrayContaining([code]));
  });

  it('names position and stream of an event whose revision does not follow', async () => {
    await filled();
    await tamper((file) => {
      const block = file.get(blockKey(205));
      const second = BLOCK_HEADER_BYTES + EVENT_PREFIX_BYTES + block.readUInt16BE(BLOCK_HEADER_BYTES) + EVENT_PREFIX_BYTES;
      const event = note(long, 3);
      event.bytes.forEach((byte, at) => (block[second + at] = byte));
      file.put(blockKey(205), block);
    });
    expect((await walk()).findings).toContainEqual(expect.objectContaining({ code: 'REVISION_MISSING', position: 206, stream: long }));
  });

  it('names a revision that stands in two blocks', async () => {
    const store = await LmdbEventStore.open(directory);
    await store.append(notesAfter(long, NO_STREAM, 1));
    await store.append(notesAfter(long, 0, 1));
    await store.close();
    await tamper((file) => {
      const block = file.get(blockKey(2));
      const event = note(long, 0);
      event.bytes.forEach((byte, at) => (block[BLOCK_HEADER_BYTES + EVENT_PREFIX_BYTES + at] = byte));
      file.put(blockKey(2), block);
    });
    expect((await walk()).findings).toEqual([expect.objectContaining({ code: 'INDEX_CONTRADICTS_BLOCKS', position: 2, stream: long })]);
  });
});
