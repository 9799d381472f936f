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
  bucketBefore: readonly string[] | undefined;
}
type AnyFold<E extends Message> = RowFold<Columns, E>;

/** Rows that the events delete by column, before they change anything else. */
function erasuresOf<E extends Message>(projection: Projection<E>, event: Recorded<E>): readonly Erasure[] {
  const erasures: Erasure[] = [];
  for (const fold of projection.folds) {
    const erased = fold.erases?.(event);
    if (erased) erasures.push({ table: fold.table, ...erased });
  }
  return erasures;
}

/** Events that are folded at once, after rows were deleted. */
export interface PagePart<E extends Message> {
  readonly erasures: readonly Erasure[];
  readonly events: readonly Recorded<E>[];
}

/** Cuts a page before each event that erases rows: its erasures come first, then the events of the part are folded. */
export function* partsOf<E extends Message>(projection: Projection<E>, events: readonly Recorded<E>[]): Iterable<PagePart<E>> {
  let part: { erasures: readonly Erasure[]; events: Recorded<E>[] } = { erasures: [], events: [] };
  for (const event of events) {
    const erasures = erasuresOf(projection, event);
    if (erasures.length > 0) {
      yield part;
      part = { erasures, events: [] };
    }
    part.events.push(event);
  }
  yield part;
}

/**
 * Folds events in memory: each row concerned is read once at most and comes out once, however many events it takes in.
 * None of the events may erase rows (but the first, after its erasures were carried out).
 */
export class PageFold<E extends Message> {
  readonly #projection: Projection<E>;
  readonly #events: readonly Recorded<E>[];
  readonly #touched: readonly TouchedRows[];

  constructor(projection: Projection<E>, events: readonly Recorded<E>[]) {
    this.#projection = projection;
    this.#events = events;
    this.#touched = projection.folds.map((fold) => touch(fold, events));
  }

  /** Keys of rows that `fold` loads, by table: for an adapter that has to read them before. */
  wanted(): readonly { readonly table: Table; readonly keys: readonly string[] }[] {
    return this.#projection.folds.map(({ table }, at) => ({ table, keys: this.#touched[at]?.wanted ?? [] }));
  }

  /** Once: the rows are the fold's own, and changed by it. */
  fold(load: LoadRows, derived: ReadonlyMap<string, string>): Changes {
    const { folds } = this.#projection;
    const touched = this.#touched;
    for (const [at, fold] of folds.entries()) fill(fold, touched[at] as TouchedRows, load);
    const context: FoldContext = {
      derived: (eventId) => derived.get(eventId),
      find: <C extends Columns>(table: Table<C>, key: string) => {
        const at = folds.findIndex((fold) => fold.table.name === table.name);
        const changed = touched[at]?.byKey.get(key);
        return (changed ? changed.row : load(table, [key]).get(key)) as RowOf<C> | undefined;
      },
    };
    for (let at = 0; at < this.#events.length; at += 1) {
      for (let fold = 0; fold < folds.length; fold += 1) {
        const concerned = touched[fold]?.byEvent[at];
        if (!concerned) continue;
        concerned.row = (folds[fold] as AnyFold<E>).evolve(concerned.row, this.#events[at] as Recorded<E>, context);
        concerned.changed = true;
      }
    }
    return {
      tables: folds.map((fold, at) => changesOf(fold, (touched[at] as TouchedRows).byKey)),
      counters: folds.flatMap((fold, at) => countsOf(fold, (touched[at] as TouchedRows).byKey)),
    };
  }
}

interface TouchedRows {
  readonly byKey: ReadonlyMap<string, Touched>;
  /** By place of the event; empty where it concerns no row of this table. */
  readonly byEvent: readonly (Touched | undefined)[];
  /** Keys of rows that may be stored already. */
  readonly wanted: readonly string[];
}

function touch<E extends Message>(fold: AnyFold<E>, events: readonly Recorded<E>[]): TouchedRows {
  const keys = events.map((event) => fold.keyOf(event));
  const byKey = new Map<string, Touched>();
  const wanted: string[] = [];
  for (const [at, key] of keys.entries()) {
    if (key === undefined || byKey.has(key)) continue;
    byKey.set(key, { row: undefined, existed: false, changed: false, bucketBefore: undefined });
    if (!fold.begins(events[at] as Recorded<E>)) wanted.push(key);
  }
  return { byKey, byEvent: keys.map((key) => (key === undefined ? undefined : byKey.get(key))), wanted };
}

function fill<E extends Message>({ table, counted }: AnyFold<E>, { byKey, wanted }: TouchedRows, load: LoadRows): void {
  if (wanted.length === 0) return;
  const loaded = load(table, wanted);
  for (const key of wanted) {
    const row = loaded.get(key);
    const concerned = byKey.get(key);
    if (row && concerned) Object.assign(concerned, { row: { ...row }, existed: true, bucketBefore: counted?.bucketOf(row) });
  }
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
