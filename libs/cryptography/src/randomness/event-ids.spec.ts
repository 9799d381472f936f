import { describe, expect, it } from '@jest/globals';
import { isUuidV7, timeOfUuidV7 } from '#libs/kernel';
import { EventIds, exchangeIdOf, newEventIds, newExchangeId } from './event-ids.js';
import { fillRandom, randomBuffer } from './random-pool.js';

describe('event ids', () => {
  it('are UUIDv7, distinct and increasing, also when a millisecond has more than its counter', () => {
    const ids = new EventIds(() => 1_588_896_000_000).next(20_000);
    expect(ids.every(isUuidV7)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    expect(timeOfUuidV7(ids.at(-1) as string) - 1_588_896_000_000).toBeLessThan(10);
  });

  it('go on increasing when the clock steps back', () => {
    const clock = [2_000_000_000_000, 1_999_999_999_000, 2_000_000_000_001];
    const made = new EventIds(() => clock.shift() ?? 0);
    const ids = [...made.next(10), ...made.next(10), ...made.next(10)];
    expect([...ids].sort()).toEqual(ids);
  });

  it('carry the time', () => {
    const before = Date.now();
    const [id] = newEventIds(1);
    expect(timeOfUuidV7(id as string)).toBeGreaterThanOrEqual(before);
    expect(timeOfUuidV7(newExchangeId(1_588_896_000_000))).toBe(1_588_896_000_000);
  });
});

describe('the exchange id of a bulk line', () => {
  const line = { agency: '0220101100001700', bulkId: 'b-1', line: 1, bulkTimeMs: 1_588_896_000_000 };
  const secret = Buffer.alloc(32, 9);

  it('is the same for the same line, and carries the time of the bulk', () => {
    const id = exchangeIdOf(line, secret);
    expect(isUuidV7(id)).toBe(true);
    expect(timeOfUuidV7(id)).toBe(line.bulkTimeMs);
    expect(exchangeIdOf({ ...line }, Buffer.from(secret))).toBe(id);
  });

  it('differs for another line, bulk, agency or secret', () => {
    const ids = [
      exchangeIdOf(line, secret),
      exchangeIdOf({ ...line, line: 2 }, secret),
      exchangeIdOf({ ...line, bulkId: 'b-2' }, secret),
      exchangeIdOf({ ...line, agency: '0220101202001700' }, secret),
      exchangeIdOf({ ...line, bulkId: 'b-', line: 11 }, secret),
      exchangeIdOf(line, Buffer.alloc(32, 8)),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the random pool', () => {
  it('gives no bytes twice over many refills, and fills what is asked for only', () => {
    const seen = new Set<string>();
    for (let index = 0; index < 20_000; index += 1) seen.add(randomBuffer(16).toString('hex'));
    expect(seen.size).toBe(20_000);
    const target = new Uint8Array(8);
    fillRandom(target, 2, 4);
    expect([target[0], target[1], target[6], target[7]]).toEqual([0, 0, 0, 0]);
    expect(() => fillRandom(target, 6, 4)).toThrow(RangeError);
  });

  it('fills more than it holds', () => {
    expect(randomBuffer(200_000).subarray(-64).equals(Buffer.alloc(64))).toBe(false);
  });
});
