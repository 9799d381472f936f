import type { StoreLocation } from '#libs/event-store';
import type { ExchangeOutcome, Finding, Reconciliation, Role } from '#libs/domain';

/** Events in one piece of work. */
export const PIECE_EVENTS = 50_000;

/** What a thread needs to know once; plain data, for it crosses threads. */
export interface WorkerTask {
  /** Index of the thread: names its files. */
  readonly writer: number;
  readonly writers: number;
  readonly stores: readonly { readonly id: string; readonly location: StoreLocation }[];
  /** Index of the core's store. */
  readonly core: number;
  /** Where partition files go. */
  readonly directory: string;
  readonly partitions: number;
  readonly agency?: string;
  /** Exchanges requested in [from, to), milliseconds since 1970. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export type ToWorker =
  /** Positions (after, last] of a store, as many as PIECE_EVENTS at most. */
  | { readonly to: 'scan'; readonly store: number; readonly after: number; readonly last: number }
  | { readonly to: 'flush' }
  | {
      readonly to: 'match';
      readonly partition: number;
      readonly asOf: string;
      readonly patienceMs: number;
      readonly hosts: Hosts;
      readonly findingsMax: number;
    }
  | { readonly to: 'close' };

/** Servers that ever spoke for an agency, by its code. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

export interface Scanned {
  readonly from: 'scan';
  readonly events: number;
  /** Up to here it is read. */
  readonly next: number;
}
export interface Flushed {
  readonly from: 'flush';
  /** Newest business instant of an event of an exchange; empty where there is none. */
  readonly newestAt: string;
  readonly hosts: Hosts;
  /** Events in streams of exchanges that cannot be read. */
  readonly unreadable: number;
}

/** An exchange whose records do not agree. */
export interface ReconciledExchange {
  readonly exchangeId: string;
  readonly requester?: string;
  readonly provider?: string;
  readonly outcome: ExchangeOutcome;
  readonly findings: readonly Finding[];
  /** Index of the store where each party's record lies, as far as it was found. */
  readonly stores: Readonly<Partial<Record<Role, number>>>;
}
export type Counts = Partial<Record<ExchangeOutcome, Partial<Record<Reconciliation['status'], number>>>>;
export interface Matched {
  readonly from: 'match';
  readonly counts: Counts;
  readonly late: number;
  /** Since when the record is waited for that has been waited for longest; empty where none is. */
  readonly awaitedSince: string;
  /** Exchanges that could not be judged whole, by the party whose record is not at hand. */
  readonly notAtHand: Readonly<Partial<Record<Role, number>>>;
  readonly found: readonly ReconciledExchange[];
  /** Findings of all exchanges by code, also of those that are not in `found`. */
  readonly codes: Readonly<Record<string, number>>;
}
export type FromWorker = Scanned | Flushed | Matched | { readonly from: 'failed'; readonly code: string; readonly message: string };
