import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leafHash } from './leaf-hash.js';
import { nativeHasher } from './native-hasher.js';
import { TileTree } from './tile-tree.js';
import { parseTilePath, tilePath, tileWidth, verifyConsistency, verifyInclusion } from '#libs/proofs';

interface Vectors {
  readonly roots: Readonly<Record<string, string>>;
  readonly inclusion: readonly { readonly Index: number; readonly Size: number; readonly Leaf: string; readonly Proof: readonly string[] }[];
  readonly consistency: readonly { readonly Older: number; readonly Newer: number; readonly Proof: readonly string[] }[];
  readonly tilePaths: readonly string[];
}
/** Made with Go's golang.org/x/mod/sumdb/tlog v0.42.0 over the entries `entry 0` to `entry 599`. */
const vectors = JSON.parse(readFileSync('libs/ledger/src/tree/fixtures/go-sumdb.json', 'utf8')) as Vectors;
const hex = (hash: Uint8Array): string => Buffer.from(hash).toString('hex');
const bytes = (text: string): Buffer => Buffer.from(text, 'hex');

function treeOf(
  count: number,
  batch = count,
  leafOf = (index: number): Buffer => Buffer.from(`entry ${index}`),
): { tree: TileTree; tiles: Map<string, Uint8Array> } {
  const tiles = new Map<string, Uint8Array>();
  const tree = new TileTree(nativeHasher, (level, index) => tiles.get(`${level}/${index}`));
  for (let from = 0; from < count; from += batch) {
    const leaves = Array.from({ length: Math.min(batch, count - from) }, (_, offset) => leafHash(leafOf(from + offset)));
    for (const tile of tree.append(leaves)) tiles.set(`${tile.level}/${tile.index}`, tile.bytes);
  }
  return { tree, tiles };
}

