declare const brand: unique symbol;
/** A string that was checked to be of one kind; two kinds are never mixed up. */
export type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 16 characters: a code holder's code in the network (機関コード). */
export type AgencyCode = Branded<'AgencyCode'>;
/** UUIDv7, lower case: one person, affair, provider and information. */
export type ExchangeId = Branded<'ExchangeId'>;
/** UUIDv7, lower case: names one byte string (format.md §3). */
export type EventId = Branded<'EventId'>;
/** `JM` + 14 digits (事務). */
export type AffairCode = Branded<'AffairCode'>;
/** `TM` + 14 digits (特定個人情報名). */
export type InformationCode = Branded<'InformationCode'>;
/** `JT` + 14 digits (事務手続). */
export type ProcedureCode = Branded<'ProcedureCode'>;
/** A server that is a party or an interface system, e.g. `is-east`. */
export type ServerId = Branded<'ServerId'>;

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const isUuidV7 = (text: string): boolean => UUID_V7.test(text);

/** Milliseconds since 1970 that a UUIDv7 carries in its first 48 bits (RFC 9562 §5.7). */
export const timeOfUuidV7 = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * UUIDv7 from a time in milliseconds and 10 bytes of which 74 bits are used (RFC 9562 §5.7).
 * Randomness, or an HMAC where a line sent again must be the same exchange, comes from the caller.
 */
export function uuidV7(timeMs: number, bits: Uint8Array): string {
  if (bits.length < 10) throw new RangeError('a UUIDv7 takes 10 bytes besides its time');
  const hex = (index: number): string => HEX[bits[index] as number] as string;
  const time = timeMs.toString(16).padStart(12, '0');
  const versioned = (HEX[0x70 | ((bits[0] as number) & 0x0f)] as string) + hex(1);
  const variant = (HEX[0x80 | ((bits[2] as number) & 0x3f)] as string) + hex(3);
  return `${time.slice(0, 8)}-${time.slice(8)}-${versioned}-${variant}-${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
}
