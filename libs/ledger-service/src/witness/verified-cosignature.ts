import { hash } from 'node:crypto';
import { VerificationKey } from '#libs/cryptography';
import { COSIGNATURE_V1, formatVerifierKey, keyIdOf, parseNote, parseSignature, parseVerifierKey, verifyCosignature, type VerifySignature } from '#libs/proofs';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const verify: VerifySignature = (publicKey, message, signature) => new VerificationKey(Buffer.from(publicKey).toString('base64url')).verify(message, signature);

/** Verifier key of a cosigner (kind 0x04). `publicText`: Ed25519 public key, base64url, as the directory has it. */
export function cosignerKey(name: string, publicText: string): string {
  const publicKey = Buffer.from(publicText, 'base64url');
  return formatVerifierKey({ name, keyId: keyIdOf(sha256, name, COSIGNATURE_V1, publicKey), kind: COSIGNATURE_V1, publicKey });
}

/** When one of these keys cosigned the note's text with this line, in seconds since 1970; undefined where none did. */
export function cosignedAt(note: string, line: string, keys: readonly string[]): number | undefined {
  const text = parseNote(note)?.text;
  const signature = parseSignature(line);
  if (text === undefined || signature === undefined) return undefined;
  for (const encoded of keys) {
    const key = parseVerifierKey(sha256, encoded);
    const timeSeconds = key && verifyCosignature(verify, text, key, signature);
    if (timeSeconds !== undefined) return timeSeconds;
  }
  return undefined;
}
