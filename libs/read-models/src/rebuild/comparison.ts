import { createHash, hash } from 'node:crypto';
import { countersOf, type Projection } from '../projection.js';
import type { Counter, Row, Table } from '../table.js';
import type { Snapshot } from './snapshot.js';
import type { View } from './view.js';

/** Keys of differing rows that a comparison names. */
const EXAMPLES_MAX = 10;
const LANES = 8;

/** How two states of one table differ; counts of rows. */
export interface TableDifference {
  readonly table: string;
  readonly rowsBefore: number;
  readonly rows: number;
  readonly onlyBefore: number;
  readonly onlyNow: number;
  readonly changed: number;
  /** Rows that differ in a column both have. */
  readonly columns: Readonly<Record<string, number>>;
  readonly columnsAdded: readonly string[];
  readonly columnsRemoved: readonly string[];
  /** Keys of some of the rows; for the operator, not for logs. */
  readonly examples: readonly string[];
}
export interface CounterDifference {
  readonly counter: string;
  readonly bucketsBefore: number;
  readonly buckets: number;
  /** Buckets whose count differs, those that only one has among them. */
  readonly changed: number;
}

/** A new build held against the view that answers, both at one position. Plain data. */
export interface Comparison {
  readonly position: string;
  readonly against: View;
  readonly equal: boolean;
  /** Of rows and counts, the same on every adapter; hexadecimal. */
  readonly stateHash: string;
  readonly stateHashBefore: string;
  readonly rows: number;
  readonly tables: readonly TableDifference[];
  readonly counters: readonly CounterDifference[];
}

export interface State {
  /** SHA-256 over the sums of the rows' and counts' hashes: in whatever order they lie. */
  readonly stateHash: string;
  readonly rows: number;
}

/** Adds up SHA-256 hashes lane by lane, modulo 2^32 each: in memory of one hash, whatever the order. */
class SumOfHashes {
  readonly #lanes = new Uint32Array(LANES);
  #added = 0;

  add(text: string): void {
    const digest = hash('sha256', text, 'buffer');
    for (let lane = 0; lane < LANES; lane += 1) this.#lanes[lane] = (this.#lanes[lane] ?? 0) + digest.readUInt32BE(lane * 4);
    this.#added += 1;
  }

  toString(): string {
    return `${this.#added}:${Buffer.from(this.#lanes.buffer).toString('hex')}`;
  }
}

const valuesOf = (row: Row, names: readonly string[]): string => JSON.stringify(names.map((name) => row[name] ?? null));

/** The state of a projection's view: every row and count of it. Counts bytes of no adapter, so that the same rows have the same hash everywhere. */
export async function stateOf(snapshot: Snapshot, projection: Projection, onRows: (rows: number) => void = () => undefined): Promise<State> {
  const whole = createHash('sha256');
  let rows = 0;
  for (const { table } of projection.folds) {
    const sum = new SumOfHashes();
    const names = Object.keys(table.columns).sort();
    for await (const page of snapshot.rows(table)) {
      for (const row of page) sum.add(valuesOf(row, names));
      rows += page.length;
      onRows(page.length);
    }
    whole.update(`${table.name}/${names.join(',')}/${sum.toString()}\n`);
  }
  for (const counter of countersOf(projection)) {
    const sum = new SumOfHashes();
    for (const [bucket, count] of await snapshot.counts(counter)) sum.add(`${bucket}=${count}`);
    whole.update(`${counter.name}/${counter.dimensions.join(',')}/${sum.toString()}\n`);
  }
  return { stateHash: whole.digest('hex'), rows };
}

/** Holds what was built (`now`) against what answers (`before`), both at one position. Where they differ, says in what. */
export async function compare(
  now: Snapshot,
  before: Snapshot,
  { projection, against, onRows }: { readonly projection: Projection; readonly against: View; readonly onRows?: (rows: number) => void },
): Promise<Comparison> {
  const state = await stateOf(now, projection, onRows);
  const fits = await hasColumns(before, projection);
  const stateBefore = fits ? await stateOf(before, projection, onRows) : { stateHash: '', rows: 0 };
  const equal = state.stateHash === stateBefore.stateHash;
  const tables: TableDifference[] = [];
  const counters: CounterDifference[] = [];
  if (!equal) {
    for (const { table } of projection.folds) tables.push(await differenceOf(now, before, table));
    for (const counter of countersOf(projection)) counters.push(await countsDiffer(now, before, counter));
  }
  return {
    position: String(now.position),
    against,
    equal,
    stateHash: state.stateHash,
    stateHashBefore: stateBefore.stateHash,
    rows: state.rows,
    tables: tables.filter(isDifferent),
    counters: counters.filter(({ changed }) => changed > 0),
  };
}

