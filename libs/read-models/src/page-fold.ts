import type { Message } from '#libs/kernel';
import type { FoldContext, Projection, Recorded, RowFold } from './projection.js';
import type { Columns, Counter, Row, RowOf, Table } from './table.js';

/** What an adapter reads for a fold: rows of a table by key, those that there are. */
export type LoadRows = (table: Table, keys: readonly string[]) => ReadonlyMap<string, Row>;

export interface TableChanges {
  readonly table: Table;
  /** In no order; rows that were not there, rows that were, and keys of rows that are gone. */
  readonly inserted: readonly Row[];
  readonly updated: readonly Row[];
  readonly deleted: readonly string[];
}
export interface CounterChanges {
  readonly counter: Counter;
  readonly changes: readonly { readonly bucket: readonly string[]; readonly by: number }[];
}
export interface Erasure {
  readonly table: Table;
  readonly column: string;
  readonly value: string;
}
export interface Changes {
  readonly tables: readonly TableChanges[];
  readonly counters: readonly CounterChanges[];
}

interface Touched {
  readonly before: Row | undefined;
  after: Row | undefined;
}

type AnyFold<E extends Message> = RowFold<Columns, E>;

/** Rows that the events delete by column, before they change anything else. */
export function erasuresOf<E extends Message>(projection: Projection<E>, event: Recorded<E>): readonly Erasure[] {
  const erasures: Erasure[] = [];
  for (const fold of projection.folds) {
    const erased = fold.erases?.(event);
    if (erased) erasures.push({ table: fold.table, ...erased });
  }
  return erasures;
}

/**
 * Folds events in memory: each row concerned is read once at most and comes out once, however many events it takes in.
 * None of the events may erase rows (but the first, after its erasures were carried out).
 */
export function foldEvents<E extends Message>(
  projection: Projection<E>,
  events: readonly Recorded<E>[],
  load: LoadRows,
  derived: ReadonlyMap<string, string>,
): Changes {
  const touched = projection.folds.map((fold) => touch(fold, events, load));
  const context: FoldContext = {
    derived: (eventId) => derived.get(eventId),
    find: <C extends Columns>(table: Table<C>, key: string) => {
      const at = projection.folds.findIndex((fold) => fold.table.name === table.name);
      const changed = touched[at]?.get(key);
      return (changed ? changed.after : load(table, [key]).get(key)) as RowOf<C> | undefined;
    },
  };
  for (const event of events) {
    for (const [at, fold] of projection.folds.entries()) {
      const key = fold.keyOf(event);
      const row = key === undefined ? undefined : touched[at]?.get(key);
      if (row) row.after = fold.evolve(row.after, event, context);
    }
  }
  return {
    tables: projection.folds.map((fold, at) => changesOf(fold, touched[at] as ReadonlyMap<string, Touched>)),
    counters: projection.folds.flatMap((fold, at) => countsOf(fold, touched[at] as ReadonlyMap<string, Touched>)),
  };
}

function touch<E extends Message>(fold: AnyFold<E>, events: readonly Recorded<E>[], load: LoadRows): Map<string, Touched> {
  const touched = new Map<string, Touched>();
  const wanted: string[] = [];
  for (const event of events) {
    const key = fold.keyOf(event);
    if (key === undefined || touched.has(key)) continue;
    touched.set(key, { before: undefined, after: undefined });
    if (!fold.begins(event)) wanted.push(key);
  }
  if (wanted.length > 0) for (const [key, row] of load(fold.table, wanted)) touched.set(key, { before: row, after: row });
  return touched;
}

function changesOf<E extends Message>({ table }: AnyFold<E>, touched: ReadonlyMap<string, Touched>): TableChanges {
  const inserted: Row[] = [];
  const updated: Row[] = [];
  const deleted: string[] = [];
  for (const [key, { before, after }] of touched) {
    if (after === before) continue;
    if (after === undefined) deleted.push(key);
    else if (before === undefined) inserted.push(after);
    else updated.push(after);
  }
  return { table, inserted, updated, deleted };
}

function countsOf<E extends Message>({ counted }: AnyFold<E>, touched: ReadonlyMap<string, Touched>): CounterChanges[] {
  if (!counted) return [];
  const counts = new Map<string, { bucket: readonly string[]; by: number }>();
  const add = (row: Row, by: number): void => {
    const bucket = counted.bucketOf(row);
    const name = bucket.join('\0');
    const count = counts.get(name);
    if (count) count.by += by;
    else counts.set(name, { bucket, by });
  };
  for (const { before, after } of touched.values()) {
    if (after === before || after === undefined) continue; // an erased row stays counted
    if (before) add(before, -1);
    add(after, 1);
  }
  return [{ counter: counted.counter, changes: [...counts.values()].filter(({ by }) => by !== 0) }];
}
