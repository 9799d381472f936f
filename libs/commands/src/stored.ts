import type { Message, RecordedEvent } from '#libs/kernel';

/** Where an event stands in the store: at `position`, or so many entries before it (the earlier events of one append). */
export interface StoredPlace {
  readonly position: bigint;
  readonly back: number;
}

/** A stored event with the bytes that it was read or written as. Its protected fields are sealed. */
export interface Stored<E extends Message = Message> {
  readonly event: RecordedEvent<E>;
  readonly bytes: Uint8Array;
  /** RFC 6962 leaf hash of the bytes, base64url. */
  readonly leaf: string;
  /** There once it is known to be durable: for whatever was read, and for what was appended. */
  readonly place?: StoredPlace | undefined;
}
