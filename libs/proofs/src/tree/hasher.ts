/** The two hashes of RFC 6962 §2.1, over SHA-256. Node gives native ones (`nativeHasher`), a browser brings its own. */
export interface Hasher {
  /** SHA-256(0x00 ‖ bytes), 32 bytes. */
  leaf(bytes: Uint8Array): Uint8Array;
  /** SHA-256(0x01 ‖ left ‖ right), 32 bytes. */
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
  /** SHA-256 of nothing: the root of a tree without leaves. */
  empty(): Uint8Array;
}

export const HASH_BYTES = 32;

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
