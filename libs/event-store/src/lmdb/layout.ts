import { StoreUnavailable } from '../errors.js';

/**
 * What is in the LMDB file, a key's first byte saying what it is:
 *   01                                    → format of the store (1 byte)
 *   02 position of the first event (u48)  → a block: format (u8) · count (u32) · per event: length (u16) · bytes
 *   03 stream                             → the stream's newest run
 *   04 stream 00 first revision (u32)     → an older run of it
 * A run says where neighbouring events of one stream lie. Numbers are big-endian, so that keys sort by them.
 */
export const STORE_FORMAT = 1;
export const BLOCK_FORMAT = 1;
/** Bytes of a block before its first event. */
export const BLOCK_HEADER_BYTES = 5;
/** Bytes before each event in a block. */
export const EVENT_PREFIX_BYTES = 2;
const RUN_BYTES = 26;

export interface Run {
  readonly firstRevision: number;
  readonly count: number;
  /** Position of the first event of the block: its key. */
  readonly block: number;
  /** Where in the block the run's first event stands: its position is `block + ordinal`. */
  readonly ordinal: number;
  /** Bytes from the start of the block. */
  readonly offset: number;
  readonly length: number;
}
export const lastRevision = (run: Run): number => run.firstRevision + run.count - 1;

export const FORMAT_KEY = Buffer.from([1]);
/** Sorts after every block. */
export const BLOCKS_END = Buffer.from([3]);
const FIRST_BLOCK = 2;
const HEAD = 3;
const OLDER = 4;

export function blockKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(7);
  key[0] = FIRST_BLOCK;
  key.writeUIntBE(position, 1, 6);
  return key;
}
export const positionOfBlockKey = (key: Uint8Array): number => Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(1, 6);

export function headKey(stream: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(stream));
  key[0] = HEAD;
  key.write(stream, 1);
  return key;
}
export function olderKey(stream: string, firstRevision: number): Buffer {
  const nameBytes = Buffer.byteLength(stream);
  const key = Buffer.allocUnsafe(nameBytes + 6);
  key[0] = OLDER;
  key.write(stream, 1);
  key[nameBytes + 1] = 0;
  key.writeUInt32BE(firstRevision, nameBytes + 2);
  return key;
}

export function encodeRun(run: Run): Buffer {
  const bytes = Buffer.allocUnsafe(RUN_BYTES);
  bytes.writeUInt32BE(run.firstRevision, 0);
  bytes.writeUInt32BE(run.count, 4);
  bytes.writeUIntBE(run.block, 8, 6);
  bytes.writeUInt32BE(run.ordinal, 14);
  bytes.writeUInt32BE(run.offset, 18);
  bytes.writeUInt32BE(run.length, 22);
  return bytes;
}
export function decodeRun(value: Uint8Array): Run {
  const bytes = Buffer.from(value.buffer, value.byteOffset, RUN_BYTES);
  return {
    firstRevision: bytes.readUInt32BE(0),
    count: bytes.readUInt32BE(4),
    block: bytes.readUIntBE(8, 6),
    ordinal: bytes.readUInt32BE(14),
    offset: bytes.readUInt32BE(18),
    length: bytes.readUInt32BE(22),
  };
}

/** How many events a block holds. Throws StoreUnavailable for a format that this code does not know. */
export function countOfBlock(block: Buffer): number {
  if (block[0] !== BLOCK_FORMAT)
    throw new StoreUnavailable(`a block of the store has format ${block[0] ?? 'none'}, this version of the code reads ${BLOCK_FORMAT}`);
  return block.readUInt32BE(1);
}
