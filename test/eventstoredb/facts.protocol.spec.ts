import { randomUUID } from 'node:crypto';
import { type ClientDuplexStream, type ClientReadableStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import features from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import type featureMessages from '@eventstore/db-client/generated/serverfeatures_pb.js';
import services from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { NO_STREAM } from '@eventstore/db-client';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { empty, googleEmpty, shared, streamIdentifier, streamNameOf, streams, structuredUuid, uuid, uuidTextOf } from '../support/eventstoredb/messages.js';
import { event, events, facts, sleep, type Subject, until } from './facts.js';

/** The generated service definition alone, without what the client makes of it. */
function rawClients(subject: Subject): { streams: services.StreamsClient; features: features.ServerFeaturesClient } {
  const address = new URL(subject.url.replace(/^esdb(\+discover)?:/, 'http:'));
  const channel = address.searchParams.get('tls') === 'false' ? credentials.createInsecure() : credentials.createSsl();
  return { streams: new services.StreamsClient(address.host, channel), features: new features.ServerFeaturesClient(address.host, channel) };
}

class BatchAppendCall {
  readonly responses: streams.BatchAppendResp[] = [];
  readonly #call: ClientDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;
  hasHeaders = false;
  error: ServiceError | undefined;
  isEnded = false;

  constructor(client: services.StreamsClient) {
    this.#call = client.batchAppend();
    this.#call
      .on('metadata', () => (this.hasHeaders = true))
      .on('data', (response: streams.BatchAppendResp) => this.responses.push(response))
      .on('end', () => (this.isEnded = true))
      .on('error', (error: ServiceError) => (this.error = error));
  }

  send(request: {
    readonly correlation: string;
    readonly stream?: string;
    readonly noExpectation?: boolean;
    readonly deadlineMs?: number;
    readonly ids?: readonly string[];
    readonly isFinal?: boolean;
    readonly expected?: bigint;
    readonly noOptions?: boolean;
  }): void {
    const message = new streams.BatchAppendReq();
    message.setCorrelationId(uuid(request.correlation));
    message.setIsFinal(request.isFinal ?? true);
    if (request.noOptions !== true) message.setOptions(optionsOf(request));
    for (const id of request.ids ?? [randomUUID()]) {
      const proposed = new streams.BatchAppendReq.ProposedMessage();
      proposed.setId(uuid(id));
      proposed.getMetadataMap().set('type', 'FactNoted').set('content-type', 'application/json');
      proposed.setData(Buffer.from('{}'));
      message.addProposedMessages(proposed);
    }
    this.#call.write(message);
  }

  async next(count: number): Promise<streams.BatchAppendResp> {
    await until(() => this.responses.length >= count, `${count} responses`);
    return this.responses[count - 1]!;
  }

  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }
}

function optionsOf(request: { readonly stream?: string; readonly noExpectation?: boolean; readonly expected?: bigint; readonly deadlineMs?: number }) {
  const options = new streams.BatchAppendReq.Options();
  if (request.stream !== undefined) options.setStreamIdentifier(streamIdentifier(request.stream));
  if (request.expected !== undefined) options.setStreamPosition(request.expected.toString());
  else if (request.noExpectation !== true) options.setAny(googleEmpty());
  if (request.deadlineMs !== undefined) options.setDeadline(timestamp(request.deadlineMs));
  return options;
}

/** google.protobuf.Timestamp, of the copy of google-protobuf that the client has: read back from what it is on the wire. */
function timestamp(ms: number): ReturnType<streams.BatchAppendReq.Options['getDeadline']> {
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);
  const seconds = [0x08, ...varint(Math.floor(ms / 1_000)), 0x10, ...varint((ms % 1_000) * 1_000_000)];
  return streams.BatchAppendReq.Options.deserializeBinary(new Uint8Array([0x32, seconds.length, ...seconds])).getDeadline();
}

