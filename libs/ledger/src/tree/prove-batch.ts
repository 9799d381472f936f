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

  let before: Place = { index: -1, path: [] };
  const places = indexes.map((index) => {
    if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError('no such leaf in a tree of this size');
    const path: number[] = [];
    let at = index;
    let last = size - 1;
    // the leaf before it, climbing beside this one, and how far along its path it is
    let neighbour = before.index;
    let step = 0;
    for (let level = 0; last > 0; level += 1) {
      if (at === neighbour) {
        // the same node: from here to the root both take the same way
        while (step < before.path.length) path.push(before.path[step++] as number);
        break;
      }
      const sibling = siblingOf(at);
      if (sibling <= last) path.push(placeOf(level, sibling));
      if (neighbour >= 0) {
        if (siblingOf(neighbour) <= last) step += 1;
        neighbour = Math.floor(neighbour / 2);
      }
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
    }
    before = { index, path };
    return before;
  });
  return { nodes, places };
}

const siblingOf = (index: number): number => (index % 2 === 0 ? index + 1 : index - 1);
