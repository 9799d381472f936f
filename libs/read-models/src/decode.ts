import { logEventTypes } from '#libs/domain';
import type { Position, StoredEvent } from '#libs/event-store';
import { EventRegistry, type EventType, type Message } from '#libs/kernel';
import type { Projection, Recorded } from './projection.js';

export interface Stop {
  readonly code: string;
  readonly eventType: string;
  readonly position: Position;
}
export interface Decoded<E extends Message> {
  /** Those that the projection reads. */
  readonly events: readonly Recorded<E>[];
  /** The last event that it may take in, read or passed over; undefined where there is none. */
  readonly last?: StoredEvent;
  /** The event that it cannot take in. */
  readonly stop?: Stop;
}

/** About the log itself: in no read model, though beside events that are. */
const OF_THE_LOG: ReadonlySet<string> = new Set(logEventTypes.map(({ type }) => type));
const STOPPING: ReadonlySet<unknown> = new Set(['UNKNOWN_EVENT_TYPE', 'UNKNOWN_EVENT_VERSION']);

/** Picks a projection's events out of the store's, and decodes no others. */
export class ProjectionDecoder<E extends Message> {
  readonly #registry: EventRegistry;
  readonly #categories: ReadonlySet<string>;

  constructor({ reads }: Projection<E>) {
    this.#registry = new EventRegistry([...new Set<EventType<string, never>>(Object.values(reads).flat())]);
    this.#categories = new Set(Object.keys(reads));
  }

  /** Ends before the first event of its categories that this code does not know. */
  decode(stored: readonly StoredEvent[]): Decoded<E> {
    const events: Recorded<E>[] = [];
    let last: StoredEvent | undefined;
    for (const event of stored) {
      if (this.#categories.has(categoryOf(event.stream)) && !OF_THE_LOG.has(event.type)) {
        try {
          events.push(this.#decode(event) as Recorded<E>);
        } catch (error) {
          const { code } = error as { code?: unknown };
          if (!STOPPING.has(code)) throw error;
          return { events, ...(last ? { last } : {}), stop: { code: code as string, eventType: event.type, position: event.position } };
        }
      }
      last = event;
    }
    return { events, ...(last ? { last } : {}) };
  }

  #decode({ bytes, position }: StoredEvent): unknown {
    const event = this.#registry.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    return Object.assign(event, { position }); // the event is this decoder's own: a copy of each would cost more than it
  }
}

const categoryOf = (stream: string): string => stream.slice(0, stream.indexOf('-'));
