import { sha256, verifyEd25519 } from '#libs/ledger';
import { COSIGNATURE_V1, formatVerifierKey, keyIdOf, parseNote, parseSignature, parseVerifierKey, verifyCosignature } from '#libs/proofs';

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
    const timeSeconds = key && verifyCosignature(verifyEd25519, text, key, signature);
    if (timeSeconds !== undefined) return timeSeconds;
  }
  return undefined;
}
