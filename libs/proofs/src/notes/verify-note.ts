import type { SignedNote, VerifierKey } from './signed-note.js';

/** Ed25519 (RFC 8032): true where the signature (64 bytes) is the key's (32 bytes) over the message. Node and a browser bring their own. */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

const SIGNATURE_BYTES = 64;

/**
 * Those of the keys (of kind ED25519) that signed the note; undefined where a signature under one of their ids does not
 * hold (C2SP signed-note: the note is refused then, whoever else signed it). Signatures of keys not asked for say nothing.
 */
export function signersOf(verify: VerifySignature, { text, signatures }: SignedNote, keys: readonly VerifierKey[]): VerifierKey[] | undefined {
  const message = new TextEncoder().encode(text);
  const signers: VerifierKey[] = [];
  for (const { name, keyId, signature } of signatures) {
    const key = keys.find((one) => one.name === name && one.keyId === keyId);
    if (!key || signers.includes(key)) continue;
    if (signature.length !== SIGNATURE_BYTES || !verify(key.publicKey, message, signature)) return undefined;
    signers.push(key);
  }
  return signers;
}
