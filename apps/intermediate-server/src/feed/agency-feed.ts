import { Injectable } from '@nestjs/common';
import { FeedReader } from '#libs/feed';
import { type FeedEvent, inOrder } from '#libs/feed-schemas';
import type { Position, StoredEvent } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { isDomainError } from '#libs/platform';
import { type Ask, type FeedAnswer, type FeedPlace, isBehind } from '#libs/read-models';
import { ServerParts } from '../server-parts.js';
import { type FeedWaiter, FeedWaiters } from './feed-waiters.js';

export const FEED_LIMIT_DEFAULT = 100;
export const FEED_WAIT_SECONDS_MAX = 25;
/** Events that a stream reads at once. */
const STREAM_PAGE_EVENTS = 50;
const FRESH_TIMEOUT_MS = 2_000;
/** Reads of events under way at once for one page. */
const READS_MAX = 64;
/** After which a reader of a stream comes again, milliseconds. */
const RECONNECT_AFTER_MS = 1_000;
const MS_A_SECOND = 1_000;

export interface FeedAsked {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  /** Seconds. */
  readonly wait?: number | undefined;
}
export interface FeedOfAgency {
  readonly events: readonly FeedEvent[];
  readonly next: string;
}
/** What a wait goes by. */
export interface Pause {
  /** The caller has hung up. */
  readonly gone?: AbortSignal;
  /** Called when the wait begins; what it returns when it ends. */
  readonly resting?: () => () => void;
}
interface Page extends FeedOfAgency {
  /** Asks on after each event. */
  readonly cursors: readonly string[];
}

/** The feed of an agency over HTTP: its own events, found by the read model `feed`, told as its topic tells them. */
@Injectable()
export class AgencyFeed {
  constructor(
    private readonly parts: ServerParts,
    private readonly reader: FeedReader,
    private readonly waiters: FeedWaiters,
  ) {}

  /**
   * What comes after a cursor; with `wait` not before there is something or the time is over. Throws CURSOR_INVALID,
   * CURSOR_EXPIRED, Busy.
   */
  async page(agency: string, { after, limit = FEED_LIMIT_DEFAULT, wait = 0 }: FeedAsked, pause: Pause = {}): Promise<FeedOfAgency> {
    const page = await this.#read(agency, limit, after);
    if (page.events.length > 0 || wait === 0) return shown(page);
    const waiter = await this.waiters.begin(agency);
    try {
      return shown(await this.#nextPage(waiter, agency, limit, page.next, performance.now() + wait * MS_A_SECOND, pause));
    } finally {
      waiter.end();
    }
  }

  /** The same as a stream of server-sent events, without end but that of its time. Rejects as `page` does, before anything is sent. */
  async stream(agency: string, after: string | undefined, gone: AbortSignal): Promise<AsyncIterable<string>> {
    const waiter = await this.waiters.begin(agency);
    gone.addEventListener('abort', () => waiter.end(), { once: true }); // also where nobody reads the first line
    try {
      return this.#lines(waiter, agency, await this.#read(agency, STREAM_PAGE_EVENTS, after), gone);
    } catch (error) {
      waiter.end();
      throw error;
    }
  }

  async *#lines(waiter: FeedWaiter, agency: string, first: Page, gone: AbortSignal): AsyncIterable<string> {
    const { feedStreamMs, feedHeartbeatMs } = this.parts.settings;
    const end = performance.now() + feedStreamMs;
    const over = (): boolean => gone.aborted || this.waiters.stopped || performance.now() >= end;
    try {
      // a comment at once: the reader sees that the stream has begun
      yield `retry: ${RECONNECT_AFTER_MS}\n: renkei\n\n`;
      for (let page = first; ;) {
        for (const [at, event] of page.events.entries()) yield `id: ${page.cursors[at] as string}\ndata: ${JSON.stringify(inOrder(event))}\n\n`;
        if (over()) return;
        const until = Math.min(end, performance.now() + feedHeartbeatMs);
        page = await (page.events.length > 0
          ? this.#read(agency, STREAM_PAGE_EVENTS, page.next)
          : this.#nextPage(waiter, agency, STREAM_PAGE_EVENTS, page.next, until, { gone }));
        if (page.events.length === 0 && !over()) yield ': still here\n\n';
      }
    } finally {
      waiter.end();
    }
  }

  /** The first page that is not empty, or an empty one when the time is over. */
  async #nextPage(waiter: FeedWaiter, agency: string, limit: number, after: string, until: number, { gone, resting }: Pause): Promise<Page> {
    let atLeast = waiter.from; // what was recorded between the look before and the beginning of the wait
    for (;;) {
      const page = await this.#read(agency, limit, after, atLeast);
      if (page.events.length > 0) return page;
      const awake = resting?.();
      const newer = await waiter.next(until - performance.now(), gone);
      awake?.();
      if (newer === undefined) return page;
      atLeast = newer;
    }
  }

  async #read(agency: string, limit: number, cursor?: string, atLeast?: Position): Promise<Page> {
    const recordedFrom = new Date(Date.now() - this.parts.settings.feedKeptMs).toISOString();
    // nothing that tells of a recorded event leaves before the log holds it
    const { rows, next } = await this.parts.serverLog.after(this.#ask({ agency, limit, cursor, recordedFrom }, atLeast));
    const told = await this.reader.tellAll(await this.#eventsAt(rows));
    // the view and the record must agree on whose event it is: nothing is told to anybody else
    if (told.length !== rows.length || told.some((one) => one.agency !== agency)) {
      throw new DomainError('FEED_VIEW_WRONG', 'internal', 'the view of the feed does not agree with the record');
    }
    return { events: told.map(({ event }) => event), next, cursors: rows.map((row) => row.cursor) };
  }

  /** Up to a position, where the read model comes to it in time; as it stands otherwise: what is missing comes with the next look. */
  async #ask(question: Ask<'feed'>, atLeast?: Position): Promise<FeedAnswer> {
    const { models } = this.parts;
    if (atLeast === undefined) return models.ask('feed', question);
    try {
      return await models.ask('feed', question, { atLeast, timeoutMs: FRESH_TIMEOUT_MS });
    } catch (error) {
      if (!isDomainError(error) || !isBehind(error)) throw error;
      return models.ask('feed', question);
    }
  }

  async #eventsAt(places: readonly FeedPlace[]): Promise<readonly StoredEvent[]> {
    const { store } = this.parts.party;
    const events: StoredEvent[] = [];
    for (let from = 0; from < places.length; from += READS_MAX) {
      const chunk = places.slice(from, from + READS_MAX);
      const reads = await Promise.all(chunk.map(({ stream, revision }) => store.readStream(stream, { from: revision, limit: 1 })));
      events.push(...reads.flat());
    }
    return events;
  }
}

const shown = ({ events, next }: Page): FeedOfAgency => ({ events: events.map(inOrder), next });
