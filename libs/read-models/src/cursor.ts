import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { invalid } from '#libs/kernel';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CURSOR_LETTERS_MAX = 512;

/**
 * Cursors that tell nothing and take no tampering: where a page ended, enciphered (AES-256-GCM) and bound to the very
 * question, so that a cursor of one agency, person or filter opens no other. Valid as long as the party keeps its secret.
 */
export class Cursors {
  readonly #key: Buffer;

  constructor(streamSecret: Uint8Array) {
    this.#key = Buffer.from(hkdfSync('sha256', streamSecret, '', 'renkei/cursor/v1', 32));
  }

  /** `binding`: the question's name and everything of it that chooses rows. */
  seal(binding: string, place: readonly (string | number)[]): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(binding, 'utf8'));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(place), 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** Throws CURSOR_INVALID where it was not sealed here for this question. */
  open(binding: string, cursor: string): readonly (string | number)[] {
    const bytes = cursor.length <= CURSOR_LETTERS_MAX ? Buffer.from(cursor, 'base64url') : Buffer.alloc(0);
    if (bytes.length <= NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== cursor) throw refused();
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(binding, 'utf8'));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const place = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8');
      return JSON.parse(place) as readonly (string | number)[];
    } catch (error) {
      throw refused(error);
    }
  }
}

const refused = (_cause?: unknown): Error => invalid('cursor', 'cursor', 'the cursor is not one of this question: begin again without it', 'CURSOR_INVALID');
