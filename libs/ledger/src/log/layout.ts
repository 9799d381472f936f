import { HASH_BYTES, TILE_WIDTH } from '#libs/proofs';

/**
 * What is in the ledger's LMDB file, a key's first byte saying what it is (numbers are big-endian, so that keys sort by them):
 *   01                        → format of the file (1 byte)
 *   02                        → state (JSON): origin, size and position of the tree, newest checkpoint
 *   03                        → cosignatures (JSON): the newest a witness, with the checkpoints that they stand on
 *   04 level (u8) index (u48) → a tile's hashes
 *   05 index (u48)            → a bundle: where in the store the 256 leaves of a tile of level 0 stand
 *   06 size (u48)             → a checkpoint kept for good (JSON)
 * LMDB gives a large value whole pages of 4 KiB, the first of which has 16 bytes less: a full tile would take three. So the
 * last hash of a full tile of level 0 stands at the end of its bundle.
 */
export const LEDGER_FORMAT = 1;
export const FORMAT_KEY = Buffer.from([1]);
export const STATE_KEY = Buffer.from([2]);
export const COSIGNED_KEY = Buffer.from([3]);
const TILE = 4;
const BUNDLE = 5;
const CHECKPOINT = 6;

export const FULL_TILE_BYTES = TILE_WIDTH * HASH_BYTES;
/** Of a full tile of level 0, without its last hash. */
export const CUT_TILE_BYTES = FULL_TILE_BYTES - HASH_BYTES;

export function tileKey(level: number, index: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key[0] = TILE;
  key[1] = level;
  key.writeUIntBE(index, 2, 6);
  return key;
}

function numberKey(first: number, value: number): Buffer {
  const key = Buffer.allocUnsafe(7);
  key[0] = first;
  key.writeUIntBE(value, 1, 6);
  return key;
}
export const bundleKey = (index: number): Buffer => numberKey(BUNDLE, index);
export const checkpointKey = (size: number): Buffer => numberKey(CHECKPOINT, size);
/** Sorts after every kept checkpoint. */
export const CHECKPOINTS_END = Buffer.from([CHECKPOINT + 1]);

const HEADER_BYTES = 11;
/** Bytes of each position's distance from the first one: none where they follow each other without gaps. */
const widthFor = (positions: ArrayLike<number>): 0 | 4 | 8 => {
  const first = positions[0] as number;
  const distance = (positions[positions.length - 1] as number) - first;
  if (distance === positions.length - 1) return 0;
  return distance < 2 ** 32 ? 4 : 8;
};

/** Count (u16), bytes of a distance (u8), first position (u64), distances, and the tile's last hash where it is full. */
export function encodeBundle(positions: ArrayLike<number>, lastHash?: Uint8Array): Buffer {
  const count = positions.length;
  const width = widthFor(positions);
  const bytes = Buffer.alloc(HEADER_BYTES + count * width + (lastHash?.length ?? 0));
  const first = positions[0] as number;
  bytes.writeUInt16BE(count, 0);
  bytes[2] = width;
  bytes.writeBigUInt64BE(BigInt(first), 3);
  for (let at = 0; width > 0 && at < count; at += 1) {
    const distance = (positions[at] as number) - first;
    if (width === 4) bytes.writeUInt32BE(distance, HEADER_BYTES + at * 4);
    else bytes.writeBigUInt64BE(BigInt(distance), HEADER_BYTES + at * 8);
  }
  if (lastHash) bytes.set(lastHash, HEADER_BYTES + count * width);
  return bytes;
}

/** The positions of at most 256 neighbouring leaves, increasing. */
export interface Bundle {
  readonly count: number;
  at(offset: number): number;
  /** Of a full tile. */
  readonly lastHash: Uint8Array | undefined;
}

/** The value is read in place: it must not change. */
export function decodeBundle(value: Buffer): Bundle {
  const count = value.readUInt16BE(0);
  const width = value[2];
  const first = Number(value.readBigUInt64BE(3));
  const at = (offset: number): number => {
    if (width === 0) return first + offset;
    return first + (width === 4 ? value.readUInt32BE(HEADER_BYTES + offset * 4) : Number(value.readBigUInt64BE(HEADER_BYTES + offset * 8)));
  };
  const end = HEADER_BYTES + count * (width ?? 0);
  return { count, at, lastHash: count === TILE_WIDTH ? value.subarray(end, end + HASH_BYTES) : undefined };
}
