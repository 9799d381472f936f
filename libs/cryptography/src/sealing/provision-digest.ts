import { createHash } from 'node:crypto';
import { randomBuffer } from '../randomness/random-pool.js';

export const PROVISION_SALT_BYTES = 32;

/** What a digest is made of besides the payload. Travels inside the sealed payload, so that only the two sides can test a guess. */
export type ProvisionSalt = Uint8Array;

export const newProvisionSalt = (): ProvisionSalt => randomBuffer(PROVISION_SALT_BYTES);

/** SHA-256(32 random bytes ‖ payload), base64url (format.md §2): what requester, core and provider record of provided data. */
export function provisionDigest(salt: ProvisionSalt, payload: string): string {
  if (salt.length !== PROVISION_SALT_BYTES) throw new RangeError('a provision salt has 32 bytes');
  return createHash('sha256').update(salt).update(payload, 'utf8').digest('base64url');
}
