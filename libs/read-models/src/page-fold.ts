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

/** A row that the events concern, and where it was counted before them. */
interface Touched {
  row: Row | undefined;
  existed: boolean;
  changed: boolean;
  readonly bucketBefore: readonly string[] | undefined;
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
      const changed = touched[at]?.byKey.get(key);
      return (changed ? changed.row : load(table, [key]).get(key)) as RowOf<C> | undefined;
    },
  };
  const { folds } = projection;
  for (let at = 0; at < events.length; at += 1) {
    for (let fold = 0; fold < folds.length; fold += 1) {
      const concerned = touched[fold]?.byEvent[at];
      if (!concerned) continue;
      concerned.row = (folds[fold] as AnyFold<E>).evolve(concerned.row, events[at] as Recorded<E>, context);
      concerned.changed = true;
    }
  }
  return {
    tables: folds.map((fold, at) => changesOf(fold, (touched[at] as TouchedRows).byKey)),
    counters: folds.flatMap((fold, at) => countsOf(fold, (touched[at] as TouchedRows).byKey)),
  };
}

interface TouchedRows {
  readonly byKey: ReadonlyMap<string, Touched>;
  /** By place of the event; empty where it concerns no row of this table. */
  readonly byEvent: readonly (Touched | undefined)[];
}

function touch<E extends Message>(fold: AnyFold<E>, events: readonly Recorded<E>[], load: LoadRows): TouchedRows {
  const keys = events.map((event) => fold.keyOf(event));
  const byKey = new Map<string, Touched>();
  const wanted: string[] = [];
  for (const [at, key] of keys.entries()) {
    if (key === undefined || byKey.has(key)) continue;
    byKey.set(key, { row: undefined, existed: false, changed: false, bucketBefore: undefined });
    if (!fold.begins(events[at] as Recorded<E>)) wanted.push(key);
  }
  if (wanted.length > 0) {
    const loaded = load(fold.table, wanted);
    for (const key of wanted) {
      const row = loaded.get(key);
      if (row) byKey.set(key, { row: { ...row }, existed: true, changed: false, bucketBefore: fold.counted?.bucketOf(row) });
    }
  }
  return { byKey, byEvent: keys.map((key) => (key === undefined ? undefined : byKey.get(key))) };
}

function changesOf<E extends Message>({ table }: AnyFold<E>, touched: ReadonlyMap<string, Touched>): TableChanges {
  const inserted: Row[] = [];
  const updated: Row[] = [];
  const deleted: string[] = [];
  for (const [key, { row, existed, changed }] of touched) {
    if (!changed) continue;
    if (row === undefined) {
      if (existed) deleted.push(key);
    } else (existed ? updated : inserted).push(row);
  }
  return { table, inserted, updated, deleted };
}

function countsOf<E extends Message>({ counted }: AnyFold<E>, touched: ReadonlyMap<string, Touched>): CounterChanges[] {
  if (!counted) return [];
  const counts = new Map<string, { bucket: readonly string[]; by: number }>();
  const add = (bucket: readonly string[], by: number): void => {
    const name = bucket.join('\0');
    const count = counts.get(name);
    if (count) count.by += by;
    else counts.set(name, { bucket, by });
  };
  for (const { row, changed, bucketBefore } of touched.values()) {
    if (!changed || row === undefined) continue; // an erased row stays counted
    if (bucketBefore) add(bucketBefore, -1);
    add(counted.bucketOf(row), 1);
  }
  return [{ counter: counted.counter, changes: [...counts.values()].filter(({ by }) => by !== 0) }];
}
