import { hash } from 'node:crypto';
import { EVENT_BYTES_MAX } from '#libs/kernel';

const LEAF_PREFIX_BYTES = 1;
/** 0x00, then the bytes being hashed: one call of the native hash costs half of an object with two updates. */
const scratch = Buffer.alloc(LEAF_PREFIX_BYTES + EVENT_BYTES_MAX);

/**
 * Hash of a leaf of the tree: SHA-256(0x00 ‖ bytes), 32 bytes (RFC 6962 §2.1). `bytes` are an event's stored bytes, as
 * they are; longer than an entry can be (EVENT_BYTES_MAX) throws a RangeError.
 */
export function leafHash(bytes: Uint8Array): Buffer {
  scratch.set(bytes, LEAF_PREFIX_BYTES);
  return Buffer.from(hash('sha256', scratch.subarray(0, LEAF_PREFIX_BYTES + bytes.length), 'binary'), 'binary');
}
