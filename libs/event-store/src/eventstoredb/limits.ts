/** Times of an EventStoreDB store, in milliseconds. */
export interface Times {
  /** One attempt of an append. The server itself gives up after 2 s. */
  readonly appendAttemptMs: number;
  /** All attempts of an append; then StoreUnavailable, its outcome unknown. */
  readonly appendMs: number;
  /** A read that brings nothing for so long is broken off. */
  readonly readIdleMs: number;
  /** All attempts of a read. */
  readonly readMs: number;
  /** All attempts at opening. */
  readonly openMs: number;
  /** Without own appends a writer's followers look so often: only what was given up may yet appear. */
  readonly writerPollMs: number;
  /** So often do followers look where another thread or process writes. */
  readonly readerPollMs: number;
  /** A client that gives no sign of the server for so long is replaced. */
  readonly replaceAfterMs: number;
}
export const TIMES: Times = {
  appendAttemptMs: 4_000,
  appendMs: 15_000,
  readIdleMs: 5_000,
  readMs: 10_000,
  openMs: 15_000,
  writerPollMs: 500,
  readerPollMs: 50,
  replaceAfterMs: 10_000,
};

/** Pause before an attempt, doubled each time. */
export const RETRY_MS_MIN = 50;
export const RETRY_MS_MAX = 1_000;
/** Appends that a client has sent and not yet settled; more wait (10.5 thousand/s at 256, 11.3 at 1,024). */
export const APPENDS_SENT_MAX = 256;
/** Appends of one store that wait or are under way. */
export const APPENDS_WAITING_MAX = 65_536;
export const WAITING_BYTES_MAX = 64 * 1_048_576;
/** Reads under way at once, of 100 calls that a server takes on a connection. */
export const READS_MAX = 64;
/** Bytes of one page. */
export const PAGE_BYTES_MAX = 16 * 1_048_576;
/**
 * The server compares an append's deadline, an instant by our clock, with its own clock: it is so far off that clocks may
 * differ by a minute, and does not bound anything else (the server's own limit is 2 s).
 */
export const SERVER_DEADLINE_MS = 60_000;
