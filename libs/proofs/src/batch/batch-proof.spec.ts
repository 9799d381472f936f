import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashOfRange, inclusionProof, type NodeReader } from '../tree/proofs.js';
import type { Hasher } from '../tree/hasher.js';
import { BatchInclusion, decodeHashes, encodeHashes, type Place } from './batch-proof.js';

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const hasher: Hasher = {
  leaf: (bytes) => sha256(Uint8Array.of(0), bytes),
  node: (left, right) => sha256(Uint8Array.of(1), left, right),
  empty: () => sha256(),
};
const leaf = (index: number): Uint8Array => hasher.leaf(Buffer.from(`entry ${index}`));
const read: NodeReader = (level, index) => (level === 0 ? leaf(index) : hasher.node(read(level - 1, index * 2), read(level - 1, index * 2 + 1)));

/** The proofs of some leaves, each hash once. */
function batchOf(indexes: readonly number[], size: number): { readonly nodes: string[]; readonly places: Place[]; readonly root: Uint8Array } {
  const nodes: string[] = [];
  const places = indexes.map((index) => ({
    index,
    path: encodeHashes(inclusionProof(hasher, read, index, size)).map((hash) => {
      if (!nodes.includes(hash)) nodes.push(hash);
      return nodes.indexOf(hash);
    }),
  }));
  return { nodes, places, root: hashOfRange(hasher, read, 0, size) };
}
const cases = fc.integer({ min: 1, max: 80 }).chain((size) => fc.tuple(fc.constant(size), fc.array(fc.nat(size - 1), { minLength: 1, maxLength: 12 })));

describe('BatchInclusion', () => {
  it('finds every leaf of a batch at its place, and nothing else there', () => {
    fc.assert(
      fc.property(cases, ([size, indexes]) => {
        const { nodes, places, root } = batchOf(indexes, size);
        const inclusion = new BatchInclusion(hasher, nodes, { size, root });
        for (const place of places) {
          expect(inclusion.includes(leaf(place.index), place)).toBe(true);
          expect(inclusion.includes(leaf(size), place)).toBe(false);
        }
      }),
    );
  });

  it('finds nothing under another root, size, index, path or hash', () => {
    fc.assert(
      fc.property(cases, fc.nat(), ([size, indexes], pick) => {
        const { nodes, places, root } = batchOf(indexes, size);
        const place = places[0] as Place;
        const includes = (given: Partial<{ nodes: string[]; size: number; root: Uint8Array; place: Place }>): boolean =>
          new BatchInclusion(hasher, given.nodes ?? nodes, { size: given.size ?? size, root: given.root ?? root }).includes(
            leaf(place.index),
            given.place ?? place,
          );
        expect(includes({ root: leaf(1) })).toBe(false);
        expect(includes({ place: { ...place, index: place.index + 1 } })).toBe(false);
        expect(includes({ place: { ...place, path: [...place.path, pick % (nodes.length + 1)] } })).toBe(false);
        if (place.path.length === 0) return;
        const at = pick % place.path.length;
        expect(includes({ place: { ...place, path: place.path.toSpliced(at, 1) } })).toBe(false);
        expect(includes({ place: { ...place, path: place.path.with(at, nodes.length) } })).toBe(false);
        const forged = nodes.with(place.path[at] as number, encodeHashes([leaf(1_000)])[0] as string);
        expect(includes({ nodes: forged })).toBe(false);
      }),
    );
  });

  it('finds nothing where a hash is none', () => {
    const { nodes, places, root } = batchOf([3], 9);
    for (const bad of ['', 'AAAA', 'é'.repeat(44), `${'A'.repeat(42)}B=`]) {
      expect(new BatchInclusion(hasher, nodes.with(0, bad), { size: 9, root }).includes(leaf(3), places[0] as Place)).toBe(false);
      expect(decodeHashes([bad])).toBeUndefined();
    }
  });
});
