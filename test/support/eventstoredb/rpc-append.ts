// Append, Delete and Tombstone: rpcs whose errors are gRPC statuses with trailers.
import { type sendUnaryData, type ServerReadableStream, type ServerUnaryCall, status as grpcStatus } from '@grpc/grpc-js';
import type { DoubleState } from './double-state.js';
import type { Fault } from './faults.js';
import { APPEND_BYTES_MAX, type AppendOutcome, type Expected, type Proposed } from './log.js';
import { empty, failure, refusalOf, streamDeleted, streamNameOf, streams, thrownByHandler } from './messages.js';
import { proposedOf } from './rpc-batch-append.js';

interface ExpectedOptions {
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
  getRevision(): string;
}

function expectedOf(options: ExpectedOptions): Expected {
  if (options.hasNoStream()) return { kind: 'no-stream' };
  if (options.hasAny()) return { kind: 'any' };
  if (options.hasStreamExists()) return { kind: 'exists' };
  return { kind: 'exact', revision: BigInt(options.getRevision()) };
}

/** Carries out `work` as the fault has it; `work` does it and returns what answers. */
function answerUnder(state: DoubleState, fault: Fault | undefined, refuse: (error: Error) => void, work: () => () => void): void {
  if (fault?.kind === 'no-answer') return;
  const refusal = refusalOf(fault);
  if (refusal !== undefined) return refuse(refusal);
  if (fault?.kind === 'delay') {
    setTimeout(() => work()(), fault.ms);
    return;
  }
  const answer = work();
  if (fault?.kind === 'answer-lost') return;
  if (fault?.kind === 'answer-cut') return state.cutConnections();
  if (fault?.kind === 'stored-then-timeout') return refuse(failure(grpcStatus.ABORTED, 'Operation timed out.'));
  answer();
}

export function append(state: DoubleState) {
  return (call: ServerReadableStream<streams.AppendReq, streams.AppendResp>, answer: sendUnaryData<streams.AppendResp>): void => {
    let options: streams.AppendReq.Options | undefined;
    let isBad = false;
    const proposed: Proposed[] = [];
    call.on('data', (request: streams.AppendReq) => {
      options = request.getOptions() ?? options;
      const message = request.getProposedMessage();
      const event = message && proposedOf(message);
      if (event !== undefined) proposed.push(event);
      else if (message !== undefined) isBad = true;
    });
    call.on('error', () => undefined);
    call.on('end', () => {
      const refuse = (error: Error): void => answer(error);
      answerUnder(state, state.faults.take('append'), refuse, () => {
        const stream = streamNameOf(options?.getStreamIdentifier());
        if (isBad || options === undefined || stream === '') return () => answer(thrownByHandler());
        const expected = expectedOf(options);
        const outcome = state.log.append(stream, expected, proposed);
        return () => answerAppend(answer, stream, expected, outcome);
      });
    });
  };
}

function answerAppend(answer: sendUnaryData<streams.AppendResp>, stream: string, expected: Expected, outcome: AppendOutcome): void {
  switch (outcome.kind) {
    case 'appended':
    case 'repeated':
      return answer(null, successResponse(outcome));
    case 'wrong-version':
      return answer(null, wrongVersionResponse(expected, outcome.actual));
    case 'deleted':
      return answer(streamDeleted(stream));
    case 'too-large': {
      const trailers = { exception: 'maximum-append-size-exceeded', 'maximum-append-size': APPEND_BYTES_MAX };
      return answer(failure(grpcStatus.INVALID_ARGUMENT, `Maximum Append Size of ${APPEND_BYTES_MAX} Exceeded.`, trailers));
    }
  }
}

