import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBundle, encodeBundle, type Bundle } from './layout.js';
import { Positions } from './positions.js';

const HASH = Buffer.alloc(32, 7);

describe('a bundle of positions', () => {
  it.each([
    ['without gaps', [5, 6, 7], 11],
    ['with gaps', [5, 9, 4_000_000_000], 11 + 12],
    ['with wide gaps', [1, 2 ** 33, 2 ** 53 - 1], 11 + 24],
  ])('%s is as small as it can be, and reads as it was', (_, positions, bytes) => {
    const encoded = encodeBundle(positions);
    const bundle = decodeBundle(encoded);
    expect([encoded.length, bundle.count, positions.map((__, at) => bundle.at(at)), bundle.lastHash]).toEqual([bytes, 3, positions, undefined]);
  });

  it('carries the last hash of a full tile', () => {
    const bundle = decodeBundle(
      encodeBundle(
        Array.from({ length: 256 }, (_, at) => at * 3),
        HASH,
      ),
    );
    expect([bundle.at(255), bundle.lastHash]).toEqual([765, HASH]);
  });
});

describe('positions', () => {
  it('are found among more than are in memory, whatever their gaps, and nothing else is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300_000 }), fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 9 }), (count, gaps) => {
        const bundles = new Map<number, Bundle>();
        let reads = 0;
        const all: number[] = [];
        const positions = new Positions((index) => {
          reads += 1;
          return bundles.get(index);
        });
        for (let index = 0, at = 0; index < count; index += 1) {
          // long stretches without gaps, then wide ones: what interpolation finds hard
          at += Math.floor(index / 10_000) % 2 === 0 ? 1 : (gaps[index % gaps.length] as number);
          all.push(at);
          positions.push(at);
          if (positions.size % 256 === 0) bundles.set(positions.size / 256 - 1, decodeBundle(positions.encoded(positions.size / 256 - 1, HASH)));
        }
        for (let index = 0; index < count; index += 1 + Math.floor(count / 200)) {
          const position = all[index] as number;
          reads = 0;
          expect(positions.find(position)).toBe(index);
          expect(reads).toBeLessThanOrEqual(24);
          expect(positions.at(index)).toBe(position);
          if (all[index + 1] !== position + 1) expect(positions.find(position + 1)).toBeUndefined();
        }
        expect([positions.find(0), positions.find((all.at(-1) ?? 0) + 1)]).toEqual([undefined, undefined]);
        expect(() => positions.at(count)).toThrow(RangeError);
      }),
      { numRuns: 12 },
    );
  });
});
