import { DomainError, type ErrorKind } from '#libs/kernel';

/** Why a checkpoint or a record is not taken for what it is shown as. */
export type LedgerRefusal = keyof typeof MESSAGES;

const MESSAGES = {
  LEDGER_PROOF_MISSING: 'what is shown carries no proof of its place in the log',
  LEDGER_NOTE_MALFORMED: 'what is shown is no signed checkpoint',
  LEDGER_WRONG_TREE: 'the checkpoint is of another log',
  LEDGER_KEY_UNKNOWN: 'the checkpoint carries no signature that holds of a key trusted for this log',
  LEDGER_EPOCH_UNKNOWN: 'the checkpoint is of an epoch of the log that is not in force here: an operator accepts a new one',
  LEDGER_INCONSISTENT: 'the log contradicts a checkpoint that it signed before: both are kept as evidence',
  RECORD_NOT_INCLUDED: 'the record shown does not stand in the log where it is said to',
} as const;

/** The refusal as an error, of kind `unprocessable` where nothing else is said: whoever showed it is at fault. */
export const ledgerRefusal = (code: LedgerRefusal, kind: ErrorKind = 'unprocessable', cause?: unknown): DomainError =>
  new DomainError(code, kind, MESSAGES[code], {}, cause === undefined ? {} : { cause });
