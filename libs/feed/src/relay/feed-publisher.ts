import type { Position } from '#libs/event-store';
import type { AgencyFeedEvent } from '../feed-events.js';

/** What goes out in one piece. */
export interface FeedBatch {
  /** In the store's order; never two batches with parts of one stored event. Perhaps none: then only the place is kept. */
  readonly events: readonly AgencyFeedEvent[];
  /** Where the source stands when these are out. */
  readonly position: Position;
}

/**
 * Where a relay publishes: one publisher for one run. After any rejection it is closed and never used again; a new one is
 * opened, and `begin` tells where to go on. Nobody but the newest publisher of a name can have its batches taken.
 */
export abstract class FeedPublisher {
  /**
   * Shuts out every earlier publisher of this name, breaks off what it had under way, and tells the position of the last
   * batch that counts: START where there never was one. Rejects with RelayTrouble.
   */
  abstract begin(): Promise<Position>;

  /**
   * Publishes all of a batch together with its position, or nothing that anyone will read; the outcome of a rejection is
   * unknown until the next `begin`. One at a time. Rejects with RelayTrouble.
   */
  abstract publish(batch: FeedBatch): Promise<void>;

  /** Lets go of what it holds; never rejects. */
  abstract close(): Promise<void>;
}
