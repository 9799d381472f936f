import { randomUUID } from 'node:crypto';
import { ANY, type AppendResult, BACKWARDS, binaryEvent, END, EventStoreDBClient, jsonEvent, NO_STREAM, STREAM_EXISTS } from '@eventstore/db-client';
import { describe, expect, test } from '@jest/globals';
import { all, event, events, facts, failureOf } from './facts.js';

/** With credentials on the call the client uses the rpc Append, without them BatchAppend; what they are does not matter to an insecure server. */
const credentials = { username: 'admin', password: 'changeit' };
const PATHS = [
  ['BatchAppend', {}],
  ['Append', { credentials }],
] as const;

facts('expected revisions', (subject) => {
  describe.each(PATHS)('by %s', (path, call) => {
    const append = (
      stream: string,
      what: ReturnType<typeof events>,
      expectedRevision: bigint | typeof ANY | typeof NO_STREAM | typeof STREAM_EXISTS,
    ): Promise<AppendResult> => subject.client.appendToStream(stream, what, { expectedRevision, ...call });

    test('a success tells the revision and the position of the last event of the append', async () => {
      const stream = subject.stream();
      const result = await append(stream, events(3), NO_STREAM);
      const stored = await all(subject.client.readStream(stream));
      expect(result).toEqual({ success: true, nextExpectedRevision: 2n, position: stored[2]!.event!.position });
      expect(result.position!.commit).toBe(result.position!.prepare);
    });

    test.each([
      ['an exact revision', 0n, 0n, 1n],
      ['a revision past the end', 7n, 7n, 1n],
      ['no stream', NO_STREAM, 'no_stream', 1n],
    ] as const)('a stale append is refused, with the actual revision: %s', async (_case, expectedRevision, expectedVersion, actualVersion) => {
      const stream = subject.stream();
      await append(stream, events(2), NO_STREAM);
      const failure = await failureOf(append(stream, events(1), expectedRevision));
      expect(failure).toMatchObject({ type: 'wrong-expected-version', message: '', streamName: stream, expectedVersion, actualVersion });
      expect([failure.code ?? null, failure._raw ?? null]).toEqual([null, null]);
    });

    test.each([
      ['an exact revision', 0n, 0n],
      ['that it exists', STREAM_EXISTS, 'stream_exists'],
    ] as const)('a stale append to a missing stream is refused: %s', async (_case, expectedRevision, expectedVersion) => {
      const stream = subject.stream();
      const failure = await failureOf(append(stream, events(1), expectedRevision));
      expect(failure).toMatchObject({ type: 'wrong-expected-version', streamName: stream, expectedVersion, actualVersion: 'no_stream' });
    });

    test('an append is idempotent by its ids, in every mode, also when the stream has moved on: the answer is that of the original write', async () => {
      const stream = subject.stream();
      await append(stream, events(1), NO_STREAM);
      const repeated = events(2);
      const original = await append(stream, repeated, 0n);
      for (const moved of [false, true]) {
        if (moved) await append(stream, events(1), 2n);
        for (const expectedRevision of [0n, ANY, STREAM_EXISTS] as const) expect(await append(stream, repeated, expectedRevision)).toEqual(original);
      }
      expect(await all(subject.client.readStream(stream))).toHaveLength(4);
    });

    test('an append to no stream is idempotent by its ids', async () => {
      const stream = subject.stream();
      const repeated = events(2);
      const original = await append(stream, repeated, NO_STREAM);
      expect(await append(stream, repeated, NO_STREAM)).toEqual(original);
      await append(stream, events(1), 1n);
      expect(await append(stream, repeated, NO_STREAM)).toEqual(original);
    });

    test('a prefix of an earlier append is answered with the place of the last event of the prefix', async () => {
      const stream = subject.stream();
      const repeated = events(3);
      await append(stream, repeated, NO_STREAM);
      const stored = await all(subject.client.readStream(stream));
      expect(await append(stream, repeated.slice(0, 2), NO_STREAM)).toEqual({ success: true, nextExpectedRevision: 1n, position: stored[1]!.event!.position });
    });

    test('the same ids at a wrong exact revision, and known ids mixed with new ones, are refused, even with any', async () => {
      const stream = subject.stream();
      const known = events(2);
      await append(stream, known, NO_STREAM);
      await append(stream, events(1), 1n);
      expect(await failureOf(append(stream, known, 0n))).toMatchObject({ type: 'wrong-expected-version', expectedVersion: 0n, actualVersion: 2n });
      for (const [expectedRevision, expectedVersion] of [
        [ANY, 'any'],
        [STREAM_EXISTS, 'stream_exists'],
        [NO_STREAM, 'no_stream'],
      ] as const) {
        const mixed = [...known, event()];
        expect(await failureOf(append(stream, mixed, expectedRevision))).toMatchObject({ type: 'wrong-expected-version', expectedVersion, actualVersion: 2n });
      }
    });

    test('the same ids with another type and body succeed, and the body is ignored: only ids are compared', async () => {
      const stream = subject.stream();
      const first = event();
      const original = await append(stream, [first], NO_STREAM);
      expect(await append(stream, [jsonEvent({ id: first.id, type: 'FactNoted', data: { noted: 'something else' } })], NO_STREAM)).toEqual(original);
      const [stored] = await all(subject.client.readStream(stream));
      expect(stored!.event!.data).toEqual({ noted: first.id });
    });

    test('ids are not unique: on another stream, twice in one append, and later at an exact revision all are written', async () => {
      const [stream, other] = [subject.stream(), subject.stream()];
      const one = event();
      await append(stream, [one, one], NO_STREAM);
      expect((await append(stream, [one], 1n)).nextExpectedRevision).toBe(2n);
      expect((await append(other, [one], ANY)).nextExpectedRevision).toBe(0n);
      const stored = await all(subject.client.readStream(stream));
      expect(stored.map(({ event: recorded }) => recorded!.id)).toEqual([one.id, one.id, one.id]);
    });

    test('an append without events writes nothing: it succeeds where the revision fits, and is refused where it is stale', async () => {
      const stream = subject.stream();
      expect(await append(stream, [], NO_STREAM)).toMatchObject({ success: true, nextExpectedRevision: 0n });
      expect(await failureOf(all(subject.client.readStream(stream)))).toMatchObject({ type: 'stream-not-found' });
      await append(stream, events(3), NO_STREAM);
      expect(await append(stream, [], 2n)).toMatchObject({ success: true, nextExpectedRevision: 2n });
      expect(await failureOf(append(stream, [], 1n))).toMatchObject({ type: 'wrong-expected-version', actualVersion: 2n });
      expect(await failureOf(append(stream, [], NO_STREAM))).toMatchObject({ type: 'wrong-expected-version', actualVersion: 2n });
    });

    if (path === 'Append') {
      test('an empty name and an empty type fail as an exception of the handler', async () => {
        for (const refused of [append('', events(1), ANY), append(subject.stream(), [event(randomUUID(), '')], ANY)]) {
          expect(await failureOf(refused)).toMatchObject({ type: 'unknown', code: 2, message: '2 UNKNOWN: Exception was thrown by handler.' });
        }
      });
    }
  });

  test('where appends do not throw, a stale BatchAppend tells revision 1 whatever the actual one, and a stale Append the actual one', async () => {
    const client = EventStoreDBClient.connectionString(`${subject.url}${subject.url.includes('?') ? '&' : '?'}throwOnAppendFailure=false`);
    try {
      const [stream, missing] = [subject.stream(), subject.stream()];
      await client.appendToStream(stream, events(5), { expectedRevision: NO_STREAM });
      const stale = { expectedRevision: 0n };
      expect(await client.appendToStream(stream, event(), stale)).toMatchObject({ success: false, nextExpectedRevision: 1n });
      expect(await client.appendToStream(stream, event(), { ...stale, credentials })).toMatchObject({ success: false, nextExpectedRevision: 4n });
      for (const call of [{}, { credentials }]) {
        expect(await client.appendToStream(missing, event(), { ...stale, ...call })).toMatchObject({ success: false, nextExpectedRevision: -1n });
      }
    } finally {
      await client.dispose();
    }
  });
});

