/** `GET /feed`: the agency's own events, in the order in which its intermediate server recorded them. */
export interface FeedRequest {
  /** `next` of an earlier answer; from the beginning where it is left out. */
  readonly after?: string;
  /** 1 to 500. */
  readonly limit?: number;
  /** How long the answer may wait for the next event, milliseconds (0 to 25,000; whole seconds are sent). */
  readonly waitMs?: number;
}
/** Structured CloudEvents, undecoded: a newer server may send types that this release does not know. */
export interface FeedPage {
  readonly events: readonly unknown[];
  /** Goes into `after` of the next request; opaque, good for this agency only. */
  readonly next: string;
}
