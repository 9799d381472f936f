import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from './leaf-hash.js';
import { nativeHasher } from './native-hasher.js';
import { proveBatch } from './prove-batch.js';
import { TileTree } from './tile-tree.js';

const LEAVES = 700;
const tiles = new Map<string, Buffer>();
const tree = new TileTree(nativeHasher, (level, index) => tiles.get(`${level}/${index}`));
const leaves = Array.from({ length: LEAVES }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
for (const { level, index, bytes } of tree.append(leaves)) tiles.set(`${level}/${index}`, bytes);

const base64 = (hash: Uint8Array): string => Buffer.from(hash).toString('base64');
const neighbours = fc.tuple(fc.nat({ max: LEAVES - 1 }), fc.nat({ max: 60 })).map(([first, count]) => Array.from({ length: count }, (_, at) => first + at));
const asked = fc.oneof(
  fc.array(fc.nat({ max: LEAVES - 1 }), { maxLength: 40 }),
  neighbours,
  fc.tuple(neighbours, neighbours).map((both) => both.flat()),
);

describe('the proofs of many leaves', () => {
  it('are each the leaf’s own, whatever the others are and in whatever order, and share every hash', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LEAVES }), asked, (size, wanted) => {
        const indexes = wanted.map((index) => index % size);
        const { nodes, places } = proveBatch(tree, indexes, size);
        expect(places.map(({ index, path }) => [index, path.map((at) => nodes[at])])).toEqual(
          indexes.map((index) => [index, tree.inclusion(index, size).map(base64)]),
        );
        expect(new Set(nodes).size).toBe(nodes.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([-1, 10, 0.5, Number.NaN])('are refused for %d, which is no leaf of a tree of 10', (index) => {
    expect(() => proveBatch(tree, [0, index], 10)).toThrow(RangeError);
  });
});