facts('sizes and odd events', (subject) => {
  const APPEND_BYTES_MAX = 1_048_576;
  const binary = (bytes: number, metadataBytes = 0) =>
    binaryEvent({
      type: 'FactNoted',
      data: new Uint8Array(bytes).fill(0x78),
      ...(metadataBytes > 0 && { metadata: new Uint8Array(metadataBytes).fill(0x79) }),
    });

  test('the sum of the data of an append may be 1 MiB and no byte more; types and metadata do not count', async () => {
    const { client } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, [binary(APPEND_BYTES_MAX - 10), binary(10)], { expectedRevision: NO_STREAM });
    await client.appendToStream(subject.stream(), binary(1_000_000, 2_000_000), { expectedRevision: NO_STREAM });
    await client.appendToStream(subject.stream(), binary(10, 5_000_000), { expectedRevision: NO_STREAM });
    const tooLarge = await failureOf(client.appendToStream(stream, [binary(APPEND_BYTES_MAX - 10), binary(11)], { expectedRevision: 1n }));
    expect(tooLarge).toMatchObject({ type: 'maximum-append-size-exceeded', maxAppendSize: APPEND_BYTES_MAX, message: '' });
    expect(tooLarge.code).toBeUndefined();
    const byAppend = await failureOf(client.appendToStream(stream, binary(APPEND_BYTES_MAX + 1), { expectedRevision: 1n, credentials }));
    expect(byAppend).toMatchObject({
      type: 'maximum-append-size-exceeded',
      maxAppendSize: APPEND_BYTES_MAX,
      code: 3,
      message: '3 INVALID_ARGUMENT: Maximum Append Size of 1048576 Exceeded.',
    });
  });

  test('an append too large writes nothing and harms none beside it; about two thousand events of 500 bytes are the most', async () => {
    const { client } = subject;
    const [large, beside, many] = [subject.stream(), subject.stream(), subject.stream()];
    const outcomes = await Promise.allSettled([
      client.appendToStream(beside, events(2), { expectedRevision: NO_STREAM }),
      client.appendToStream(
        large,
        Array.from({ length: 5_000 }, () => binary(500)),
        { expectedRevision: NO_STREAM },
      ),
      client.appendToStream(beside, events(2), { expectedRevision: 1n }),
      client.appendToStream(
        many,
        Array.from({ length: 1_800 }, () => binary(500)),
        { expectedRevision: NO_STREAM },
      ),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await failureOf(all(client.readStream(large)))).toMatchObject({ type: 'stream-not-found' });
    const [last] = await all(client.readStream(many, { direction: BACKWARDS, fromRevision: END, maxCount: 1 }));
    expect(last!.event!.revision).toBe(1_799n);
  });

  test.each([255, 1_000, 10_000, 60_000])('a stream may have a name of %i characters', async (length) => {
    const stream = subject.stream().padEnd(length, '-x');
    await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    const stored = await all(subject.client.readStream(stream));
    expect(stored.map(({ event: recorded }) => recorded!.streamId)).toEqual([stream]);
  });

  test('what an event holds comes back as it was', async () => {
    const stream = subject.stream();
    const longType = 'T'.repeat(5_000);
    await subject.client.appendToStream(
      stream,
      [
        jsonEvent({ type: longType, data: { text: '個人番号 \u{1F5C3}', lone: '\ud800' }, metadata: {} }),
        jsonEvent({ type: 'FactNoted', data: null as unknown as string }),
        jsonEvent({ type: 'FactNoted', data: [] }),
        jsonEvent({ type: 'FactNoted', data: 'x', metadata: new Uint8Array([1, 2, 255]) as unknown as Record<string, never> }),
        binaryEvent({ type: 'FactNoted', data: new Uint8Array() }),
      ],
      { expectedRevision: NO_STREAM },
    );
    const stored = (await all(subject.client.readStream(stream))).map(({ event: recorded }) => recorded!);
    expect(stored.map(({ type }) => type)).toEqual([longType, 'FactNoted', 'FactNoted', 'FactNoted', 'FactNoted']);
    expect(stored.slice(0, 4).map(({ data }) => data)).toEqual([{ text: '個人番号 \u{1F5C3}', lone: '\ud800' }, null, [], 'x']);
    expect(Buffer.from(stored[4]!.data as Uint8Array)).toHaveLength(0);
    expect(stored.map(({ isJson }) => isJson)).toEqual([true, true, true, true, false]);
    expect([stored[0]!.metadata, stored[1]!.metadata]).toEqual([{}, undefined]);
    expect([...(stored[3]!.metadata as unknown as Uint8Array)]).toEqual([1, 2, 255]);
    expect(new Set(stored.map(({ created }) => created.getTime())).size).toBe(1);
  });
});
