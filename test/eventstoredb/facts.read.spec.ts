import { ANY, BACKWARDS, END, type EventStoreDBClient, FORWARDS, NO_STREAM, type Position, START, STREAM_EXISTS } from '@eventstore/db-client';
import { describe, expect, test } from '@jest/globals';
import { all, event, events, facts, failureOf, sleep, until } from './facts.js';

const revisionsOf = async (client: EventStoreDBClient, stream: string, options: Parameters<EventStoreDBClient['readStream']>[1] = {}): Promise<number[]> =>
  (await all(client.readStream(stream, options))).map(({ event: recorded }) => Number(recorded!.revision));

facts('reads of a stream', (subject) => {
  test('an event comes with its own position, which is its commit position; there is no link', async () => {
    const stream = subject.stream();
    const sent = events(2);
    const before = Date.now();
    await subject.client.appendToStream(stream, sent, { expectedRevision: NO_STREAM });
    const stored = await all(subject.client.readStream(stream));
    expect(stored).toHaveLength(2);
    for (const [index, resolved] of stored.entries()) {
      const { event: recorded, commitPosition } = resolved;
      const { id, type, data } = sent[index]!;
      expect(Object.keys(resolved).sort()).toEqual(['commitPosition', 'event']);
      expect(recorded).toMatchObject({ streamId: stream, id, revision: BigInt(index), type, data, isJson: true });
      expect(recorded!.position).toEqual({ commit: commitPosition, prepare: commitPosition });
      expect(Math.abs(recorded!.created.getTime() - before)).toBeLessThan(60_000);
    }
    expect(stored[0]!.commitPosition! < stored[1]!.commitPosition!).toBe(true);
  });

  test.each([FORWARDS, BACKWARDS] as const)('a missing stream is an error, %s: it has no code, and nothing else is emitted', async (direction) => {
    const stream = subject.stream();
    const emitted: string[] = [];
    const reading = subject.client.readStream(stream, { direction, fromRevision: direction === FORWARDS ? START : END });
    for (const name of ['data', 'end', 'finish', 'close']) reading.on(name, () => emitted.push(name));
    const error = await new Promise((resolve) => void reading.on('error', resolve));
    await sleep(20);
    expect(error).toMatchObject({ type: 'stream-not-found', streamName: stream, message: `${stream} not found` });
    expect((error as { code?: number }).code).toBeUndefined();
    expect(emitted).toEqual([]);
  });

  test('a read that succeeds emits data, end, finish, close', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
    const emitted: string[] = [];
    const reading = subject.client.readStream(stream);
    for (const name of ['data', 'end', 'finish', 'close', 'error']) reading.on(name, () => emitted.push(name));
    await until(() => emitted.includes('close'), 'close');
    expect(emitted.slice(0, 3)).toEqual(['data', 'data', 'end']);
    expect(emitted.slice(3).sort()).toEqual(['close', 'finish']);
  });

  test('backwards reads begin at the start unless told to begin at the end', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, events(4), { expectedRevision: NO_STREAM });
    expect(await revisionsOf(subject.client, stream, { direction: BACKWARDS })).toEqual([0]);
    expect(await revisionsOf(subject.client, stream, { direction: BACKWARDS, fromRevision: END })).toEqual([3, 2, 1, 0]);
    expect(await revisionsOf(subject.client, stream, { direction: BACKWARDS, fromRevision: 2n, maxCount: 2 })).toEqual([2, 1]);
  });

  test('past the end there is nothing forwards, and backwards all from the last on', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, events(3), { expectedRevision: NO_STREAM });
    expect(await revisionsOf(subject.client, stream, { fromRevision: 3n })).toEqual([]);
    expect(await revisionsOf(subject.client, stream, { fromRevision: 1n, maxCount: 1 })).toEqual([1]);
    expect(await revisionsOf(subject.client, stream, { direction: BACKWARDS, fromRevision: 90n })).toEqual([2, 1, 0]);
  });

  test('forwards from the end, and no events asked for, are errors; less than none is one of the client', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, events(3), { expectedRevision: NO_STREAM });
    for (const options of [{ fromRevision: END } as const, { maxCount: 0 }]) {
      expect(await failureOf(revisionsOf(subject.client, stream, options))).toMatchObject({
        type: 'unknown',
        code: 2,
        message: '2 UNKNOWN: Unexpected ReadStreamResult: Error',
      });
    }
    expect(await failureOf(revisionsOf(subject.client, stream, { maxCount: -1 }))).toMatchObject({ type: 'unknown', code: 13 });
  });
});

