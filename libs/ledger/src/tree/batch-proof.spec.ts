import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchInclusion, decodeHashes, fromBase64, type Place, toBase64, verifyInclusion } from '#libs/proofs';
import { leafHash } from './leaf-hash.js';
import { nativeHasher } from './native-hasher.js';
import { TileTree } from './tile-tree.js';

const LEAVES = 700;
const tiles = new Map<string, Buffer>();
const tree = new TileTree(nativeHasher, (level, index) => tiles.get(`${level}/${index}`));
const leaves = Array.from({ length: LEAVES }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
for (const { level, index, bytes } of tree.append(leaves)) tiles.set(`${level}/${index}`, bytes);

/** Each hash once, as a log gives them. */
function batchOf(indexes: readonly number[], size: number): { nodes: string[]; places: Place[] } {
  const nodes: string[] = [];
  const at = new Map<string, number>();
  const places = indexes.map((index) => {
    const path = tree.inclusion(index, size).map((hash) => {
      const text = toBase64(hash);
      const known = at.get(text) ?? nodes.push(text) - 1;
      at.set(text, known);
      return known;
    });
    return { index, path };
  });
  return { nodes, places };
}

const batches = fc
  .integer({ min: 1, max: LEAVES })
  .chain((size) => fc.tuple(fc.constant(size), fc.array(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: 40 }), fc.nat(), fc.nat()));

describe('the proofs of a batch', () => {
  it('hold for neighbours and strangers, in any order, told twice', () => {
    fc.assert(
      fc.property(batches, ([size, indexes]) => {
        const { nodes, places } = batchOf(indexes, size);
        const inclusion = new BatchInclusion(nativeHasher, nodes, { size, root: tree.root(size) });
        for (const place of [...places, ...places]) expect(inclusion.includes(leaves[place.index] as Buffer, place)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('say of whatever was changed what each path alone says of it', () => {
    const kinds = ['leaf', 'index', 'shorter', 'longer', 'step', 'swapped'] as const;
    fc.assert(
      fc.property(batches, fc.constantFrom(...kinds), fc.boolean(), ([size, indexes, seed, other], kind, first) => {
        const { nodes, places } = batchOf(indexes, size);
        const root = tree.root(size);
        const at = seed % places.length;
        const { index, path } = places[at] as Place;
        const changed = {
          leaf: { index, path },
          index: { index: (index + 1 + (other % 7)) % size, path },
          shorter: { index, path: path.slice(0, -1) },
          longer: { index, path: [...path, other % Math.max(nodes.length, 1)] },
          step: { index, path: path.map((node, step) => (step === other % path.length ? (node + 1) % nodes.length : node)) },
          swapped: { index, path: (places[other % places.length] as Place).path },
        }[kind];
        const leaf = leaves[kind === 'leaf' ? (index + 1) % LEAVES : index] as Buffer;
        const alone = verifyInclusion(
          nativeHasher,
          leaf,
          changed.index,
          size,
          changed.path.map((node) => decodeHashes(nodes)?.[node] ?? new Uint8Array()),
          root,
        );
        const inclusion = new BatchInclusion(nativeHasher, nodes, { size, root });
        if (!first) for (const place of places) inclusion.includes(leaves[place.index] as Buffer, place);
        expect(inclusion.includes(leaf, changed)).toBe(alone);
        // and nobody else suffers
        for (const place of places) expect(inclusion.includes(leaves[place.index] as Buffer, place)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it.each<[string, Place]>([
    ['no index', { index: Number.NaN, path: [0] }],
    ['an index past the tree', { index: LEAVES, path: [0] }],
    ['a path that is none', { index: 0, path: 'path' as unknown as number[] }],
    ['a step that is none', { index: 0, path: ['length' as unknown as number] }],
    ['a path without end', { index: 0, path: new Array<number>(100_000).fill(0) }],
  ])('refuse %s', (_what, place) => {
    const { nodes } = batchOf([0, 1], LEAVES);
    expect(new BatchInclusion(nativeHasher, nodes, { size: LEAVES, root: tree.root() }).includes(leaves[0] as Buffer, place)).toBe(false);
  });

  it('refuse everything where a hash is not one', () => {
    const { nodes, places } = batchOf([5], LEAVES);
    const inclusion = new BatchInclusion(nativeHasher, [...nodes, 'short'], { size: LEAVES, root: tree.root() });
    expect(inclusion.includes(leaves[5] as Buffer, places[0] as Place)).toBe(false);
  });
});

describe('a hash as text', () => {
  it('is read as standard base64 is, and only in its one canonical form', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.nat({ max: 43 }),
        fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }),
        (bytes, at, letter) => {
          const text = toBase64(bytes);
          expect(decodeHashes([text])).toEqual([bytes]);
          const changed = text.slice(0, at) + letter + text.slice(at + 1);
          const whole = fromBase64(changed);
          expect(decodeHashes([changed])).toEqual(whole?.length === 32 ? [whole] : undefined);
        },
      ),
      { numRuns: 500 },
    );
  });
});
