import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { UniqueIds } from './unique-ids.js';

/** Ids whose time grows by one millisecond with each; four words an id. */
function idsFrom(startMs: number, count: number): Uint32Array {
  const words = new Uint32Array(Uint8Array.from(randomBytes(count * 16)).buffer);
  for (let index = 0; index < count; index += 1) {
    const timeMs = startMs + index;
    words[index * 4] = Math.floor(timeMs / 2 ** 16);
    words[index * 4 + 1] = ((timeMs % 2 ** 16) << 16) | 0x7000;
  }
  return words;
}
const one = (ids: Uint32Array, index: number): Uint32Array => ids.slice(index * 4, index * 4 + 4);
const GENERATION = 2 ** 10;
const PAGE = 2 ** 9;

describe('unique ids', () => {
  it('tells an id that comes again soon', () => {
    const unique = new UniqueIds(GENERATION);
    const ids = idsFrom(1, 1_000);
    expect(unique.take(ids)).toBeUndefined();
    expect(unique.take(Uint32Array.from([...idsFrom(2_000, 2), ...one(ids, 7)]))).toBe(2);
  });

  it('tells one that comes again after all tables were forgotten, by going through all once more', () => {
    const unique = new UniqueIds(GENERATION);
    const pages = [0, 1, 2, 3, 4, 5, 6, 7].map((page) => idsFrom(1 + page * PAGE, PAGE));
    for (const page of pages) expect(unique.take(page)).toBeUndefined();
    expect(unique.passes(8 * PAGE)).toBe(0);
    expect(unique.take(one(pages[0] as Uint32Array, 5))).toBeUndefined();
    expect(unique.passes(8 * PAGE + 1)).toBe(1);
    const again = unique.again(0, 1);
    expect(pages.map(again)).toEqual(pages.map(() => undefined));
    expect(again(one(pages[0] as Uint32Array, 5))).toBe(0);
  });

  it('goes through all in parts where too many are out of order', () => {
    const unique = new UniqueIds(GENERATION);
    const pages = [8, 7, 6, 5, 4, 3, 2, 1].map((page) => idsFrom(1 + page * PAGE, PAGE));
    for (const page of pages) unique.take(page);
    unique.take(one(pages[0] as Uint32Array, 3));
    const events = 8 * PAGE + 1;
    const passes = unique.passes(events);
    expect(passes).toBeGreaterThan(1);
    const repeated = Array.from({ length: passes }, (_, pass) => {
      const again = unique.again(pass, passes);
      return [...pages, one(pages[0] as Uint32Array, 3)].flatMap((page) => again(page) ?? []);
    });
    expect(repeated.flat()).toEqual([0]);
  });
});
