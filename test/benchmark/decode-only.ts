import {
  agencyEventTypes,
  exchangeEventTypes,
  identifierEventTypes,
  logEventTypes,
  matrixEventTypes,
  replicaEventTypes,
  retentionEventTypes,
} from '#libs/domain';
import { type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';

const PAGE = 4_096;
const registry = new EventRegistry([
  ...agencyEventTypes,
  ...exchangeEventTypes,
  ...identifierEventTypes,
  ...logEventTypes,
  ...matrixEventTypes,
  ...replicaEventTypes,
  ...retentionEventTypes,
]);

/** The baseline of all that reads a history: every event read and decoded in this thread, and nothing done with it. How many there are. */
export async function decodedOnly(location: StoreLocation): Promise<number> {
  const store: EventStore = await openStore(location, { readOnly: true });
  try {
    const decoder = new TextDecoder();
    let events = 0;
    for (let after = 0n, atEnd = false; !atEnd;) {
      const page = await store.readAll({ after, limit: PAGE });
      for (const { bytes } of page.events) registry.decode(decoder.decode(bytes));
      events += page.events.length;
      ({ next: after, atEnd } = page);
    }
    return events;
  } finally {
    await store.close();
  }
}
