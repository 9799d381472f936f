import { ANY, EventStoreDBClient, NO_STREAM, START, STREAM_EXISTS } from '@eventstore/db-client';
import { describe, expect, jest, test } from '@jest/globals';
import { startEventStoreDouble } from '../support/eventstoredb/double.js';
import { all, type ClientFailure, event, events, factsOfDouble, failureOf, sleep, until, Watched } from './facts.js';

const credentials = { username: 'admin', password: 'changeit' };
/** What an append is after `ms`: settled how, or pending. */
const within = (ms: number, promise: Promise<unknown>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'resolved',
      (error: ClientFailure) => `${error.type} ${error.code ?? '-'}`,
    ),
    sleep(ms, 'pending'),
  ]);

/** Calls until it succeeds, as the same client does by itself once the server is back; for at most five seconds. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + 5_000; Date.now() < end; await sleep(20)) {
    const outcome = await call().then(
      (value) => ({ value }),
      () => undefined,
    );
    if (outcome !== undefined) return outcome.value;
  }
  return call();
}

factsOfDouble('a server that is killed', (subject) => {
  test('in-flight appends, subscriptions and reads fail at once as unavailable, with one error each', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, events(2_000));
    const watched = new Watched(client.subscribeToStream(stream));
    await watched.has('caughtUp');
    const reading = client.readAll();
    const failedRead = new Promise<ClientFailure>((resolve) => void reading.on('error', resolve).once('data', () => reading.pause()));
    await new Promise((resolve) => reading.once('data', resolve));
    double.faults.add('batchAppend', { kind: 'no-answer' }, { times: 3 });
    const inFlight = Array.from({ length: 3 }, () => failureOf(client.appendToStream(subject.stream(), event())));
    await until(() => double.faults.plan.hits.length === 3, 'three appends in flight');
    await double.kill();
    for (const failure of [...(await Promise.all(inFlight)), await failedRead]) {
      // 'read ECONNRESET', or what the client was at when the reset reached it
      expect(failure).toMatchObject({ type: 'unavailable', code: 14, message: expect.stringMatching(/^14 UNAVAILABLE: /) });
    }
    await watched.has('error');
    expect(watched.error).toMatchObject({ type: 'unavailable', code: 14 });
    expect(watched.log).not.toContain('close');
  });

  test('while it is down appends fail with a plain error of code 14, all else as unavailable', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    await double.kill();
    await failureOf(client.appendToStream(stream, event())); // finds the connection gone
    const failure = await failureOf(client.appendToStream(stream, event()));
    expect(failure).toMatchObject({ code: 14, details: expect.stringContaining('No connection established. Last error: Error: connect ECONNREFUSED') });
    expect(failure.type).toBeUndefined();
    for (const call of [() => all(client.readStream(stream)), () => client.getStreamMetadata(stream), () => client.deleteStream(stream)]) {
      expect(await failureOf(call())).toMatchObject({ type: 'unavailable', code: 14 });
    }
  });

  test('while it starts appends are of unknown error without a code, all else is unavailable; then the same client works by itself', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    await double.kill();
    await failureOf(client.appendToStream(stream, event()));
    await double.restart();
    double.faults.notReady(true);
    const append = () => client.appendToStream(stream, event());
    let failure = await failureOf(append());
    for (const end = Date.now() + 5_000; failure.code === 14 && Date.now() < end; failure = await failureOf(append())) await sleep(20);
    expect([failure.type, failure.code, failure.message]).toEqual(['unknown', undefined, 'Could not recognize Server Is Not Ready']);
    const subscribed = new Watched(client.subscribeToAll());
    await subscribed.has('error');
    const failures = [subscribed.error];
    for (const call of [() => all(client.readStream(stream)), () => client.getStreamMetadata(stream), () => client.deleteStream(stream)]) {
      failures.push(await failureOf(call()));
    }
    for (const each of failures) expect(each).toMatchObject({ type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Server Is Not Ready' });
    double.faults.notReady(false);
    expect(await append()).toMatchObject({ nextExpectedRevision: 1n });
  });

  test('what was acknowledged is there after it has started again, and it is ready by itself after a while', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    const sent = events(50);
    await client.appendToStream(stream, sent, { expectedRevision: NO_STREAM });
    await double.kill();
    await double.restart({ notReadyMs: 200 });
    const stored = (await retried(() => all(client.readStream(stream)))).map(({ event: recorded }) => recorded!.id);
    expect(stored).toEqual(sent.map(({ id }) => id));
  });

  test('the same ids are known after a restart at an exact revision and at no stream; with any and stream exists they are written again', async () => {
    const { client, double } = subject;
    const [first, second] = [events(1), events(2)];
    const stream = subject.stream();
    const repeat = (expectedRevision: bigint | typeof NO_STREAM) =>
      retried(() => client.appendToStream(stream, expectedRevision === NO_STREAM ? first : second, { expectedRevision }));
    const restart = async (options = {}) => {
      await double.kill();
      await double.restart(options);
    };
    const created = await client.appendToStream(stream, first, { expectedRevision: NO_STREAM });
    const added = await client.appendToStream(stream, second, { expectedRevision: 0n });
    await restart({ keepIds: true });
    expect(await repeat(0n)).toEqual(added);
    expect(await client.appendToStream(stream, second, { expectedRevision: ANY })).toEqual(added);
    await restart();
    expect(await repeat(NO_STREAM)).toEqual(created);
    expect(await repeat(0n)).toEqual(added);
    expect(await client.appendToStream(stream, second, { expectedRevision: ANY })).toMatchObject({ nextExpectedRevision: 4n });
    await restart();
    expect(await repeat(0n)).toEqual(added);
    expect(await client.appendToStream(stream, second, { expectedRevision: STREAM_EXISTS })).toMatchObject({ nextExpectedRevision: 6n });
  });

  test('an append that was stored while its answer was cut off is told by a retry at the same revision', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    const sent = events(2);
    double.faults.add('batchAppend', { kind: 'answer-cut' });
    expect(await failureOf(client.appendToStream(stream, sent, { expectedRevision: NO_STREAM }))).toMatchObject({ type: 'unavailable' });
    expect(await client.appendToStream(stream, sent, { expectedRevision: NO_STREAM })).toMatchObject({ nextExpectedRevision: 1n });
    expect(await all(client.readStream(stream))).toHaveLength(2);
  });
});

factsOfDouble('a server that stands still', (subject) => {
  test('nothing fails by itself: afterwards appends whose deadline has passed are refused, not stored, and all others and the readers go on', async () => {
    const { client, double } = subject;
    const [stream, late, fresh] = [subject.stream(), subject.stream(), subject.stream()];
    await client.appendToStream(stream, events(3));
    const watched = new Watched(client.subscribeToStream(stream));
    await watched.has('caughtUp');
    double.faults.freeze();
    const passed = client.appendToStream(late, event(), { expectedRevision: NO_STREAM, deadline: 100 });
    const inTime = client.appendToStream(fresh, event(), { expectedRevision: NO_STREAM, deadline: 20_000 });
    const read = all(client.readStream(stream));
    expect(await Promise.all([passed, inTime, read].map((promise) => within(400, promise)))).toEqual(['pending', 'pending', 'pending']);
    double.faults.thaw();
    const refused = await failureOf(passed);
    expect([refused.type, refused.message, refused.code]).toEqual(['deadline-exceeded', '', undefined]);
    expect(await inTime).toMatchObject({ success: true });
    expect(await read).toHaveLength(3);
    expect(await failureOf(all(client.readStream(late)))).toMatchObject({ type: 'stream-not-found' });
    await client.appendToStream(stream, event());
    await watched.count(4);
    expect(watched.error).toBeUndefined();
  });

  test('the client’s keepalive ends a connection that stays silent: every pending call is unavailable, and the same client works afterwards', async () => {
    // the client complains of an interval below ten seconds
    const complaint = jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    const client = EventStoreDBClient.connectionString(`${subject.double.url}&keepAliveInterval=300&keepAliveTimeout=300`);
    complaint.mockRestore();
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    const watched = new Watched(client.subscribeToStream(stream));
    await watched.has('caughtUp');
    subject.double.faults.freeze();
    const pending = [client.appendToStream(stream, event()), all(client.readStream(stream))];
    for (const failure of await Promise.all(pending.map(failureOf))) {
      expect(failure).toMatchObject({ type: 'unavailable', code: 14, message: '14 UNAVAILABLE: Connection dropped' });
    }
    await watched.has('error');
    expect(watched.error).toMatchObject({ type: 'unavailable', code: 14 });
    subject.double.faults.thaw();
    expect(await client.appendToStream(subject.stream(), event())).toMatchObject({ success: true });
    await client.dispose();
  });
});

factsOfDouble('deadlines', (subject) => {
  test('the client keeps its own only by Append, delete and tombstone: 23.10 and 24.2 alike, BatchAppend waits for ever', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    for (const rpc of ['batchAppend', 'append', 'delete', 'tombstone'] as const) double.faults.add(rpc, { kind: 'no-answer' });
    const deadline = 200;
    for (const call of [
      () => client.appendToStream(stream, event(), { deadline, credentials }),
      () => client.deleteStream(stream, { deadline }),
      () => client.tombstoneStream(stream, { deadline }),
    ]) {
      expect(await failureOf(call())).toMatchObject({ type: 'deadline-exceeded', code: 4 });
    }
    expect(await within(600, client.appendToStream(stream, event(), { deadline }))).toBe('pending');
  });

  test('reads, subscriptions and metadata have none', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    double.faults.add('read', { kind: 'delay', ms: 400 }, { times: 3 });
    double.faults.add('subscribe', { kind: 'delay', ms: 400 });
    const deadline = 50;
    const subscribed = new Watched(client.subscribeToStream(stream, { deadline }));
    expect(await all(client.readStream(stream, { deadline }))).toHaveLength(1);
    expect((await all(client.readAll({ fromPosition: START, deadline }))).length).toBeGreaterThan(1);
    expect(await client.getStreamMetadata(stream, { deadline })).toEqual({ streamName: stream });
    await subscribed.count(1);
  });
});

factsOfDouble('faults of one call', (subject) => {
  test('an answer that is lost: stored, and pending until the connection ends', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    double.faults.add('batchAppend', { kind: 'answer-lost' });
    const append = client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    expect(await within(100, append)).toBe('pending');
    expect(await all(client.readStream(stream))).toHaveLength(1);
    double.faults.cutConnections();
    expect(await failureOf(append)).toMatchObject({ type: 'unavailable' });
  });

  test.each([
    ['timeout', 0],
    ['stored-then-timeout', 1],
  ] as const)('the server’s own write timeout, as the hook %s has it: the outcome is unknown to the client', async (kind, stored) => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    double.faults.add('batchAppend', { kind });
    const failure = await failureOf(client.appendToStream(stream, event(), { expectedRevision: 0n }));
    expect([failure.type, failure.message, failure.code]).toEqual(['deadline-exceeded', '', undefined]);
    expect(await all(client.readStream(stream))).toHaveLength(1 + stored);
  });

  test('unavailable, access denied and not ready, each counted, and after them all is well', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, event());
    for (const [kind, type] of [
      ['unavailable', 'unavailable'],
      ['access-denied', 'access-denied'],
      ['not-ready', 'unknown'],
    ] as const) {
      double.faults.add('batchAppend', { kind }, { skip: 1 });
      await client.appendToStream(stream, event());
      expect(await failureOf(client.appendToStream(stream, event()))).toMatchObject({ type });
      double.faults.add('append', { kind });
      const byAppend = await failureOf(client.appendToStream(stream, event(), { credentials }));
      expect(byAppend.type).toBe(kind === 'not-ready' ? 'unavailable' : type);
    }
    double.faults.add('read', { kind: 'no-answer' });
    double.faults.clear();
    expect(await all(client.readStream(stream))).toHaveLength(4);
    expect(double.faults.plan.hits).toHaveLength(6);
  });

  test('not leader: the error names the leader, and the client goes there', async () => {
    const { client, double } = subject;
    const leader = await startEventStoreDouble({ version: double.version });
    try {
      const stream = subject.stream();
      await client.appendToStream(stream, event());
      double.faults.add('batchAppend', { kind: 'not-leader', host: '127.0.0.1', port: leader.port });
      expect(await failureOf(client.appendToStream(stream, event()))).toMatchObject({
        type: 'not-leader',
        leader: { address: '127.0.0.1', port: leader.port },
      });
      expect(await client.appendToStream(stream, event())).toMatchObject({ nextExpectedRevision: 0n });
      expect(leader.records.filter((record) => record.stream === stream)).toHaveLength(1);
    } finally {
      await client.dispose();
      await leader.stop();
    }
  });

  test('a delay holds back what comes after it: answers keep the order of the requests', async () => {
    const { client, double } = subject;
    await client.appendToStream(subject.stream(), event());
    double.faults.add('batchAppend', { kind: 'delay', ms: 100 });
    const settled: string[] = [];
    await Promise.all(['delayed', 'next', 'last'].map((name) => client.appendToStream(subject.stream(), event()).then(() => settled.push(name))));
    expect(settled).toEqual(['delayed', 'next', 'last']);
  });

  test('a read that breaks off in its middle', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    await client.appendToStream(stream, events(20));
    double.faults.add('read', { kind: 'break-after', events: 7 });
    let read = 0;
    const failure = await failureOf(
      (async () => {
        for await (const _ of client.readStream(stream)) read += 1;
      })(),
    );
    expect(failure).toMatchObject({ type: 'unavailable', code: 14 });
    expect(read).toBeLessThanOrEqual(7);
  });

  test('an event of the server’s own stands in $all among the others', async () => {
    const { client, double } = subject;
    const stream = subject.stream();
    const { position } = await client.appendToStream(stream, event());
    double.faults.writeSystemEvent('$stats-127.0.0.1:2113', '$statsCollected', '{"proc-cpu":1}');
    await client.appendToStream(stream, event());
    const types = (await all(client.readAll({ fromPosition: position! }))).map(({ event: recorded }) => recorded!.type);
    expect(types).toEqual(['FactNoted', '$statsCollected', 'FactNoted']);
  });
});

describe('a double that reports another version', () => {
  test('says so when it is asked for its features', async () => {
    const double = await startEventStoreDouble({ reportedVersion: '20.10.5' });
    const client = EventStoreDBClient.connectionString(double.url);
    const { serverVersion } = await (client as unknown as { capabilities: Promise<{ serverVersion: string }> }).capabilities;
    expect(serverVersion).toBe('20.10.5');
    await client.dispose();
    await double.stop();
  });
});
