import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBase64, toBase64 } from './base64.js';

describe('base64', () => {
  it('is what Node writes and reads', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(toBase64(bytes)).toBe(text);
        expect(fromBase64(text)).toEqual(bytes);
      }),
    );
  });

  it('has one form only: whatever is read is written the same', () => {
    const characters = fc.constantFrom(...'ABwx/+=-_ é\n');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(characters, { maxLength: 12 }).map((all) => all.join('')),
        ),
        (text) => {
          const bytes = fromBase64(text);
          if (bytes) expect(toBase64(bytes)).toBe(text);
        },
      ),
      { numRuns: 2_000 },
    );
    for (const text of ['A', 'AB', 'AA=', 'AA==AA==', 'AB==', 'AAB=', '====', 'AA=A', 'A===', 'AA-_', 'AAé=']) expect(fromBase64(text)).toBeUndefined();
  });
});
