// BatchAppend: what the client uses for every append without credentials of its own. Errors are messages, not statuses.
import { status as grpcStatus, type ServerDuplexStream } from '@grpc/grpc-js';
import type { DoubleState } from './double-state.js';
import type { Fault } from './faults.js';
import { APPEND_BYTES_MAX, type AppendOutcome, type Expected, type Proposed } from './log.js';
import {
  accessDeniedStatus,
  badRequestStatus,
  failure,
  googleEmpty,
  notLeader,
  notReadyStatus,
  shared,
  statusMessage,
  type StatusMessage,
  streamIdentifier,
  streamNameOf,
  streams,
  structuredUuid,
  timeoutStatus,
  uuid,
  uuidTextOf,
} from './messages.js';

type Call = ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>;

/** The server gives an append up after so long, whatever its deadline. */
export const WRITE_TIMEOUT_MS = 2_000;

interface PendingAppend {
  readonly correlation: string;
  readonly stream: string;
  readonly expected: Expected;
  readonly deadlineMs: number;
  readonly proposed: Proposed[];
  readonly timer: NodeJS.Timeout;
  /** Answered with BadRequest: nothing of it is taken any more, but it still times out. */
  bad: boolean;
}

export function batchAppend(state: DoubleState): (call: Call) => void {
  return (call) => {
    const stream = new BatchAppendStream(state, call);
    call.on('data', (request: streams.BatchAppendReq) => stream.take(request));
    // after the client's half-close a server never completes the call: the client cancels it
    call.on('cancelled', () => stream.close());
    call.on('error', () => stream.close());
  };
}

class BatchAppendStream {
  readonly #state: DoubleState;
  readonly #call: Call;
  readonly #pending = new Map<string, PendingAppend>();
  /** Answers that wait behind a delayed one: they come in the order of the requests. */
  #before: Promise<void> | undefined;
  #closed = false;

  constructor(state: DoubleState, call: Call) {
    this.#state = state;
    this.#call = call;
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#pending.clear();
  }

  take(request: streams.BatchAppendReq): void {
    if (this.#closed) return;
    const correlation = uuidTextOf(request.getCorrelationId());
    if (correlation === undefined) return;
    const options = request.getOptions();
    if (options !== undefined && !this.#begin(correlation, options)) return;
    const pending = this.#pending.get(correlation);
    if (pending === undefined || pending.bad) return;
    for (const message of request.getProposedMessagesList()) {
      const proposed = proposedOf(message);
      if (proposed === undefined) return this.#refuse(pending);
      pending.proposed.push(proposed);
    }
    if (request.getIsFinal()) this.#finish(pending);
  }

  /** False where the append is refused at once. */
  #begin(correlation: string, options: streams.BatchAppendReq.Options): boolean {
    const stream = streamNameOf(options.getStreamIdentifier());
    const expected = expectedOf(options);
    const deadline = options.getDeadline();
    const nowMs = Date.now();
    const deadlineMs = Math.min(nowMs + WRITE_TIMEOUT_MS, deadline === undefined ? Infinity : deadline.getSeconds() * 1_000 + deadline.getNanos() / 1_000_000);
    if (stream === '' || expected === undefined) {
      this.#answer(errorResponse(uuid(correlation), stream, badRequestStatus('no stream, or no expected revision')));
      return false;
    }
    if (deadlineMs <= nowMs) {
      this.#answer(errorResponse(uuid(correlation), stream, timeoutStatus()));
      return false;
    }
    const timer = setTimeout(() => this.#expire(correlation, stream), deadlineMs - nowMs);
    this.#pending.set(correlation, { correlation, stream, expected, deadlineMs, proposed: [], timer, bad: false });
    return true;
  }

  #expire(correlation: string, stream: string): void {
    this.#pending.delete(correlation);
    this.#answer(errorResponse(structuredUuid(correlation), stream, timeoutStatus()));
  }

  #settle({ correlation, timer }: PendingAppend): void {
    clearTimeout(timer);
    this.#pending.delete(correlation);
  }

  #finish(pending: PendingAppend): void {
    const fault = this.#state.faults.take('batchAppend');
    if (fault?.kind === 'bad-request-then-timeout') return this.#refuse(pending);
    this.#settle(pending);
    if (fault?.kind === 'delay') this.#delayed(pending, fault.ms);
    else if (this.#before !== undefined) this.#before = this.#before.then(() => this.#carryOut(pending, fault));
    else this.#carryOut(pending, fault);
  }

