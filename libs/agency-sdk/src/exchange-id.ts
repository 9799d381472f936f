import { createHmac } from 'node:crypto';
import { timeOfUuidV7, isUuidV7, invalid, uuidV7 } from '#libs/kernel';

/** Names a bulk: its id, and the instant that its exchange ids carry. */
export interface Bulk {
  readonly bulkId: string;
  /** Milliseconds since 1970. */
  readonly bulkTimeMs: number;
}

/** The bulk of an id: a UUIDv7 carries its time; any other id needs the time beside it. Throws INVALID_INPUT. */
export function bulkOf(bulkId: string, bulkTimeMs?: number): Bulk {
  if (bulkTimeMs !== undefined) return { bulkId, bulkTimeMs };
  if (!isUuidV7(bulkId)) throw invalid('bulkTimeMs', 'required', 'a bulk whose id is no UUIDv7 needs its time: the same one when it is resumed');
  return { bulkId, bulkTimeMs: timeOfUuidV7(bulkId) };
}

/**
 * The exchange id of one line of a bulk, from 1: UUIDv7 with the bulk's time and the first 10 bytes of
 * HMAC-SHA-256(secret, JSON of [agency, bulk id, line]). The same line is always the same exchange; without the secret
 * nobody can tell it beforehand.
 */
export function exchangeIdOfLine(secret: Uint8Array, agency: string, { bulkId, bulkTimeMs }: Bulk, line: number): string {
  const digest = createHmac('sha256', secret)
    .update(JSON.stringify([agency, bulkId, line]))
    .digest();
  return uuidV7(bulkTimeMs, digest.subarray(0, 10));
}
