import {
  END,
  eventTypeFilter,
  type EventStoreDBClient,
  excludeSystemEvents,
  jsonEvent,
  NO_STREAM,
  type Position,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { expect, test } from '@jest/globals';
import { event, events, facts, factsOfDouble, failureOf, sleep, until, Watched } from './facts.js';

type AllOptions = NonNullable<Parameters<EventStoreDBClient['subscribeToAll']>[0]>;

facts('subscriptions', (subject) => {
  /** Watches $all; of a shared server's events only those of this stream. */
  const watchAll = (stream: string, options: AllOptions): Watched => new Watched(subject.client.subscribeToAll(options), ({ streamId }) => streamId === stream);
  const append = (stream: string, count: number) => subject.client.appendToStream(stream, events(count));

  test('a subscription to a stream from its start: confirmation, what is there, caughtUp, then what comes', async () => {
    const stream = subject.stream();
    await append(stream, 3);
    const watched = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await watched.has('caughtUp');
    await append(stream, 1);
    await watched.count(4);
    const ids = watched.events.map(({ id }) => id);
    expect(watched.log.slice(0, 6)).toEqual(['confirmation', ids[0], ids[1], ids[2], 'caughtUp', ids[3]]);
    expect(watched.revisions).toEqual([0n, 1n, 2n, 3n]);
    await watched.end();
  });

  test('from the end, and in $all from the end or beyond it: confirmation and caughtUp at once, then what comes', async () => {
    const stream = subject.stream();
    const { position } = await append(stream, 2);
    const ends = [new Watched(subject.client.subscribeToStream(stream, { fromRevision: END })), watchAll(stream, { fromPosition: END })];
    const beyond = { commit: position!.commit + 1_000_000_000n, prepare: position!.commit + 1_000_000_000n };
    const past = watchAll(stream, { fromPosition: beyond });
    for (const watched of [...ends, past]) {
      await watched.has('caughtUp');
      expect(watched.log).toEqual(['confirmation', 'caughtUp']);
    }
    await append(stream, 2);
    for (const watched of ends) {
      await watched.count(2);
      expect(watched.revisions).toEqual([2n, 3n]);
    }
    // 24.2 never delivers events below the position asked for
    if (subject.isOld) await past.count(2);
    else await sleep(50);
    expect(past.revisions).toEqual(subject.isOld ? [2n, 3n] : []);
    for (const watched of [...ends, past]) await watched.end();
  });

  test('every event has its position, in catch-up and live, and it is where reads find the event', async () => {
    const stream = subject.stream();
    await append(stream, 2);
    const watched = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await watched.has('caughtUp');
    const { position } = await append(stream, 2);
    await watched.count(4);
    for (const { commit, prepare } of watched.positions) expect(commit).toBe(prepare);
    expect(watched.positions[3]).toEqual(position);
    await watched.end();
  });

  test('resumed from an event the next one comes first: exclusive, where reads are inclusive', async () => {
    const stream = subject.stream();
    await append(stream, 5);
    const byRevision = new Watched(subject.client.subscribeToStream(stream, { fromRevision: 2n }));
    await byRevision.count(2);
    expect(byRevision.revisions).toEqual([3n, 4n]);
    const first = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await first.count(5);
    const fromPosition = first.positions[2]!;
    const unfiltered = watchAll(stream, { fromPosition });
    const filtered = watchAll(stream, { fromPosition, filter: streamNameFilter({ prefixes: [stream] }) });
    for (const watched of [unfiltered, filtered]) {
      await watched.count(2);
      expect(watched.revisions).toEqual([3n, 4n]);
    }
    for (const watched of [byRevision, first, unfiltered, filtered]) await watched.end();
  });

  test('resumed from inside of a record it fails', async () => {
    const stream = subject.stream();
    const { position } = await append(stream, 1);
    const inside = { commit: position!.commit + 7n, prepare: position!.commit + 7n };
    const watched = watchAll(stream, { fromPosition: inside });
    await watched.has('error');
    expect(watched.error).toMatchObject(
      subject.isOld
        ? { type: 'unknown', code: 2, message: '2 UNKNOWN: Exception was thrown by handler.' }
        : { type: 'unknown', code: 3, message: '3 INVALID_ARGUMENT: Trying to read from an invalid position.' },
    );
    expect(watched.log).toEqual(subject.isOld ? ['error'] : ['confirmation', 'error']);
  });

  test('a missing stream can be subscribed to; 23.10 has caught up only after the first event', async () => {
    const stream = subject.stream();
    const watched = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await watched.has('confirmation');
    await sleep(100);
    expect(watched.log).toEqual(subject.isOld ? ['confirmation'] : ['confirmation', 'caughtUp']);
    await append(stream, 1);
    await watched.count(1);
    await watched.has('caughtUp');
    if (subject.isOld) expect(watched.log).toEqual(['confirmation', watched.events[0]!.id, 'caughtUp']);
    await watched.end();
  });

  test('a delete while subscribed emits nothing, and what comes after it is delivered', async () => {
    const stream = subject.stream();
    await append(stream, 1);
    const watched = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await watched.has('caughtUp');
    await subject.client.deleteStream(stream);
    await append(stream, 1);
    await watched.count(2);
    expect(watched.revisions).toEqual([0n, 1n]);
    expect(watched.error).toBeUndefined();
    await watched.end();
  });

  test('a tombstone ends a subscription, and refuses a new one, with an error and without an end', async () => {
    const stream = subject.stream();
    await append(stream, 1);
    const before = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    await before.has('caughtUp');
    await subject.client.tombstoneStream(stream);
    const after = new Watched(subject.client.subscribeToStream(stream, { fromRevision: START }));
    for (const watched of [before, after]) {
      await watched.has('error');
      expect(watched.error).toMatchObject({ type: 'stream-deleted', code: 9 });
      expect(watched.log).not.toContain('end');
      expect(watched.log).not.toContain('close');
    }
  });

  test('a filter that is no regular expression fails', async () => {
    const watched = watchAll('', { fromPosition: END, filter: streamNameFilter({ regex: '(' }) });
    await watched.has('error');
    expect(watched.error).toMatchObject({ type: 'unknown', code: 2 });
  });

  test('a filter on names, on types, and one that leaves out what is the server’s own', async () => {
    const stream = subject.stream();
    const fromPosition = (await append(stream, 1)).position!;
    await subject.client.setStreamMetadata(stream, { maxCount: 100 });
    await subject.client.appendToStream(stream, jsonEvent({ type: 'OtherNoted', data: {} }));
    await append(stream, 1);
    const types: string[][] = [];
    for (const filter of [streamNameFilter({ regex: `^${stream}$` }), eventTypeFilter({ prefixes: ['Other'] }), excludeSystemEvents()]) {
      const watched = new Watched(subject.client.subscribeToAll({ fromPosition, filter }), ({ streamId }) => streamId.endsWith(stream));
      await watched.has('caughtUp');
      types.push(watched.events.map(({ type }) => type));
      await watched.end();
    }
    expect(types).toEqual([['OtherNoted', 'FactNoted'], ['OtherNoted'], ['OtherNoted', 'FactNoted']]);
  });

  test('unsubscribe: end, finish and close, no error; and so does dispose, after which the client still works', async () => {
    const stream = subject.stream();
    await append(stream, 1);
    const unsubscribed = new Watched(subject.client.subscribeToStream(stream));
    await unsubscribed.has('caughtUp');
    await unsubscribed.end();
    await unsubscribed.has('close');
    const disposed = new Watched(subject.client.subscribeToStream(stream));
    await disposed.has('caughtUp');
    await subject.client.dispose();
    await disposed.has('close');
    for (const watched of [unsubscribed, disposed]) {
      expect(watched.log.slice(-3).sort()).toEqual(['close', 'end', 'finish']);
      expect(watched.error).toBeUndefined();
    }
    expect(await append(stream, 1)).toMatchObject({ nextExpectedRevision: 1n });
  });

  test('a consumer that pauses in catch-up gets all of it later', async () => {
    const stream = subject.stream();
    const count = 3_000;
    for (let sent = 0; sent < count; sent += 1_000) await append(stream, 1_000);
    const subscription = subject.client.subscribeToStream(stream, { fromRevision: START });
    const watched = new Watched(subscription);
    subscription.pause();
    await sleep(100);
    expect(watched.events).toHaveLength(0);
    subscription.resume();
    await watched.count(count);
    expect(watched.revisions).toEqual(Array.from({ length: count }, (_, revision) => BigInt(revision)));
    expect(watched.error).toBeUndefined();
    await watched.end();
  });
});

facts('checkpoints', (subject) => {
  /** Checkpoints and matching revisions from a position until live. */
  const searched = async (stream: string, fromPosition: Position, window: { checkpointInterval?: number; maxSearchWindow?: number }, prefix = stream) => {
    const checkpoints: Position[] = [];
    const filter = streamNameFilter({
      prefixes: [prefix],
      ...window,
      checkpointReached: (_subscription, position) => {
        checkpoints.push(position);
        return Promise.resolve();
      },
    });
    const watched = new Watched(subject.client.subscribeToAll({ fromPosition, filter }), ({ streamId }) => streamId === stream);
    await watched.has('caughtUp');
    return { watched, checkpoints };
  };

  test('one comes every 32 events searched, times the interval, or every window asked for; in catch-up and live', async () => {
    const stream = subject.stream();
    const { position } = await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    await subject.client.appendToStream(stream, events(640));
    // a shared server may have written some events of its own meanwhile
    for (const [window, expected] of [
      [{ checkpointInterval: 1 }, 20],
      [{ checkpointInterval: 4 }, 5],
      [{ checkpointInterval: 1, maxSearchWindow: 100 }, 6],
    ] as const) {
      const { watched, checkpoints } = await searched(stream, position!, window);
      expect(Math.abs(checkpoints.length - expected)).toBeLessThanOrEqual(1);
      for (const { commit, prepare } of checkpoints) expect(prepare).toBe(commit);
      const before = checkpoints.length;
      if (window.checkpointInterval === 1 && !('maxSearchWindow' in window)) {
        for (let sent = 0; sent < 70; sent += 10) await subject.client.appendToStream(stream, events(10));
        await until(() => checkpoints.length > before, 'a checkpoint while live');
        expect(checkpoints.at(-1)!.prepare).toBe(checkpoints.at(-1)!.commit);
      }
      await watched.end();
    }
  });

  test('where nothing matches in a window of the catch-up its checkpoint has a prepare position of 0; from the start the first is 0 itself', async () => {
    const stream = subject.stream();
    const { position } = await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    await subject.client.appendToStream(stream, events(200));
    const nowhere = subject.stream();
    const { watched, checkpoints } = await searched(stream, position!, { checkpointInterval: 1 }, nowhere);
    expect(checkpoints.length).toBeGreaterThanOrEqual(5);
    for (const { commit, prepare } of checkpoints) {
      expect(commit).toBeGreaterThan(position!.commit);
      expect(prepare).toBe(0n);
    }
    await watched.end();
    const checkpointsOfAll: Position[] = [];
    const filter = streamNameFilter({
      prefixes: [nowhere],
      checkpointReached: (_subscription, reached) => {
        checkpointsOfAll.push(reached);
        return Promise.resolve();
      },
    });
    const subscription = new Watched(subject.client.subscribeToAll({ fromPosition: START, filter }));
    await until(() => checkpointsOfAll.length > 0, 'the first checkpoint');
    expect(checkpointsOfAll[0]!.commit).toBe(0n);
    await subscription.end();
  });

  test('resumed from a checkpoint nothing is skipped and nothing repeated', async () => {
    const [stream, other] = [subject.stream(), subject.stream()];
    const { position } = await subject.client.appendToStream(other, event(), { expectedRevision: NO_STREAM });
    for (let round = 0; round < 4; round += 1) {
      await subject.client.appendToStream(other, events(90));
      await subject.client.appendToStream(stream, events(5));
    }
    const { watched, checkpoints } = await searched(stream, position!, { checkpointInterval: 1 });
    expect(watched.revisions).toEqual(Array.from({ length: 20 }, (_, revision) => BigInt(revision)));
    expect(checkpoints.some(({ prepare }) => prepare === 0n)).toBe(true);
    for (const checkpoint of checkpoints) {
      const expected = watched.events.filter(({ position: at }) => at.commit > checkpoint.commit).map(({ revision }) => revision);
      const resumed = await searched(stream, checkpoint, { checkpointInterval: 1 });
      expect(resumed.watched.revisions).toEqual(expected);
      await resumed.watched.end();
    }
    await watched.end();
  });
});

facts('bursts', (subject) => {
  test('23.10 drops a live subscriber at a burst of 200 events, 24.2 never; resubscribed from the last position nothing is lost', async () => {
    const stream = subject.stream();
    const position = (await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM })).position!;
    const watched = new Watched(subject.client.subscribeToAll({ fromPosition: position }), ({ streamId }) => streamId === stream);
    await watched.has('caughtUp');
    for (let burst = 0; burst < 3; burst += 1) await subject.client.appendToStream(stream, events(200));
    if (subject.isOld) {
      await watched.has('error');
      expect(watched.error).toMatchObject({
        type: 'timeout',
        code: 10,
        message: '10 ABORTED: Operation timed out: Consumer too slow to handle event while live. Client resubscription required.',
      });
      expect(watched.log).not.toContain('close');
    } else {
      await watched.count(600);
      expect(watched.error).toBeUndefined();
      await watched.end();
    }
    const delivered = watched.events.length;
    const resumed = new Watched(subject.client.subscribeToAll({ fromPosition: watched.positions.at(-1) ?? position }), ({ streamId }) => streamId === stream);
    await resumed.count(600 - delivered);
    expect([...watched.revisions, ...resumed.revisions]).toEqual(Array.from({ length: 600 }, (_, index) => BigInt(index + 1)));
    await resumed.end();
  });

  test('small appends that are awaited never drop it', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    const watched = new Watched(subject.client.subscribeToStream(stream, { fromRevision: END }));
    await watched.has('caughtUp');
    for (let sent = 0; sent < 300; sent += 1) await subject.client.appendToStream(stream, event());
    await watched.count(300);
    expect(watched.error).toBeUndefined();
    await watched.end();
  });
});

