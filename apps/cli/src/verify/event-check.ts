import {
  agencyEventTypes,
  exchangeEventTypes,
  holderEventTypes,
  identifierEventTypes,
  logEventTypes,
  matrixEventTypes,
  numberingEventTypes,
  provisionEventTypes,
  queryEventTypes,
  replicaEventTypes,
  retentionEventTypes,
  subjectEventTypes,
} from '#libs/domain';
import { EventRegistry, type EventType, type RecordedEvent } from '#libs/kernel';

const all: readonly EventType<string, never>[] = [
  ...agencyEventTypes,
  ...exchangeEventTypes,
  ...holderEventTypes,
  ...identifierEventTypes,
  ...logEventTypes,
  ...matrixEventTypes,
  ...numberingEventTypes,
  ...provisionEventTypes,
  ...queryEventTypes,
  ...replicaEventTypes,
  ...retentionEventTypes,
  ...subjectEventTypes,
];

/** Every type of event that any party records. */
export const everyEvent = new EventRegistry([...new Set(all)]);

export interface EventFinding {
  readonly code: 'EVENT_NOT_KNOWN' | 'EVENT_NOT_ENCODED_SO';
  readonly position: number;
  readonly detail: string;
}

/** Decodes events and encodes them again: every field is of its type's shape, and the text comes out the same. */
export class EventCheck {
  finding: EventFinding | undefined;

  begin(): void {
    this.finding = undefined;
  }

  /** The event; undefined where it is not as it must be, or one before it was not. */
  take(text: string, position: number): RecordedEvent | undefined {
    if (this.finding !== undefined) return undefined;
    try {
      const event = everyEvent.decode(text);
      // an older version's bytes are canonical, as the walk has seen; its shape is no longer known
      if (event.v !== everyEvent.get(event.type).version || everyEvent.encode(event, event) === text) return event;
      this.finding = { code: 'EVENT_NOT_ENCODED_SO', position, detail: `${event.type} is encoded to other bytes` };
    } catch (error) {
      const { code, message } = error as { readonly code?: unknown; readonly message?: string };
      const isUnknown = code === 'UNKNOWN_EVENT_TYPE' || code === 'UNKNOWN_EVENT_VERSION';
      this.finding = { code: isUnknown ? 'EVENT_NOT_KNOWN' : 'EVENT_NOT_ENCODED_SO', position, detail: message ?? 'the event is not of its shape' };
    }
    return undefined;
  }
}
