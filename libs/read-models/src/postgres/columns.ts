import type { ColumnCoding, Decode, Encode } from '../sql/row-codec.js';
import type { SqlValue } from '../sql/stored-rows.js';
import type { Column } from '../table.js';

const TEXT = 'text collate "C"';

/** Text is compared byte by byte, as SQLite does it, whatever the database's locale. */
export function sqlTypeOf({ kind }: Column): string {
  switch (kind) {
    case 'uuid':
      return 'uuid';
    case 'hash':
      return 'bytea';
    case 'flag':
      return 'boolean';
    case 'instant':
    case 'integer':
      return 'bigint';
    case 'code':
    case 'codes':
    case 'text':
    case 'json':
      return TEXT;
  }
}

/** The same without collation, for casts. */
export const castTypeOf = (column: Column): string => sqlTypeOf(column).replace(TEXT, 'text');

/** PostgreSQL's text holds no U+0000, and no half of a surrogate pair: they are shown as U+FFFD, so that no text can stop the folding. */
const storable = (text: string): string => (text.includes('\0') || !text.isWellFormed() ? text.toWellFormed().replaceAll('\0', '\uFFFD') : text);

function encoderOf({ kind }: Column): Encode {
  switch (kind) {
    case 'hash':
      return (value) => `\\x${value as string}`;
    case 'codes':
    case 'json':
      return (value) => JSON.stringify(value);
    case 'flag':
      return (value) => value === true;
    case 'instant':
      return (value) => Date.parse(value as string);
    case 'code':
    case 'text':
      return (value) => storable(value as string);
    case 'uuid':
    case 'integer':
      return (value) => value as SqlValue;
  }
}

function decoderOf({ kind }: Column): Decode {
  switch (kind) {
    case 'hash':
      return (stored) => (stored as Buffer).toString('hex');
    case 'codes':
    case 'json':
      return (stored) => JSON.parse(stored as string) as unknown;
    case 'instant':
      return (stored) => new Date(stored as number).toISOString();
    default:
      return (stored) => stored;
  }
}

/** Values as PostgreSQL stores them; in a form that is good for a parameter and inside JSON. */
export const postgresColumns: ColumnCoding = { encoderOf, decoderOf };
