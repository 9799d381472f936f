import { HASH_BYTES, type Hasher, sameHash } from './hasher.js';

/** A tree has at most 2^53 leaves here, so no honest proof is longer. */
export const PROOF_HASHES_MAX = 64;

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const wellFormed = (proof: readonly Uint8Array[]): boolean => proof.length <= PROOF_HASHES_MAX && proof.every((node) => node.length === HASH_BYTES);
const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/**
 * The root that a leaf and its proof lead to in a tree of `size` leaves (RFC 9162 §2.1.3.2); undefined where the proof
 * cannot be one of that leaf and size.
 */
export function rootOfInclusion(hasher: Hasher, leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Uint8Array | undefined {
  if (!isSize(index) || !isSize(size) || index >= size || leaf.length !== HASH_BYTES || !wellFormed(proof)) return undefined;
  let at = index;
  let last = size - 1;
  let root = leaf;
  for (const node of proof) {
    if (last === 0) return undefined;
    if (isOdd(at) || at === last) {
      root = hasher.node(node, root);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      root = hasher.node(root, node);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 ? root : undefined;
}

/** True where the leaf at `index` stands in the tree of `size` leaves with this root. */
export function verifyInclusion(hasher: Hasher, leaf: Uint8Array, index: number, size: number, proof: readonly Uint8Array[], root: Uint8Array): boolean {
  const led = rootOfInclusion(hasher, leaf, index, size, proof);
  return led !== undefined && sameHash(led, root);
}

interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}
const isHead = ({ size, root }: TreeHead): boolean => isSize(size) && root.length === HASH_BYTES;

/** True where the tree of `newer` leaves begins with the tree of `older` leaves (RFC 9162 §2.1.4.2). */
export function verifyConsistency(hasher: Hasher, older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isHead(older) || !isHead(newer) || older.size > newer.size || !wellFormed(proof)) return false;
  if (older.size === newer.size) return proof.length === 0 && sameHash(older.root, newer.root);
  if (older.size === 0) return proof.length === 0 && sameHash(older.root, hasher.empty());
  let at = older.size - 1;
  let last = newer.size - 1;
  while (isOdd(at)) {
    at = half(at);
    last = half(last);
  }
  // a whole subtree's own root is not sent: the verifier has it
  const [first, ...rest] = at === 0 ? [older.root, ...proof] : proof;
  if (first === undefined) return false;
  let oldRoot = first;
  let newRoot = first;
  for (const node of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      oldRoot = hasher.node(node, oldRoot);
      newRoot = hasher.node(node, newRoot);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      newRoot = hasher.node(newRoot, node);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && sameHash(oldRoot, older.root) && sameHash(newRoot, newer.root);
}
