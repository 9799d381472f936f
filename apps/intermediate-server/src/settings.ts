import { FEED_RETENTION_MS_MAX } from '#libs/feed-schemas';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Limits of one intermediate server, units last in the name. Tests and the sandbox may set them lower. */
export interface ServerSettings {
  /** How long the mailbox keeps what is not acknowledged (format.md §8). */
  readonly mailboxKeptMs: number;
  /** Queries that wait in memory for their decision; about 3 KB each; more stay in the store until there is room. */
  readonly outboxQueriesMax: number;
  /** Batches of queries under way to the interface system at once. */
  readonly outboxBatchesAtOnce: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Pause between two looks at what is open, and at the mailbox. */
  readonly sweepEveryMs: number;
  /** Business time past `validUntil` after which the core is asked what became of a query. */
  readonly followUpGraceMs: number;
  /** Pause between two looks at whether the core has cosigned the newest checkpoint of this server's log. */
  readonly witnessEveryMs: number;
  /** How long the core, as the witness, may take to answer. */
  readonly witnessTimeoutMs: number;
  /** How long entries may wait for a cosignature before health warns. */
  readonly unwitnessedMsMax: number;
  /** Requests that may wait for outcomes at once. */
  readonly waitersMax: number;
  /** Requests that may wait for events of feeds at once, streams among them; and those of one agency. */
  readonly feedWaitersMax: number;
  readonly feedWaitersPerAgencyMax: number;
  /** How long after its recording an event is told in a feed (wall clock). */
  readonly feedKeptMs: number;
  /** How long a stream of events lasts; whoever reads it comes again with the last event's id. */
  readonly feedStreamMs: number;
  /** Pause after which a stream on which nothing happens shows that it is there. */
  readonly feedHeartbeatMs: number;
}

export const SETTINGS: ServerSettings = {
  mailboxKeptMs: 14 * DAY_MS,
  outboxQueriesMax: 30_000,
  outboxBatchesAtOnce: 3,
  retryFirstMs: 200,
  retryMaxMs: 30_000,
  sweepEveryMs: 5_000,
  followUpGraceMs: 2_000,
  witnessEveryMs: 1_000,
  witnessTimeoutMs: 5_000,
  unwitnessedMsMax: 5 * 60_000,
  waitersMax: 2_000,
  feedWaitersMax: 4_000,
  feedWaitersPerAgencyMax: 8,
  feedKeptMs: FEED_RETENTION_MS_MAX,
  feedStreamMs: 10 * 60_000,
  feedHeartbeatMs: 15_000,
};
