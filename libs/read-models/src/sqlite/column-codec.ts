import type { Column, Columns, Row, Table } from '../table.js';
import type { Dictionary } from './dictionary.js';
import type { SqlValue } from './libsql-database.js';

type Encode = (value: unknown) => SqlValue;
type Decode = (stored: unknown) => unknown;

/** libsql hands blobs out as ArrayBuffer. */
const hexOf = (blob: unknown): string => Buffer.from(blob as ArrayBuffer).toString('hex');
const uuidOf = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;

const HEX = /^(?:[0-9a-f]{2})+$/;
function bytesOf(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length * 2 !== hex.length && !HEX.test(hex)) throw new Error('a name of the stored form is lower-case hexadecimal');
  return bytes;
}

export const sqlTypeOf = ({ kind }: Column): 'blob' | 'text' | 'integer' =>
  kind === 'uuid' || kind === 'hash' ? 'blob' : kind === 'text' || kind === 'json' || kind === 'codes' ? 'text' : 'integer';

function encoderOf({ kind }: Column, dictionary: Dictionary): Encode {
  switch (kind) {
    case 'uuid':
      return (value) => bytesOf((value as string).replaceAll('-', ''));
    case 'hash':
      return (value) => bytesOf(value as string);
    case 'code':
      return (value) => dictionary.idOf(value as string);
    case 'codes':
      return (value) => (value as readonly string[]).map((code) => dictionary.idOf(code)).join(',');
    case 'flag':
      return (value) => (value === true ? 1 : 0);
    case 'instant':
      return (value) => Date.parse(value as string);
    case 'json':
      return (value) => JSON.stringify(value);
    case 'text':
    case 'integer':
      return (value) => value as SqlValue;
  }
}

function decoderOf({ kind }: Column, dictionary: Dictionary): Decode {
  switch (kind) {
    case 'uuid':
      return (stored) => uuidOf(hexOf(stored));
    case 'hash':
      return hexOf;
    case 'code':
      return (stored) => dictionary.textOf(stored as number);
    case 'codes':
      return (stored) => (stored === '' ? [] : (stored as string).split(',').map((id) => dictionary.textOf(Number(id))));
    case 'flag':
      return (stored) => stored === 1;
    case 'instant':
      return (stored) => new Date(stored as number).toISOString();
    case 'json':
      return (stored) => JSON.parse(stored as string) as unknown;
    case 'text':
    case 'integer':
      return (stored) => stored;
  }
}

/** Rows of one table to SQLite's values and back. Columns that hold nothing are NULL, and left out of a row. */
export class RowCodec {
  readonly names: readonly string[];
  readonly changing: readonly string[];
  readonly #encoders: ReadonlyMap<string, Encode>;
  readonly #decoders: readonly (readonly [name: string, decode: Decode])[];
  readonly #dictionary: Dictionary;
  readonly #columns: Columns;

  constructor(table: Table, dictionary: Dictionary) {
    this.#columns = table.columns;
    this.#dictionary = dictionary;
    this.names = Object.keys(table.columns);
    this.changing = this.names.filter((name) => !table.columns[name]?.fixed);
    this.#encoders = new Map(this.names.map((name) => [name, encoderOf(table.columns[name] as Column, dictionary)]));
    this.#decoders = this.names.map((name) => [name, decoderOf(table.columns[name] as Column, dictionary)]);
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

  /** A value to compare a column with: a code that the file does not know matches no row. */
  comparable(name: string, value: string | number | boolean): SqlValue {
    if (this.#columns[name]?.kind === 'code') return this.#dictionary.knownIdOf(value as string);
    return (this.#encoders.get(name) as Encode)(value);
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
