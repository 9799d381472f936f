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
