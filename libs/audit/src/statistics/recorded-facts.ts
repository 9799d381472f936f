import { DomainError, type Message } from '#libs/kernel';
import { coreEvents, type Recorded, textOf } from '../replay/recorded.js';

/** Bytes that are no event of their type, or lack what is counted. Names the place, never the content. */
export class EventDamaged extends DomainError {
  override readonly name = 'EventDamaged';
  constructor(
    readonly position: bigint,
    type: string,
  ) {
    super('EVENT_DAMAGED', 'internal', `the event at position ${position} (${type}) is damaged`);
  }
}

/** An event of the newest shape of its type. Throws EventDamaged; UNKNOWN_EVENT_VERSION for one newer than this code. */
export function decoded<E extends Message>({
  bytes,
  position,
  type,
}: {
  readonly bytes: Uint8Array;
  readonly position: bigint;
  readonly type: string;
}): Recorded<E> {
  let event: Recorded<E> | undefined;
  try {
    event = coreEvents.decode<E>(textOf(bytes)) as Recorded<E>;
  } catch (error) {
    if (error instanceof DomainError) throw error;
  }
  if (event?.type !== type || typeof event.data !== 'object' || event.data === null) throw new EventDamaged(position, type);
  return event;
}

/** The instant's milliseconds. Throws EventDamaged where it is none. */
export function msOf(instant: unknown, position: bigint, type: string): number {
  const ms = typeof instant === 'string' ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(ms)) throw new EventDamaged(position, type);
  return ms;
}
