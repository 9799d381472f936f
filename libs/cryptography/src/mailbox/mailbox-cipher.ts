import { createCipheriv, createDecipheriv } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import { fillRandom } from '../randomness/random-pool.js';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Values at rest in the result mailbox (format.md §8): AES-256-GCM under the party's mailbox key, bound to their
 * reference. Bytes are nonce (12) · content · tag (16). Random nonces: a key is good for 2^32 values.
 */
export class MailboxCipher {
  readonly #key: Uint8Array;

  /** The key has 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new RangeError('a mailbox key has 32 bytes');
    this.#key = Uint8Array.from(key);
  }

  seal(reference: string, value: string): Buffer {
    const content = Buffer.from(value, 'utf8');
    const whole = Buffer.allocUnsafe(NONCE_BYTES + content.length + TAG_BYTES);
    fillRandom(whole, 0, NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, whole.subarray(0, NONCE_BYTES));
    cipher.setAAD(Buffer.from(reference, 'utf8'));
    cipher.update(content).copy(whole, NONCE_BYTES);
    cipher.final();
    cipher.getAuthTag().copy(whole, NONCE_BYTES + content.length);
    return whole;
  }

  /** Throws MAILBOX_VALUE_CORRUPT where the bytes were not sealed under this key and reference. */
  open(reference: string, sealed: Uint8Array): string {
    const whole = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const end = whole.length - TAG_BYTES;
    if (end < NONCE_BYTES) throw corrupt();
    const decipher = createDecipheriv('aes-256-gcm', this.#key, whole.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(reference, 'utf8'));
    decipher.setAuthTag(whole.subarray(end));
    const content = decipher.update(whole.subarray(NONCE_BYTES, end));
    try {
      decipher.final();
    } catch {
      throw corrupt();
    }
    return content.toString('utf8');
  }
}

const corrupt = (): DomainError => new DomainError('MAILBOX_VALUE_CORRUPT', 'internal', 'a value in the result mailbox does not open under its reference');
