import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BatchInclusion, decodeHashes, verifyConsistency } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { entry, hex, ListSource, ORIGIN, rootOf, testSigner, verified } from './log.fixture.js';
import type { Ledger } from './ledger.js';
import { openLedger, type OpenLedgerOptions } from './lmdb-ledger.js';
import { readLedger } from './read-ledger.js';

let directory: string;
let ledgers: Ledger[];
let troubles: string[];
const signer = testSigner();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'renkei-ledger-'));
  ledgers = [];
  troubles = [];
});
afterEach(async () => {
  for (const ledger of ledgers) await ledger.close();
  await rm(directory, { recursive: true });
});

async function opened(source: ListSource, options: Partial<OpenLedgerOptions> = {}): Promise<Ledger> {
  const ledger = await openLedger({ directory, source, origin: ORIGIN, signers: [signer], onTrouble: (code) => troubles.push(code), ...options });
  ledgers.push(ledger);
  return ledger;
}
const caughtUp = async (ledger: Ledger, source: ListSource): Promise<void> => void (await ledger.integrated(await source.lastPosition()));

describe('the log of a party', () => {
  it('begins as the tree of no entries, signed', async () => {
    const ledger = await opened(new ListSource());
    expect(verified(ledger.checkpoint.note, signer)).toEqual({ origin: ORIGIN, size: 0, root: Uint8Array.from(nativeHasher.empty()) });
    expect(ledger.checkpoint).toMatchObject({ size: 0, position: 0n });
    expect(ledger.positionsOf(0, 10)).toEqual([]);
    expect(() => ledger.indexAt(1n)).toThrow(RangeError);
    expect(ledger.prove([])).toMatchObject({ places: [] });
  });

  it('holds an entry under a signed checkpoint once it is integrated, and proves it', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    const position = source.grow(3);
    const checkpoint = await ledger.integrated(position);
    expect(verified(checkpoint.note, signer)).toMatchObject({ size: 3 });
    expect(hex(checkpoint.root)).toBe(rootOf([entry(0), entry(1), entry(2)]));
    expect(checkpoint.position).toBe(position);
    expect(await ledger.integrated(0n)).toBe(checkpoint);
    expect([ledger.indexAt(position), ledger.indexAt(position, 2)]).toEqual([2, 0]);
    const { proof, places } = ledger.prove([2, 0]);
    const inclusion = new BatchInclusion(nativeHasher, proof.nodes, checkpoint);
    expect(places.map((place, at) => inclusion.includes(leafHash(entry([2, 0][at] as number)), place))).toEqual([true, true]);
    expect(inclusion.includes(leafHash(entry(1)), places[0] as never)).toBe(false);
  });

  it('grows by pages of any size to the tree of all entries, reopened at any point, with positions that have gaps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.boolean()), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 1, max: 2 ** 34 }),
        async (steps, pageMax, gap) => {
          const own = await mkdtemp(join(directory, 'run-'));
          const source = new ListSource((index) => (index % 7 === 0 ? gap : 1));
          source.pageMax = pageMax;
          let ledger = await opened(source, { directory: own });
          for (const [count, reopens] of steps) {
            const position = source.grow(count);
            const { size, root } = await ledger.integrated(position);
            expect([size, hex(root)]).toEqual([source.events.length, rootOf(source.events.map(({ bytes }) => bytes))]);
            if (!reopens) continue;
            await ledger.close();
            ledger = await opened(source, { directory: own });
            expect(ledger.checkpoint).toMatchObject({ size, position });
          }
          const positions = source.events.map(({ position }) => position);
          expect(ledger.positionsOf(0, 1e9)).toEqual(positions);
          for (const [index, position] of positions.entries()) if (index % 13 === 0) expect(ledger.indexAt(position)).toBe(index);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('proves leaves and growth between any two sizes it has had', async () => {
    const source = new ListSource();
    const ledger = await opened(source);
    source.grow(1_500);
    await caughtUp(ledger, source);
    const { root } = ledger.checkpoint;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_500 }), fc.array(fc.nat({ max: 1_499 }), { maxLength: 30 }), (seen, indexes) => {
        const { proof, places } = ledger.prove(indexes, seen);
        const inclusion = new BatchInclusion(nativeHasher, proof.nodes, { size: 1_500, root });
        expect(indexes.every((index, at) => inclusion.includes(leafHash(entry(index)), places[at] as never))).toBe(true);
        expect(proof.consistency?.from).toBe(seen);
        const hashes = decodeHashes(proof.consistency?.hashes ?? []) ?? [];
        expect(verifyConsistency(nativeHasher, { size: seen, root: ledger.rootAt(seen) }, { size: 1_500, root }, hashes)).toBe(true);
        expect(ledger.consistency(seen, 1_500).map(hex)).toEqual(hashes.map(hex));
      }),
      { numRuns: 60 },
    );
    expect(ledger.prove([0], 1_501).proof.consistency).toBeUndefined();
    expect(() => ledger.prove([1_500])).toThrow(RangeError);
    expect(() => ledger.rootAt(1_501)).toThrow(RangeError);
    expect(() => ledger.consistency(0, 1_501)).toThrow(RangeError);
    expect([ledger.tile(0, 5)?.length, ledger.tile(1, 0)?.length, ledger.tile(0, 6), ledger.tile(2, 0)]).toEqual([220 * 32, 5 * 32, undefined, undefined]);
  });

  it('is read beside its owner, as far as it was written', async () => {
    const source = new ListSource();
    const owner = await opened(source);
    source.grow(700);
    await caughtUp(owner, source);
    await owner.close();
    const reopened = await opened(source);
    const reader = await readLedger({ directory, source });
    ledgers.unshift(reader);
    expect(reader.checkpoint).toEqual(reopened.checkpoint);
    const position = source.grow(300);
    await reopened.integrated(position);
    expect(await reader.integrated(position)).toEqual(reopened.checkpoint);
    expect(reader.prove([5, 650, 999], 700)).toEqual(reopened.prove([5, 650, 999], 700));
    expect(reader.positionsOf(690, 710)).toEqual(reopened.positionsOf(690, 710));
    expect(reader.indexAt(position, 400)).toBe(599);
  });
});