factsOfDouble('a subscription that the server ends', (subject) => {
  test('is dropped by the hook as a consumer too slow', async () => {
    const { client, double } = subject;
    await client.appendToStream(subject.stream(), event());
    const watched = new Watched(client.subscribeToAll({ fromPosition: START, filter: excludeSystemEvents() }));
    await watched.has('caughtUp');
    double.faults.dropSubscriptions();
    await watched.has('error');
    expect(watched.error).toMatchObject({ type: 'timeout', code: 10 });
  });

  test('is dropped by the hook after so many live events, and a for-await throws', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    double.faults.add('subscribe', { kind: 'too-slow-after', events: 2 });
    const subscription = client.subscribeToStream(stream, { fromRevision: END });
    const isLive = new Promise((resolve) => subscription.once('caughtUp', resolve));
    const received: bigint[] = [];
    const iterated = failureOf(
      (async () => {
        for await (const { event: recorded } of subscription) received.push(recorded!.revision);
      })(),
    );
    await isLive;
    for (let sent = 0; sent < 3; sent += 1) await client.appendToStream(stream, event());
    expect(await iterated).toMatchObject({ type: 'timeout', code: 10 });
    expect(received).toEqual([1n, 2n]);
  });

  test('never resumes by itself after the connection broke: one error, no end', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    const watched = new Watched(client.subscribeToStream(stream));
    await watched.has('caughtUp');
    double.faults.cutConnections();
    await watched.has('error');
    expect(watched.error).toMatchObject({ type: 'unavailable', code: 14 });
    await client.appendToStream(stream, event());
    await sleep(50);
    expect(watched.events).toHaveLength(1);
    expect(watched.log.filter((name) => name === 'error')).toHaveLength(1);
    expect(watched.log).not.toContain('end');
  });

  test('breaks after as many events as the hook says', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, events(10));
    double.faults.add('subscribe', { kind: 'break-after', events: 4 });
    const watched = new Watched(client.subscribeToStream(stream));
    await watched.has('error');
    expect(watched.revisions).toEqual([0n, 1n, 2n, 3n]);
    expect(watched.error).toMatchObject({ type: 'unavailable', code: 14 });
  });
});
