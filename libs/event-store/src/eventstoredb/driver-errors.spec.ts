import { describe, expect, it } from '@jest/globals';
import {
  AccessDeniedError,
  CancelledError,
  DeadlineExceededError,
  MaxAppendSizeExceededError,
  StreamDeletedError,
  StreamNotFoundError,
  TimeoutError,
  UnavailableError,
  UnknownError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { StoreClosed } from '../errors.js';
import { failureOf, NoAnswer } from './driver-errors.js';

const stale = (current: bigint | 'no_stream'): Error => new WrongExpectedVersionError(null as never, { streamName: 's', expected: 'no_stream', current });
const unknown = (message: string, code?: number): Error => new UnknownError((code === undefined ? undefined : { code, message }) as never, message);
/** As gRPC throws it where the driver does not translate it. */
const plain = (code: number, details: string): Error => Object.assign(new Error(`${code} ${details}`), { code, details });

describe('what a failure of the driver means', () => {
  it.each([
    ['an outage, by its type', new UnavailableError()],
    ['an outage as a plain error', plain(14, 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:2113')],
    ['a call that another client broke off', unknown('1 CANCELLED: Cancelled on client', 1)],
    ['a call that the server broke off', new CancelledError()],
    ['a node that is starting', unknown('Could not recognize Server Is Not Ready')],
    ['a deadline at the server', new DeadlineExceededError()],
    ['a timeout at the server', new TimeoutError()],
    ['a node that does not lead', Object.assign(new Error('Leader info available'), { type: 'not-leader', leader: { address: 'other', port: 1 } })],
  ])('is passing: %s', (_, error) => {
    expect(failureOf(error)).toMatchObject({ kind: 'passing', silent: false });
  });

  it.each([
    ['no answer', new NoAnswer('an append', 1)],
    ['an error that nobody knows', new TypeError('undefined is not iterable')],
    ['a call of the driver that is broken for good', plain(13, 'Request message serialization failure')],
    ['an answer of the append stream that nobody knows', unknown('Could not recognize Something New')],
  ])('is passing, but gives no sign of the server: %s', (_, error) => {
    expect(failureOf(error)).toMatchObject({ kind: 'passing', silent: true });
  });

  it.each([
    ['a bad request', unknown('Could not recognize BadRequest'), 'APPEND_REFUSED'],
    ['a deleted stream', StreamDeletedError.fromStreamName('s'), 'STORE_UNAVAILABLE'],
    ['refused access', new AccessDeniedError(), 'STORE_UNAVAILABLE'],
    ['an append that is too large for the server', MaxAppendSizeExceededError.fromMaxAppendSize(1_024), 'APPEND_TOO_LARGE'],
    ['an error of our own', new StoreClosed(), 'STORE_CLOSED'],
  ])('is final: %s', (_, error, code) => {
    expect(failureOf(error)).toMatchObject({ kind: 'final', error: { code } });
  });

  it('is a conflict with the actual revision, which may be none', () => {
    expect(failureOf(stale(7n))).toEqual({ kind: 'conflict', actualRevision: 7 });
    expect(failureOf(stale('no_stream'))).toEqual({ kind: 'conflict', actualRevision: -1 });
  });

  it('is a missing stream', () => {
    expect(failureOf(new StreamNotFoundError(null as never, 's'))).toEqual({ kind: 'missing' });
  });

  it.each([
    ['23.10', unknown('Unexpected ReadAllResult: Error', 2)],
    ['24.2', unknown('3 INVALID_ARGUMENT: Trying to read from an invalid position.', 3)],
  ])('is a position at which no record begins, as %s has it', (_, error) => {
    expect(failureOf(error)).toEqual({ kind: 'no-record' });
  });
});
