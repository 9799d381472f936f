import type { HmacNames, ProtectedFields } from '#libs/cryptography';
import type { Position } from '#libs/event-store';
import type { EventType, Message, RecordedEvent } from '#libs/kernel';
import type { PersonKeys } from './person-keys.js';
import type { Columns, Counter, RowOf, Table } from './table.js';

/** A union of recorded events that is told apart by `type`, each with its place in the store's order. */
export type Recorded<E extends Message> = E extends Message ? RecordedEvent<E> & { readonly position: Position } : never;

/** A row that a fold is making. */
export type Draft<C extends Columns> = { -readonly [K in keyof RowOf<C>]: RowOf<C>[K] };

/** What a fold may know besides the event and the row: the same for every page size, for it comes from earlier events only. */
export interface FoldContext {
  /** What `derive` made of this event. */
  derived(eventId: string): string | undefined;
  /** A row of a resident table, as the events so far have made it. */
  find<C extends Columns>(table: Table<C>, key: string): RowOf<C> | undefined;
}

/** Rows of one table, each a pure fold over the events that concern it. */
export interface RowFold<C extends Columns = Columns, E extends Message = Message> {
  readonly table: Table<C>;
  /** Key of the row that an event concerns; undefined where it concerns none of this table. */
  keyOf(event: Recorded<E>): string | undefined;
  /** True where no row can be stored under the key before this event: it need not be looked for. */
  begins(event: Recorded<E>): boolean;
  /**
   * The row after the event; undefined where there is none (any more). An event that does not begin a row and finds none
   * leaves it so: the row was erased. The row given is the fold's own: it may be changed and returned (a copy of forty
   * fields an event costs more than the rest of the fold).
   */
  evolve(row: Draft<C> | undefined, event: Recorded<E>, context: FoldContext): Draft<C> | undefined;
  /** Rows that an event deletes, by the value of a column. */
  erases?(event: Recorded<E>): { readonly column: string & keyof C; readonly value: string } | undefined;
  /**
   * The counter that counts these rows, and the bucket a row falls into. Only facts are counted: a deletion leaves the
   * count, so that it tells the same before and after an erasure.
   */
  readonly counted?: { readonly counter: Counter; bucketOf(row: RowOf<C>): readonly string[] };
}

/** What opens protected fields and names persons inside a projection; never leaves its thread. */
export interface Secrets {
  readonly fields: ProtectedFields;
  readonly names: HmacNames;
  /** At the core only. */
  readonly persons?: PersonKeys;
  /** A record key was destroyed: drop the copy in memory. */
  forgetKey(keyId: string): void;
}

/**
 * A read model: tables folded from one party's events, with a checkpoint of its own. A change of what it holds is a new
 * `version`, which is folded beside the old one.
 */
export interface Projection<E extends Message = Message> {
  readonly name: string;
  readonly version: number;
  /** Categories of streams that it reads, and the event types it knows there: another type there stops it. */
  readonly reads: Readonly<Record<string, readonly EventType<string, never>[]>>;
  readonly folds: readonly RowFold<Columns, E>[];
  /** Opens what the folds need, for a page at once, by event id. */
  derive?(events: readonly Recorded<E>[], secrets: Secrets): ReadonlyMap<string, string>;
}

/** A fold as the projection holds it, whatever its columns and events: its methods are only ever given its own. */
export const anyFold = <C extends Columns, E extends Message, A extends Message>(fold: RowFold<C, E>): RowFold<Columns, A> =>
  fold as unknown as RowFold<Columns, A>;

export const countersOf = <E extends Message>({ folds }: Projection<E>): readonly Counter[] =>
  folds.flatMap(({ counted }) => (counted ? [counted.counter] : []));
