/**
 * How a column's value looks in a row (all but integer, flag, json and list: text), and so how an adapter may store it:
 * `code` comes from a small vocabulary (codes of the network, statuses, reasons), `codes` is a list of such, `uuid` and
 * `hash` are 16 bytes or a few more in hexadecimal, `instant` is ISO 8601 UTC with milliseconds.
 */
export type ColumnKind = 'uuid' | 'hash' | 'code' | 'codes' | 'text' | 'integer' | 'flag' | 'instant' | 'json';

export interface Column<T = unknown> {
  readonly kind: ColumnKind;
  readonly optional?: true;
  /** Never changes after the row was begun: an update need not write it, nor touch an index over it. */
  readonly fixed?: true;
  /** Carries the type only. */
  readonly value?: T;
}
export type Columns = Readonly<Record<string, Column>>;

export const uuid: Column<string> = { kind: 'uuid' };
export const hash: Column<string> = { kind: 'hash' };
export const code: Column<string> = { kind: 'code' };
export const codes: Column<readonly string[]> = { kind: 'codes' };
export const freeText: Column<string> = { kind: 'text' };
export const whole: Column<number> = { kind: 'integer' };
export const yesNo: Column<boolean> = { kind: 'flag' };
export const instant: Column<string> = { kind: 'instant' };
export const codeOf = <T extends string>(): Column<T> => ({ kind: 'code' });
export const json = <T>(): Column<T> => ({ kind: 'json' });
export const optional = <T>(column: Column<T>): Column<T> & { readonly optional: true } => ({ ...column, optional: true });
export const fixed = <C extends Column>(column: C): C & { readonly fixed: true } => ({ ...column, fixed: true });

type ValueOf<C> = C extends Column<infer T> ? T : never;
type OptionalKeys<C> = { [K in keyof C]: C[K] extends { readonly optional: true } ? K : never }[keyof C];
type Simplify<T> = { readonly [K in keyof T]: T[K] };
export type RowOf<C extends Columns> = Simplify<
  { [K in Exclude<keyof C, OptionalKeys<C>>]: ValueOf<C[K]> } & { [K in OptionalKeys<C>]?: ValueOf<C[K]> | undefined }
>;
export type Row = Readonly<Record<string, unknown>>;

export interface Index<Name extends string = string> {
  readonly name: string;
  readonly columns: readonly Name[];
  /** Only rows whose `flag` column of this name is true. */
  readonly where?: Name;
}

/** A table of wide rows: one key column, few indexes. */
export interface Table<C extends Columns = Columns> {
  readonly name: string;
  readonly columns: C;
  readonly key: string;
  readonly indexes: readonly Index[];
  /** Small: an adapter may keep all of it in memory. */
  readonly resident?: true;
}
export const table = <const C extends Columns>(
  definition: Table<C> & { readonly key: string & keyof C; readonly indexes: readonly Index<string & keyof C>[] },
): Table<C> => definition;
export type RowIn<T> = T extends Table<infer C> ? RowOf<C> : never;

/** Counts by a few codes: incremental, committed with the rows that they count. */
export interface Counter<Name extends string = string> {
  readonly name: string;
  readonly dimensions: readonly Name[];
}
