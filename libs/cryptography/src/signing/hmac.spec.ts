import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HmacNames } from './hmac-names.js';
import { HmacSha256 } from './hmac-sha256.js';

describe('HMAC-SHA-256 from two hashes', () => {
  it('equals the native one for any key and message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), fc.string({ unit: 'grapheme', maxLength: 900 }), (key, message) => {
        const hmac = new HmacSha256(key);
        expect(hmac.digest(message, 'hex')).toBe(createHmac('sha256', key).update(message, 'utf8').digest('hex'));
        expect(hmac.digest(message, 'base64url')).toBe(createHmac('sha256', key).update(message, 'utf8').digest('base64url'));
      }),
    );
  });

  it('equals it around the length that goes to the native one', () => {
    const key = Buffer.alloc(32, 3);
    const hmac = new HmacSha256(key);
    for (const letter of ['a', 'é', '符', '𠮷']) {
      for (const length of [0, 1, 340, 341, 682, 683, 684, 2_047, 2_048, 5_000]) {
        const message = letter.repeat(length);
        expect(hmac.digest(message, 'hex')).toBe(createHmac('sha256', key).update(message, 'utf8').digest('hex'));
      }
    }
  });

  it('refuses a key that is too short', () => {
    expect(() => new HmacSha256(Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe('names that point to a person', () => {
  const names = new HmacNames(Buffer.alloc(32, 1));

  it('are 32 hex digits, equal for equal keys, different between agencies, kinds and secrets', () => {
    const made = [
      names.subject('0220101100001700', '1'),
      names.subject('0220101202001700', '1'),
      names.identifier('0220101100001700', Buffer.alloc(12)),
      names.acquisition('1'),
      names.resident('1'),
      names.individualNumber('1'),
      new HmacNames(Buffer.alloc(32, 2)).subject('0220101100001700', '1'),
    ];
    expect(new Set(made).size).toBe(made.length);
    for (const name of made) expect(name).toMatch(/^[0-9a-f]{32}$/);
    expect(names.subject('0220101100001700', '1')).toBe(made[0]);
  });

  it('are the first half of HMAC-SHA-256 under the stream secret', () => {
    expect(names.streamId('x')).toBe(createHmac('sha256', Buffer.alloc(32, 1)).update('x').digest('hex').slice(0, 32));
  });
});
