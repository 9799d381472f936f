import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { SealedField } from '#libs/kernel';
import { RecordKey, type RecordKeyLookup } from '../record-keys/record-key.js';
import { applyCounterMode } from './counter-mode.js';
import { commitmentTo, verifyDisclosure } from './disclosure.js';
import { type OpenedField, ProtectedFields } from './protected-fields.js';

const secret = randomBytes(32);
const held = new Map<string, RecordKeyLookup>([
  ['record/core/2020-05', new RecordKey(secret)],
  ['record/core/2020-06', new RecordKey(randomBytes(32))],
  ['record/core/2013-05', 'destroyed'],
]);
const fields = new ProtectedFields({ get: (keyId) => held.get(keyId) ?? 'missing' });
const MAY = 'record/core/2020-05';
const JUNE = 'record/core/2020-06';
const codeOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};
const valueOf = (opened: OpenedField): string => (opened.erased ? 'erased' : opened.value);

describe('counter mode over cached contexts', () => {
  const native = (nonce: Uint8Array, bytes: Uint8Array): string => createCipheriv('aes-256-ctr', secret, nonce).update(bytes).toString('hex');
  const ours = (messages: readonly { nonce: Uint8Array; bytes: Uint8Array }[]): string[] => {
    const copies = messages.map(({ nonce, bytes }) => ({ nonce, bytes: Uint8Array.from(bytes) }));
    applyCounterMode((blocks) => new RecordKey(secret).encryptBlocks(blocks), copies);
    return copies.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
  };

  it('equals native aes-256-ctr for every length up to 600 bytes, all in one batch', () => {
    const messages = Array.from({ length: 601 }, (_, length) => ({ nonce: randomBytes(16), bytes: randomBytes(length) }));
    expect(ours(messages)).toEqual(messages.map(({ nonce, bytes }) => native(nonce, bytes)));
  });

  it('equals it where the counter carries over one, several and all bytes', () => {
    const messages = ['00'.repeat(16), 'ff'.repeat(16), `${'00'.repeat(8)}${'ff'.repeat(8)}`, `${'ab'.repeat(13)}fffffe`, `${'00'.repeat(15)}fe`].map(
      (nonce) => ({
        nonce: Buffer.from(nonce, 'hex'),
        bytes: randomBytes(5_000),
      }),
    );
    expect(ours(messages)).toEqual(messages.map(({ nonce, bytes }) => native(nonce, bytes)));
  });

  it('equals it for messages past what one call of the cipher takes', () => {
    const messages = [45_000, 65_536, 65_537, 200_000, 0, 1].map((length) => ({ nonce: randomBytes(16), bytes: randomBytes(length) }));
    expect(ours(messages)).toEqual(messages.map(({ nonce, bytes }) => native(nonce, bytes)));
  });
});

describe('protected fields', () => {
  it('follow the stored format byte by byte', () => {
    const [field] = fields.protect(MAY, ['個人']);
    const { salt, value } = fields.disclose(field as SealedField);
    const plain = Buffer.concat([Buffer.from(salt, 'base64url'), Buffer.from(value, 'utf8')]);
    const commitment = createHash('sha256').update(plain).digest();
    const sealed = createCipheriv('aes-256-ctr', secret, commitment.subarray(0, 16)).update(plain);
    expect(field).toEqual({ key: MAY, commitment: commitment.toString('base64url'), sealed: sealed.toString('base64url') });
  });

  it('open to what was sealed, under many keys, in the order given', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(MAY, JUNE), fc.string({ unit: 'grapheme', maxLength: 80 }))), (input) => {
        const sealed = fields.protectAll(input.map(([keyId, value]) => ({ keyId, value })));
        expect(sealed.map((field) => field.key)).toEqual(input.map(([keyId]) => keyId));
        expect(fields.openAll(sealed).map(valueOf)).toEqual(input.map(([, value]) => value));
      }),
    );
  });

  it('hide that two values are equal', () => {
    const [first, second] = fields.protect(MAY, ['same', 'same']);
    expect(first?.commitment).not.toBe(second?.commitment);
    expect(first?.sealed).not.toBe(second?.sealed);
  });

  it('are erased where their key was destroyed, beside others that are not', () => {
    const [kept] = fields.protect(MAY, ['kept']) as [SealedField];
    const gone = { ...kept, key: 'record/core/2013-05' };
    expect(fields.openAll([gone, kept, gone]).map(valueOf)).toEqual(['erased', 'kept', 'erased']);
    expect(codeOf(() => fields.disclose(gone))).toBe('RECORD_ERASED');
    expect(codeOf(() => fields.protect('record/core/2013-05', ['x']))).toBe('RECORD_KEY_DESTROYED');
  });

  it('are neither made nor opened under a key that was never made', () => {
    const [field] = fields.protect(MAY, ['x']) as [SealedField];
    expect(codeOf(() => fields.protect('record/core/2020-07', ['x']))).toBe('RECORD_KEY_MISSING');
    expect(codeOf(() => fields.open({ ...field, key: 'record/core/2020-07' }))).toBe('RECORD_KEY_MISSING');
  });

  it('do not open when a bit of the sealed bytes or the commitment is flipped, or under another key', () => {
    const [field] = fields.protect(MAY, ['0220101100001700']) as [SealedField];
    expect(codeOf(() => fields.open({ ...field, key: JUNE }))).toBe('SEALED_FIELD_CORRUPT');
    expect(codeOf(() => fields.open({ ...field, sealed: '' }))).toBe('SEALED_FIELD_CORRUPT');
    for (const part of ['sealed', 'commitment'] as const) {
      const bytes = Buffer.from(field[part], 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(codeOf(() => fields.open({ ...field, [part]: flipped.toString('base64url') }))).toBe('SEALED_FIELD_CORRUPT');
      }
    }
  });

  it('refuse a value that UTF-8 cannot hold', () => {
    expect(codeOf(() => fields.protect(MAY, ['\ud800']))).toBe('INVALID_INPUT');
  });
});

describe('a disclosure', () => {
  it('verifies against the field or commitment that it opens, and nothing else does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (value, other) => {
        const [field, second] = fields.protect(MAY, [value, value]) as [SealedField, SealedField];
        const disclosure = fields.disclose(field);
        expect(verifyDisclosure(field, disclosure)).toBe(true);
        expect(verifyDisclosure(field.commitment, disclosure)).toBe(true);
        expect(commitmentTo(disclosure)).toBe(field.commitment);
        expect(verifyDisclosure(second, disclosure)).toBe(false);
        expect(verifyDisclosure(field, { ...disclosure, value: other })).toBe(other === value);
      }),
    );
  });

  it('is refused where its salt is not 16 bytes, so that no byte moves between salt and value', () => {
    const [field] = fields.protect(MAY, ['abc']) as [SealedField];
    const { salt, value } = fields.disclose(field);
    for (const wrong of ['', salt.slice(1), `${salt}A`, `${salt}=`, `${salt.slice(0, 21)}B`])
      expect(verifyDisclosure(field, { salt: wrong, value })).toBe(false);
  });
});
