import type { EventStoreDbEventStore } from '../eventstoredb/eventstoredb-event-store.js';
import { StoreTruncates, StreamDeleted } from '../errors.js';
import { headerOf } from '../event-header.js';
import type { StoredEvent } from '../event-store.js';
import type { EventStoreDbLocation } from '../store-location.js';
import { EventScanner } from './event-scanner.js';
import { IdBuffer } from './id-buffer.js';
import { bucketOf, newBalanceSeed, RunBalance, type RunFacts } from './run-balance.js';
import { Found, found, type StoreFinding } from './store-finding.js';
import type { WalkOptions } from './store-walk.js';

const PAGE_EVENTS = 4_096;
/** Streams read at once, and events of each. */
const STREAMS_AT_ONCE = 32;
const STREAM_EVENTS = 500;
/** Buckets whose streams are compared one by one, where the streams differ from the log. */
const SUSPECTS_MAX = 256;

/** A part of a log that was gone through. */
export interface WalkedLog {
  /** Where its events stand, which has gaps: positions count bytes of a log that others write to. */
  readonly positions: Float64Array;
  /** Position of its last event, or where it began. */
  readonly next: number;
  /** The first thing that is wrong: the walk ends there. */
  readonly finding?: StoreFinding;
}

/**
 * A party's events on an EventStoreDB as the server has them: its log (`$all`) in order, and every stream as it is read.
 * Beside a running owner or none; nothing is written. What is wrong is told, an outage rejects with StoreUnavailable.
 */
export class LogWalk {
  readonly #store: EventStoreDbEventStore;
  readonly #scanner = new EventScanner();
  readonly #seed = newBalanceSeed();
  /** What the log put on it and the streams took away: both must hold the same events. */
  readonly #balance = new RunBalance(this.#seed);
  #streams = 0;
  #streamFinding: StoreFinding | undefined;

  private constructor(store: EventStoreDbEventStore) {
    this.#store = store;
  }

