import { DomainError } from './domain-error.js';
import { type EventType, quoted } from './event-schema.js';
import type { Message } from './messages.js';

/** Everything of an event but its data (format.md §1). `agency` is left out at the core and the registry. */
export interface EventEnvelope {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  /** Wall clock of the recorder, ISO 8601 UTC, milliseconds. */
  readonly recordedAt: string;
  /** Business instant, ISO 8601 UTC, milliseconds. */
  readonly at: string;
  readonly agency?: string;
  /** `system`, `operator`, or `official:<department code>`; never a person's name. */
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId: string;
}

export interface RecordedEvent<E extends Message = Message> extends EventEnvelope {
  readonly type: E['type'];
  readonly data: E['data'];
  /** Schema version in the bytes (before upcasting). */
  readonly v: number;
}

/** Bytes of one event may not pass this: a tlog-tiles entry has a 16-bit length. */
export const EVENT_BYTES_MAX = 65_535;

function jsonOf({ type, data }: EventType, value: unknown): string {
  try {
    return data.json(value);
  } catch (error) {
    data.canonical(value, type); // throws where `json` did, naming the field
    throw error;
  }
}

/** The event types that a party knows, by name. */
export class EventRegistry {
  readonly #types = new Map<string, EventType>();

  constructor(types: readonly EventType<string, never>[]) {
    for (const type of types as readonly EventType[]) {
      if (this.#types.has(type.type)) throw new Error(`event type ${type.type} is declared twice`);
      this.#types.set(type.type, type);
    }
  }

  knows(type: string): boolean {
    return this.#types.has(type);
  }

  get(type: string): EventType {
    const found = this.#types.get(type);
    if (!found) throw new DomainError('UNKNOWN_EVENT_TYPE', 'internal', `no event type ${type} in this version of the code`);
    return found;
  }

  all(): readonly EventType[] {
    return [...this.#types.values()];
  }

  /**
   * The canonical JSON (RFC 8785) of an event: what is stored, hashed and kept. The envelope's keys are written in
   * order here, the data's by its shape. Length in UTF-8 bytes is checked by whoever turns the text into bytes.
   */
  encode(envelope: EventEnvelope, message: Message): string {
    const type = this.get(message.type);
    const data = jsonOf(type, message.data);
    const agency = envelope.agency === undefined ? '' : `,"agency":${quoted(envelope.agency)}`;
    return (
      `{"actor":${quoted(envelope.actor)}${agency},"at":"${envelope.at}","causationId":${quoted(envelope.causationId)}` +
      `,"correlationId":${quoted(envelope.correlationId)},"data":${data},"id":"${envelope.id}","recordedAt":"${envelope.recordedAt}"` +
      `,"revision":${envelope.revision},"stream":${quoted(envelope.stream)},"type":"${message.type}","v":${type.version}}`
    );
  }

  /** Decodes stored text; older versions are upcast to the newest shape. Throws UNKNOWN_EVENT_TYPE for a foreign type. */
  decode<E extends Message = Message>(json: string): RecordedEvent<E> {
    const event = JSON.parse(json) as RecordedEvent<E>;
    const type = this.get(event.type);
    if (event.v === type.version) return event;
    if (event.v > type.version || event.v < 1) {
      throw new DomainError('UNKNOWN_EVENT_VERSION', 'internal', `${event.type} version ${event.v} is newer than this code (${type.version})`);
    }
    let data: unknown = event.data;
    for (const upcast of type.upcasters.slice(event.v - 1)) data = upcast(data as never);
    return { ...event, data: data as E['data'] };
  }
}
