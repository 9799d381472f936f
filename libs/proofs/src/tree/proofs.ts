import type { Hasher } from './hasher.js';

/** Hash of the perfect subtree of 2^level leaves whose first leaf is index · 2^level. Only whole subtrees are asked for. */
export type NodeReader = (level: number, index: number) => Uint8Array;

/** Largest power of two below n (n ≥ 2). Sizes pass 2³²: no bit operators. */
function splitOf(n: number): number {
  let split = 1;
  while (split * 2 < n) split *= 2;
  return split;
}
const levelOf = (width: number): number => Math.round(Math.log2(width));

/** MTH of the leaves [from, to): whole subtrees are read, the ragged right edge is put together. */
export function hashOfRange(hasher: Hasher, read: NodeReader, from: number, to: number): Uint8Array {
  const width = to - from;
  if (width === 0) return hasher.empty();
  const split = width === 1 ? 1 : splitOf(width);
  if (width === 1 || split * 2 === width) return read(levelOf(width), from / width);
  return hasher.node(hashOfRange(hasher, read, from, from + split), hashOfRange(hasher, read, from + split, to));
}

/** PATH(index, D[size]) of RFC 6962 §2.1.1, from the leaf up. Throws RangeError for an index that is no leaf of that tree. */
export function inclusionProof(hasher: Hasher, read: NodeReader, index: number, size: number): Uint8Array[] {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) throw new RangeError('no such leaf in a tree of this size');
  const path: Uint8Array[] = [];
  let from = 0;
  let to = size;
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      path.push(hashOfRange(hasher, read, middle, to));
      to = middle;
    } else {
      path.push(hashOfRange(hasher, read, from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** PROOF(older, D[newer]) of RFC 6962 §2.1.2. Empty where both sizes are equal or the older one is 0. */
export function consistencyProof(hasher: Hasher, read: NodeReader, older: number, newer: number): Uint8Array[] {
  if (!Number.isSafeInteger(older) || !Number.isSafeInteger(newer) || older < 0 || older > newer) throw new RangeError('the older tree is not the smaller one');
  if (older === 0 || older === newer) return [];
  const proof: Uint8Array[] = [];
  let from = 0;
  let to = newer;
  let whole = true;
  while (older !== to) {
    const middle = from + splitOf(to - from);
    if (older <= middle) {
      proof.push(hashOfRange(hasher, read, middle, to));
      to = middle;
    } else {
      proof.push(hashOfRange(hasher, read, from, middle));
      from = middle;
      whole = false;
    }
  }
  if (!whole) proof.push(hashOfRange(hasher, read, from, to));
  return proof.reverse();
}
