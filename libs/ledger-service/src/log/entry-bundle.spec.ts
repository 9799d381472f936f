import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ENTRY_BYTES_MAX, formatEntryBundle, parseEntryBundle } from './entry-bundle.js';

const plain = (entries: readonly Uint8Array[] | undefined): readonly Buffer[] | undefined => entries?.map((entry) => Buffer.from(entry));

describe('a bundle of entries', () => {
  it('is each entry with 16 bits of length in front', () => {
    const bundle = formatEntryBundle([Buffer.from('ab'), new Uint8Array(0), new Uint8Array(0x1234)]);
    expect(bundle.subarray(0, 8).toString('hex')).toBe('0002616200001234');
    expect(bundle.length).toBe(8 + 0x1234);
    expect(plain(parseEntryBundle(bundle))?.map(({ length }) => length)).toEqual([2, 0, 0x1234]);
  });

  it('is read as it was written, and refused where it is cut anywhere but between entries', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.nat(), (entries, cut) => {
        const bundle = formatEntryBundle(entries);
        expect(plain(parseEntryBundle(bundle))).toEqual(plain(entries));
        const boundaries = entries.reduce<number[]>((ends, { length }) => [...ends, (ends.at(-1) ?? 0) + 2 + length], [0]);
        const at = cut % (bundle.length + 1);
        expect(parseEntryBundle(bundle.subarray(0, at)) === undefined).toBe(!boundaries.includes(at));
      }),
    );
  });

  it('takes no entry that its length cannot say', () => {
    expect(formatEntryBundle([new Uint8Array(ENTRY_BYTES_MAX)]).length).toBe(ENTRY_BYTES_MAX + 2);
    expect(() => formatEntryBundle([new Uint8Array(ENTRY_BYTES_MAX + 1)])).toThrow(RangeError);
  });
});
