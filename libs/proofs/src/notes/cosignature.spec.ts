import { createHash, createPublicKey, generateKeyPairSync, sign, verify as nodeVerify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { cosign, type Cosigner, verifyCosignature } from './cosignature.js';
import { COSIGNATURE_V1, ED25519, formatNote, parseNote, parseSignature, type NoteSignature, verifierKeyOf, type VerifierKey } from './signed-note.js';
import { signersOf, type VerifySignature } from './verify-note.js';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const verify: VerifySignature = (publicKey, message, signature) => {
  const x = Buffer.from(publicKey).toString('base64url');
  return nodeVerify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
};

function newKey(name: string, kind: number): Cosigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { x: string }).x, 'base64url');
  return { key: verifierKeyOf(sha256, name, kind, raw), sign: (message) => sign(null, message, privateKey) };
}
const TEXT = 'renkei.example/core/1\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
const TIME = 1_679_315_147;
const witness = newKey('renkei.example/ifs-local', COSIGNATURE_V1);
const cosigned = (): NoteSignature => parseSignature(cosign(TEXT, witness, TIME)) as NoteSignature;

describe('a cosignature', () => {
  it('is the time in eight bytes and the signature over header, time and checkpoint, as C2SP tlog-cosignature says', () => {
    const { name, keyId, signature } = cosigned();
    expect({ name, keyId }).toEqual({ name: witness.key.name, keyId: witness.key.keyId });
    expect(Buffer.from(signature.subarray(0, 8)).toString('hex')).toBe('00000000641850cb');
    const message = `cosignature/v1\ntime 1679315147\n${TEXT}`;
    expect(verify(witness.key.publicKey, Buffer.from(message), signature.subarray(8))).toBe(true);
    expect(verifyCosignature(verify, TEXT, witness.key, cosigned())).toBe(TIME);
  });

  it('stands in the note beside the signature of the log, and is read from there', () => {
    const log = newKey('renkei.example/core/1', ED25519);
    const note = formatNote({ text: TEXT, signatures: [{ ...log.key, signature: log.sign(Buffer.from(TEXT)) }] });
    const read = parseNote(`${note}${cosign(TEXT, witness, TIME)}\n`);
    expect(read?.text).toBe(TEXT);
    expect(read && signersOf(verify, read, [log.key])).toEqual([log.key]);
    expect(verifyCosignature(verify, TEXT, witness.key, read?.signatures[1] as NoteSignature)).toBe(TIME);
  });

  it.each<[string, (signature: NoteSignature) => [string, VerifierKey, NoteSignature]]>([
    ['of another checkpoint', (signature) => [TEXT.replace('7', '8'), witness.key, signature]],
    ['of another witness', (signature) => [TEXT, newKey(witness.key.name, COSIGNATURE_V1).key, signature]],
    ['under another name', (signature) => [TEXT, witness.key, { ...signature, name: 'renkei.example/ifs-east' }]],
    ['of a key of another kind', (signature) => [TEXT, { ...witness.key, kind: ED25519 }, signature]],
    ['with another time', ({ signature, ...rest }) => [TEXT, witness.key, { ...rest, signature: signature.with(7, 0xcc) }]],
    ['with another signature', ({ signature, ...rest }) => [TEXT, witness.key, { ...rest, signature: signature.with(70, (signature[70] ?? 0) ^ 1) }]],
    ['that is cut off', ({ signature, ...rest }) => [TEXT, witness.key, { ...rest, signature: signature.subarray(0, 71) }]],
    ['of a time past all times', ({ signature, ...rest }) => [TEXT, witness.key, { ...rest, signature: signature.with(0, 0xff) }]],
  ])('%s does not hold', (_what, change) => expect(verifyCosignature(verify, ...change(cosigned()))).toBeUndefined());

  it('is made of a whole second, by a key of its kind', () => {
    expect(() => cosign(TEXT, witness, 0.5)).toThrow(RangeError);
    expect(() => cosign(TEXT, newKey('renkei.example/core', ED25519), TIME)).toThrow(TypeError);
  });
});

describe('the signers of a note', () => {
  const [old, next] = [newKey('renkei.example/core/1', ED25519), newKey('renkei.example/core/1', ED25519)];
  const signed = (...by: readonly Cosigner[]) => ({
    text: TEXT,
    signatures: by.map(({ key, sign: signWith }) => ({ ...key, signature: signWith(Buffer.from(TEXT)) })),
  });

  it('are those of the keys asked for that signed it', () => {
    expect(signersOf(verify, signed(old, next), [next.key])).toEqual([next.key]);
    expect(signersOf(verify, signed(old, next), [old.key, next.key])).toEqual([old.key, next.key]);
    expect(signersOf(verify, signed(old), [next.key])).toEqual([]);
  });
  it('are nobody where a signature under the id of such a key does not hold', () => {
    const forged = { text: TEXT, signatures: [...signed(old).signatures, { ...next.key, signature: new Uint8Array(64) }] };
    expect(signersOf(verify, forged, [old.key, next.key])).toBeUndefined();
    expect(signersOf(verify, forged, [old.key])).toEqual([old.key]);
  });
});
