import { DomainError } from '#libs/kernel';
import { AppendTooLarge, StoreUnavailable, StreamDeleted } from '../errors.js';
import { APPEND_BYTES_MAX } from '../event-store.js';

/** A call that was not answered in the time that this adapter gave it. The outcome of an append is then unknown. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  constructor(what: string, ms: number) {
    super(`${what}: no answer within ${ms} ms`);
  }
}

/** What a failure of the driver's means to this adapter. */
export type Failure =
  /** An outage, a node that starts or does not lead, a timeout: goes away by itself. An append may have been stored. `silent`: no sign of the server. */
  | { readonly kind: 'passing'; readonly silent: boolean; readonly what: string }
  | { readonly kind: 'conflict'; readonly actualRevision: number }
  | { readonly kind: 'missing' }
  /** The read named a position at which no record begins. */
  | { readonly kind: 'no-record' }
  /** It fails however often it is tried. */
  | { readonly kind: 'final'; readonly error: DomainError };

interface DriverError {
  readonly type?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: unknown;
  readonly actualVersion?: unknown;
}

/** gRPC status codes. */
const [CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, ABORTED, UNAVAILABLE] = [1, 2, 3, 4, 10, 14];
const PASSING_TYPES = new Map([
  ['unavailable', 'the server cannot be reached'],
  ['cancelled', 'the call was broken off'],
  ['deadline-exceeded', 'the server had no time for it (or its clock is far ahead of this one)'],
  ['timeout', 'the server broke off'],
  ['not-leader', 'the server does not lead its cluster'],
]);
const PASSING_CODES = new Map([
  [UNAVAILABLE, 'the server cannot be reached'],
  [CANCELLED, 'the call was broken off'],
  [DEADLINE_EXCEEDED, 'the server had no time for it'],
  [ABORTED, 'the server broke off'],
]);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const final = (error: DomainError): Failure => ({ kind: 'final', error });

/** Told by the driver's `type`, by the gRPC code, then by the text: the batch path gives no code, an outage no type. */
export function failureOf(error: unknown): Failure {
  const { type, code, message, details, actualVersion } = error as DriverError;
  if (error instanceof DomainError) return final(error);
  if (error instanceof NoAnswer) return { kind: 'passing', silent: true, what: error.message };
  switch (type) {
    case 'wrong-expected-version':
      return { kind: 'conflict', actualRevision: typeof actualVersion === 'bigint' ? Number(actualVersion) : -1 };
    case 'stream-not-found':
      return { kind: 'missing' };
    case 'stream-deleted':
      return final(new StreamDeleted());
    case 'access-denied':
      return final(new StoreUnavailable('EventStoreDB refuses access: check the user and the password in the connection string'));
    case 'maximum-append-size-exceeded':
      return final(new AppendTooLarge(`the server takes less than ${APPEND_BYTES_MAX} bytes an append`));
    default:
      return withoutType(textOf(type), code, `${textOf(message)} ${textOf(details)}`);
  }
}

function withoutType(type: string, code: unknown, text: string): Failure {
  if (/BadRequest/.test(text))
    return final(new DomainError('APPEND_REFUSED', 'internal', 'EventStoreDB calls an append malformed that was found well-formed here'));
  const passing = PASSING_TYPES.get(type) ?? (typeof code === 'number' ? PASSING_CODES.get(code) : undefined);
  if (passing !== undefined) return { kind: 'passing', silent: false, what: passing };
  if (/Server Is Not Ready/.test(text)) return { kind: 'passing', silent: false, what: 'the server is starting' };
  if ((code === UNKNOWN || code === INVALID_ARGUMENT) && /ReadAllResult|invalid position/i.test(text)) return { kind: 'no-record' };
  // a client that has lost its way fails like this too, and for good
  return { kind: 'passing', silent: true, what: 'the driver failed' };
}

/** What the caller is told when the time for trying is over. */
export const unavailable = (what: string, cause: unknown): StoreUnavailable => new StoreUnavailable(`EventStoreDB: ${what}`, { cause });
