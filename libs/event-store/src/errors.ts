import { DomainError } from '#libs/kernel';

export class WrongExpectedRevision extends DomainError {
  override readonly name = 'WrongExpectedRevision';
  constructor(
    readonly stream: string,
    readonly expectedRevision: number,
    readonly actualRevision: number,
  ) {
    super('WRONG_EXPECTED_REVISION', 'conflict', `the stream is at revision ${actualRevision}, not ${expectedRevision}`);
  }
}
export class AppendTooLarge extends DomainError {
  override readonly name = 'AppendTooLarge';
  constructor(message: string) {
    super('APPEND_TOO_LARGE', 'too-large', message);
  }
}
export class InvalidAppend extends DomainError {
  override readonly name = 'InvalidAppend';
  constructor(message: string) {
    super('INVALID_APPEND', 'internal', message);
  }
}
/** Nothing is known to have been stored; the same bytes may be sent again under the same ids. */
export class StoreUnavailable extends DomainError {
  override readonly name = 'StoreUnavailable';
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_UNAVAILABLE', 'unavailable', message, {}, options);
  }
}
/** A stream of this party was deleted for good at the server. */
export class StreamDeleted extends StoreUnavailable {
  readonly isDeleted = true;
  constructor() {
    super('a stream of this party was deleted at the server: restore it from a backup');
  }
}
/** The disk is full or refuses writes: nothing was stored. */
export class StoreFull extends DomainError {
  override readonly name = 'StoreFull';
  constructor(message: string, options?: ErrorOptions) {
    super('STORE_FULL', 'unavailable', message, {}, options);
  }
}
export class StoreClosed extends DomainError {
  override readonly name = 'StoreClosed';
  constructor() {
    super('STORE_CLOSED', 'unavailable', 'the store is closed');
  }
}
/** Another process (or another store object of this one) has the data directory open for writing. */
export class StoreInUse extends DomainError {
  override readonly name = 'StoreInUse';
  constructor(directory: string) {
    super('STORE_IN_USE', 'unavailable', `another process owns the data directory ${directory}`);
  }
}
/** Too much is in flight: nothing of this append was taken; come back later with the same bytes. */
export class StoreBusy extends DomainError {
  override readonly name = 'StoreBusy';
  constructor() {
    super('STORE_BUSY', 'busy', 'too many appends are waiting');
  }
}
/** The server is of a version that the adapter was not made for. */
export class StoreUnsupported extends DomainError {
  override readonly name = 'StoreUnsupported';
  constructor(version: string, atLeast: string) {
    super('STORE_UNSUPPORTED', 'unavailable', `the server says it is EventStoreDB ${version}: it must be ${atLeast} or later`);
  }
}
/** The server is told to drop events of a record that must be kept whole. */
export class StoreTruncates extends DomainError {
  override readonly name = 'StoreTruncates';
  constructor(stream: string, setting: string) {
    super(
      'STORE_TRUNCATES',
      'unavailable',
      `EventStoreDB: the stream ${stream} has ${setting}, which drops events of a record: remove it from the stream's metadata`,
    );
  }
}
