import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EVENT_BYTES_MAX } from '#libs/kernel';
import {
  APPEND_BYTES_MAX,
  type AllPage,
  type AppendRequest,
  type EventStore,
  NO_STREAM,
  type Position,
  START,
  type StoredEvent,
  STREAM_NAME_BYTES_MAX,
} from '../event-store.js';
import { freshId, freshStream, note, noteOfBytes, notesAfter } from './notes.js';

/** One empty place for a store, made anew for each test. */
export interface StorePlace {
  /** Opens the store. Called once before anything else. */
  open(): Promise<EventStore>;
  /** Opens it again after it was closed: the same events must be there. */
  reopen(): Promise<EventStore>;
  /** Called at the end, whether or not the store was closed. */
  cleanup(): Promise<void>;
}

const SETTLE_MS = 150;
const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);
const textOf = (event: { readonly bytes: Uint8Array }): string => Buffer.from(event.bytes).toString('utf8');
const ascending = (positions: readonly Position[]): boolean =>
  positions.every((position, index) => index === 0 || position > (positions[index - 1] as Position));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The whole store, read in pages of so many events. */
async function everything(store: EventStore, limit = 100, after = START): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = await store.readAll({ after, limit });
    events.push(...page.events);
    if (page.atEnd) return events;
    after = page.next;
  }
}

