import type { EventStore, Position, StoredEvent, Subscription } from '#libs/event-store';
import type { AgencyFeedEvent } from '../feed-events.js';
import type { FeedPage, FeedReader } from '../feed-reader.js';
import { concernsFeed } from '../server-events.js';

/** Stored events of one page: an event of a feed has about 700 bytes. */
export const RELAY_PAGE_EVENTS_MAX = 1_000;

/** What a relay follows. */
export interface FeedSource {
  /**
   * Pages after a position (exclusive), in order, none passed over, one at a time: the next one comes when the handler's
   * promise resolves. Ends as a store's subscription does, and where an event cannot be told: rejected with the reason,
   * after all that stands before that event was handed over.
   */
  follow(options: { readonly after: Position; readonly onPage: (page: FeedPage) => Promise<void> }): Subscription;
  lastPosition(): Promise<Position>;
  /** When the first event after a position was recorded (RFC 3339), of whatever type; undefined where there is none. */
  nextRecordedAt(after: Position): Promise<string | undefined>;
}

/** One server's record as a source. */
export function storeFeedSource(store: Pick<EventStore, 'subscribe' | 'lastPosition' | 'readAll'>, reader: Pick<FeedReader, 'tellAll'>): FeedSource {
  return {
    follow: ({ after, onPage }) =>
      store.subscribe({
        after,
        pageEventsMax: RELAY_PAGE_EVENTS_MAX,
        onPage: async ({ events, next, atEnd }) => {
          let told: readonly AgencyFeedEvent[];
          try {
            told = await reader.tellAll(events.filter(concernsFeed));
          } catch (error) {
            const before = await toldBeforeTrouble(reader, events);
            if (before !== undefined) await onPage(before);
            throw error;
          }
          await onPage({ events: told, next, atEnd });
        },
      }),
    lastPosition: () => store.lastPosition(),
    nextRecordedAt: async (after) => {
      const [next] = (await store.readAll({ after, limit: 1 })).events;
      return next && (JSON.parse(Buffer.from(next.bytes).toString('utf8')) as { readonly recordedAt: string }).recordedAt;
    },
  };
}

/** What stands before the first event that cannot be told; undefined where that is the first of all. */
async function toldBeforeTrouble(reader: Pick<FeedReader, 'tellAll'>, events: readonly StoredEvent[]): Promise<FeedPage | undefined> {
  const told: AgencyFeedEvent[] = [];
  let next: Position | undefined;
  for (const event of events) {
    try {
      if (concernsFeed(event)) told.push(...(await reader.tellAll([event])));
    } catch {
      break; // the caller holds the reason
    }
    next = event.position;
  }
  return next === undefined ? undefined : { events: told, next, atEnd: false };
}
