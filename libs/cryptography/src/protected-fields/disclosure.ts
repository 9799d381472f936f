import { hash } from 'node:crypto';
import type { SealedField } from '#libs/kernel';

export const SALT_BYTES = 16;
const SALT_TEXT = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/** What opens a commitment: whoever has it recomputes the commitment inside the proven bytes (format.md §2). */
export interface Disclosure {
  /** 16 bytes, base64url. */
  readonly salt: string;
  readonly value: string;
}

/** SHA-256(salt ‖ value), base64url. */
export function commitmentTo({ salt, value }: Disclosure): string {
  const bytes = Buffer.allocUnsafe(SALT_BYTES + Buffer.byteLength(value, 'utf8'));
  bytes.write(salt, 0, SALT_BYTES, 'base64url');
  bytes.write(value, SALT_BYTES, 'utf8');
  return hash('sha256', bytes, 'base64url');
}

/** True when this salt and value are what the field, or the commitment, was made from. Never throws. */
export function verifyDisclosure(committed: SealedField | string, disclosure: Disclosure): boolean {
  const commitment = typeof committed === 'string' ? committed : committed.commitment;
  return SALT_TEXT.test(disclosure.salt) && disclosure.value.isWellFormed() && commitmentTo(disclosure) === commitment;
}