/** What every adapter of the port must do. The factory gives an empty place for a store. There are no options. */
export function eventStoreContract(name: string, factory: () => Promise<StorePlace>): void {
  describe(name, () => {
    let place: StorePlace;
    let store: EventStore;

    beforeEach(async () => {
      place = await factory();
      store = await place.open();
    });
    afterEach(async () => {
      await store.close();
      await place.cleanup();
    });

    describe('append', () => {
      it('begins a stream at NO_STREAM and goes on at the exact revision', async () => {
        const stream = freshStream();
        const first = await store.append(notesAfter(stream, NO_STREAM, 2));
        const second = await store.append(notesAfter(stream, 1, 1));
        expect(first).toMatchObject({ revision: 1, alreadyStored: false });
        expect(second).toMatchObject({ revision: 2, alreadyStored: false });
        expect(second.position > first.position).toBe(true);
        expect(await store.lastPosition()).toBe(second.position);
      });

      it('answers with the position of its last event', async () => {
        const stream = freshStream();
        const { position } = await store.append(notesAfter(stream, NO_STREAM, 3));
        expect((await store.readStream(stream)).at(-1)?.position).toBe(position);
      });

      it.each([
        ['NO_STREAM, though the stream is there', NO_STREAM],
        ['a revision that has passed', 0],
        ['a revision that is not reached yet', 7],
      ])('refuses %s, and tells the actual revision', async (_, expectedRevision) => {
        const stream = freshStream();
        await store.append(notesAfter(stream, NO_STREAM, 3));
        await expect(store.append(notesAfter(stream, expectedRevision, 1))).rejects.toMatchObject({
          name: 'WrongExpectedRevision',
          kind: 'conflict',
          expectedRevision,
          actualRevision: 2,
        });
        expect(await store.revisions([stream])).toEqual([2]);
      });

      it('refuses a revision of a stream that is missing', async () => {
        const stream = freshStream();
        await expect(store.append(notesAfter(stream, 0, 1))).rejects.toMatchObject({ name: 'WrongExpectedRevision', actualRevision: NO_STREAM });
      });

      it('stores all events of an append or none', async () => {
        const stream = freshStream();
        const good = notesAfter(stream, NO_STREAM, 3);
        const bad = { ...good, events: [...good.events.slice(0, 2), { ...good.events[2], type: '' }] } as AppendRequest;
        await expect(store.append(bad)).rejects.toMatchObject({ name: 'InvalidAppend' });
        expect(await store.revisions([stream])).toEqual([NO_STREAM]);
        expect(await everything(store)).toEqual([]);
      });

      it('lets one of many that race for a revision win', async () => {
        const stream = freshStream();
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => store.append(notesAfter(stream, NO_STREAM, 1))));
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await store.revisions([stream])).toEqual([0]);
      });
    });

    describe('a repeated append', () => {
      it('succeeds with the original revision and position, and writes nothing', async () => {
        const request = notesAfter(freshStream(), NO_STREAM, 3);
        const original = await store.append(request);
        expect(await store.append(request)).toEqual({ ...original, alreadyStored: true });
        expect(await everything(store)).toHaveLength(3);
      });

      it('succeeds also when the stream has moved on', async () => {
        const stream = freshStream();
        const first = notesAfter(stream, NO_STREAM, 2);
        const second = notesAfter(stream, 1, 2);
        const firstAppended = await store.append(first);
        const secondAppended = await store.append(second);
        await store.append(notesAfter(stream, 3, 1));
        expect(await store.append(first)).toEqual({ ...firstAppended, alreadyStored: true });
        expect(await store.append(second)).toEqual({ ...secondAppended, alreadyStored: true });
      });

      it('succeeds after the store was opened again', async () => {
        const request = notesAfter(freshStream(), NO_STREAM, 2);
        const original = await store.append(request);
        await store.close();
        store = await place.reopen();
        expect(await store.append(request)).toEqual({ ...original, alreadyStored: true });
      });

      it('succeeds for a prefix of an earlier append, with the place of its own last event', async () => {
        const stream = freshStream();
        const request = notesAfter(stream, NO_STREAM, 3);
        await store.append(request);
        const position = (await store.readStream(stream))[1]?.position;
        expect(await store.append({ ...request, events: request.events.slice(0, 2) })).toEqual({ revision: 1, position, alreadyStored: true });
      });

      it('is told by ids, not by bytes: the stored bytes stay', async () => {
        const stream = freshStream();
        const id = freshId();
        const stored = note(stream, 0, 'as stored', id);
        await store.append({ stream, expectedRevision: NO_STREAM, events: [stored] });
        expect(await store.append({ stream, expectedRevision: NO_STREAM, events: [note(stream, 0, 'otherwise', id)] })).toMatchObject({ alreadyStored: true });
        expect(textOf((await store.readStream(stream))[0] as StoredEvent)).toBe(textOf(stored));
      });

      it('is refused when known and new ids are mixed', async () => {
        const stream = freshStream();
        const request = notesAfter(stream, NO_STREAM, 2);
        await store.append(request);
        const longer = { ...request, events: [...request.events, note(stream, 2)] };
        const changed = { ...request, events: [...request.events.slice(0, 1), note(stream, 1)] };
        for (const mixed of [longer, changed]) await expect(store.append(mixed)).rejects.toMatchObject({ name: 'WrongExpectedRevision', actualRevision: 1 });
      });

      it('is refused at a wrong revision', async () => {
        const stream = freshStream();
        const id = freshId();
        await store.append({ stream, expectedRevision: NO_STREAM, events: [note(stream, 0, 'noted', id), note(stream, 1), note(stream, 2)] });
        const moved = { stream, expectedRevision: 0, events: [note(stream, 1, 'noted', id)] };
        await expect(store.append(moved)).rejects.toMatchObject({ name: 'WrongExpectedRevision', actualRevision: 2 });
      });

      it('beside the original in flight is stored once', async () => {
        const request = notesAfter(freshStream(), NO_STREAM, 2);
        const appended = await Promise.all([store.append(request), store.append(request), store.append(request)]);
        expect(appended.filter(({ alreadyStored }) => !alreadyStored)).toHaveLength(1);
        expect(new Set(appended.map(({ position }) => position)).size).toBe(1);
        expect(await everything(store)).toHaveLength(2);
      });
    });

    describe('an append that is not in order', () => {
      it.each([
        ['without events', (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [] })],
        ['without a stream', (): AppendRequest => ({ stream: '', expectedRevision: NO_STREAM, events: [note('', 0)] })],
        ['with a stream name that is too long', (): AppendRequest => notesAfter(`note-${'あ'.repeat(STREAM_NAME_BYTES_MAX / 3)}`, NO_STREAM, 1)],
        ['with a control character in the stream name', (): AppendRequest => notesAfter('note-\u0000', NO_STREAM, 1)],
        [
          'with an id that is no UUID',
          (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [note(stream, 0, 'noted', 'not-a-uuid')] }),
        ],
        ['without a type', (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [{ ...note(stream, 0), type: '' }] })],
        ['with a revision that is no integer', (stream: string): AppendRequest => ({ stream, expectedRevision: 0.5, events: [note(stream, 1)] })],
        ['with a revision below NO_STREAM', (stream: string): AppendRequest => ({ stream, expectedRevision: -2, events: [note(stream, -1)] })],
        [
          'whose bytes hold another id',
          (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [{ ...note(stream, 0), id: freshId() }] }),
        ],
        [
          'whose bytes hold another type',
          (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [{ ...note(stream, 0), type: 'NoteLost' }] }),
        ],
        ['whose bytes hold another stream', (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [note(freshStream(), 0)] })],
        ['whose bytes hold another revision', (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [note(stream, 1)] })],
        [
          'whose bytes are no event',
          (stream: string): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [{ ...note(stream, 0), bytes: Buffer.from('{}') }] }),
        ],
      ])('is refused %s', async (_, request) => {
        const stream = freshStream();
        await expect(store.append(request(stream))).rejects.toMatchObject({ name: 'InvalidAppend' });
        expect(await everything(store)).toEqual([]);
      });

      it('is stored up to the size limit and refused past it', async () => {
        const stream = freshStream();
        const each = Math.floor(APPEND_BYTES_MAX / 17);
        const events = Array.from({ length: 16 }, (_, revision) => noteOfBytes(stream, revision, each));
        const rest = APPEND_BYTES_MAX - 16 * each;
        const tooLarge = { stream, expectedRevision: NO_STREAM, events: [...events, noteOfBytes(stream, 16, rest + 1)] };
        await expect(store.append(tooLarge)).rejects.toMatchObject({ name: 'AppendTooLarge', kind: 'too-large' });
        const largest = { stream, expectedRevision: NO_STREAM, events: [...events, noteOfBytes(stream, 16, rest)] };
        expect(await store.append(largest)).toMatchObject({ revision: 16 });
        expect((await store.readStream(stream)).map(textOf)).toEqual(largest.events.map(textOf));
      });

      it('is refused with an event that no ledger entry can hold', async () => {
        const stream = freshStream();
        const request = (bytes: number): AppendRequest => ({ stream, expectedRevision: NO_STREAM, events: [noteOfBytes(stream, 0, bytes)] });
        await expect(store.append(request(EVENT_BYTES_MAX + 1))).rejects.toMatchObject({ name: 'AppendTooLarge' });
        expect(await store.append(request(EVENT_BYTES_MAX))).toMatchObject({ revision: 0 });
      });
    });

    describe('many appends at once', () => {
      it('have one outcome each, in the order given', async () => {
        const [there, fresh, other] = [freshStream(), freshStream(), freshStream()];
        const known = notesAfter(there, NO_STREAM, 1);
        await store.append(known);
        const outcomes = await store.appendMany([
          notesAfter(fresh, NO_STREAM, 2),
          notesAfter(there, NO_STREAM, 1),
          known,
          { stream: other, expectedRevision: NO_STREAM, events: [] },
          notesAfter(other, NO_STREAM, 1),
        ]);
        expect(outcomes).toMatchObject([
          { status: 'fulfilled', value: { revision: 1, alreadyStored: false } },
          { status: 'rejected', reason: { name: 'WrongExpectedRevision', actualRevision: 0 } },
          { status: 'fulfilled', value: { revision: 0, alreadyStored: true } },
          { status: 'rejected', reason: { name: 'InvalidAppend' } },
          { status: 'fulfilled', value: { revision: 0, alreadyStored: false } },
        ]);
      });

      it('may append to one stream several times, in order', async () => {
        const [stream, between] = [freshStream(), freshStream()];
        const outcomes = await store.appendMany([
          notesAfter(stream, NO_STREAM, 1),
          notesAfter(between, NO_STREAM, 1),
          notesAfter(stream, 0, 2),
          notesAfter(stream, 0, 1),
          notesAfter(stream, 2, 1),
        ]);
        expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.revision : (outcome.reason as Error).name))).toEqual([
          0,
          0,
          2,
          'WrongExpectedRevision',
          3,
        ]);
        const events = await store.readStream(stream);
        expect(events.map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
        expect(ascending(events.map(({ position }) => position))).toBe(true);
      });

      it('may be none', async () => {
        expect(await store.appendMany([])).toEqual([]);
      });

      it('may be thousands', async () => {
        const requests = Array.from({ length: 3_000 }, () => notesAfter(freshStream(), NO_STREAM, 1));
        const outcomes = await store.appendMany(requests);
        expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
        expect(idsOf(await everything(store, 1_000)).sort()).toEqual(requests.flatMap(({ events }) => idsOf(events)).sort());
      });
    });

    describe('reading a stream', () => {
      it('gives the very bytes, with id, type, stream and revision', async () => {
        const stream = freshStream();
        const request = notesAfter(stream, NO_STREAM, 2);
        await store.append(request);
        const events = await store.readStream(stream);
        expect(events.map(({ id, type, stream: from, revision }) => ({ id, type, stream: from, revision }))).toEqual(
          request.events.map(({ id, type }, revision) => ({ id, type, stream, revision })),
        );
        expect(events.map(textOf)).toEqual(request.events.map(textOf));
      });

      it('keeps every character of the text and of the stream name', async () => {
        const stream = 'note-連携😀"\\é';
        const event = note(stream, 0, '漢字 かな 😀 \u2028 "quoted" \\ \t é "id":"x","type":"y"');
        await store.append({ stream, expectedRevision: NO_STREAM, events: [event] });
        const [stored] = await store.readStream(stream);
        expect(stored).toMatchObject({ stream, id: event.id, type: 'NoteTaken', revision: 0 });
        expect(textOf(stored as StoredEvent)).toBe(textOf(event));
        expect((await everything(store))[0]).toMatchObject({ stream, id: event.id });
      });

      it('pages from a revision, over many small appends', async () => {
        const stream = freshStream();
        const ids: string[] = [];
        for (let revision = -1; revision < 20; revision += 3) {
          const request = notesAfter(stream, revision, 3);
          await store.appendMany([request, notesAfter(freshStream(), NO_STREAM, 1)]);
          ids.push(...idsOf(request.events));
        }
        for (const [from, limit] of [
          [0, 5],
          [4, 7],
          [2, 1],
          [5, 100],
          [20, 10],
          [23, 10],
        ] as const) {
          const events = await store.readStream(stream, { from, limit });
          expect(idsOf(events)).toEqual(ids.slice(from, from + limit));
          expect(events.map(({ revision }) => revision)).toEqual(ids.slice(from, from + limit).map((_, index) => from + index));
        }
      });

      it('is empty for a stream that is missing, and past its end', async () => {
        const stream = freshStream();
        expect(await store.readStream(stream)).toEqual([]);
        await store.append(notesAfter(stream, NO_STREAM, 1));
        expect(await store.readStream(stream, { from: 1 })).toEqual([]);
      });

      it('does not mix streams whose names begin alike', async () => {
        const names = ['note-a', 'note-ab', 'note-a ', 'note-a\u{10ffff}', 'note-'];
        await store.appendMany(names.map((stream) => notesAfter(stream, NO_STREAM, 1)));
        await store.appendMany(names.map((stream) => notesAfter(stream, 0, 2)));
        const streams = await store.readStreams(names);
        expect(streams.map((events) => events.map(({ stream, revision }) => `${stream}@${revision}`))).toEqual(
          names.map((stream) => [0, 1, 2].map((at) => `${stream}@${at}`)),
        );
      });

      it('reads many streams and revisions at once, in the order asked', async () => {
        const [one, missing, two] = [freshStream(), freshStream(), freshStream()];
        await store.appendMany([notesAfter(one, NO_STREAM, 1), notesAfter(two, NO_STREAM, 3)]);
        expect((await store.readStreams([two, missing, one])).map((events) => events.length)).toEqual([3, 0, 1]);
        expect(await store.revisions([two, missing, one])).toEqual([2, NO_STREAM, 0]);
        expect(await store.readStreams([])).toEqual([]);
      });
    });

    describe('reading all', () => {
      it('is empty at first', async () => {
        expect(await store.readAll({ after: START, limit: 10 })).toEqual({ events: [], next: START, atEnd: true });
        expect(await store.lastPosition()).toBe(START);
      });

      it.each([1, 3, 7, 1_000])('gives every event once, in the order of positions, in pages of %i', async (limit) => {
        const streams = Array.from({ length: 5 }, freshStream);
        for (let revision = NO_STREAM; revision < 3; revision += 2) await store.appendMany(streams.map((stream) => notesAfter(stream, revision, 2)));
        const events = await everything(store, limit);
        expect(events).toHaveLength(20);
        expect(ascending(events.map(({ position }) => position))).toBe(true);
        expect(events.at(-1)?.position).toBe(await store.lastPosition());
        for (const stream of streams) {
          expect(idsOf(events.filter((event) => event.stream === stream))).toEqual(idsOf(await store.readStream(stream)));
        }
      });

      it('reads on after any event, and says when it is at the end', async () => {
        await store.append(notesAfter(freshStream(), NO_STREAM, 6));
        const events = await everything(store);
        for (const [index, { position }] of events.entries()) {
          const page = await store.readAll({ after: position, limit: 3 });
          expect(idsOf(page.events)).toEqual(idsOf(events.slice(index + 1, index + 4)));
          expect(page.atEnd).toBe(index >= 2);
          expect(page.next).toBe(page.events.at(-1)?.position ?? position);
        }
      });

      it('agrees with itself after the store was opened again', async () => {
        await store.appendMany(Array.from({ length: 50 }, () => notesAfter(freshStream(), NO_STREAM, 2)));
        const before = await everything(store);
        await store.close();
        store = await place.reopen();
        expect((await everything(store)).map((event) => [event.position, textOf(event)])).toEqual(before.map((event) => [event.position, textOf(event)]));
        const later = await store.append(notesAfter(freshStream(), NO_STREAM, 1));
        expect(later.position > (before.at(-1)?.position ?? START)).toBe(true);
      });
    });

    describe('what is durable', () => {
      it('is what an append answered: it is there at once for every kind of read', async () => {
        const stream = freshStream();
        const { position } = await store.append(notesAfter(stream, NO_STREAM, 1));
        const [events, [revision], last, all] = await Promise.all([
          store.readStream(stream),
          store.revisions([stream]),
          store.lastPosition(),
          everything(store),
        ]);
        expect([events.length, revision, last, all.length]).toEqual([1, 0, position, 1]);
      });

      it('is all that a reader sees: what was seen before the answer is there after reopening', async () => {
        const requests = Array.from({ length: 200 }, () => notesAfter(freshStream(), NO_STREAM, 2));
        const appending = Promise.all(requests.map((request) => store.append(request)));
        const seen = new Set<string>();
        let done = false;
        void appending.finally(() => (done = true));
        while (!done) {
          for (const id of idsOf(await everything(store))) seen.add(id);
          await new Promise(setImmediate);
        }
        await appending;
        await store.close();
        store = await place.reopen();
        const kept = new Set(idsOf(await everything(store)));
        expect([...seen].filter((id) => !kept.has(id))).toEqual([]);
        expect(kept.size).toBe(400);
      });
    });

    describe('a subscription', () => {
      it('catches up from the start, then follows', async () => {
        const stream = freshStream();
        const pages: AllPage[] = [];
        await store.append(notesAfter(stream, NO_STREAM, 5));
        const subscription = store.subscribe({ after: START, pageEventsMax: 2, onPage: (page) => void pages.push(page) });
        const seen = (): StoredEvent[] => pages.flatMap(({ events }) => events);
        await until(() => seen().length === 5);
        await store.append(notesAfter(stream, 4, 3));
        await until(() => seen().length === 8);
        await subscription.stop();
        await subscription.ended;
        expect(seen().map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
        expect(pages.every(({ events, next }) => events.length > 0 && events.length <= 2 && next === events.at(-1)?.position)).toBe(true);
      });

      it('resumes after a checkpoint, also in a store opened again', async () => {
        const stream = freshStream();
        const { position } = await store.append(notesAfter(stream, NO_STREAM, 3));
        await store.append(notesAfter(stream, 2, 2));
        await store.close();
        store = await place.reopen();
        const revisions: number[] = [];
        const subscription = store.subscribe({ after: position, onPage: ({ events }) => void revisions.push(...events.map(({ revision }) => revision)) });
        await until(() => revisions.length >= 2);
        await subscription.stop();
        expect(revisions).toEqual([3, 4]);
      });

      it('hands over one page at a time and waits for the handler', async () => {
        let running = 0;
        let most = 0;
        let count = 0;
        const subscription = store.subscribe({
          after: START,
          pageEventsMax: 1,
          async onPage({ events }) {
            running += 1;
            most = Math.max(most, running);
            await new Promise((resolve) => setTimeout(resolve, 5));
            count += events.length;
            running -= 1;
          },
        });
        await Promise.all(Array.from({ length: 8 }, () => store.append(notesAfter(freshStream(), NO_STREAM, 1))));
        await until(() => count === 8);
        await subscription.stop();
        expect(most).toBe(1);
      });

      it('misses nothing and repeats nothing under load', async () => {
        const seen: string[] = [];
        const subscription = store.subscribe({ after: START, pageEventsMax: 50, onPage: ({ events }) => void seen.push(...idsOf(events)) });
        for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 25 }, () => store.append(notesAfter(freshStream(), NO_STREAM, 1))));
        await until(() => seen.length >= 500);
        await subscription.stop();
        expect(seen).toEqual(idsOf(await everything(store)));
      });

      it('ends with what the handler threw', async () => {
        await store.append(notesAfter(freshStream(), NO_STREAM, 2));
        let pages = 0;
        const subscription = store.subscribe({
          after: START,
          pageEventsMax: 1,
          onPage() {
            pages += 1;
            throw new Error('the handler failed');
          },
        });
        await expect(subscription.ended).rejects.toThrow('the handler failed');
        await subscription.stop();
        expect(pages).toBe(1);
      });

      it('is over when stop resolves', async () => {
        let finished = false;
        let started = false;
        let pages = 0;
        const subscription = store.subscribe({
          after: START,
          pageEventsMax: 1,
          async onPage() {
            started = true;
            pages += 1;
            await new Promise((resolve) => setTimeout(resolve, 30));
            finished = true;
          },
        });
        await store.append(notesAfter(freshStream(), NO_STREAM, 3));
        await until(() => started);
        await subscription.stop();
        expect(finished).toBe(true);
        await store.append(notesAfter(freshStream(), NO_STREAM, 1));
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
        expect(pages).toBe(1);
      });

      it('ends when the store is closed', async () => {
        const subscription = store.subscribe({ after: START, onPage: () => undefined });
        await store.close();
        await subscription.ended;
        store = await place.reopen();
      });
    });

    describe('closing', () => {
      it('waits for what is in flight and refuses what comes after', async () => {
        const stream = freshStream();
        const inFlight = store.append(notesAfter(stream, NO_STREAM, 1));
        const closing = store.close();
        await expect(store.append(notesAfter(stream, 0, 1))).rejects.toMatchObject({ name: 'StoreClosed' });
        expect(await inFlight).toMatchObject({ revision: 0 });
        await closing;
        await expect(store.readStream(stream)).rejects.toMatchObject({ name: 'StoreClosed' });
        await expect(store.append(notesAfter(stream, 0, 1))).rejects.toMatchObject({ name: 'StoreClosed' });
        const [outcome] = await store.appendMany([notesAfter(stream, 0, 1)]);
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'StoreClosed' } });
        store = await place.reopen();
        expect(await store.revisions([stream])).toEqual([0]);
      });

      it('may be asked twice', async () => {
        await Promise.all([store.close(), store.close()]);
        await store.close();
      });
    });
  });
}
