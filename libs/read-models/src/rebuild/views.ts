import type { Position } from '#libs/event-store';
import type { Model } from '../folding/model.js';
import type { Projection } from '../projection.js';
import type { Snapshot } from './snapshot.js';
import type { Pointer, View } from './view.js';

/** A build that this process alone folds. */
export interface OwnedModel extends Model {
  /** Everything is durable, and another may fold it. */
  close(): Promise<void>;
}

/**
 * Where a party's views are, as a rebuild sees them: it makes builds beside the view that answers, and points questions to
 * one when it is done. Rejects with DatabaseTrouble where a database is in the way, and with what libsql throws.
 */
export abstract class Views {
  /** Of this code's version. */
  abstract pointer(projection: Projection): Promise<Pointer>;

  /** Replaces the pointer: one durable act, all or nothing, whenever the process dies. */
  abstract point(projection: Projection, pointer: Pointer): Promise<void>;

  /** The view that answers now: of this version, or the newest of another one; undefined where none ever did. */
  abstract answering(projection: Projection): Promise<View | undefined>;

  /** Opens a build of this version to fold it, or makes it. Rejects with REBUILD_ELSEWHERE where another process has it. */
  abstract open(projection: Projection, build: number): Promise<OwnedModel>;

  /** Deletes a build of this version that nobody folds. */
  abstract discard(projection: Projection, build: number): Promise<void>;

  /** How far a view is folded. */
  abstract positionOf(projection: Projection, view: View): Promise<Position>;

  abstract snapshot(projection: Projection, view: View): Promise<Snapshot>;

  /** Bytes that may still be written beside the views, and that another view like this one takes; undefined where it is not known. */
  abstract room(projection: Projection, view: View | undefined): Promise<{ readonly freeBytes: number; readonly neededBytes: number } | undefined>;

  abstract close(): Promise<void>;
}
