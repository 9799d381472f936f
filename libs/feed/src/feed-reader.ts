import { BoundedCache, type OpenedField, type ProtectedFields } from '#libs/cryptography';
import { isToldInFeed } from '#libs/domain';
import type { EventStore, Position, StoredEvent } from '#libs/event-store';
import { isSealed, type SealedField } from '#libs/kernel';
import { type AgencyFeedEvent, feedEventsOf } from './feed-events.js';
import { concernsFeed, decoded, openingStreamOf, type Recorded, type ServerEvent } from './server-events.js';

/** Stored events that a page looks at, at most. */
export const FEED_PAGE_EVENTS_MAX = 1_000;
/** Openings remembered: an exchange is told of three or four times within moments. About 1 KB each. */
const OPENINGS_REMEMBERED_MAX = 10_000;
/** Reads of openings under way at once. */
const OPENING_READS_MAX = 64;

export interface FeedReaderOptions {
  /** Of one intermediate server. */
  readonly store: Pick<EventStore, 'readAll' | 'readStream'>;
  /** Opens in-agency numbers, with the server's own keys. */
  readonly fields: Pick<ProtectedFields, 'openAll'>;
  /** First part of every log's origin, and the server's id: together the events' `source`. */
  readonly deployment: string;
  readonly party: string;
}

/** What stands after a place in the store, as it is told. */
export interface FeedPage {
  /** In the store's order, of all agencies of the server; perhaps none. */
  readonly events: readonly AgencyFeedEvent[];
  /** Ask on from here. */
  readonly next: Position;
  /** True when the page reached the end of the store. */
  readonly atEnd: boolean;
}

interface Opening {
  readonly event: Recorded<ServerEvent>;
  readonly position: Position;
}

/** Makes feed events of one server's stored events. Reads; never writes. */
export class FeedReader {
  readonly #options: FeedReaderOptions;
  readonly #source: string;
  readonly #openings = new BoundedCache<Opening>(OPENINGS_REMEMBERED_MAX);

  constructor(options: FeedReaderOptions) {
    this.#options = options;
    this.#source = `/${options.deployment}/${options.party}`;
  }

  /**
   * The feed after a position (exclusive), of at most `limit` (≤ FEED_PAGE_EVENTS_MAX) stored events. Rejects with what
   * the store rejects with; with UNKNOWN_EVENT_TYPE or UNKNOWN_EVENT_VERSION where a newer version of the code wrote one
   * of the page's events; with RECORD_KEY_MISSING, SEALED_FIELD_CORRUPT where keys are lost. Nothing is passed over.
   */
  async readPage(after: Position, limit: number = FEED_PAGE_EVENTS_MAX): Promise<FeedPage> {
    const { events, next, atEnd } = await this.#options.store.readAll({ after, limit: Math.min(limit, FEED_PAGE_EVENTS_MAX) });
    return { events: await this.tellAll(events.filter(concernsFeed)), next, atEnd };
  }

  /** The same of events that were read before, of the feed's streams, in the order given. */
  async tellAll(stored: readonly StoredEvent[]): Promise<readonly AgencyFeedEvent[]> {
    const told: { readonly event: Recorded<ServerEvent>; readonly position: Position }[] = [];
    for (const found of stored) {
      const event = decoded(found);
      if (found.revision === 0 && openingStreamOf(found.stream) === found.stream) this.#openings.set(found.stream, { event, position: found.position });
      if (isToldInFeed(event.type)) told.push({ event, position: found.position });
    }
    const openings = await this.#openingsOf(told.map(({ event }) => openingStreamOf(event.stream)));
    const known = told.map(({ position }, at) => {
      const opening = openings[at];
      // one that came later was not there when the event was first told: it is told the same for ever
      return opening && opening.position <= position ? opening.event : undefined;
    });
    const numbers = this.#numbersOf(told.map(({ event }, at) => numberOf(event) ?? (known[at] && numberOf(known[at]))));
    return told.flatMap(({ event, position }, at) => feedEventsOf(event, { source: this.#source, position, opening: known[at], inAgencyNumber: numbers[at] }));
  }

  #numbersOf(fields: readonly (SealedField | undefined)[]): readonly (string | undefined)[] {
    const sealed = fields.filter((field) => field !== undefined);
    const opened = this.#options.fields.openAll(sealed)[Symbol.iterator]();
    return fields.map((field) => {
      if (field === undefined) return undefined;
      const { erased, value } = opened.next().value as OpenedField & { readonly value?: string };
      return erased ? undefined : value;
    });
  }

  async #openingsOf(streams: readonly string[]): Promise<readonly (Opening | undefined)[]> {
    const found = new Map<string, Opening | undefined>(streams.map((stream) => [stream, this.#openings.get(stream)]));
    const missing = [...found].flatMap(([stream, opening]) => (opening === undefined ? [stream] : []));
    for (let from = 0; from < missing.length; from += OPENING_READS_MAX) {
      const chunk = missing.slice(from, from + OPENING_READS_MAX);
      const reads = await Promise.all(chunk.map((stream) => this.#options.store.readStream(stream, { limit: 1 })));
      for (const [at, [first]] of reads.entries()) {
        if (first === undefined) continue;
        const opening = { event: decoded(first), position: first.position };
        this.#openings.set(first.stream, opening);
        found.set(chunk[at] as string, opening);
      }
    }
    return streams.map((stream) => found.get(stream));
  }
}

/** The sealed in-agency number of an event that holds one. */
function numberOf({ data }: Recorded<ServerEvent>): SealedField | undefined {
  const field = 'subject' in data ? data.subject : undefined;
  return field !== undefined && isSealed(field) ? field : undefined;
}
