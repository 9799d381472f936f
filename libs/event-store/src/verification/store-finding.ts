import { DomainError } from '#libs/kernel';

export type StoreFindingCode =
  /** The file or a part of it cannot be read at all. */
  | 'STORE_UNREADABLE'
  /** An entry of no kind that the layout knows. */
  | 'ENTRY_UNKNOWN'
  | 'POSITION_MISSING'
  | 'BLOCK_DAMAGED'
  | 'EVENT_NOT_CANONICAL'
  /** Its bytes say another id, type, stream or revision than the server has it under. */
  | 'EVENT_MISPLACED'
  | 'REVISION_MISSING'
  | 'EVENT_ID_REPEATED'
  | 'INDEX_DAMAGED'
  | 'INDEX_CONTRADICTS_BLOCKS';

/** What is wrong with a store, and where, as far as it can be said. Holds nothing of an event but its stream's name. */
export interface StoreFinding {
  readonly code: StoreFindingCode;
  readonly position?: number;
  readonly stream?: string;
  /** A sentence, in English. */
  readonly detail: string;
}

/** A finding on its way out of the code that met it. */
export class Found extends Error {
  override readonly name = 'Found';
  constructor(readonly finding: StoreFinding) {
    super(finding.detail);
  }
}
export const found = (code: StoreFindingCode, detail: string, at: { readonly position?: number; readonly stream?: string } = {}): Found =>
  new Found({ code, detail, ...at });

/** What was thrown, as a finding: LMDB tells of a page that is none by an error of its own. */
export function findingOf(error: unknown, position?: number): StoreFinding {
  if (error instanceof Found) return error.finding;
  const at = position === undefined || position === 0 ? {} : { position };
  if (error instanceof DomainError || error instanceof RangeError) return { code: 'STORE_UNREADABLE', detail: error.message, ...at };
  const { message } = error as { readonly message?: unknown };
  return { code: 'STORE_UNREADABLE', detail: `the file cannot be read here (${typeof message === 'string' ? message : 'unknown cause'})`, ...at };
}
