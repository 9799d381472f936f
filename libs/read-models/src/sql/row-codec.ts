import type { Column, Row, Table } from '../table.js';
import type { SqlValue } from './stored-rows.js';

export type Encode = (value: unknown) => SqlValue;
export type Decode = (stored: unknown) => unknown;

/** How an adapter stores values of each kind of column. */
export interface ColumnCoding {
  encoderOf(column: Column): Encode;
  decoderOf(column: Column): Decode;
  /** A value to compare a column with, where that is another than one to store. */
  comparable?(column: Column, value: string | number | boolean): SqlValue | undefined;
}

/** Rows of one table to an adapter's values and back. Columns that hold nothing are NULL, and left out of a row. */
export class RowCodec {
  readonly names: readonly string[];
  readonly changing: readonly string[];
  readonly #encoders: ReadonlyMap<string, Encode>;
  readonly #decoders: readonly (readonly [name: string, decode: Decode])[];
  readonly #coding: ColumnCoding;
  readonly #table: Table;

  constructor(table: Table, coding: ColumnCoding) {
    this.#table = table;
    this.#coding = coding;
    this.names = Object.keys(table.columns);
    this.changing = this.names.filter((name) => !table.columns[name]?.fixed);
    this.#encoders = new Map(this.names.map((name) => [name, coding.encoderOf(table.columns[name] as Column)]));
    this.#decoders = this.names.map((name) => [name, coding.decoderOf(table.columns[name] as Column)]);
  }

  /** Writes the values of the named columns, in their order. */
  encoderFor(names: readonly string[]): (target: SqlValue[], row: Row) => void {
    const encoders = names.map((name) => this.#encoders.get(name) as Encode);
    return (target, row) => {
      for (let at = 0; at < names.length; at += 1) {
        const value = row[names[at] as string];
        target.push(value === undefined ? null : (encoders[at] as Encode)(value));
      }
    };
  }

  /** A value to compare a column with: one that no row can hold matches none. */
  comparable(name: string, value: string | number | boolean): SqlValue {
    const compared = this.#coding.comparable?.(this.#table.columns[name] as Column, value);
    return compared === undefined ? (this.#encoders.get(name) as Encode)(value) : compared;
  }

  /** The decoded value of one column of a stored row. */
  valueOf(name: string, stored: Readonly<Record<string, unknown>>): unknown {
    return this.#coding.decoderOf(this.#table.columns[name] as Column)(stored[name]);
  }

  decode(stored: Readonly<Record<string, unknown>>): Row {
    const row: Record<string, unknown> = {};
    for (const [name, decode] of this.#decoders) {
      const value = stored[name];
      if (value !== null && value !== undefined) row[name] = decode(value);
    }
    return row;
  }
}
