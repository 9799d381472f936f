import { cosignedMessage } from './checkpoint.js';
import { COSIGNATURE_V1, formatSignature, joined, type NoteSignature, type VerifierKey } from './signed-note.js';
import type { VerifySignature } from './verify-note.js';

const TIME_BYTES = 8;
const SIGNATURE_BYTES = 64;

/** A witness's key: `key` is of kind COSIGNATURE_V1, and its name is the witness's. */
export interface Cosigner {
  readonly key: VerifierKey;
  /** 64 bytes, Ed25519. */
  sign(message: Uint8Array): Uint8Array;
}

/**
 * Cosigns a checkpoint's text (C2SP tlog-cosignature v1): gives the line that is added to its note, without the newline.
 * Says that at this time, in seconds since 1970, it was the largest checkpoint of that log that the witness had verified.
 * Throws RangeError for a time that is no whole number of seconds, TypeError for a key of another kind.
 */
export function cosign(checkpointText: string, { key, sign }: Cosigner, timeSeconds: number): string {
  if (!Number.isSafeInteger(timeSeconds) || timeSeconds < 0) throw new RangeError('a cosignature is of a whole second since 1970');
  if (key.kind !== COSIGNATURE_V1) throw new TypeError('a cosignature is made by a key of its own kind');
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds));
  return formatSignature({ name: key.name, keyId: key.keyId, signature: joined(time, sign(cosignedMessage(checkpointText, timeSeconds))) });
}

/** When the witness with this key cosigned the checkpoint, in seconds since 1970; undefined where it did not. */
export function verifyCosignature(verify: VerifySignature, checkpointText: string, key: VerifierKey, cosignature: NoteSignature): number | undefined {
  const { name, keyId, signature } = cosignature;
  if (key.kind !== COSIGNATURE_V1 || name !== key.name || keyId !== key.keyId || signature.length !== TIME_BYTES + SIGNATURE_BYTES) return undefined;
  const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  const timeSeconds = Number(time);
  if (!Number.isSafeInteger(timeSeconds)) return undefined;
  return verify(key.publicKey, cosignedMessage(checkpointText, timeSeconds), signature.subarray(TIME_BYTES)) ? timeSeconds : undefined;
}
