// What a server may do to this adapter, made to happen at the double by its fault hooks; what each stands for is in README.md.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BACKWARDS, END, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { type EventStoreDouble, startEventStoreDouble } from '../../../../test/support/eventstoredb/double.js';
import { freshStream, note, notesAfter } from '../contract/notes.js';
import { NO_STREAM, type AllPage, type AppendRequest, START, type StoredEvent } from '../event-store.js';
import { EventStoreDbEventStore } from './eventstoredb-event-store.js';
import type { Times } from './limits.js';

const TIMES: Times = {
  appendAttemptMs: 800,
  appendMs: 5_000,
  readIdleMs: 300,
  readMs: 2_000,
  openMs: 2_000,
  writerPollMs: 50,
  readerPollMs: 20,
  replaceAfterMs: 400,
};
const OWN = 'renkei.example/core/';
const OTHER = 'renkei.example/core.west/';
const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each(['23.10.8', '24.2.0'] as const)('the store on EventStoreDB %s', (version) => {
  let double: EventStoreDouble;
  const opened: EventStoreDbEventStore[] = [];
  let admin: EventStoreDBClient;
  /** The driver's first appends find their stream in no certain order. */
  const begun = async (): Promise<EventStoreDbEventStore> => {
    const store = await open();
    await store.append(notesAfter(freshStream(), NO_STREAM, 1));
    return store;
  };
  const open = async (prefix = OWN, options: { readonly readOnly?: boolean; readonly times?: Partial<Times> } = {}): Promise<EventStoreDbEventStore> => {
    const store = await EventStoreDbEventStore.open({ url: double.url, prefix }, { ...options, times: { ...TIMES, ...options.times } });
    opened.push(store);
    return store;
  };
  /** Bypassing the adapter. */
  const stored = (stream: string): readonly string[] => idsOf(double.records.filter((record) => record.stream === OWN + stream));

  beforeEach(async () => {
    double = await startEventStoreDouble({ version });
    admin = EventStoreDBClient.connectionString(double.url);
  });
  afterEach(async () => {
    double.faults.clear();
    double.faults.thaw();
    for (const store of opened.splice(0)) await store.close();
    await admin.dispose();
    await double.stop();
  });

  describe('an append whose answer', () => {
    it.each([
      ['never comes, and was not stored', { kind: 'no-answer' }],
      ['never comes, though it was stored', { kind: 'answer-lost' }],
      ['is broken off, though it was stored', { kind: 'answer-cut' }],
      ['is a timeout, though it was stored', { kind: 'stored-then-timeout' }],
      ['is a timeout', { kind: 'timeout' }],
      ['is that the server is unavailable', { kind: 'unavailable' }],
      ['is that the server is not ready', { kind: 'not-ready' }],
      ['comes after its attempt was given up', { kind: 'delay', ms: 1_500 }],
    ] as const)('%s is sent again, and stored once', async (_, fault) => {
      const store = await open();
      const stream = freshStream();
      const request = notesAfter(stream, NO_STREAM, 2);
      double.faults.add('batchAppend', fault);
      expect(await store.append(request)).toMatchObject({ revision: 1, alreadyStored: false });
      expect(stored(stream)).toEqual(idsOf(request.events));
      expect(double.faults.plan.hits).toHaveLength(1);
      const next = notesAfter(stream, 1, 1);
      await store.append(next);
      expect(stored(stream)).toEqual(idsOf([...request.events, ...next.events]));
    });

    it('is broken off, and the server starts again before it is sent again, is stored once', async () => {
      const store = await open();
      const requests = Array.from({ length: 12 }, () => notesAfter(freshStream(), NO_STREAM, 1));
      double.faults.add('batchAppend', { kind: 'answer-cut' }, { skip: 6 });
      const appending = Promise.all(requests.map((request) => store.append(request)));
      await until(() => double.faults.plan.hits.length === 1);
      await double.kill();
      await double.restart({ notReadyMs: 150 });
      for (const { revision } of await appending) expect(revision).toBe(0);
      for (const { stream, events } of requests) expect(stored(stream)).toEqual(idsOf(events));
    });

    it('does not come in time is told as unavailable; the same bytes then tell what became of it', async () => {
      const store = await begun();
      const [kept, lost] = [notesAfter(freshStream(), NO_STREAM, 1), notesAfter(freshStream(), NO_STREAM, 1)];
      double.faults.add('batchAppend', { kind: 'answer-lost' });
      double.faults.add('batchAppend', { kind: 'no-answer' }, { times: 1_000 });
      const outcomes = await store.appendMany([kept, lost]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE', kind: 'unavailable' } });
      double.faults.clear();
      expect(await store.append(kept)).toMatchObject({ revision: 0, alreadyStored: true });
      expect(await store.append(lost)).toMatchObject({ revision: 0, alreadyStored: false });
    });
  });

  it('is not upset by a bad request and the second answer that it gets, and does not repeat it', async () => {
    const store = await open();
    double.faults.add('batchAppend', { kind: 'bad-request-then-timeout' });
    await expect(store.append(notesAfter(freshStream(), NO_STREAM, 1))).rejects.toMatchObject({ code: 'APPEND_REFUSED', kind: 'internal' });
    await new Promise((resolve) => setTimeout(resolve, 2_300)); // the second answer has come
    const requests = Array.from({ length: 20 }, () => notesAfter(freshStream(), NO_STREAM, 1));
    const started = performance.now();
    await Promise.all(requests.map((request) => store.append(request)));
    expect(performance.now() - started).toBeLessThan(TIMES.appendAttemptMs); // settled, not timed out
    expect(double.faults.plan.hits).toHaveLength(1);
  });

  it('keeps its appends when another party of the process closes, or is in trouble', async () => {
    const times = { appendAttemptMs: 5_000, appendMs: 20_000 }; // what is rejected is sent again at once, without a timer
    const [store, other] = [await open(OWN, { times }), await open(OTHER, { times })];
    const requests = Array.from({ length: 200 }, () => notesAfter(freshStream(), NO_STREAM, 1));
    const appending = Promise.all(requests.map((request) => store.append(request)));
    const elsewhere = other.append(notesAfter(freshStream(), NO_STREAM, 1));
    await other.close();
    expect(await elsewhere).toMatchObject({ revision: 0 });
    expect(await appending).toHaveLength(200);
    await admin.appendToStream('somebody-else', jsonEvent({ type: 'Thing', data: {} }));
    const more = requests.map(({ stream }) => store.append(notesAfter(stream, 0, 1)));
    await admin.dispose(); // of another client: rejects what ours has in flight
    expect(await Promise.all(more)).toHaveLength(200);
  });

  it('does not let an append wait for another stream, nor two of one stream pass each other', async () => {
    const store = await begun();
    const [slow, quick] = [freshStream(), freshStream()];
    double.faults.add('batchAppend', { kind: 'no-answer' });
    const order: string[] = [];
    const [first, second] = [notesAfter(slow, NO_STREAM, 1), notesAfter(slow, 0, 1)];
    await Promise.all([
      store.append(first).then(() => order.push('first')),
      store.append(second).then(() => order.push('second')),
      store.append(notesAfter(quick, NO_STREAM, 1)).then(() => order.push('quick')),
    ]);
    expect(order).toEqual(['quick', 'first', 'second']);
  });

  describe('an outage', () => {
    it('is survived by appends, reads and subscriptions, with nothing lost or repeated', async () => {
      const store = await open();
      const seen: StoredEvent[] = [];
      const subscription = store.subscribe({ after: START, pageEventsMax: 7, onPage: ({ events }) => void seen.push(...events) });
      const all: AppendRequest[] = [];
      for (let outage = 0; outage < 3; outage += 1) {
        const requests = Array.from({ length: 100 }, () => notesAfter(freshStream(), NO_STREAM, 1));
        all.push(...requests);
        const appending = Promise.all(requests.map((request) => store.append(request)));
        await until(() => seen.length > outage * 100);
        await double.kill();
        const reading = store.lastPosition();
        await new Promise((resolve) => setTimeout(resolve, 200));
        await double.restart({ notReadyMs: 100 });
        await appending;
        expect(await reading).toBeGreaterThan(START);
      }
      await until(() => seen.length >= 300);
      await subscription.stop();
      const expected = new Set(idsOf(all.flatMap(({ events }) => events)));
      expect(seen).toHaveLength(300);
      expect(new Set(idsOf(seen))).toEqual(expected);
      expect(idsOf(seen)).toEqual(idsOf(double.records.filter(({ stream }) => stream.startsWith(OWN))));
    });

    it('is told in bounded time: a dead server, and one that is frozen', async () => {
      const store = await open();
      const stream = freshStream();
      await store.append(notesAfter(stream, NO_STREAM, 1));
      for (const [begin, end] of [
        [() => double.kill(), () => double.restart()],
        [() => double.faults.freeze(), () => double.faults.thaw()],
      ] as const) {
        await begin();
        const calls = [
          store.append(notesAfter(freshStream(), NO_STREAM, 1)),
          store.readStream(stream),
          store.revisions([stream]),
          store.readAll({ after: START, limit: 1 }),
        ];
        for (const outcome of await Promise.allSettled([...calls, store.lastPosition()]))
          expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
        await end();
        expect(await store.append(notesAfter(freshStream(), NO_STREAM, 1))).toMatchObject({ revision: 0 });
        expect(await store.revisions([stream])).toEqual([0]);
      }
    });

    it('of a client that has lost its way is ended by another client', async () => {
      double.faults.add('features', { kind: 'no-answer' }); // the driver asks once, and every append waits for that answer
      const store = await open(OWN, { times: { openMs: 5_000 } });
      expect(await store.append(notesAfter(freshStream(), NO_STREAM, 1))).toMatchObject({ revision: 0 });
      double.faults.add('batchAppend', { kind: 'no-answer' }, { times: 4 });
      expect(await store.append(notesAfter(freshStream(), NO_STREAM, 1))).toMatchObject({ revision: 0, alreadyStored: false });
    });
  });

  describe('opening', () => {
    it('is refused where no server answers, and where the server is frozen, in bounded time', async () => {
      await double.kill();
      await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('cannot be reached') });
      await double.restart();
      double.faults.freeze();
      await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('waits for a server that is starting', async () => {
      await double.kill();
      const opening = open();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await double.restart({ notReadyMs: 300 });
      expect(await (await opening).lastPosition()).toBe(START);
    });

    it.each(['22.10.4', '5.0.8', 'unknown'])('is refused by a server of version %s', async (reportedVersion) => {
      const old = await startEventStoreDouble({ version, reportedVersion });
      await expect(EventStoreDbEventStore.open({ url: old.url, prefix: OWN }, { times: TIMES })).rejects.toMatchObject({
        code: 'STORE_UNSUPPORTED',
        message: expect.stringContaining(reportedVersion),
      });
      await old.stop();
    });

    it('is refused where access is', async () => {
      double.faults.add('subscribe', { kind: 'access-denied' }, { times: 10 });
      double.faults.add('read', { kind: 'access-denied' }, { times: 10 });
      await expect(open()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('refuses access') });
    });

    it.each(['http://127.0.0.1:2113', 'esdb://', 'esdb://user:secret@:0:0?tls=maybe'])('is refused with %s, which is not shown', async (url) => {
      const opening = EventStoreDbEventStore.open({ url, prefix: OWN }, { times: TIMES });
      await expect(opening).rejects.toMatchObject({ code: 'EVENT_STORE_INVALID', message: expect.not.stringContaining('secret') });
    });
  });

  describe('events that the server is told to drop', () => {
    it.each([
      ['$maxAge', { maxAge: 3_600 }],
      ['$maxCount', { maxCount: 100 }],
      ['$tb', { truncateBefore: 1 }],
    ])('by %s keep the store closed, of a stream of the party and of all', async (setting, metadata) => {
      const store = await open();
      const stream = freshStream();
      await store.append(notesAfter(stream, NO_STREAM, 2));
      for (const name of [OWN + stream, '$all']) {
        await admin.setStreamMetadata(name, metadata);
        await expect(open()).rejects.toMatchObject({ code: 'STORE_TRUNCATES', message: expect.stringContaining(setting) });
        await expect(store.readAll({ after: START, limit: 10 })).rejects.toMatchObject({ code: 'STORE_TRUNCATES' }); // as it happens, too
        await admin.setStreamMetadata(name, {});
      }
      await admin.setStreamMetadata(`${OTHER}${stream}`, metadata);
      expect((await (await open()).readAll({ after: START, limit: 10 })).events).toHaveLength(2);
    });

    it.each(['delete', 'tombstone'] as const)('with their stream (%s) are missed', async (how) => {
      const store = await open();
      const stream = freshStream();
      await store.append(notesAfter(stream, NO_STREAM, 2));
      await (how === 'delete' ? admin.deleteStream(OWN + stream) : admin.tombstoneStream(OWN + stream));
      await expect(store.readAll({ after: START, limit: 10 })).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(store.append(notesAfter(stream, how === 'delete' ? NO_STREAM : 1, 1))).rejects.toMatchObject({ kind: 'unavailable' });
      if (how === 'delete') await expect(open()).rejects.toMatchObject({ code: 'STORE_TRUNCATES' });
    });
  });

  it('refuses what somebody else wrote into its streams', async () => {
    const store = await open();
    const [stream] = [freshStream()];
    await admin.appendToStream(OWN + stream, jsonEvent({ type: 'NoteTaken', data: { text: 'forged' } }));
    await expect(store.readStream(stream)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('somebody else') });
    await expect(store.readAll({ after: START, limit: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  describe('following', () => {
    it('passes over what is not its own, of the server and of other parties, and does not read it again', async () => {
      const [store, other] = [await open(), await open(OTHER)];
      const pages: AllPage[] = [];
      const subscription = store.subscribe({ after: START, onPage: (page) => void pages.push(page) });
      const own: string[] = [];
      for (let round = 0; round < 5; round += 1) {
        double.faults.writeSystemEvent('$stats-127.0.0.1:2113', '$statsCollected', '{}');
        await other.append(notesAfter(freshStream(), NO_STREAM, 200));
        const request = notesAfter(freshStream(), NO_STREAM, 1);
        await store.append(request);
        own.push(...idsOf(request.events));
      }
      await other.append(notesAfter(freshStream(), NO_STREAM, 200));
      await until(() => pages.flatMap(({ events }) => events).length >= 5);
      await subscription.stop();
      expect(idsOf(pages.flatMap(({ events }) => events))).toEqual(own);
      const [last] = (await store.readAll({ after: START, limit: 100 })).events.slice(-1);
      expect(await store.lastPosition()).toBe(last?.position);
      expect(await store.readAll({ after: last?.position ?? START, limit: 1 })).toEqual({ events: [], next: last?.position, atEnd: true });
    });

    it('goes on from any event, and from the number before it; never from within a record', async () => {
      const store = await open();
      await store.append(notesAfter(freshStream(), NO_STREAM, 5));
      const { events } = await store.readAll({ after: START, limit: 10 });
      for (const [index, { position }] of events.entries()) {
        expect(idsOf((await store.readAll({ after: position, limit: 10 })).events)).toEqual(idsOf(events.slice(index + 1)));
        expect(idsOf((await store.readAll({ after: position - 1n, limit: 1 })).events)).toEqual(idsOf(events.slice(index, index + 1)));
        expect(idsOf((await store.readAll({ after: position - 3n, limit: 1 })).events)).toEqual(idsOf(events.slice(index, index + 1)));
      }
    });

    it('says so when the log has ended before what it read', async () => {
      const reader = await open(OWN, { readOnly: true });
      const store = await open();
      const { position: early } = await store.append(notesAfter(freshStream(), NO_STREAM, 1));
      const { position } = await store.append(notesAfter(freshStream(), NO_STREAM, 1));
      expect((await reader.readAll({ after: early, limit: 10 })).next).toBe(position);
      const records = double.records as unknown as unknown[];
      records.splice(records.length - 1); // as a server that was restored from an older backup
      await expect(reader.readAll({ after: position, limit: 10 })).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('backup'),
      });
      expect(await (await open(OWN, { readOnly: true })).readAll({ after: position, limit: 10 })).toEqual({ events: [], next: position, atEnd: true });
    });

    it('in another thread or process sees what the writer stores, and writes nothing', async () => {
      const [store, reader] = [await open(), await open(OWN, { readOnly: true })];
      const seen: string[] = [];
      const subscription = reader.subscribe({ after: START, onPage: ({ events }) => void seen.push(...idsOf(events)) });
      const request = notesAfter(freshStream(), NO_STREAM, 3);
      await store.append(request);
      await until(() => seen.length === 3);
      await subscription.stop();
      expect(seen).toEqual(idsOf(request.events));
      await expect(reader.append(notesAfter(freshStream(), NO_STREAM, 1))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    it('begins a read again where it broke off, without a gap', async () => {
      const store = await open();
      await store.append(notesAfter(freshStream(), NO_STREAM, 50));
      double.faults.add('read', { kind: 'break-after', events: 20 });
      const { events } = await store.readAll({ after: START, limit: 100 });
      expect(events.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, revision) => revision));
      double.faults.add('read', { kind: 'no-answer' });
      expect(await store.readStream(events[0]?.stream ?? '')).toHaveLength(50);
    });
  });

  it('keeps the very bytes at the server, as binary, under its own ids', async () => {
    const store = await open();
    const stream = freshStream();
    const event = note(stream, 0, 'ありがとう\u2028"\\');
    await store.append({ stream, expectedRevision: NO_STREAM, events: [event] });
    for await (const { event: found } of admin.readStream(OWN + stream, { direction: BACKWARDS, fromRevision: END })) {
      expect(found).toMatchObject({ id: event.id, type: 'NoteTaken', isJson: false });
      expect(Buffer.from(found?.data as Uint8Array)).toEqual(Buffer.from(event.bytes));
    }
  });
});
