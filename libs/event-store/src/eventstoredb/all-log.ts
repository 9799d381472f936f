import { BACKWARDS, END, FORWARDS, START as FIRST } from '@eventstore/db-client';
import { StoreUnavailable } from '../errors.js';
import { type AllPage, type Position, START, type StoredEvent } from '../event-store.js';
import type { Collected } from './collect.js';
import type { EsdbClient } from './esdb-client.js';
import { PAGE_BYTES_MAX, type Times } from './limits.js';
import { positionOf, type Recorded, type ToStored, toStored } from './stored-event.js';
import { checkStream, METADATA_OF_ALL } from './truncation.js';

const READ_EVENTS_MAX = 4_096;
const READ_EVENTS_MIN = 64;
/** Places that followers stand at. */
const PLACES_MAX = 64;

/** Where a read of the log goes on. */
interface Place {
  /** A record's position, or the log's beginning. */
  readonly from: bigint | typeof FIRST;
  /** Whether the record there is itself behind us. */
  readonly isBehind: boolean;
}
class NoRecord extends Error {}

/** Where to go on after a position, the best place first. */
function placesFor(after: Position, searched: bigint | undefined): Place[] {
  const places: Place[] = searched === undefined || searched === after ? [] : [{ from: searched, isBehind: true }]; // a record of others, which may be gone
  if (after === START) return [...places, { from: FIRST, isBehind: false }];
  places.push({ from: after, isBehind: true });
  // where no record begins: it may be the number before one, for whoever wants that record itself
  return searched === undefined ? [...places, { from: after + 1n, isBehind: false }] : places;
}

/** The server's log (`$all`), of which a party's events are those in streams of its prefix. */
export class AllLog {
  readonly #client: EsdbClient;
  readonly #prefix: string;
  readonly #times: Times;
  /** Places that were handed out, the oldest first: each with the last record up to which nothing of the party's follows it. */
  readonly #places = new Map<bigint, bigint>();
  #newest = { own: START, searched: START };

  constructor(
    client: EsdbClient,
    prefix: string,
    times: Times,
    private readonly toEvent: ToStored = toStored,
  ) {
    this.#client = client;
    this.#prefix = prefix;
    this.#times = times;
  }

  /** Position of the log's last record, whoever's; START where there is none. */
  async end(): Promise<bigint> {
    const { events } = await this.#read(END, BACKWARDS, 1);
    return events[0] === undefined ? START : positionOf(events[0]);
  }

  /** The port's `readAll`. The page is full, or at the end, or 16 MiB. */
  async readAll(after: Position, limit: number): Promise<AllPage> {
    const searched = this.#places.get(after);
    for (const place of placesFor(after, searched)) {
      try {
        return await this.#page(after, limit, place);
      } catch (error) {
        if (!(error instanceof NoRecord)) throw error;
      }
    }
    if (searched !== undefined) throw this.#goneBack(after);
    if (after >= (await this.end())) return { events: [], next: after, atEnd: true };
    return this.#page(after, limit, { from: FIRST, isBehind: false }); // a position of another history
  }

