import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { SignedCheckpoint } from './ledger.js';
import { Waiters } from './waiters.js';

const signed = (position: bigint): SignedCheckpoint => ({ note: '', origin: 'o', size: Number(position), root: Buffer.alloc(32), position });

describe('who waits for an entry', () => {
  it('is told by the first checkpoint that covers it', async () => {
    const waiters = new Waiters();
    const told: string[] = [];
    const waits = [3n, 1n, 2n].map((position) => waiters.wait(position).then(({ size }) => told.push(`${position} under ${size}`)));
    expect([waiters.upTo(0n), waiters.upTo(1n)]).toEqual([false, true]);
    waiters.signed(signed(2n));
    await sleep(0);
    expect([told, waiters.any]).toEqual([['1 under 2', '2 under 2'], true]);
    waiters.signed(signed(3n));
    await Promise.all(waits);
    expect([told.at(-1), waiters.any]).toEqual(['3 under 3', false]);
  });

  it('waits no longer than it may', async () => {
    const waiters = new Waiters(20);
    const wait = expect(waiters.wait(1n)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await sleep(1_100); // also keeps the process alive: nobody's waiting does
    await wait;
    expect(waiters.any).toBe(false);
  });

  it('is refused as busy where too many wait already', async () => {
    const waiters = new Waiters();
    const waits = Array.from({ length: 65_536 }, () => waiters.wait(1n));
    await expect(waiters.wait(1n)).rejects.toMatchObject({ code: 'LEDGER_BUSY', kind: 'busy' });
    waiters.signed(signed(1n));
    expect((await Promise.all(waits)).length).toBe(65_536);
  });
});
