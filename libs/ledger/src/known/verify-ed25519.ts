import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { VerifySignature } from '#libs/proofs';

/** Key objects kept; a key is the same object as long as its log is spoken with. */
const KEYS_MAX = 1_024;
const keys = new Map<string, KeyObject>();

function keyObject(publicKey: Uint8Array): KeyObject {
  const x = Buffer.from(publicKey).toString('base64url');
  const known = keys.get(x);
  if (known) return known;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (keys.size >= KEYS_MAX) keys.delete(keys.keys().next().value as string);
  keys.set(x, key);
  return key;
}

/** Node's own Ed25519: about 110 µs a signature, so a note is verified once and remembered. */
export const verifyEd25519: VerifySignature = (publicKey, message, signature) => verify(null, message, keyObject(publicKey), signature);

/** SHA-256, 32 bytes: what key ids are made with. */
export const sha256 = (bytes: Uint8Array): Uint8Array => Buffer.from(hash('sha256', bytes, 'hex'), 'hex');
