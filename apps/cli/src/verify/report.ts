import type { StoreFindingCode } from '#libs/event-store';
import type { LogFindingCode } from '#libs/ledger';

export type FindingCode =
  | StoreFindingCode
  | LogFindingCode
  /** The store says that it has a log, and there is none. */
  | 'LEDGER_MISSING'
  /** What a party remembers of others' logs is not what was written. */
  | 'KNOWN_LOGS_WRONG'
  /** The check itself did not come to its end: the file made the reading process die. */
  | 'CHECK_DIED'
  | 'EVENT_NOT_KNOWN'
  | 'EVENT_NOT_ENCODED_SO'
  | 'EVENT_NOT_FOLDED'
  | 'READ_MODEL_UNREADABLE'
  | 'READ_MODEL_DIFFERS';

/** Something that is wrong. Holds no personal data: positions, names of streams, what does not fit. */
export interface Finding {
  readonly code: FindingCode;
  readonly party: string;
  /** Where in the party's store, as far as it can be said. */
  readonly position?: number;
  readonly stream?: string;
  /** A sentence, in English. */
  readonly detail: string;
}

/** Something that could not be checked, or that is worth knowing and not wrong. */
export type Note =
  /** No key of the log is known but those that its own store names. */
  | { readonly code: 'KEYS_FROM_STORE_ONLY' }
  /** The party keeps no log. */
  | { readonly code: 'NO_LEDGER' }
  /** Entries that the log's file does not hold yet: its owner is at work, or was stopped at once. They follow at its next start. */
  | { readonly code: 'LEDGER_BEHIND'; readonly entries: number }
  /** Cosignatures of witnesses whose keys are not known here. */
  | { readonly code: 'COSIGNATURES_UNCHECKED'; readonly count: number }
  /** The read models cannot be folded without the party's keys. */
  | { readonly code: 'READ_MODELS_UNCHECKED' }
  /** The database that was given has none of this party. */
  | { readonly code: 'READ_MODELS_NONE' }
  /** It was held against the events up to where it stands: its owner folds the rest. */
  | { readonly code: 'READ_MODEL_BEHIND'; readonly model: string; readonly position: number };

export interface PartyReport {
  readonly party: string;
  /** `<deployment>/<party>/<epoch>`; undefined without a log. */
  readonly origin?: string;
  readonly entries: number;
  /** Runs of neighbouring events in the index of streams. */
  readonly runs: number;
  /** Root over all entries of the store, base64. */
  readonly root?: string;
  readonly checkpoints: number;
  readonly signatures: number;
  readonly cosignatures: number;
  /** Checkpoints of this log that other parties have verified. */
  readonly knownElsewhere: number;
  readonly readModels: readonly string[];
  readonly findings: readonly Finding[];
  readonly notes: readonly Note[];
  readonly seconds: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly full: boolean;
  readonly parties: readonly PartyReport[];
  /** Of parties without a record of their own: what they remember of others. */
  readonly findings: readonly Finding[];
}

export type Stage = 'store' | 'index' | 'models';
/** Told as work goes on. */
export type OnProgress = (stage: Stage, done: number, total: number) => void;
