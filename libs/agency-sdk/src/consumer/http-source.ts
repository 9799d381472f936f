import type { FeedEvent } from '#libs/feed-schemas';
import type { FeedPage, FeedRequest } from '../feed.api.js';
import type { CallOptions } from '../transport.js';
import { backoffMs, type BackoffOptions, pause } from './backoff.js';
import type { CursorStore } from './cursor-store.js';
import { decodedOf } from './decoding.js';
import { type Delivery, type DeliveryOutcome, FeedSource, type SourceEvents, type StartAt } from './feed-source.js';
import { codeOf } from './handler-errors.js';

const LIMIT = 100;
const WAIT_MS = 20_000;
/** The server no longer takes a cursor: not its own any more, or of an event that it keeps no longer. */
const CURSOR_REFUSED: ReadonlySet<string> = new Set(['CURSOR_INVALID', 'CURSOR_EXPIRED']);

/** What the source needs of the client: AgencyClient is one. */
export interface FeedReader {
  feed(request?: FeedRequest, options?: CallOptions): Promise<FeedPage>;
}
export interface HttpSourceOptions {
  readonly client: FeedReader;
  /** How far it was read; one store is one group. */
  readonly cursor: CursorStore;
  /** Where a store without a cursor begins (`beginning`). A replay: an empty store, and `{ time }` or `{ place: cursor }`. */
  readonly startAt?: StartAt;
  /** Events in an answer (100). */
  readonly limit?: number;
  /** How long an answer may wait for an event, milliseconds (20,000). */
  readonly waitMs?: number;
  readonly backoff?: BackoffOptions;
  /** For metrics and dead letters (`http`). */
  readonly name?: string;
}

/** The agency's feed over HTTP, by long poll at its own intermediate server. */
export function httpSource(options: HttpSourceOptions): FeedSource<FeedEvent> {
  return new HttpSource(options);
}

/** How far the feed was read: behind a cursor, and there behind an event, where a page was not finished. */
interface Place {
  readonly after?: string;
  readonly done?: string;
}

class HttpSource extends FeedSource<FeedEvent> {
  readonly name: string;

  constructor(private readonly options: HttpSourceOptions) {
    super();
    this.name = options.name ?? 'http';
  }

  async run(events: SourceEvents<FeedEvent>, signal: AbortSignal): Promise<void> {
    let reading = false;
    let place: Place | undefined;
    for (let failures = 0; !signal.aborted;) {
      try {
        place ??= await this.#load(signal);
        const page = await this.#page(place.after, reading, signal);
        if (!reading) events.reading();
        reading = true;
        failures = 0;
        place = await this.#deliverAll(events, page, place, signal);
      } catch (error) {
        if (signal.aborted) return;
        reading = false;
        failures += 1;
        const code = codeOf(error);
        if (CURSOR_REFUSED.has(code) && place?.after !== undefined) {
          place = {};
          events.notice(
            'CURSOR_REFUSED',
            'the server does not accept the stored cursor: the feed is read from its beginning, the inbox leaves out what was handled',
          );
        }
        const delayMs = backoffMs(failures, this.options.backoff);
        events.trouble({ code, message: 'the feed could not be read, or its place not be stored', delayMs });
        await pause(delayMs, signal);
      }
    }
  }

  /** The first look does not wait, so that trouble and its end show at once. */
  #page(after: string | undefined, waits: boolean, signal: AbortSignal): Promise<FeedPage> {
    const { client, limit = LIMIT, waitMs = WAIT_MS } = this.options;
    return client.feed({ limit, ...(waits ? { waitMs } : {}), ...(after === undefined ? {} : { after }) }, { signal });
  }

  /** Delivers a page and stores how far that went: to its end, or to an event on it where it was stopped there. */
  async #deliverAll(events: SourceEvents<FeedEvent>, { events: page, next }: FeedPage, from: Place, signal: AbortSignal): Promise<Place> {
    // where the event is not on the page, all of it is delivered, and the inbox leaves out what was handled
    const first = from.done === undefined ? 0 : page.findIndex((raw) => attributeOf(raw, 'id') === from.done) + 1;
    let done = from.done;
    for (const [index, raw] of page.entries()) {
      if (index < first || this.#isBefore(raw)) continue;
      let outcome: DeliveryOutcome = 'not-done';
      while (outcome === 'not-done' && !signal.aborted) outcome = await events.deliver(deliveryOf(raw, page.length - index - 1, signal));
      if (outcome === 'not-done') return this.#save({ ...from, ...(done === undefined ? {} : { done }) });
      done = attributeOf(raw, 'id') ?? done;
    }
    return this.#save({ after: next });
  }

  async #load(signal: AbortSignal): Promise<Place> {
    const stored = await this.options.cursor.load();
    if (stored !== undefined) return placeOf(stored);
    const after = await this.#start(signal);
    return after === undefined ? {} : this.#save({ after });
  }
  async #save(place: Place): Promise<Place> {
    await this.options.cursor.save(textOf(place));
    return place;
  }

  async #start(signal: AbortSignal): Promise<string | undefined> {
    const { startAt = 'beginning' } = this.options;
    if (startAt === 'beginning') return undefined;
    if (startAt === 'end') return this.#end(signal);
    return 'place' in startAt ? startAt.place : undefined;
  }
  async #end(signal: AbortSignal): Promise<string | undefined> {
    for (let after: string | undefined; ;) {
      const page = await this.#page(after, false, signal);
      if (page.events.length === 0) return page.next;
      after = page.next;
    }
  }

  /** The feed has no index by time: what was recorded before the start is read and left out. */
  #isBefore(raw: unknown): boolean {
    const { startAt } = this.options;
    if (typeof startAt !== 'object' || !('time' in startAt)) return false;
    const time = attributeOf(raw, 'time');
    return time !== undefined && Date.parse(time) < new Date(startAt.time).getTime();
  }
}

const textOf = ({ after = '', done }: Place): string => (done === undefined ? after : `${done}@${after}`);
/** A cursor holds no `@`. */
function placeOf(text: string): Place {
  const at = text.indexOf('@');
  const after = text.slice(at + 1);
  return { ...(after === '' ? {} : { after }), ...(at < 0 ? {} : { done: text.slice(0, at) }) };
}

function attributeOf(raw: unknown, name: 'id' | 'time' | 'sequence'): string | undefined {
  const value = (typeof raw === 'object' && raw !== null ? raw : {}) as Readonly<Record<string, unknown>>;
  return typeof value[name] === 'string' ? value[name] : undefined;
}

function deliveryOf(raw: unknown, behind: number, givenBack: AbortSignal): Delivery<FeedEvent> {
  const sequence = attributeOf(raw, 'sequence') ?? '';
  return {
    place: /^\d{1,20}$/.test(sequence) ? sequence : 'unknown',
    decode: () => decodedOf(raw),
    message: () => ({ value: Buffer.from(JSON.stringify(raw), 'utf8') }),
    givenBack,
    hold: () => () => undefined, // nothing is fetched while an event is under way
    behind,
  };
}
