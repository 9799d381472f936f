import type { FeedType, feedTypes } from './feed-types.js';
import type { DataOf } from './schema.js';

/** The data of an event of one type. */
export type FeedData<T extends FeedType = FeedType> = T extends FeedType ? DataOf<(typeof feedTypes)[T]['fields']> : never;

/** Attributes of CloudEvents 1.0, as every event of a feed has them. */
export interface FeedAttributes {
  readonly specversion: '1.0';
  /** UUIDv7 of the stored event: the same fact has the same id, however often it comes. Unique with `source`. */
  readonly id: string;
  /** `/<deployment>/<party>`: the server whose record it is of. */
  readonly source: string;
  /** Exchange id; of events about a person alone an opaque name of the person, 32 hexadecimal digits. */
  readonly subject: string;
  /** When it was recorded: wall clock, RFC 3339 UTC, milliseconds. */
  readonly time: string;
  /** URI of the JSON Schema of `data`. */
  readonly dataschema: string;
  readonly datacontenttype: 'application/json';
  /** CloudEvents extension: what concerns one exchange (or person) keeps its order; the same as `subject`. */
  readonly partitionkey: string;
  /** CloudEvents extension: place in the source's record, 20 digits, increasing, not dense. */
  readonly sequence: string;
}

/** An event of one type. */
export type FeedEventOf<T extends FeedType> = T extends FeedType ? FeedAttributes & { readonly type: T; readonly data: FeedData<T> } : never;
/** An event that an agency's systems are told, told apart by `type`. Holds no identifier, no record key and no provided value. */
export type FeedEvent = FeedEventOf<FeedType>;

const SCHEMA_BASE = 'https://renkei.example/schemas/feed/';
/** `dataschema` of a type: names the file `schemas/<type>.schema.json`; the address is a name and need not answer. */
export const dataschemaOf = (type: FeedType): string => `${SCHEMA_BASE}${type}.schema.json`;

const SEQUENCE_DIGITS = 20;
/** A position of a store as `sequence`: the order of such texts is that of the positions. */
export const sequenceOf = (position: bigint): string => String(position).padStart(SEQUENCE_DIGITS, '0');