function successResponse(outcome: { readonly revision: bigint | undefined; readonly position: number | undefined }): streams.AppendResp {
  const success = new streams.AppendResp.Success();
  if (outcome.revision === undefined) success.setNoStream(empty());
  else success.setCurrentRevision(outcome.revision.toString());
  if (outcome.position === undefined) success.setNoPosition(empty());
  else {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(outcome.position));
    position.setPreparePosition(String(outcome.position));
    success.setPosition(position);
  }
  const response = new streams.AppendResp();
  response.setSuccess(success);
  return response;
}

function wrongVersionResponse(expected: Expected, actual: bigint | undefined): streams.AppendResp {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  // the fields whose names end in 2060 are those of the first protocol, which servers still fill in
  if (actual === undefined) wrong.setCurrentNoStream(empty()).setNoStream2060(empty());
  else wrong.setCurrentRevision(actual.toString()).setCurrentRevision2060(Number(actual));
  switch (expected.kind) {
    case 'any':
      wrong.setExpectedAny(empty()).setAny2060(empty());
      break;
    case 'exists':
      wrong.setExpectedStreamExists(empty()).setStreamExists2060(empty());
      break;
    case 'no-stream':
      wrong.setExpectedNoStream(empty());
      break;
    case 'exact':
      wrong.setExpectedRevision(expected.revision.toString()).setExpectedRevision2060(Number(expected.revision));
      break;
  }
  const response = new streams.AppendResp();
  response.setWrongExpectedVersion(wrong);
  return response;
}

const EXPECTED_NUMBER = { any: -2n, 'no-stream': -1n, exists: -4n } as const;

function refusedDelete(stream: string, expected: Expected, outcome: AppendOutcome): Error | undefined {
  if (outcome.kind === 'deleted') return streamDeleted(stream);
  if (outcome.kind !== 'wrong-version') return undefined;
  const expectedVersion = expected.kind === 'exact' ? expected.revision : EXPECTED_NUMBER[expected.kind];
  const actualVersion = outcome.actual ?? -1n;
  return failure(
    grpcStatus.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${expectedVersion}, Actual version: ${actualVersion}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': expectedVersion.toString(),
      'actual-version': actualVersion.toString(),
    },
  );
}

export function deleteStream(state: DoubleState) {
  return (call: ServerUnaryCall<streams.DeleteReq, streams.DeleteResp>, answer: sendUnaryData<streams.DeleteResp>): void => {
    answerUnder(
      state,
      state.faults.take('delete'),
      (error) => answer(error),
      () => {
        const options = call.request.getOptions()!;
        const stream = streamNameOf(options.getStreamIdentifier());
        const expected = expectedOf(options);
        const outcome = state.log.delete(stream, expected);
        const refused = refusedDelete(stream, expected, outcome);
        if (refused !== undefined) return () => answer(refused);
        const position = new streams.DeleteResp.Position();
        setPosition(position, outcome);
        const response = new streams.DeleteResp();
        response.setPosition(position);
        return () => answer(null, response);
      },
    );
  };
}

export function tombstone(state: DoubleState) {
  return (call: ServerUnaryCall<streams.TombstoneReq, streams.TombstoneResp>, answer: sendUnaryData<streams.TombstoneResp>): void => {
    answerUnder(
      state,
      state.faults.take('tombstone'),
      (error) => answer(error),
      () => {
        const options = call.request.getOptions()!;
        const stream = streamNameOf(options.getStreamIdentifier());
        const expected = expectedOf(options);
        const outcome = state.log.tombstone(stream, expected);
        const refused = refusedDelete(stream, expected, outcome);
        if (refused !== undefined) return () => answer(refused);
        const position = new streams.TombstoneResp.Position();
        setPosition(position, outcome);
        const response = new streams.TombstoneResp();
        response.setPosition(position);
        return () => answer(null, response);
      },
    );
  };
}

function setPosition(position: streams.DeleteResp.Position | streams.TombstoneResp.Position, outcome: AppendOutcome): void {
  if (outcome.kind !== 'appended') throw new Error('a delete that was not refused has a position');
  position.setCommitPosition(String(outcome.position));
  position.setPreparePosition(String(outcome.position));
}
