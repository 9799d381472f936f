import type { Message, RecordedEvent } from '#libs/kernel';

/** A stored event with the bytes that it was read or written as. Its protected fields are sealed. */
export interface Stored<E extends Message = Message> {
  readonly event: RecordedEvent<E>;
  readonly bytes: Uint8Array;
  /** RFC 6962 leaf hash of the bytes, base64url. */
  readonly leaf: string;
}
