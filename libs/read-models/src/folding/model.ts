import type { Position } from '#libs/event-store';
import type { Message } from '#libs/kernel';
import type { Projection, Recorded } from '../projection.js';
import type { StoredRows } from '../sql/stored-rows.js';

/** What questions are answered from: what is folded; or another view, until what is folded is as far. */
export interface Shown {
  readonly rows: StoredRows;
  /** Up to here it is folded. */
  readonly position: Position;
  /** Set where the rows are another version's: some questions they may not answer. */
  readonly staleVersion?: number;
}

/** One projection's rows and checkpoint, as an adapter keeps them and a follower moves them on. */
export interface Model {
  readonly projection: Projection;
  /** As far as it is folded, as last heard of. */
  readonly checkpoint: Position;
  /** Of the event there: shows whether the store is still the one that was folded. */
  readonly checkpointEventId: string;
  /** False until `finishBuilding`: until then there are no indexes, and nothing is answered. */
  readonly built: boolean;
  /** False where another process folds it, its checkpoint moves by itself; or where it is another version's. */
  readonly mine: boolean;
  /** Code of what stopped whoever folded it. */
  readonly stopped?: string | undefined;
  /** Code of what keeps the adapter from its rows at the moment. */
  readonly trouble?: string | undefined;
  readonly shown: Shown;

  /**
   * Folds events and commits rows, counts and checkpoint together, or nothing. `position` and `eventId` are those of the
   * last event read, whether or not it was for this projection. Returns with nothing done where it is no longer `mine`.
   */
  apply(events: readonly Recorded<Message>[], derived: ReadonlyMap<string, string>, position: Position, eventId: string): void | Promise<void>;

  /** Makes the indexes, once the end of the store was reached for the first time. */
  finishBuilding(): void | Promise<void>;

  /** Deletes everything: it is folded anew. */
  beginAnew(): void | Promise<void>;

  /** This process can fold it no further. */
  stop(code: string): void | Promise<void>;
}

/** The models of a party, and what they hang on. */
export interface ModelSet {
  readonly models: readonly Model[];
  /** Names of projections that a rebuild has to see to: no view of this version, or one broken off. */
  readonly pending: readonly string[];

  /** Called before each round of pages: takes over what nobody folds, hears of what others have folded, turns to views that were switched to. Never throws. */
  tend(): void | Promise<void>;

  /** The end is near: what waits for a server that does not answer is broken off soon. */
  interrupt(): void;

  close(): void | Promise<void>;
}