describe('the tree', () => {
  it('has the roots of the Certificate Transparency reference tests', () => {
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const { tree } = treeOf(8, 8, (index) => bytes(inputs[index] as string));
    expect(hex(tree.root(0))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(hex(tree.root(1))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
    expect(hex(tree.root(8))).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
    expect(tree.inclusion(0, 8).map(hex)).toEqual([
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ]);
    expect(tree.consistency(6, 8).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it("gives the roots and proofs of Go's implementation, and accepts them", () => {
    const { tree } = treeOf(600, 7);
    const root = (size: number): Uint8Array => tree.root(size);
    for (const [size, expected] of Object.entries(vectors.roots)) expect(hex(root(Number(size)))).toBe(expected);
    for (const { Index, Size, Leaf, Proof } of vectors.inclusion) {
      expect(tree.inclusion(Index, Size).map(hex)).toEqual(Proof);
      expect(verifyInclusion(nativeHasher, bytes(Leaf), Index, Size, Proof.map(bytes), root(Size))).toBe(true);
    }
    for (const { Older, Newer, Proof } of vectors.consistency) {
      expect(tree.consistency(Older, Newer).map(hex)).toEqual(Proof);
      expect(verifyConsistency(nativeHasher, { size: Older, root: root(Older) }, { size: Newer, root: root(Newer) }, Proof.map(bytes))).toBe(true);
    }
    expect(vectors.inclusion.length + vectors.consistency.length).toBeGreaterThan(150);
  });

  it('is the same however its leaves arrive, and after it was loaded again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 3_000 }), (count, batch) => {
        const { tree, tiles } = treeOf(count, batch);
        const loaded = TileTree.load(nativeHasher, (level, index) => tiles.get(`${level}/${index}`), count);
        expect(hex(loaded.root())).toBe(hex(treeOf(count).tree.root()));
        const [next] = [leafHash(Buffer.from('next'))];
        loaded.append([next]);
        tree.append([next]);
        expect(hex(loaded.root())).toBe(hex(tree.root()));
      }),
      { numRuns: 8 },
    );
  });

  it('proves every leaf, and no other leaf, place, size or root', () => {
    const { tree } = treeOf(700);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 700 }), fc.nat(), fc.nat(), fc.nat({ max: 255 }), (size, indexSeed, nodeSeed, flip) => {
        const index = indexSeed % size;
        const leaf = leafHash(Buffer.from(`entry ${index}`));
        const proof = tree.inclusion(index, size);
        const root = tree.root(size);
        const holds = (changes: { leaf?: Uint8Array; index?: number; size?: number; proof?: readonly Uint8Array[]; root?: Uint8Array }): boolean =>
          verifyInclusion(nativeHasher, changes.leaf ?? leaf, changes.index ?? index, changes.size ?? size, changes.proof ?? proof, changes.root ?? root);
        const flipped = (hash: Uint8Array): Uint8Array => {
          const copy = Uint8Array.from(hash);
          copy[flip >> 3] = (copy[flip >> 3] ?? 0) ^ (1 << (flip & 7));
          return copy;
        };
        expect(holds({})).toBe(true);
        expect(holds({ leaf: flipped(leaf) })).toBe(false);
        expect(holds({ root: flipped(root) })).toBe(false);
        expect(holds({ index: (index + 1) % size })).toBe(false);
        expect(holds({ proof: proof.slice(1) })).toBe(false);
        expect(holds({ proof: [...proof, root] })).toBe(false);
        const at = nodeSeed % proof.length;
        expect(holds({ proof: proof.map((node, place) => (place === at ? flipped(node) : node)) })).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('accepts no other history as its own', () => {
    const { tree } = treeOf(700);
    const { tree: other } = treeOf(700, 700, (index) => Buffer.from(index === 3 ? 'rewritten' : `entry ${index}`));
    fc.assert(
      fc.property(fc.integer({ min: 4, max: 699 }), fc.integer({ min: 1, max: 700 }), (older, grown) => {
        const newer = Math.min(700, older + grown);
        const claim = { size: older, root: tree.root(older) };
        expect(verifyConsistency(nativeHasher, claim, { size: newer, root: tree.root(newer) }, tree.consistency(older, newer))).toBe(true);
        expect(verifyConsistency(nativeHasher, claim, { size: newer, root: other.root(newer) }, other.consistency(older, newer))).toBe(false);
        expect(verifyConsistency(nativeHasher, claim, { size: newer, root: other.root(newer) }, tree.consistency(older, newer))).toBe(false);
      }),
    );
  });

  it.each([
    [-1, 3],
    [3, 3],
    [0.5, 3],
    [0, 1_000],
  ])('makes no proof for leaf %d in a tree of %d', (index, size) => {
    expect(() => treeOf(10).tree.inclusion(index, size)).toThrow(RangeError);
  });
});

describe('tile paths', () => {
  it("are those of Go's implementation, both ways", () => {
    for (const line of vectors.tilePaths) {
      const [index, width, path = ''] = line.split(' ');
      expect(tilePath({ level: 1, index: Number(index), width: Number(width) })).toBe(path);
      expect(parseTilePath(path)).toEqual({ level: 1, index: Number(index), width: Number(width) });
    }
  });
  it.each([
    'tile/0/1',
    'tile/00/001',
    'tile/0/x000/001',
    'tile/0/001.p/0',
    'tile/0/001.p/256',
    'tile/0/001.p/300',
    'tile/64/001',
    'tile/0/../001',
    'tile/entries/001/',
  ])('refuse %s', (path) => expect(parseTilePath(path)).toBeUndefined());
  it('say how wide a tile is in a tree of a size', () => {
    expect([
      tileWidth(0, 0, 255),
      tileWidth(0, 0, 256),
      tileWidth(0, 1, 256),
      tileWidth(0, 1, 300),
      tileWidth(1, 0, 700),
      tileWidth('entries', 2, 700),
    ]).toEqual([255, 256, 0, 44, 2, 188]);
  });
});
