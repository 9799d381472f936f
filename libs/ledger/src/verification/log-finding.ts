export type LogFindingCode =
  /** The file or a part of it cannot be read at all. */
  | 'LEDGER_UNREADABLE'
  /** An entry that nothing in the log accounts for. */
  | 'LEDGER_ENTRY_UNKNOWN'
  /** The state of the log does not fit the rest of the file. */
  | 'LEDGER_STATE_WRONG'
  | 'LEDGER_AHEAD_OF_STORE'
  | 'TILE_MISSING'
  /** A stored hash is not the one that the store's bytes give. */
  | 'TILE_CONTRADICTS_STORE'
  /** Where the leaves stand in the store is stored otherwise. */
  | 'POSITIONS_CONTRADICT_STORE'
  | 'CHECKPOINT_MALFORMED'
  /** A checkpoint's root is not that of the tree of its size. */
  | 'CHECKPOINT_CONTRADICTED'
  /** A checkpoint is not signed by the log's keys, or a signature on it does not hold. */
  | 'CHECKPOINT_SIGNATURE_WRONG'
  | 'COSIGNATURE_WRONG'
  /** Another party has verified a checkpoint of this log that it no longer leads to. */
  | 'KNOWN_CHECKPOINT_CONTRADICTED'
  /** Another party knows other keys of this log than those that it names. */
  | 'LOG_KEY_UNKNOWN';

/** What is wrong with a log, and where: by position in the store, tree size or leaf, as far as it can be said. */
export interface LogFinding {
  readonly code: LogFindingCode;
  readonly position?: number;
  /** A sentence, in English. */
  readonly detail: string;
}

/** What was thrown by LMDB or by a parser, as a finding. */
export function unreadable(error: unknown, what: string): LogFinding {
  const { message } = error as { readonly message?: unknown };
  return { code: 'LEDGER_UNREADABLE', detail: `${what} (${typeof message === 'string' ? message : 'unknown cause'})` };
}