  /** Position of the party's newest event. */
  async lastPosition(): Promise<Position> {
    let from: bigint | typeof END = END;
    let end: bigint | undefined;
    const known = this.#newest;
    for (;;) {
      const { events } = await this.#read(from, BACKWARDS, READ_EVENTS_MAX);
      const last = events.at(-1);
      end ??= events[0] && positionOf(events[0]);
      const found = events.find(({ streamId }) => streamId.startsWith(this.#prefix));
      const isSearched = last === undefined || positionOf(last) <= known.searched;
      if (found === undefined && !isSearched) {
        from = positionOf(last); // exclusive, backwards
        continue;
      }
      const own = found === undefined ? known.own : positionOf(found);
      if (own < known.own) throw this.#goneBack(known.own);
      if (end !== undefined && end >= this.#newest.searched) this.#newest = { own, searched: end };
      return own;
    }
  }

  /** Throws NoRecord where the place is none. */
  async #page(after: Position, limit: number, place: Place): Promise<AllPage> {
    const own: StoredEvent[] = [];
    let bytes = 0;
    let { from, isBehind } = place;
    for (let isFull = false; ;) {
      const count = Math.min(READ_EVENTS_MAX, Math.max(READ_EVENTS_MIN, limit - own.length + 2));
      const { events, whole } = await this.#readOn(from, count);
      for (const event of isBehind ? events.slice(1) : events) {
        const stored = await this.#take(event, after);
        if (stored === undefined) continue;
        if (own.length === limit || bytes >= PAGE_BYTES_MAX) return this.#turn(after, own, false);
        own.push(stored);
        bytes += stored.bytes.length;
      }
      const last = events.at(-1);
      if (whole && events.length < count) return this.#turn(after, own, true, last && positionOf(last));
      if (isFull) return this.#turn(after, own, false, last && positionOf(last)); // others write much: it is not known whether this is the end
      isFull = own.length === limit || bytes >= PAGE_BYTES_MAX;
      if (last !== undefined) [from, isBehind] = [positionOf(last), true];
    }
  }

  /** Records from a place on; the end of the log is always looked at, what lies before it may have been read before. */
  async #readOn(from: Place['from'], count: number): Promise<Collected> {
    const { recent } = this.#client;
    const known = from === FIRST ? [] : recent.from(from, count);
    if (known.length === count) return { events: known, whole: true };
    const last = known.at(-1);
    const start = last === undefined ? from : positionOf(last);
    const read = await this.#read(start, FORWARDS, count - Math.max(known.length - 1, 0));
    const [first] = read.events;
    if (start !== FIRST && (first === undefined || positionOf(first) !== start)) {
      recent.clear();
      throw new NoRecord();
    }
    recent.add(read.events);
    return last === undefined ? read : { events: [...known, ...read.events.slice(1)], whole: read.whole };
  }

  async #take(event: Recorded, after: Position): Promise<StoredEvent | undefined> {
    const { streamId } = event;
    if (streamId.startsWith('$$') && (streamId.startsWith(this.#prefix, 2) || streamId === METADATA_OF_ALL)) {
      await checkStream(this.#client, streamId.slice(2), this.#times);
    }
    if (!streamId.startsWith(this.#prefix)) return undefined;
    const stored = this.toEvent(event, this.#prefix);
    return stored.position > after ? stored : undefined;
  }

  /** `searched`: the last record read, up to which there is nothing of the party's after the page. */
  #turn(after: Position, events: readonly StoredEvent[], atEnd: boolean, searched?: bigint): AllPage {
    const next = events.at(-1)?.position ?? after;
    this.#places.delete(next);
    this.#places.set(next, searched !== undefined && searched > next ? searched : next);
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_MAX && oldest !== undefined) this.#places.delete(oldest);
    return { events, next, atEnd };
  }

  #goneBack(position: bigint): StoreUnavailable {
    return new StoreUnavailable(`EventStoreDB: its log no longer has what stood at position ${position}: was it restored from an older backup?`);
  }

  async #read(from: bigint | typeof FIRST | typeof END, direction: typeof FORWARDS | typeof BACKWARDS, maxCount: number): Promise<Collected> {
    const { readIdleMs: idleMs, readMs: budgetMs, replaceAfterMs } = this.#times;
    const fromPosition = typeof from === 'bigint' ? { commit: from, prepare: from } : from;
    const attempt = (): Promise<Collected> =>
      this.#client.collect((driver) => driver.readAll({ fromPosition, direction, maxCount, requiresLeader: true }), idleMs);
    return this.#client.reads.run(() =>
      this.#client.trying(attempt, { budgetMs, replaceAfterMs }, (failure) => (failure.kind === 'no-record' ? new NoRecord() : undefined)),
    );
  }
}
