import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { formatCheckpoint, parseCheckpoint } from './checkpoint.js';
import { formatNote, formatVerifierKey, parseNote, parseVerifierKey } from './signed-note.js';

const vectors = JSON.parse(readFileSync('libs/ledger/src/tree/fixtures/go-sumdb.json', 'utf8')) as {
  readonly verifierKey: string;
  readonly signedCheckpoint: string;
  readonly roots: Readonly<Record<string, string>>;
};
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

describe('signed notes', () => {
  it("read and write what Go's implementation signed, byte for byte", () => {
    const note = parseNote(vectors.signedCheckpoint);
    const key = parseVerifierKey(sha256, vectors.verifierKey);
    if (!note || !key) throw new Error('the vectors do not parse');
    expect(formatNote(note)).toBe(vectors.signedCheckpoint);
    expect(formatVerifierKey(key)).toBe(vectors.verifierKey);
    expect(note.signatures).toMatchObject([{ name: 'renkei.example/core/1', keyId: key.keyId }]);
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key.publicKey).toString('base64url') }, format: 'jwk' });
    expect(verify(null, Buffer.from(note.text), publicKey, (note.signatures[0] as { signature: Uint8Array }).signature)).toBe(true);
    const checkpoint = parseCheckpoint(note.text);
    expect(checkpoint).toMatchObject({ origin: 'renkei.example/core/1', size: 600 });
    expect(Buffer.from(checkpoint?.root ?? []).toString('hex')).toBe(vectors.roots['600']);
    expect(checkpoint && formatCheckpoint(checkpoint)).toBe(note.text);
  });

  it.each([
    ['no signature', 'text\n'],
    ['no blank line', 'text\n— name AAAAAAAA\n'],
    ['no last newline', 'text\n\n— name AAAAAAAA'],
    ['a signature of a key id alone', 'text\n\n— name AAAAAA==\n'],
    ['base64 that is not canonical', 'text\n\n— name AAAAAAB=\n'],
    ['a control character', 'te\u0001xt\n\n— name AAAAAAAA\n'],
    ['a hyphen for the dash', 'text\n\n- name AAAAAAAA\n'],
    ['too many signatures', `text\n\n${'— name AAAAAAAA\n'.repeat(101)}`],
  ])('refuse a note with %s', (_what, note) => expect(parseNote(note)).toBeUndefined());

  it.each([
    ['no root', 'origin\n3\n\n'],
    ['a size with a leading zero', `origin\n03\n${'A'.repeat(43)}=\n`],
    ['a root of another length', 'origin\n3\nAAAA\n'],
    ['no origin', `\n3\n${'A'.repeat(43)}=\n`],
    ['no last newline', `origin\n3\n${'A'.repeat(43)}=`],
  ])('refuse a checkpoint with %s', (_what, text) => expect(parseCheckpoint(text)).toBeUndefined());

  it('refuse a verifier key whose id is not its own', () => {
    expect(parseVerifierKey(sha256, vectors.verifierKey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'))).toBeUndefined();
  });
});
