import { describe, expect, it } from '@jest/globals';
import type { Cosignature, SignedCheckpoint } from './ledger.js';
import { testSigner, ORIGIN } from './log.fixture.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { Witnessing } from './witnessing.js';

const signer = new CheckpointSigner(ORIGIN, [testSigner()]);
const checkpointOf = (size: number): SignedCheckpoint => signer.sign(size, Buffer.alloc(32, size % 256), BigInt(size));
const by = (witness: string, size: number, timeSeconds = 1): Cosignature => ({
  witness,
  size,
  timeSeconds,
  line: `— ${witness} ${Buffer.alloc(76, timeSeconds).toString('base64')}`,
});

describe('entries that wait to be witnessed', () => {
  it('wait since the first of them came, also where a witness lags behind', () => {
    const witnessing = new Witnessing();
    for (let second = 0; second < 100; second += 1) witnessing.grown((second + 1) * 10, second * 1_000);
    expect(witnessing.sinceMs).toBe(0);
    witnessing.add(checkpointOf(505), by('w', 505), 1_000);
    expect(witnessing.sinceMs).toBe(49_000); // entry 505 came between second 49 and 50
    witnessing.add(checkpointOf(1_000), by('w', 1_000), 1_000);
    expect(witnessing.sinceMs).toBeUndefined();
    witnessing.grown(1_001, 200_000);
    expect(witnessing.sinceMs).toBe(200_000);
  });

  it('are not forgotten in a long outage, and take no more memory for it', () => {
    const witnessing = new Witnessing();
    for (let second = 0; second < 50_000; second += 1) witnessing.grown(second + 1, second * 1_000);
    expect(witnessing.sinceMs).toBe(0);
    witnessing.add(checkpointOf(25_000), by('w', 25_000), 50_000);
    const sinceSeconds = (witnessing.sinceMs ?? 0) / 1_000;
    expect(sinceSeconds).toBeGreaterThan(24_800);
    expect(sinceSeconds).toBeLessThanOrEqual(25_000);
  });

  it('are those above the newest that any witness cosigned; at one size the newest signature of a witness counts', () => {
    const witnessing = new Witnessing();
    witnessing.grown(5, 0);
    expect(witnessing.add(checkpointOf(5), by('w', 5, 2), 5)).toBe(true);
    expect(witnessing.add(checkpointOf(5), by('w', 5, 1), 5)).toBe(false);
    expect(witnessing.add(checkpointOf(5), by('w', 5, 3), 5)).toBe(true);
    expect(witnessing.add(checkpointOf(4), by('x', 4), 5)).toBe(true);
    expect(witnessing.cosigned?.note).toBe(`${checkpointOf(5).note}${by('w', 5, 3).line}\n`);
    expect([witnessing.sizes, witnessing.sinceMs]).toEqual([
      new Map([
        ['w', 5],
        ['x', 4],
      ]),
      undefined,
    ]);
    expect(new Witnessing(witnessing.stored()).cosigned).toEqual(witnessing.cosigned);
  });

  it('have no more witnesses than a note has room for', () => {
    const witnessing = new Witnessing();
    for (let witness = 0; witness < 96; witness += 1) witnessing.add(checkpointOf(1), by(`w${witness}`, 1), 1);
    expect(() => witnessing.add(checkpointOf(1), by('one-more', 1), 1)).toThrow(expect.objectContaining({ code: 'LEDGER_WITNESSES_TOO_MANY' }));
  });
});
