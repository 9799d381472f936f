import { ed25519 } from '@noble/curves/ed25519.js';
import type { VerifySignature } from '../notes/verify-note.js';

/** Ed25519 without anything of Node: RFC 8032 by the letter, not the laxer ZIP 215. Never throws. */
export const nobleVerifySignature: VerifySignature = (publicKey, message, signature) => {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false; // a signature of another length, a key that is no point of the curve
  }
};
