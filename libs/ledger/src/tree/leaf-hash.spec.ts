import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { EVENT_BYTES_MAX } from '#libs/kernel';
import { leafHash } from './leaf-hash.js';

describe('leafHash', () => {
  // inputs and hashes of the Certificate Transparency reference tests for RFC 6962
  it.each([
    ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
    ['00', '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'],
    ['4c313233343536', '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56'],
  ])('of the bytes %s is the published one', (input, expected) => {
    expect(leafHash(Buffer.from(input, 'hex')).toString('hex')).toBe(expected);
  });

  it('is SHA-256 of a zero byte and the bytes, up to the longest event', () => {
    const bytes = Buffer.alloc(EVENT_BYTES_MAX, 0xe3);
    expect(leafHash(bytes)).toEqual(
      createHash('sha256')
        .update(Buffer.from([0]))
        .update(bytes)
        .digest(),
    );
    expect(leafHash(bytes.subarray(0, 3))).toEqual(
      createHash('sha256')
        .update(Buffer.from([0]))
        .update(bytes.subarray(0, 3))
        .digest(),
    );
  });

  it('does not hash what no entry can hold', () => {
    expect(() => leafHash(Buffer.alloc(EVENT_BYTES_MAX + 1))).toThrow('offset is out of bounds');
  });
});