async function hasColumns(snapshot: Snapshot, { folds }: Projection): Promise<boolean> {
  for (const { table } of folds) {
    const there = await snapshot.columnsOf(table.name);
    if (there.size !== Object.keys(table.columns).length || Object.keys(table.columns).some((column) => !there.has(column))) return false;
  }
  return true;
}

const isDifferent = ({ onlyBefore, onlyNow, changed, columnsAdded, columnsRemoved }: TableDifference): boolean =>
  onlyBefore + onlyNow + changed + columnsAdded.length + columnsRemoved.length > 0;

/** Rows of a table that is not there. */
const NOTHING = { next: () => Promise.resolve({ done: true, value: undefined } as const) };

/** Walks both in the order of their keys. */
async function differenceOf(now: Snapshot, before: Snapshot, table: Table): Promise<TableDifference> {
  const there = await before.columnsOf(table.name);
  const columnsAdded = Object.keys(table.columns).filter((column) => !there.has(column));
  const columnsRemoved = [...there].filter((column) => !(column in table.columns));
  const shared = Object.keys(table.columns).filter((column) => there.has(column));
  const columns: Record<string, number> = {};
  const examples: string[] = [];
  const counts = { rowsBefore: 0, rows: 0, onlyBefore: 0, onlyNow: 0, changed: 0 };
  const name = (row: Row): void => {
    if (examples.length < EXAMPLES_MAX) examples.push(String(row[table.key]));
  };
  const old = there.has(table.key) ? inKeyOrder(before, table) : NOTHING;
  const fresh = inKeyOrder(now, table);
  let [left, right] = [await old.next(), await fresh.next()];
  while (!left.done || !right.done) {
    const order = left.done ? 1 : right.done ? -1 : orderOf(left.value[table.key] as string, right.value[table.key] as string);
    if (!left.done && order <= 0) counts.rowsBefore += 1;
    if (!right.done && order >= 0) counts.rows += 1;
    if (order === 0 && !left.done && !right.done) {
      const [was, is] = [left.value, right.value];
      const differing = shared.filter((column) => JSON.stringify(was[column]) !== JSON.stringify(is[column]));
      for (const column of differing) columns[column] = (columns[column] ?? 0) + 1;
      if (differing.length > 0) {
        counts.changed += 1;
        name(is);
      }
    } else {
      counts[order < 0 ? 'onlyBefore' : 'onlyNow'] += 1;
      name((order < 0 ? left.value : right.value) as Row);
    }
    const [stepOld, stepFresh] = [order <= 0, order >= 0];
    if (stepOld) left = await old.next();
    if (stepFresh) right = await fresh.next();
  }
  return { table: table.name, ...counts, columns, columnsAdded, columnsRemoved, examples };
}

const orderOf = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Codes lie in the order of their numbers: such tables are small (resident), and sorted here. */
async function* inKeyOrder(snapshot: Snapshot, table: Table): AsyncGenerator<Row, undefined> {
  if (table.columns[table.key]?.kind !== 'code') {
    for await (const page of snapshot.rows(table)) yield* page;
    return undefined;
  }
  const all: Row[] = [];
  for await (const page of snapshot.rows(table)) all.push(...page);
  yield* all.sort((a, b) => orderOf(a[table.key] as string, b[table.key] as string));
  return undefined;
}

async function countsDiffer(now: Snapshot, before: Snapshot, counter: Counter): Promise<CounterDifference> {
  const there = await before.columnsOf(counter.name);
  const fits = counter.dimensions.every((dimension) => there.has(dimension)) && there.size === counter.dimensions.length + 1;
  const old: ReadonlyMap<string, number> = fits ? await before.counts(counter) : new Map<string, number>();
  const fresh = await now.counts(counter);
  const changed = [...new Set([...old.keys(), ...fresh.keys()])].filter((bucket) => old.get(bucket) !== fresh.get(bucket)).length;
  return { counter: counter.name, bucketsBefore: old.size, buckets: fresh.size, changed };
}