facts('metadata of a stream', (subject) => {
  test('of ten events with a count of three the last three are read', async () => {
    const { client } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, events(10), { expectedRevision: NO_STREAM });
    await client.setStreamMetadata(stream, { maxCount: 3 });
    expect(await revisionsOf(client, stream)).toEqual([7, 8, 9]);
    expect(await revisionsOf(client, stream, { fromRevision: 2n })).toEqual([7, 8, 9]);
    expect(await revisionsOf(client, stream, { fromRevision: 2n, maxCount: 2 })).toEqual([7, 8]);
    expect(await revisionsOf(client, stream, { fromRevision: 5n, direction: BACKWARDS })).toEqual([]);
  });

  test('truncated beyond its end a stream reads empty, and goes on counting', async () => {
    const { client } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, events(3), { expectedRevision: NO_STREAM });
    await client.setStreamMetadata(stream, { truncateBefore: 50 });
    expect(await revisionsOf(client, stream)).toEqual([]);
    expect(await client.appendToStream(stream, event(), { expectedRevision: 2n })).toMatchObject({ nextExpectedRevision: 3n });
    expect(await revisionsOf(client, stream)).toEqual([]);
  });

  test('events past their age vanish from the stream but not from $all, and revisions go on', async () => {
    const { client } = subject;
    const stream = subject.stream();
    const { position } = await client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
    await client.setStreamMetadata(stream, { maxAge: 1 });
    await sleep(1_200);
    expect(await revisionsOf(client, stream)).toEqual([]);
    expect(await client.appendToStream(stream, event(), { expectedRevision: 1n })).toMatchObject({ nextExpectedRevision: 2n });
    const [expired] = await all(client.readAll({ fromPosition: position!, maxCount: 1 }));
    expect(expired!.event).toMatchObject({ streamId: stream, revision: 1n });
  });

  test('metadata does not make a stream, and may have a count of none', async () => {
    const { client } = subject;
    const stream = subject.stream();
    await client.setStreamMetadata(stream, { maxCount: 0 });
    expect(await failureOf(revisionsOf(client, stream))).toMatchObject({ type: 'stream-not-found' });
    expect(await client.getStreamMetadata(stream)).toMatchObject({ streamName: stream, metadata: { maxCount: 0 } });
  });

  test('setting replaces all of it, at a revision of its own stream', async () => {
    const { client } = subject;
    const stream = subject.stream();
    expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream });
    await client.setStreamMetadata(stream, { maxCount: 3, truncateBefore: 1 }, { expectedRevision: NO_STREAM });
    const { position } = await client.setStreamMetadata(stream, { maxAge: 9 }, { expectedRevision: 0n });
    // the client calls it a revision
    expect(await client.getStreamMetadata(stream)).toEqual({ streamName: stream, metadata: { maxAge: 9 }, metastreamRevision: position!.commit });
    const stale = client.setStreamMetadata(stream, {}, { expectedRevision: 0n });
    expect(await failureOf(stale)).toMatchObject({ type: 'wrong-expected-version', streamName: `$$${stream}`, actualVersion: 1n });
  });
});

facts('deletes', (subject) => {
  test('a deleted stream is missing, and goes on counting when it is appended to: its old events never come back', async () => {
    const { client } = subject;
    for (const expectedRevision of [NO_STREAM, ANY, 4n] as const) {
      const stream = subject.stream();
      await client.appendToStream(stream, events(5), { expectedRevision: NO_STREAM });
      const { position } = await client.deleteStream(stream, { expectedRevision: 4n });
      expect(position!.commit).toBe(position!.prepare);
      expect(await failureOf(revisionsOf(client, stream))).toMatchObject({ type: 'stream-not-found' });
      expect((await client.getStreamMetadata(stream)).metadata).toEqual({ truncateBefore: Number(9_223_372_036_854_775_807n) });
      expect(await failureOf(client.appendToStream(stream, event(), { expectedRevision: STREAM_EXISTS }))).toMatchObject({ type: 'stream-deleted' });
      const stale = client.appendToStream(stream, event(), { expectedRevision: 1n });
      expect(await failureOf(stale)).toMatchObject({ type: 'wrong-expected-version', actualVersion: 4n });
      expect(await client.appendToStream(stream, event(), { expectedRevision })).toMatchObject({ nextExpectedRevision: 5n });
      expect(await revisionsOf(client, stream)).toEqual([5]);
    }
  });

  test('events of a deleted stream stay in $all', async () => {
    const { client } = subject;
    const stream = subject.stream();
    const { position } = await client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    await client.deleteStream(stream);
    const [kept] = await all(client.readAll({ fromPosition: position!, maxCount: 1 }));
    expect(kept!.event!.streamId).toBe(stream);
  });

  test('a stale delete is refused, with numbers for revisions', async () => {
    const { client } = subject;
    const [stream, missing] = [subject.stream(), subject.stream()];
    await client.appendToStream(stream, events(5), { expectedRevision: NO_STREAM });
    expect(await failureOf(client.deleteStream(stream, { expectedRevision: 1n }))).toMatchObject({
      type: 'wrong-expected-version',
      code: 9,
      message: `9 FAILED_PRECONDITION: Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: 1, Actual version: 4`,
      streamName: stream,
      expectedVersion: 1n,
      actualVersion: 4n,
    });
    expect(await failureOf(client.deleteStream(stream, { expectedRevision: NO_STREAM }))).toMatchObject({ expectedVersion: -1n, actualVersion: 4n });
    expect(await failureOf(client.deleteStream(missing))).toMatchObject({ type: 'wrong-expected-version', expectedVersion: -2n, actualVersion: -1n });
    const unsendable = client.deleteStream(stream, { expectedRevision: STREAM_EXISTS as unknown as bigint });
    expect(await failureOf(unsendable)).toMatchObject({ type: 'unknown', code: 13 });
  });

  test('a tombstone is for ever, also for a stream that never was', async () => {
    const { client } = subject;
    const [stream, never] = [subject.stream(), subject.stream()];
    await client.appendToStream(stream, events(2), { expectedRevision: NO_STREAM });
    expect((await client.tombstoneStream(stream)).position!.commit).toBeGreaterThan(0n);
    expect((await client.tombstoneStream(never)).position!.commit).toBeGreaterThan(0n);
    for (const call of [
      () => revisionsOf(client, stream),
      () => client.deleteStream(stream),
      () => client.tombstoneStream(stream),
      () => client.getStreamMetadata(stream),
    ]) {
      expect(await failureOf(call())).toMatchObject({ type: 'stream-deleted', code: 9, streamName: expect.stringContaining(stream) });
    }
    const appended = await failureOf(client.appendToStream(stream, event(), { expectedRevision: 1n }));
    expect([appended.type, appended.message, appended.code]).toEqual(['stream-deleted', '', undefined]);
  });
});

