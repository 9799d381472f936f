import { hash } from 'node:crypto';
import { EVENT_BYTES_MAX } from '#libs/kernel';
import { HASH_BYTES } from '#libs/proofs';

const LEAF_PREFIX_BYTES = 1;
/** 0x00, then the bytes being hashed: one call of the native hash costs half of an object with two updates. */
const scratch = Buffer.alloc(LEAF_PREFIX_BYTES + EVENT_BYTES_MAX);
const views = new Array<Buffer | undefined>(EVENT_BYTES_MAX + 1).fill(undefined);

/**
 * Hash of a leaf of the tree: SHA-256(0x00 ‖ bytes), 32 bytes (RFC 6962 §2.1). `bytes` are an event's stored bytes, as
 * they are; longer than an entry can be (EVENT_BYTES_MAX) throws a RangeError.
 */
export function leafHash(bytes: Uint8Array): Buffer {
  scratch.set(bytes, LEAF_PREFIX_BYTES);
  return Buffer.from(hash('sha256', prefixed(bytes.length), 'binary'), 'binary');
}

/** Writes the leaf hash of the bytes at [start, end) of `source` to the 32 bytes at `at` of `target`. */
export function leafHashInto(target: Buffer, at: number, source: Buffer, start: number, end: number): void {
  if (end - start > EVENT_BYTES_MAX) throw new RangeError('an entry is longer than entries can be');
  source.copy(scratch, LEAF_PREFIX_BYTES, start, end);
  const digest = hash('sha256', prefixed(end - start), 'binary');
  for (let byte = 0; byte < HASH_BYTES; byte += 1) target[at + byte] = digest.charCodeAt(byte);
}

/** The prefix and what stands behind it, so many bytes: entries of a record are of few lengths, and a view costs a third of a hash. */
function prefixed(length: number): Buffer {
  return (views[length] ??= scratch.subarray(0, LEAF_PREFIX_BYTES + length));
}
