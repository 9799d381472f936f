import type { ColumnCoding, Decode, Encode } from '../sql/row-codec.js';
import type { SqlValue } from '../sql/stored-rows.js';
import type { Column } from '../table.js';
import type { Dictionary } from './dictionary.js';

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

/** Values as SQLite stores them in a model file: codes by the file's small numbers, names as blobs, flags as 0 and 1. */
export const sqliteColumns = (dictionary: Dictionary): ColumnCoding => ({
  encoderOf: (column) => encoderOf(column, dictionary),
  decoderOf: (column) => decoderOf(column, dictionary),
  comparable: ({ kind }, value) => (kind === 'code' ? dictionary.knownIdOf(value as string) : undefined),
});
