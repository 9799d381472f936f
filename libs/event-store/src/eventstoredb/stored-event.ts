import type { AllStreamRecordedEvent, RecordedEvent } from '@eventstore/db-client';
import { StoreUnavailable } from '../errors.js';
import { headerOf } from '../event-header.js';
import type { StoredEvent } from '../event-store.js';

export type Recorded = RecordedEvent | AllStreamRecordedEvent;

/** Bytes of a binary event; others are none of ours. */
export const sizeOf = ({ isJson, data }: Recorded): number => (isJson ? 0 : (data as Uint8Array).length);

/** Where it stands in the server's log: of an event, commit and prepare position are one. */
export function positionOf({ position }: Recorded): bigint {
  if (position === undefined) throw new StoreUnavailable('EventStoreDB: it gave an event without its position');
  return position.commit;
}

/** A record in a party's stream as an event of the store, its stream without the party's prefix. */
export type ToStored = (event: Recorded, prefix: string) => StoredEvent;

/** As the server says it is, whatever its bytes say: for verification. Bytes that are none of ours are left out. */
export const asFound: ToStored = (event, prefix) => ({
  stream: event.streamId.slice(prefix.length),
  revision: Number(event.revision),
  position: positionOf(event),
  id: event.id,
  type: event.type,
  bytes: event.isJson ? new Uint8Array(0) : event.data,
});

/** An event of a party's, its stream without the party's prefix. Throws where it is not what its own bytes say it is. */
export const toStored: ToStored = (event, prefix) => {
  const position = positionOf(event);
  const { id, type } = event;
  const revision = Number(event.revision);
  const stream = event.streamId.slice(prefix.length);
  const bytes = event.isJson ? undefined : event.data;
  const header = bytes && headerOf(bytes);
  if (bytes === undefined || header === undefined || header.id !== id || header.stream !== stream || header.revision !== revision || header.type !== type) {
    throw new StoreUnavailable(`EventStoreDB: the event at position ${position} is not this party's: somebody else wrote or deleted in its streams`);
  }
  return { stream, revision, position, id, type, bytes };
};