  /** Rejects with StoreUnavailable, StoreUnsupported, EVENT_STORE_INVALID. */
  static async open(location: EventStoreDbLocation): Promise<LogWalk> {
    const { EventStoreDbEventStore } = await import('../eventstoredb/eventstoredb-event-store.js'); // with its driver
    return new LogWalk(await EventStoreDbEventStore.open(location, { readOnly: true, asFound: true }));
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Of the party's last event; 0 where there is none. */
  async lastPosition(): Promise<number> {
    return Number(await this.#store.lastPosition());
  }

  /** Streams that were read so far. */
  get streams(): number {
    return this.#streams;
  }

  /** The first stream among these that is not read as it must be. */
  get streamFinding(): StoreFinding | undefined {
    return this.#streamFinding;
  }

  /**
   * Events at positions (after, last], at least `events` of them where there are as many: canonical form, the header that the
   * server has, and, with each stream's first event, that stream as it is read: revisions 0, 1, 2 …, in the log's order.
   */
  async range(after: number, last: number, events: number, { event = () => undefined, ids }: WalkOptions): Promise<WalkedLog> {
    const collected = ids && new IdBuffer(ids);
    const positions: number[] = [];
    let next = after;
    try {
      for await (const page of this.#pages(after, last)) {
        const begun: string[] = [];
        for (const stored of page) {
          const position = Number(stored.position);
          const bytes = this.#checked(stored, position);
          this.#put(1, stored);
          if (stored.revision === 0) begun.push(stored.stream);
          collected?.add(this.#scanner.id);
          event(bytes, 0, bytes.length, position);
          positions.push(position);
          next = position;
        }
        await this.#readStreams(begun, last);
        if (positions.length >= events) break;
      }
      collected?.flush();
      return { positions: Float64Array.from(positions), next };
    } catch (error) {
      return { positions: Float64Array.from(positions), next, finding: findingIn(error, next) };
    }
  }

  /** Ids alone, of events that were walked before, and where these stand. */
  async ids(last: number, take: (words: Uint32Array, positions: readonly number[]) => void): Promise<void> {
    for await (const page of this.#pages(0, last)) {
      let words: Uint32Array = new Uint32Array(0);
      const collected = new IdBuffer((more) => (words = more));
      for (const { bytes } of page) if (this.#scanner.scan(bytes)) collected.add(this.#scanner.id);
      collected.flush();
      take(
        words,
        page.map(({ position }) => Number(position)),
      );
    }
  }

  /** Once the log was gone through up to `last`: the first place where a stream, as it is read, is not what the log has of it. */
  async difference(last: number): Promise<StoreFinding | undefined> {
    if (this.#streamFinding) return this.#streamFinding;
    const suspects = new Set(this.#balance.unbalanced().slice(0, SUSPECTS_MAX));
    if (suspects.size === 0) return undefined;
    const lonely = new Map<string, StoredEvent>();
    const follows = new Map<string, number>();
    const meet = (event: StoredEvent): void => {
      const facts = [event.stream, event.revision, event.position, event.bytes.length].join('\0');
      if (!lonely.delete(facts)) lonely.set(facts, event);
    };
    for await (const page of this.#pages(0, last)) {
      for (const event of page) {
        const name = Buffer.from(event.stream);
        if (!suspects.has(bucketOf(this.#seed, name, 0, name.length))) continue;
        const expected = follows.get(event.stream) ?? 0;
        if (event.revision !== expected) return revisionMissing(event, expected);
        follows.set(event.stream, expected + 1);
        meet(event);
        if (event.revision === 0) for await (const own of this.#stream(event.stream, last)) meet(own);
      }
    }
    const [first] = [...lonely.values()].sort((a, b) => Number(a.position - b.position));
    return first && { ...at(first), code: 'INDEX_CONTRADICTS_BLOCKS', detail: `the log and the stream differ in revision ${first.revision}` };
  }

  /** The party's events at positions (after, last], page by page. */
  async *#pages(after: number, last: number): AsyncGenerator<readonly StoredEvent[]> {
    for (let position = BigInt(after), isEnd = false; !isEnd && position < last;) {
      const { events, next, atEnd } = await this.#store.readAll({ after: position, limit: PAGE_EVENTS });
      const within = events.filter((event) => event.position <= last);
      if (within.length > 0) yield within;
      position = next;
      isEnd = atEnd || within.length < events.length;
    }
  }

  /** Its bytes; the scanner holds their header then. Throws Found. */
  #checked({ stream, revision, id, type, bytes }: StoredEvent, position: number): Buffer {
    const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!this.#scanner.scan(whole)) throw found('EVENT_NOT_CANONICAL', 'the bytes are not the canonical form of an event', { position });
    const header = headerOf(whole);
    if (header?.id !== id || header.type !== type || header.stream !== stream || header.revision !== revision)
      throw found('EVENT_MISPLACED', 'the bytes say another id, type, stream or revision than the server has it under', { position, stream });
    return whole;
  }

  #put(sign: 1 | -1, { stream, revision, position, bytes }: StoredEvent): void {
    const name = Buffer.from(stream);
    const facts: RunFacts = { firstRevision: revision, count: 1, block: Number(position), ordinal: 0, offset: 0, length: bytes.length };
    this.#balance.put(sign, name, 0, name.length, facts);
  }

  async #readStreams(names: readonly string[], last: number): Promise<void> {
    for (let from = 0; from < names.length; from += STREAMS_AT_ONCE)
      await Promise.all(names.slice(from, from + STREAMS_AT_ONCE).map((name) => this.#readStream(name, last)));
  }

  async #readStream(name: string, last: number): Promise<void> {
    this.#streams += 1;
    let expected = 0;
    let before = 0n;
    try {
      for await (const event of this.#stream(name, last)) {
        if (event.revision !== expected) throw new Found(revisionMissing(event, expected));
        if (event.position <= before) throw found('INDEX_CONTRADICTS_BLOCKS', 'the stream has another order than the log', at(event));
        expected += 1;
        before = event.position;
        this.#put(-1, event);
      }
    } catch (error) {
      const finding = { stream: name, ...findingIn(error, Number(before)) };
      if (finding.position === undefined || this.#streamFinding?.position === undefined || finding.position < this.#streamFinding.position)
        this.#streamFinding = finding;
    }
  }

  async *#stream(name: string, last: number): AsyncGenerator<StoredEvent> {
    for (let from = 0; ;) {
      const page = await this.#store.readStream(name, { from, limit: STREAM_EVENTS });
      for (const event of page) {
        if (event.position > last) return;
        yield event;
        from = event.revision + 1;
      }
      if (page.length < STREAM_EVENTS) return;
    }
  }
}

const at = ({ stream, position }: StoredEvent): { readonly stream: string; readonly position: number } => ({ stream, position: Number(position) });

const revisionMissing = (event: StoredEvent, expected: number): StoreFinding => ({
  code: 'REVISION_MISSING',
  ...at(event),
  detail: `revision ${event.revision} where ${expected} should follow`,
});

/** What was thrown, where it is about the record; throws it again where it is an outage. */
function findingIn(error: unknown, position: number): StoreFinding {
  if (error instanceof Found) return error.finding;
  if (!(error instanceof StoreTruncates || error instanceof StreamDeleted)) throw error;
  return { code: 'STORE_UNREADABLE', detail: error.message, ...(position === 0 ? {} : { position }) };
}
