import { hash } from 'node:crypto';
import { HASH_BYTES, type Hasher } from '#libs/proofs';
import { leafHash } from './leaf-hash.js';

const PAIR_BYTES = 2 * HASH_BYTES;
const scratch = Buffer.alloc(1 + PAIR_BYTES);
scratch[0] = 1;

/** A hasher that also works inside a row of hashes, without an object a hash. */
export interface TreeHasher extends Hasher {
  /** Writes SHA-256(0x01 ‖ the 64 bytes at `pair`) to the 32 bytes at `target`, all within `hashes`. */
  nodeWithin(hashes: Uint8Array, pair: number, target: number): void;
}

/** SHA-256(0x01 ‖ left ‖ right), 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return Buffer.from(hash('sha256', scratch, 'binary'), 'binary');
}

/** Plain loops: for so few bytes they cost less than a call into Node's buffers. */
function nodeWithin(hashes: Uint8Array, pair: number, target: number): void {
  for (let at = 0; at < PAIR_BYTES; at += 1) scratch[1 + at] = hashes[pair + at] as number;
  const digest = hash('sha256', scratch, 'binary');
  for (let at = 0; at < HASH_BYTES; at += 1) hashes[target + at] = digest.charCodeAt(at);
}

export const nativeHasher: TreeHasher = { leaf: leafHash, node: nodeHash, nodeWithin, empty: () => Buffer.from(hash('sha256', '', 'hex'), 'hex') };