facts('the protocol', (subject) => {
  let client: services.StreamsClient;
  let featuresClient: features.ServerFeaturesClient;
  let calls: BatchAppendCall[] = [];
  beforeEach(() => {
    ({ streams: client, features: featuresClient } = rawClients(subject));
  });
  afterEach(() => {
    for (const call of calls) call.cancel();
    calls = [];
    client.close();
    featuresClient.close();
  });
  const open = (): BatchAppendCall => {
    const call = new BatchAppendCall(client);
    calls.push(call);
    return call;
  };
  const detailOf = (response: streams.BatchAppendResp): string => response.getError()!.getDetails()!.getTypeUrl();
  const outcomeOf = <T>(call: ClientReadableStream<T>): Promise<{ messages: T[]; code: number; details: string; trailers: Metadata }> =>
    new Promise((resolve) => {
      const messages: T[] = [];
      call
        .on('data', (message: T) => messages.push(message))
        .on('error', () => undefined)
        .on('status', ({ code, details, metadata }) => resolve({ messages, code, details, trailers: metadata }));
    });

  test('the server’s features: its version, and names of services and methods in lower case', async () => {
    const supported = await new Promise<featureMessages.SupportedMethods>((resolve, reject) =>
      featuresClient.getSupportedMethods(empty(), (error, response) => (error === null ? resolve(response) : reject(error))),
    );
    expect(supported.getEventStoreServerVersion()).toBe(subject.server.version);
    const methods = supported.getMethodsList().map((method) => [method.getServiceName(), method.getMethodName(), method.getFeaturesList()]);
    expect(methods).toContainEqual(['event_store.client.streams.streams', 'batchappend', ['deadline_duration']]);
    expect(methods).toContainEqual(['event_store.client.streams.streams', 'read', expect.arrayContaining(['position', 'events'])]);
  });

  test.each(['/event_store.client.streams.Streams/Nothing', '/event_store.client.projections.Projections/Statistics'])(
    'what is not there is unimplemented: %s',
    async (path) => {
      const error = await new Promise<ServiceError | null>((resolve) =>
        client.makeUnaryRequest(
          path,
          () => Buffer.alloc(0),
          (bytes: Buffer) => bytes,
          {},
          (failed) => resolve(failed),
        ),
      );
      expect(error!.code).toBe(status.UNIMPLEMENTED);
    },
  );

  test('BatchAppend answers in the order of the requests, each with its correlation, its stream and its place; its headers come with the first answer', async () => {
    const call = open();
    await sleep(50);
    expect(call.hasHeaders).toBe(false);
    const stream = subject.stream();
    const correlations = [randomUUID(), randomUUID(), randomUUID()];
    for (const correlation of correlations) call.send({ correlation, stream });
    await call.next(3);
    expect(call.hasHeaders).toBe(true);
    expect(call.responses.map((response) => response.getCorrelationId()!.getString())).toEqual(correlations);
    for (const [index, response] of call.responses.entries()) {
      const { currentRevision, position } = response.getSuccess()!.toObject();
      expect([currentRevision, position!.commitPosition]).toEqual([String(index), position!.preparePosition]);
      expect(streamNameOf(response.getStreamIdentifier())).toBe(stream);
      expect(response.getExpectedStreamPositionCase()).toBe(0);
    }
  });

  test('the same correlation twice is answered twice', async () => {
    const call = open();
    const request = { correlation: randomUUID(), stream: subject.stream() };
    call.send(request);
    call.send(request);
    await call.next(2);
    expect(call.responses.map((response) => response.getCorrelationId()!.getString())).toEqual([request.correlation, request.correlation]);
  });

  test('a stale BatchAppend is answered with a message, not with a status', async () => {
    const call = open();
    const stream = subject.stream();
    call.send({ correlation: randomUUID(), stream });
    call.send({ correlation: randomUUID(), stream, expected: 7n });
    const error = (await call.next(2)).getError()!;
    expect([error.getCode(), error.getDetails()!.getTypeUrl()]).toEqual([6, 'type.googleapis.com/event_store.client.WrongExpectedVersion']);
    const detail = shared.WrongExpectedVersion.deserializeBinary(error.getDetails()!.getValue_asU8());
    expect([detail.getCurrentStreamRevision(), detail.getExpectedStreamPosition()]).toEqual(['0', '7']);
  });

  test('a deadline that has passed is a timeout at once, and none is two seconds', async () => {
    const call = open();
    const stream = subject.stream();
    call.send({ correlation: randomUUID(), stream, deadlineMs: Date.now() - 10_000 });
    expect(detailOf(await call.next(1))).toBe('type.googleapis.com/event_store.client.Timeout');
    expect(call.responses[0]!.getError()!.getCode()).toBe(4);
    call.send({ correlation: randomUUID(), stream });
    expect((await call.next(2)).hasSuccess()).toBe(true);
  });

  test('a request that is never final times out, and the answer names its correlation as two numbers', async () => {
    const call = open();
    const [stream, correlation] = [subject.stream(), randomUUID()];
    call.send({ correlation, stream, isFinal: false, deadlineMs: Date.now() + 500 });
    const response = await call.next(1);
    expect(detailOf(response)).toBe('type.googleapis.com/event_store.client.Timeout');
    expect(response.getCorrelationId()!.toObject()).toEqual(structuredUuid(correlation).toObject());
    expect(uuidTextOf(response.getCorrelationId())).toBe(correlation);
  });

  test('an unknown correlation without options is ignored; no stream and no expectation are bad requests, answered once', async () => {
    const call = open();
    call.send({ correlation: randomUUID(), noOptions: true });
    call.send({ correlation: randomUUID() });
    call.send({ correlation: randomUUID(), stream: subject.stream(), noExpectation: true });
    await call.next(2);
    await sleep(100);
    expect(call.responses.map(detailOf)).toEqual(Array.from({ length: 2 }, () => 'type.googleapis.com/event_store.client.BadRequest'));
    expect(call.responses.map((response) => response.getError()!.getCode())).toEqual([3, 3]);
  });

  test('an id that is none is a bad request, and two seconds later a timeout of the same correlation, as two numbers', async () => {
    const call = open();
    const correlation = randomUUID();
    call.send({ correlation, stream: subject.stream(), ids: ['no-uuid'] });
    await call.next(1);
    const begunMs = Date.now();
    const second = await call.next(2);
    expect(call.responses.map(detailOf)).toEqual(['BadRequest', 'Timeout'].map((name) => `type.googleapis.com/event_store.client.${name}`));
    expect(second.getCorrelationId()!.hasStructured()).toBe(true);
    expect(uuidTextOf(second.getCorrelationId())).toBe(correlation);
    expect(Date.now() - begunMs).toBeGreaterThan(1_000);
  });

  test('after a half-close what is pending is answered, and the call never completes; cancelled, it ends with status 1', async () => {
    const call = open();
    call.send({ correlation: randomUUID(), stream: subject.stream() });
    call.halfClose();
    await call.next(1);
    await sleep(300);
    expect([call.isEnded, call.error]).toEqual([false, undefined]);
    call.cancel();
    await until(() => call.error !== undefined, 'the status');
    expect([call.error!.code, call.error!.details]).toEqual([1, 'Cancelled on client']);
  });

  test('a stale Append is answered with a message under status 0, old fields filled in too; it may ask for the leader', async () => {
    const stream = subject.stream();
    const append = (revision?: string): Promise<streams.AppendResp> =>
      new Promise((resolve, reject) => {
        const metadata = new Metadata();
        metadata.set('requires-leader', 'true');
        const call = client.append(metadata, (error, response) => (error === null ? resolve(response) : reject(error)));
        const options = new streams.AppendReq.Options();
        options.setStreamIdentifier(streamIdentifier(stream));
        if (revision === undefined) options.setNoStream(empty());
        else options.setRevision(revision);
        call.write(new streams.AppendReq().setOptions(options));
        const proposed = new streams.AppendReq.ProposedMessage();
        proposed.setId(uuid(randomUUID()));
        proposed.getMetadataMap().set('type', 'FactNoted').set('content-type', 'application/json');
        call.write(new streams.AppendReq().setProposedMessage(proposed));
        call.end();
      });
    expect((await append()).getSuccess()!.getCurrentRevision()).toBe('0');
    const wrong = (await append('4')).getWrongExpectedVersion()!;
    expect([wrong.getCurrentRevision(), wrong.getExpectedRevision()]).toEqual(['0', '4']);
    expect([Number(wrong.getCurrentRevision2060()), Number(wrong.getExpectedRevision2060())]).toEqual([0, 4]);
    expect((await append()).getWrongExpectedVersion()!.hasExpectedNoStream()).toBe(true);
  });

  const readRequest = (options: streams.ReadReq.Options): streams.ReadReq =>
    new streams.ReadReq().setOptions(options.setUuidOption(new streams.ReadReq.Options.UUIDOption().setString(empty())));
  const ofStream = (stream: string): streams.ReadReq.Options =>
    new streams.ReadReq.Options()
      .setStream(new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(streamIdentifier(stream)).setStart(empty()))
      .setNoFilter(empty());

  test('a read of a missing stream is one message and status 0', async () => {
    const stream = subject.stream();
    const { messages, code } = await outcomeOf(client.read(readRequest(ofStream(stream).setCount('10'))));
    expect([messages.length, code]).toEqual([1, 0]);
    expect(streamNameOf(messages[0]!.getStreamNotFound()!.getStreamIdentifier())).toBe(stream);
  });

  test('a read has messages of events only, ids as text, metadata of three keys, the time in ticks since 1970', async () => {
    const stream = subject.stream();
    const sent = events(2);
    await subject.client.appendToStream(stream, sent, { expectedRevision: NO_STREAM });
    const { messages, code } = await outcomeOf(client.read(readRequest(ofStream(stream).setCount('10'))));
    expect([messages.map((message) => message.hasEvent()), code]).toEqual([[true, true], 0]);
    const recorded = messages[0]!.getEvent()!.getEvent()!;
    expect(recorded.getId()!.getString()).toBe(sent[0]!.id);
    expect([...recorded.getMetadataMap().keys()].sort()).toEqual(['content-type', 'created', 'type']);
    expect(Math.abs(Number(recorded.getMetadataMap().get('created')) / 10_000 - Date.now())).toBeLessThan(60_000);
    expect(recorded.getCustomMetadata_asU8()).toHaveLength(0);
  });

  test('a subscription begins with its id, and says caughtUp in a message without content', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, event(), { expectedRevision: NO_STREAM });
    const options = ofStream(stream).setSubscription(new streams.ReadReq.Options.SubscriptionOptions());
    const call = client.read(readRequest(options));
    const messages: streams.ReadResp[] = [];
    call.on('data', (message: streams.ReadResp) => messages.push(message)).on('error', () => undefined);
    await until(() => messages.length >= 3, 'three messages');
    const { CONFIRMATION, EVENT, CAUGHT_UP } = streams.ReadResp.ContentCase;
    expect(messages.map((message) => message.getContentCase())).toEqual([CONFIRMATION, EVENT, CAUGHT_UP]);
    expect(messages[0]!.getConfirmation()!.getSubscriptionId()).not.toBe('');
    call.cancel();
  });

  test('a stale delete is status 9, with trailers that say what was expected and what is', async () => {
    const stream = subject.stream();
    await subject.client.appendToStream(stream, events(3), { expectedRevision: NO_STREAM });
    const options = new streams.DeleteReq.Options().setStreamIdentifier(streamIdentifier(stream)).setRevision('1');
    const error = await new Promise<ServiceError | null>((resolve) => client.delete(new streams.DeleteReq().setOptions(options), (failed) => resolve(failed)));
    expect(error!.code).toBe(9);
    expect(error!.metadata.getMap()).toMatchObject({
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': '1',
      'actual-version': '2',
    });
  });

  test('the server filters a read of $all where it is asked to', async () => {
    const [stream, other] = [subject.stream(), subject.stream()];
    for (const name of [stream, other, stream]) await subject.client.appendToStream(name, event());
    const expression = new streams.ReadReq.Options.FilterOptions.Expression().setPrefixList([stream]);
    const filter = new streams.ReadReq.Options.FilterOptions().setStreamIdentifier(expression).setCount(empty()).setCheckpointintervalmultiplier(1);
    const options = new streams.ReadReq.Options().setAll(new streams.ReadReq.Options.AllOptions().setStart(empty())).setCount('2').setFilter(filter);
    const { messages } = await outcomeOf(client.read(readRequest(options)));
    const names = messages.filter((message) => message.hasEvent()).map((message) => streamNameOf(message.getEvent()!.getEvent()!.getStreamIdentifier()));
    expect(names).toEqual([stream, stream]);
  });
});
