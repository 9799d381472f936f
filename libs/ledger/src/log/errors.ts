import { DomainError } from '#libs/kernel';

/** The ledger's file cannot be written or read, or the store cannot be read: nothing may be answered; it mends itself when the cause is gone. */
export class LedgerUnavailable extends DomainError {
  override readonly name = 'LedgerUnavailable';
  constructor(message: string, options?: ErrorOptions) {
    super('LEDGER_UNAVAILABLE', 'unavailable', message, {}, options);
  }
}
export class LedgerClosed extends DomainError {
  override readonly name = 'LedgerClosed';
  constructor() {
    super('LEDGER_CLOSED', 'unavailable', 'the ledger is closed');
  }
}
/** Too many wait for their entries to be in the tree: come back later. */
export class LedgerBusy extends DomainError {
  override readonly name = 'LedgerBusy';
  constructor() {
    super('LEDGER_BUSY', 'busy', 'too many wait for their entries to be in the log');
  }
}

const REMEDY = 'Restore the newest backup of the store, or open a new epoch of the log with `renkei ledger open-epoch`.';

/** The store ends before what the log has signed: it was restored from an older backup. */
export const aheadOfStore = (size: number): DomainError =>
  new DomainError('LEDGER_AHEAD_OF_STORE', 'unavailable', `the log has signed ${size} entries, of which the store no longer has all. ${REMEDY}`);

/** The store has other bytes, or another order, than what the log has signed. */
export const contradicted = (index: number): DomainError =>
  new DomainError('LEDGER_CONTRADICTED', 'internal', `the store's entry ${index} is not the one that the log has signed. ${REMEDY}`);

/** The file belongs to another epoch of this log, or to another log. */
export const anotherOrigin = (stored: string, origin: string): DomainError =>
  new DomainError(
    'LEDGER_OF_ANOTHER_EPOCH',
    'conflict',
    `the ledger's file is of ${stored}, the store is of ${origin}. Where a new epoch was just opened, finish it with \`renkei ledger open-epoch\`.`,
  );

/** The file does not fit itself. It holds nothing that the store does not give again. */
export const damaged = (what: string): DomainError =>
  new DomainError(
    'LEDGER_DAMAGED',
    'internal',
    `the ledger's file is damaged: ${what}. Move it away: it is made again from the store; check that with \`renkei verify\`.`,
  );

/** What the tree says of a tile that it read, in the ledger's words; anything else as it is. */
export const asDamage = (error: unknown): unknown =>
  (error as Partial<Error> | undefined)?.name === 'DamagedTile' ? damaged((error as Error).message) : error;

/** A refusal of the ledger's own as it is; anything else means that the ledger is unavailable. */
export const asRefusal = (cause: unknown, what: string): DomainError => {
  const code = (cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && code.startsWith('LEDGER_') ? (cause as DomainError) : new LedgerUnavailable(what, { cause });
};
