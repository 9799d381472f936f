import { type Cipher, createCipheriv } from 'node:crypto';

export const RECORD_KEY_BYTES = 32;

/** A key in use. Its bytes stay inside: all that can be had is AES-256 over whole blocks. */
export class RecordKey {
  readonly #bytes: Uint8Array;
  #cipher: Cipher | undefined;

  constructor(bytes: Uint8Array) {
    if (bytes.length !== RECORD_KEY_BYTES) throw new RangeError('a record key has 32 bytes');
    this.#bytes = bytes;
  }

  /** Enciphers blocks of 16 bytes one by one (ECB): the keystream of CTR mode, when the blocks are counters. */
  encryptBlocks(blocks: Uint8Array): Uint8Array {
    this.#cipher ??= createCipheriv('aes-256-ecb', this.#bytes, null).setAutoPadding(false);
    return this.#cipher.update(blocks);
  }
}

/** `destroyed`: erased for good. `missing`: never made, or made after this reader's view of the store. */
export type RecordKeyLookup = RecordKey | 'destroyed' | 'missing';

export interface RecordKeySource {
  get(keyId: string): RecordKeyLookup;
}
