/** `expectedRevision` of an append to a stream that must not exist yet. */
export const NO_STREAM = -1;
/** Sum of the bytes of one append (EventStoreDB's own limit). */
export const APPEND_BYTES_MAX = 1_048_576;
/** UTF-8 bytes of a stream's name. */
export const STREAM_NAME_BYTES_MAX = 256;
/** Events in one page of a read. */
export const PAGE_EVENTS_MAX = 10_000;
/** Where a follower that has seen nothing stands. */
export const START: Position = 0n;

/** The store's order: opaque, increasing, not dense. Not part of an event's bytes. */
export type Position = bigint;

/** `bytes` are the canonical JSON of the event (format.md §1), which holds this id, type, stream and revision. */
export interface EventToAppend {
  readonly id: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface AppendRequest {
  /** `<category>-<id>` */
  readonly stream: string;
  /** The revision of the stream's last event, or NO_STREAM. Always exact. */
  readonly expectedRevision: number;
  readonly events: readonly EventToAppend[];
}

export interface Appended {
  /** Revision and position of the last event of this append (of the original one, where it was stored already). */
  readonly revision: number;
  readonly position: Position;
  /** The same event ids already stood at these revisions: nothing was written. */
  readonly alreadyStored: boolean;
}

export interface StoredEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: Position;
  readonly id: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface AllPage {
  readonly events: readonly StoredEvent[];
  /** Position of the last event read, or the `after` that was asked for where there was none: ask on from here. */
  readonly next: Position;
  /** True when the page reached the end of the store. */
  readonly atEnd: boolean;
}

export interface Subscription {
  /** Settles when the subscription has ended: after `stop()`, or rejected with what the handler threw. */
  readonly ended: Promise<void>;
  /** Ends it after the page in hand; resolves when the handler is no longer running. */
  stop(): Promise<void>;
}

/**
 * An append-only store of one party's events. Every method may reject with StoreUnavailable (nothing is known to be
 * stored; the same bytes may be sent again under the same ids) or StoreClosed.
 */
export abstract class EventStore {
  /**
   * Stores all events of the request, or none. Resolves only when they are durable, and no reader sees them earlier.
   * Atomic per request only. Rejects with WrongExpectedRevision (carrying the actual revision), AppendTooLarge,
   * InvalidAppend (no events, an id that is no UUID, an empty type or stream, a stream name past STREAM_NAME_BYTES_MAX,
   * bytes that hold another id, type, stream or revision), StoreFull, StoreBusy.
   * A repeat is recognised by comparing event ids at the revisions asked for: it succeeds with `alreadyStored`, whatever
   * the bytes. A stale append never fails others that are in flight beside it.
   */
  abstract append(request: AppendRequest): Promise<Appended>;

  /** Many independent appends, one outcome each, in the order given. Never rejects for one of them. */
  abstract appendMany(requests: readonly AppendRequest[]): Promise<readonly PromiseSettledResult<Appended>[]>;

  /** Events of a stream from a revision on, oldest first, at most `limit` (≤ PAGE_EVENTS_MAX). A missing stream is empty. */
  abstract readStream(stream: string, options?: { readonly from?: number; readonly limit?: number }): Promise<readonly StoredEvent[]>;

  /** The whole of many streams at once, in the order asked. For short streams: each at most PAGE_EVENTS_MAX events. */
  abstract readStreams(streams: readonly string[]): Promise<readonly (readonly StoredEvent[])[]>;

  /** Last revision of each stream, NO_STREAM where it is missing, in the order asked. */
  abstract revisions(streams: readonly string[]): Promise<readonly number[]>;

  /**
   * Events of all streams after a position (exclusive), in store order, at most `limit` (≤ PAGE_EVENTS_MAX). The position is
   * an event's, the number before an event's (to read that event itself), or START.
   */
  abstract readAll(options: { readonly after: Position; readonly limit: number }): Promise<AllPage>;

  /** Position of the newest durable event, START when there is none. */
  abstract lastPosition(): Promise<Position>;

  /**
   * Follows the store from a position (exclusive): pages in order, never empty, one at a time; the next page comes when
   * the handler's promise resolves. Survives the store's outages by itself; ends when the handler throws, or on `stop()`.
   */
  abstract subscribe(options: {
    readonly after: Position;
    readonly pageEventsMax?: number;
    readonly onPage: (page: AllPage) => Promise<void> | void;
  }): Subscription;

  /** Waits for what is in flight, then closes. Appends after it reject with StoreClosed. */
  abstract close(): Promise<void>;
}
