import { createHmac, hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const MESSAGE_BYTES_MAX = 2_048;
/** Shortest key that is accepted, in bytes. */
export const HMAC_KEY_BYTES_MIN = 32;

/**
 * HMAC-SHA-256 (RFC 2104) with a key that is used often. Written as two one-shot hashes over prepared pads: twice as
 * fast as Node's `createHmac`, which makes an object a message. Messages are text, taken as UTF-8; long ones go to
 * `createHmac`.
 */
export class HmacSha256 {
  readonly #key: Uint8Array;
  readonly #inner = Buffer.alloc(BLOCK_BYTES + MESSAGE_BYTES_MAX);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + 32);

  /** The key has 32 to 64 bytes; it is copied. */
  constructor(key: Uint8Array) {
    if (key.length < HMAC_KEY_BYTES_MIN || key.length > BLOCK_BYTES) throw new RangeError('an HMAC key has 32 to 64 bytes');
    this.#key = Uint8Array.from(key);
    for (let index = 0; index < BLOCK_BYTES; index += 1) {
      const byte = this.#key[index] ?? 0;
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    }
  }

  digest(message: string, encoding: 'hex' | 'base64url' | 'binary'): string {
    if (message.length * 3 > MESSAGE_BYTES_MAX) return createHmac('sha256', this.#key).update(message, 'utf8').digest(encoding);
    const length = this.#inner.write(message, BLOCK_BYTES, 'utf8');
    this.#outer.write(hash('sha256', this.#inner.subarray(0, BLOCK_BYTES + length), 'binary'), BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, encoding);
  }
}
