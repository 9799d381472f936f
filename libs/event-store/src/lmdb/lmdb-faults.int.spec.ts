import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freshStream, noteOfBytes, notesAfter } from '../contract/notes.js';
import { type AppendRequest, NO_STREAM, START } from '../event-store.js';
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_REQUESTS_MAX } from './group-commit.js';
import { LmdbEventStore, type LmdbOptions } from './lmdb-event-store.js';

const INDEX = new URL('../index.js', import.meta.url).href;
const NOTES = new URL('../contract/notes.js', import.meta.url).href;
const PREAMBLE = `
  const { LmdbEventStore, NO_STREAM, START } = await import(${JSON.stringify(INDEX)});
  const { notesAfter } = await import(${JSON.stringify(NOTES)});
`;

let directory: string;
let stores: LmdbEventStore[];
let children: ChildProcess[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-store-'));
  stores = [];
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const store of stores) await store.close();
  await rm(directory, { recursive: true });
});

async function opened(options?: LmdbOptions): Promise<LmdbEventStore> {
  const store = await LmdbEventStore.open(directory, options);
  stores.push(store);
  return store;
}

/** Runs code in another process, with the directory as `directory`; its lines of output one by one. */
function inProcess(code: string): { readonly child: ChildProcess; readonly lines: AsyncIterator<string> } {
  const args = ['--input-type=module', '--eval', `const directory = ${JSON.stringify(directory)};${PREAMBLE}${code}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}
async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('the other process said no more');
  return value;
}
function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;
}
const streams = (count: number, events = 1): AppendRequest[] => Array.from({ length: count }, () => notesAfter(freshStream(), NO_STREAM, events));

describe('one writer a data directory', () => {
  it('refuses a second writer in the same process until the first has closed', async () => {
    const first = await opened();
    await expect(LmdbEventStore.open(directory)).rejects.toMatchObject({ name: 'StoreInUse', code: 'STORE_IN_USE', kind: 'unavailable' });
    await first.close();
    const second = await opened();
    expect(await second.append(notesAfter(freshStream(), NO_STREAM, 1))).toMatchObject({ revision: 0 });
  });

  it('refuses a writer while another process owns it, and lets one in as soon as that was killed', async () => {
    const { child, lines } = inProcess(`
      const store = await LmdbEventStore.open(directory);
      await store.append(notesAfter('note-1', NO_STREAM, 2));
      console.log('open');
      setInterval(() => undefined, 1_000);
    `);
    expect(await nextLine(lines)).toBe('open');
    await expect(LmdbEventStore.open(directory)).rejects.toMatchObject({ name: 'StoreInUse' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await opened();
    expect(await store.revisions(['note-1'])).toEqual([1]);
  });

  it.each([
    ['read-only where there is no store', () => LmdbEventStore.open(join(directory, 'missing'), { readOnly: true })],
    ['in a path that is a file', () => LmdbEventStore.open(join(directory, 'file', 'below'))],
  ])('is not opened %s', async (_, open) => {
    await writeFile(join(directory, 'file'), '');
    await expect(open()).rejects.toMatchObject({ name: 'StoreUnavailable', kind: 'unavailable' });
  });

  it('is not opened by code that does not know its format', async () => {
    const store = await opened();
    await store.close();
    const path = join(directory, 'events.mdb');
    const file = await readFile(path);
    const key = file.lastIndexOf(Buffer.from([1, 0, 1, 1])); // key size 1, key 01, value 01
    expect(key).toBeGreaterThan(0);
    file[key + 3] = 99;
    await writeFile(path, file);
    await expect(LmdbEventStore.open(directory)).rejects.toMatchObject({ name: 'StoreUnavailable', message: expect.stringContaining('format 99') });
    await expect(LmdbEventStore.open(directory)).rejects.toMatchObject({ name: 'StoreUnavailable' }); // and not StoreInUse: the lock was given back
  });
});

describe('a read-only store', () => {
  it('refuses appends', async () => {
    await opened();
    const reader = await opened({ readOnly: true });
    await expect(reader.append(notesAfter(freshStream(), NO_STREAM, 1))).rejects.toMatchObject({ name: 'StoreUnavailable' });
  });

  it('follows a writer in another process', async () => {
    const writer = await opened();
    await writer.append(notesAfter('note-1', NO_STREAM, 3));
    const { lines } = inProcess(`
      const store = await LmdbEventStore.open(directory, { readOnly: true });
      let seen = 0;
      const subscription = store.subscribe({ after: START, onPage: ({ events }) => console.log(seen += events.length) });
      await subscription.ended;
    `);
    expect(await nextLine(lines)).toBe('3');
    await writer.append(notesAfter('note-1', 2, 2));
    expect(await nextLine(lines)).toBe('5');
  });

  it('follows the writer from a worker thread, and may be closed or ended there while the writer goes on', async () => {
    const writer = await opened();
    const code = `(async () => {
      const { parentPort, workerData } = require('node:worker_threads');
      const { LmdbEventStore, START } = await import(workerData.index);
      const store = await LmdbEventStore.open(workerData.directory, { readOnly: true });
      let seen = 0;
      store.subscribe({ after: START, onPage: ({ events }) => parentPort.postMessage(seen += events.length) });
      parentPort.once('message', async () => { await store.close(); parentPort.postMessage('closed'); });
    })()`;
    const workers = [0, 1].map(() => new Worker(code, { eval: true, workerData: { index: INDEX, directory } }));
    const [closing, terminated] = workers as [Worker, Worker];
    const seenBy = (worker: Worker, count: number): Promise<void> =>
      new Promise((resolve) => worker.on('message', (seen) => (seen === count ? resolve() : undefined)));
    const both = workers.map((worker) => seenBy(worker, 500));
    for (let round = 0; round < 10; round += 1) await writer.appendMany(streams(25, 2));
    await Promise.all(both);
    await terminated.terminate();
    closing.postMessage('close');
    await once(closing, 'message');
    await closing.terminate();
    const outcomes = await writer.appendMany(streams(25, 2));
    expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await writer.lastPosition()).toBe(550n);
  });

  it('keeps no old pages: the file grows by what is written, whoever follows', async () => {
    const writer = await opened();
    const reader = await opened({ readOnly: true });
    let read = 0;
    const subscriptions = [writer, reader].map((store) => store.subscribe({ after: START, onPage: ({ events }) => void (read += events.length) }));
    for (let round = 0; round < 400; round += 1) await writer.appendMany(streams(5));
    while (read < 4_000) await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all(subscriptions.map((subscription) => subscription.stop()));
    const { size } = await stat(join(directory, 'events.mdb'));
    const { events } = await writer.readAll({ after: START, limit: 10_000 });
    const written = events.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(size / written).toBeLessThan(4); // 400 commits of five small events each: a page for every block, and the index
  });
});

describe('a disk that is full or nearly so', () => {
  it('refuses appends with StoreFull, keeps serving reads and takes appends again when there is room', async () => {
    const before = await opened();
    const request = notesAfter('note-1', NO_STREAM, 2);
    await before.append(request);
    await before.close();
    const full = await opened({ reserveBytes: Number.MAX_SAFE_INTEGER });
    await expect(full.append(notesAfter('note-1', 1, 1))).rejects.toMatchObject({ name: 'StoreFull', code: 'STORE_FULL', kind: 'unavailable' });
    expect(await full.append(request)).toMatchObject({ revision: 1, alreadyStored: true });
    expect(await full.readStream('note-1')).toHaveLength(2);
    await full.close();
    const after = await opened();
    expect(await after.append(notesAfter('note-1', 1, 1))).toMatchObject({ revision: 2 });
  });

  const title = 'loses nothing that was acknowledged on a file system that fills up';
  const test = canMount() ? it : it.skip;
  test(canMount() ? title : `${title} (skipped: it mounts a file system, which takes Linux and root)`, async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', directory]);
    try {
      const store = await LmdbEventStore.open(directory, { reserveBytes: 5 * 1024 * 1024 });
      const acknowledged: string[] = [];
      const refusals: unknown[] = [];
      while (refusals.length < 3) {
        const stream = freshStream();
        const append = store.append({ stream, expectedRevision: NO_STREAM, events: [noteOfBytes(stream, 0, 20_000)] });
        await append.then(
          () => acknowledged.push(stream),
          (error: unknown) => refusals.push(error),
        );
        await new Promise((resolve) => setTimeout(resolve, 2)); // slower than the free space is looked at
      }
      expect(refusals).toMatchObject([{ name: 'StoreFull' }, { name: 'StoreFull' }, { name: 'StoreFull' }]);
      expect(new Set(await store.revisions(acknowledged))).toEqual(new Set([0]));
      await store.close();
      const reopened = await LmdbEventStore.open(directory, { reserveBytes: 0 });
      expect(new Set(await reopened.revisions(acknowledged))).toEqual(new Set([0]));
      expect(Number(await reopened.lastPosition())).toBe(acknowledged.length);
      expect(acknowledged.length).toBeGreaterThan(50);
      expect(await reopened.append(notesAfter(freshStream(), NO_STREAM, 1))).toMatchObject({ revision: 0 });
      await reopened.close();
    } finally {
      execFileSync('umount', [directory]);
    }
  });
});

describe('too much in flight', () => {
  it('is refused as busy by number, and the rest is stored', async () => {
    const store = await opened();
    const stream = freshStream();
    const request = notesAfter(stream, NO_STREAM, 1);
    const outcomes = await store.appendMany(new Array<AppendRequest>(IN_FLIGHT_REQUESTS_MAX + 2).fill(request));
    expect(outcomes.slice(0, IN_FLIGHT_REQUESTS_MAX).every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(outcomes.slice(IN_FLIGHT_REQUESTS_MAX)).toMatchObject([
      { status: 'rejected', reason: { name: 'StoreBusy', kind: 'busy' } },
      { status: 'rejected', reason: { name: 'StoreBusy', kind: 'busy' } },
    ]);
    expect(await store.append(request)).toMatchObject({ alreadyStored: true });
  });

  it('is refused as busy by bytes', async () => {
    const store = await opened();
    const stream = freshStream();
    const request = { stream, expectedRevision: NO_STREAM, events: Array.from({ length: 16 }, (_, revision) => noteOfBytes(stream, revision, 65_000)) };
    const fit = Math.floor(IN_FLIGHT_BYTES_MAX / (16 * 65_000));
    const outcomes = await store.appendMany(new Array<AppendRequest>(fit + 1).fill(request));
    expect(outcomes.map(({ status }) => status)).toEqual([...new Array<string>(fit).fill('fulfilled'), 'rejected']);
    expect(outcomes.at(-1)).toMatchObject({ reason: { kind: 'busy' } });
  });
});

describe('a stream of many small appends', () => {
  it('reads whole and from anywhere, though it lies in as many blocks', async () => {
    const store = await opened();
    const stream = freshStream();
    for (let revision = NO_STREAM; revision < 299; revision += 1) await store.appendMany([notesAfter(stream, revision, 1), ...streams(2)]);
    const events = await store.readStream(stream);
    expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 300 }, (_, revision) => revision));
    expect((await store.readStream(stream, { from: 123, limit: 2 })).map(({ id }) => id)).toEqual(events.slice(123, 125).map(({ id }) => id));
  });
});