facts('reads of $all', (subject) => {
  /** Two streams, written by turns; with their positions. */
  const written = async (count: number): Promise<Position[]> => {
    const streams = [subject.stream(), subject.stream()];
    const positions: Position[] = [];
    for (let index = 0; index < count; index += 1) {
      positions.push((await subject.client.appendToStream(streams[index % 2]!, event())).position!);
    }
    return positions;
  };
  const positionsFrom = async (options: Parameters<EventStoreDBClient['readAll']>[0]): Promise<bigint[]> =>
    (await all(subject.client.readAll(options))).map(({ commitPosition }) => commitPosition!);

  test('forwards the event at the position comes first, backwards the one before it', async () => {
    const positions = await written(6);
    const forwards = await positionsFrom({ fromPosition: positions[2]!, maxCount: 3 });
    expect(forwards.slice(0, 1)).toEqual([positions[2]!.commit]);
    const backwards = await positionsFrom({ fromPosition: positions[3]!, direction: BACKWARDS, maxCount: 1 });
    expect(backwards).toEqual([positions[2]!.commit]);
  });

  test('backwards reads begin at the start unless told to begin at the end', async () => {
    const [position] = await written(1);
    expect(await positionsFrom({ direction: BACKWARDS })).toEqual([]);
    const [last] = await positionsFrom({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
    expect(last! >= position!.commit).toBe(true);
  });

  test('the first events are the server’s own, and every event has a position', async () => {
    const [first] = await all(subject.client.readAll({ fromPosition: START, maxCount: 1 }));
    expect(first!.event).toMatchObject({ streamId: '$$$scavenges', type: '$metadata' });
    expect(first!.commitPosition).toBe(548n);
    const some = await all(subject.client.readAll({ fromPosition: START, maxCount: 5 }));
    for (const { event: recorded, commitPosition } of some) expect(recorded!.position).toEqual({ commit: commitPosition, prepare: commitPosition });
  });

  test('a position inside of a record is an error; one beyond the end is the end; one whose prepare is past its commit fails', async () => {
    const [position] = await written(1);
    const inside = position!.commit + 7n;
    expect(await failureOf(positionsFrom({ fromPosition: { commit: inside, prepare: inside } }))).toMatchObject({
      type: 'unknown',
      code: 2,
      message: '2 UNKNOWN: Unexpected ReadAllResult: Error',
    });
    const beyond = position!.commit + 1_000_000_000n;
    expect(await positionsFrom({ fromPosition: { commit: beyond, prepare: beyond } })).toEqual([]);
    const reversed = { commit: position!.commit, prepare: position!.commit + 1n };
    expect(await failureOf(positionsFrom({ fromPosition: reversed }))).toMatchObject({
      type: 'unknown',
      message: '2 UNKNOWN: Exception was thrown by handler.',
    });
  });

  describe('paged from the last event read', () => {
    test('nothing is skipped and nothing repeated but that event itself', async () => {
      const positions = await written(7);
      const seen: bigint[] = [positions[0]!.commit];
      const last = positions.at(-1)!.commit;
      for (let pages = 0; seen.at(-1)! < last && pages < 100; pages += 1) {
        const from = seen.at(-1)!;
        const [same, ...next] = await positionsFrom({ fromPosition: { commit: from, prepare: from }, maxCount: 3 });
        expect(same).toBe(from);
        seen.push(...next);
      }
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => (a < b ? -1 : 1)));
      for (const { commit } of positions) expect(seen).toContain(commit);
    });
  });
});
