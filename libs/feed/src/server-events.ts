import { type AgencyServerEvent, provisionEventTypes, queryEventTypes, replicaEventTypes, subjectEventTypes } from '#libs/domain';
import type { StoredEvent } from '#libs/event-store';
import { EventRegistry, type Message, type RecordedEvent } from '#libs/kernel';

/** The events of an intermediate server that the feed is made of, those that it passes over among them. */
export type ServerEvent = AgencyServerEvent;
export type Recorded<E extends Message> = E extends Message ? RecordedEvent<E> : never;

const registry = new EventRegistry([...queryEventTypes, ...provisionEventTypes, ...replicaEventTypes, ...subjectEventTypes]);
const CATEGORIES: ReadonlySet<string> = new Set(['query', 'provision', 'replica', 'subject']);

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
/** Throws UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION: a newer version of the code wrote it. */
export const decoded = ({ bytes }: StoredEvent): Recorded<ServerEvent> => registry.decode(textOf(bytes)) as Recorded<ServerEvent>;

/** Whether a stored event is of the feed's streams: a type that is not known there stops the feed. */
export const concernsFeed = ({ stream }: StoredEvent): boolean => CATEGORIES.has(stream.slice(0, stream.indexOf('-')));

/** `"actor"` and `"agency"` are the first keys of an event's canonical bytes; an actor is a code. */
const HEAD_BYTES = 256;
const AGENCY = /^\{"actor":"[^"\\]*","agency":"([^"\\]+)"/;
/** Whose event it is, read from its first bytes; undefined where they are of another form, or of no agency. */
export const agencyOf = ({ bytes }: Pick<StoredEvent, 'bytes'>): string | undefined => AGENCY.exec(textOf(bytes.subarray(0, HEAD_BYTES)))?.[1];

/** The stream whose first event tells whom, and for an exchange what, a told event is about: where the in-agency number stands sealed. */
export function openingStreamOf(stream: string): string {
  return stream.startsWith('replica-') ? `subject-${stream.slice('replica-'.length)}` : stream;
}
