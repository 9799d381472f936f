import type { Place } from '#libs/proofs';
import type { TileTree } from './tile-tree.js';

/**
 * Inclusion proofs of many leaves in the tree of the first `size` leaves (RFC 6962 §2.1.1): each path from the leaf up, as
 * places in the hashes that all share. A node that several paths pass is read and written once. Throws RangeError for
 * what is no leaf of that tree.
 */
export function proveBatch(tree: TileTree, indexes: readonly number[], size: number): { readonly nodes: string[]; readonly places: Place[] } {
  const nodes: string[] = [];
  /** Nodes numbered as in a heap, the root of the whole tree being 1: two nodes never share a number. */
  const known = new Map<number, number>();
  let height = 0;
  while (2 ** height < size) height += 1;

  const placeOf = (level: number, index: number): number => {
    const number = 2 ** (height - level) + index;
    const there = known.get(number);
    if (there !== undefined) return there;
    const first = index * 2 ** level;
    const hash = first + 2 ** level <= size ? tree.node(level, index) : tree.rangeHash(first, size);
    known.set(number, nodes.length);
    return nodes.push(Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('base64')) - 1;
  };

  const places = indexes.map((index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError('no such leaf in a tree of this size');
    const path: number[] = [];
    let at = index;
    let last = size - 1;
    for (let level = 0; last > 0; level += 1) {
      const sibling = at % 2 === 0 ? at + 1 : at - 1;
      if (sibling <= last) path.push(placeOf(level, sibling));
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
    }
    return { index, path };
  });
  return { nodes, places };
}
