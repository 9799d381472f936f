import type { Kysely, RawBuilder } from 'kysely';
import type { Row, Table } from '../table.js';
import type { RowCodec } from './row-codec.js';

export type SqlValue = number | string | boolean | Uint8Array | null;
/** Tables are known at run time only. */
export type Tables = Record<string, Record<string, SqlValue>>;

/** One projection's rows as questions see them: committed ones only. */
export interface StoredRows {
  readonly reader: Kysely<Tables>;
  codecOf(table: string): RowCodec;
  /** Rows whose column has one of the values, in no order. */
  rowsBy(table: Table, column: string, values: readonly string[]): readonly Row[] | Promise<readonly Row[]>;
  /** A column that a filter looks at row by row: written so that no index over it is chosen, where that would matter. */
  filtered(column: string): RawBuilder<unknown>;
}