  #delayed(pending: PendingAppend, ms: number): void {
    const turn = (this.#before ?? Promise.resolve())
      .then(() => new Promise((resolve) => setTimeout(resolve, ms)))
      .then(() => this.#carryOut(pending, undefined))
      .then(() => {
        if (this.#before === turn) this.#before = undefined;
      });
    this.#before = turn;
  }

  #carryOut(pending: PendingAppend, fault: Fault | undefined): void {
    const { correlation, stream } = pending;
    switch (fault?.kind) {
      case 'no-answer':
        return;
      case 'unavailable':
        return this.#end(failure(grpcStatus.UNAVAILABLE, 'Made to be unavailable.'));
      case 'not-leader':
        return this.#end(notLeader(fault.host, fault.port));
      case 'not-ready':
        return this.#fail(pending, notReadyStatus());
      case 'access-denied':
        return this.#fail(pending, accessDeniedStatus());
      case 'timeout':
        return this.#answer(errorResponse(structuredUuid(correlation), stream, timeoutStatus()));
      default:
        break;
    }
    if (this.#closed) return;
    const outcome = this.#state.log.append(stream, pending.expected, pending.proposed);
    if (fault?.kind === 'answer-lost') return;
    if (fault?.kind === 'answer-cut') return this.#state.cutConnections();
    if (fault?.kind === 'stored-then-timeout') return this.#answer(errorResponse(structuredUuid(correlation), stream, timeoutStatus()));
    this.#answer(responseOf(pending, outcome));
  }

  /** The append stays pending, and so is answered a second time when it times out. */
  #refuse(pending: PendingAppend): void {
    pending.bad = true;
    this.#fail(pending, badRequestStatus('an event is not as it must be'));
  }

  #fail({ correlation, stream }: PendingAppend, status: StatusMessage): void {
    this.#answer(errorResponse(uuid(correlation), stream, status));
  }

  #answer(response: streams.BatchAppendResp): void {
    if (!this.#closed) this.#call.write(response);
  }

  #end(error: Error): void {
    this.close();
    this.#call.emit('error', error);
  }
}

function expectedOf(options: streams.BatchAppendReq.Options): Expected | undefined {
  if (options.hasNoStream()) return { kind: 'no-stream' };
  if (options.hasAny()) return { kind: 'any' };
  if (options.hasStreamExists()) return { kind: 'exists' };
  return options.hasStreamPosition() ? { kind: 'exact', revision: BigInt(options.getStreamPosition()) } : undefined;
}

/** An event as it was sent; undefined where its id is no UUID, or its type or content type is missing. */
export function proposedOf(message: streams.BatchAppendReq.ProposedMessage | streams.AppendReq.ProposedMessage): Proposed | undefined {
  const id = uuidTextOf(message.getId());
  const type = message.getMetadataMap().get('type');
  const contentType = message.getMetadataMap().get('content-type');
  if (id === undefined || !type || !contentType) return undefined;
  return { id, type, contentType, data: message.getData_asU8(), metadata: message.getCustomMetadata_asU8() };
}

function errorResponse(correlation: shared.UUID, stream: string, status: StatusMessage): streams.BatchAppendResp {
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(correlation);
  response.setStreamIdentifier(streamIdentifier(stream));
  response.setError(status);
  return response;
}

function responseOf(pending: PendingAppend, outcome: AppendOutcome): streams.BatchAppendResp {
  const { correlation, stream } = pending;
  switch (outcome.kind) {
    case 'appended':
    case 'repeated':
      return successResponse(correlation, stream, outcome);
    case 'wrong-version':
      return errorResponse(uuid(correlation), stream, wrongVersionStatus(pending.expected, outcome.actual));
    case 'deleted': {
      const detail = new shared.StreamDeleted();
      detail.setStreamIdentifier(streamIdentifier(stream));
      const bytes = detail.serializeBinary();
      return errorResponse(
        uuid(correlation),
        stream,
        statusMessage(grpcStatus.FAILED_PRECONDITION, 'StreamDeleted', 'event_store.client.StreamDeleted', bytes),
      );
    }
    case 'too-large': {
      const detail = new shared.MaximumAppendSizeExceeded();
      detail.setMaxappendsize(APPEND_BYTES_MAX);
      const bytes = detail.serializeBinary();
      const typeName = 'event_store.client.MaximumAppendSizeExceeded';
      return errorResponse(uuid(correlation), stream, statusMessage(grpcStatus.INVALID_ARGUMENT, 'MaximumAppendSizeExceeded', typeName, bytes));
    }
  }
}

function successResponse(
  correlation: string,
  stream: string,
  outcome: { readonly revision: bigint | undefined; readonly position: number | undefined },
): streams.BatchAppendResp {
  const success = new streams.BatchAppendResp.Success();
  if (outcome.revision === undefined) success.setNoStream(googleEmpty());
  else success.setCurrentRevision(outcome.revision.toString());
  if (outcome.position === undefined) success.setNoPosition(googleEmpty());
  else {
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(String(outcome.position));
    position.setPreparePosition(String(outcome.position));
    success.setPosition(position);
  }
  const response = new streams.BatchAppendResp();
  response.setCorrelationId(uuid(correlation));
  response.setStreamIdentifier(streamIdentifier(stream));
  response.setSuccess(success);
  return response;
}

function wrongVersionStatus(expected: Expected, actual: bigint | undefined): StatusMessage {
  const detail = new shared.WrongExpectedVersion();
  if (actual === undefined) detail.setCurrentNoStream(googleEmpty());
  else detail.setCurrentStreamRevision(actual.toString());
  switch (expected.kind) {
    case 'any':
      detail.setExpectedAny(googleEmpty());
      break;
    case 'exists':
      detail.setExpectedStreamExists(googleEmpty());
      break;
    case 'no-stream':
      detail.setExpectedNoStream(googleEmpty());
      break;
    case 'exact':
      detail.setExpectedStreamPosition(expected.revision.toString());
      break;
  }
  return statusMessage(grpcStatus.ALREADY_EXISTS, 'WrongExpectedVersion', 'event_store.client.WrongExpectedVersion', detail.serializeBinary());
}
