import {
  provisionEventTypes,
  type ProvisionEvent,
  queryEventTypes,
  type QueryEvent,
  replicaEventTypes,
  type ReplicaEvent,
  subjectEventTypes,
  type SubjectEvent,
} from '#libs/domain';
import type { StoredEvent } from '#libs/event-store';
import { EventRegistry, type Message, type RecordedEvent } from '#libs/kernel';

/** The events of an intermediate server that the feed is made of, those that it passes over among them. */
export type ServerEvent = QueryEvent | ProvisionEvent | ReplicaEvent | SubjectEvent;
export type Recorded<E extends Message> = E extends Message ? RecordedEvent<E> : never;

const registry = new EventRegistry([...queryEventTypes, ...provisionEventTypes, ...replicaEventTypes, ...subjectEventTypes]);
const CATEGORIES: ReadonlySet<string> = new Set(['query', 'provision', 'replica', 'subject']);

/** What an agency's systems know already, or cannot use: they asked for it themselves, or it is followed by another in the same append. */
const NOT_TOLD: ReadonlySet<string> = new Set<ServerEvent['type']>([
  'QuerySubmitted',
  'ProvisionDemanded',
  'ProvisionReleased',
  'AcquisitionRequested',
  'SubjectKeyDestroyed',
]);

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
/** Throws UNKNOWN_EVENT_TYPE, UNKNOWN_EVENT_VERSION: a newer version of the code wrote it. */
export const decoded = ({ bytes }: StoredEvent): Recorded<ServerEvent> => registry.decode(textOf(bytes)) as Recorded<ServerEvent>;

/** Whether a stored event is of the feed's streams: a type that is not known there stops the feed. */
export const concernsFeed = ({ stream }: StoredEvent): boolean => CATEGORIES.has(stream.slice(0, stream.indexOf('-')));
/** Whether an event becomes a feed event. */
export const isTold = (type: string): boolean => !NOT_TOLD.has(type);

/** The stream whose first event tells whom, and for an exchange what, a told event is about: where the in-agency number stands sealed. */
export function openingStreamOf(stream: string): string {
  return stream.startsWith('replica-') ? `subject-${stream.slice('replica-'.length)}` : stream;
}
