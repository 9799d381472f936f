import { hash } from 'node:crypto';
import {
  type AgencyEvent,
  agencyEventTypes,
  type ExchangeEvent,
  exchangeEventTypes,
  type IdentifierEvent,
  identifierEventTypes,
  type MatrixEvent,
  matrixEventTypes,
  type OpeningEvent,
  type RetentionEvent,
  retentionEventTypes,
} from '#libs/domain';
import { EventRegistry, type Message, type RecordedEvent } from '#libs/kernel';

/** Every event that a decision of the core rests on, and the decisions. */
export const coreEvents = new EventRegistry([...agencyEventTypes, ...exchangeEventTypes, ...identifierEventTypes, ...matrixEventTypes, ...retentionEventTypes]);

export type Recorded<E extends Message> = E & RecordedEvent<E>;
export type Decision = Extract<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' }>;
export type RecordedDecision = Recorded<Decision>;
export type LawEvent = MatrixEvent | OpeningEvent;
export type FoundationEvent = AgencyEvent | LawEvent | IdentifierEvent | RetentionEvent;

/** A stored event beside where it stands. Positions are whole numbers below 2^53 in every store that there is. */
export interface Placed<E extends Message> {
  readonly event: Recorded<E>;
  readonly position: number;
}

/** Leaf hash of an event (RFC 6962: SHA-256(0x00 ‖ bytes)), base64url. */
export function leafOf(bytes: Uint8Array): string {
  const entry = Buffer.allocUnsafe(bytes.length + 1);
  entry[0] = 0;
  entry.set(bytes, 1);
  return hash('sha256', entry, 'base64url');
}

export const decodeText = <E extends Message>(text: string): Recorded<E> => coreEvents.decode<E>(text) as Recorded<E>;
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
