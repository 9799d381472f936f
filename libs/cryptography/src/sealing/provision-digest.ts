import { hash } from 'node:crypto';
import { randomBuffer } from '../randomness/random-pool.js';

export const PROVISION_SALT_BYTES = 32;

/** What a digest is made of besides the payload. Travels inside the sealed payload, so that only the two sides can test a guess. */
export type ProvisionSalt = Uint8Array;

export const newProvisionSalt = (): ProvisionSalt => randomBuffer(PROVISION_SALT_BYTES);

/** Salt ‖ payload (UTF-8): what is sealed, and what the digest is taken of. */
export function saltedContent(salt: ProvisionSalt, payload: string): Buffer {
  if (salt.length !== PROVISION_SALT_BYTES) throw new RangeError('a provision salt has 32 bytes');
  const content = Buffer.allocUnsafe(PROVISION_SALT_BYTES + Buffer.byteLength(payload, 'utf8'));
  content.set(salt);
  content.write(payload, PROVISION_SALT_BYTES, 'utf8');
  return content;
}

export const digestOfContent = (content: Uint8Array): string => hash('sha256', content, 'base64url');

/** SHA-256(32 random bytes ‖ payload), base64url (format.md §2): what requester, core and provider record of provided data. */
export const provisionDigest = (salt: ProvisionSalt, payload: string): string => digestOfContent(saltedContent(salt, payload));
