import { hash } from 'node:crypto';
import { leafHash } from './leaf-hash.js';
import { HASH_BYTES, type Hasher } from '#libs/proofs';

const scratch = Buffer.alloc(1 + 2 * HASH_BYTES);
scratch[0] = 1;

/** SHA-256(0x01 ‖ left ‖ right), 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch.set(left, 1);
  scratch.set(right, 1 + HASH_BYTES);
  return Buffer.from(hash('sha256', scratch, 'binary'), 'binary');
}

export const nativeHasher: Hasher = { leaf: leafHash, node: nodeHash, empty: () => Buffer.from(hash('sha256', '', 'hex'), 'hex') };
