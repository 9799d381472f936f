// What an EventStoreDB keeps, in memory: one log of records, the streams in it, and the ids that it has seen since it started.
// Every rule here is a row of the observations that test/eventstoredb/facts.*.spec.ts walk.
import { AppendIds, type IdVerdict } from './append-ids.js';

/** Sum of the data bytes of one append. */
export const APPEND_BYTES_MAX = 1_048_576;
/** Revision of the record that stands for a tombstone. */
export const TOMBSTONE_REVISION = 9_223_372_036_854_775_807n;
const TRUNCATE_ALL = 9_223_372_036_854_775_807n;
/** Where the first record of a new database stands. */
const FIRST_POSITION = 548;
/** What a record takes in the log besides its names and bytes. */
const RECORD_OVERHEAD_BYTES = 117;

export interface Proposed {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

export interface LogRecord extends Proposed {
  /** Offset in the log: increasing, not dense. */
  readonly position: number;
  readonly stream: string;
  readonly revision: bigint;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

export type Expected =
  { readonly kind: 'any' } | { readonly kind: 'no-stream' } | { readonly kind: 'exists' } | { readonly kind: 'exact'; readonly revision: bigint };

export type AppendOutcome =
  | { readonly kind: 'appended' | 'repeated'; readonly revision: bigint | undefined; readonly position: number | undefined }
  /** `actual` undefined: the stream is missing */
  | { readonly kind: 'wrong-version'; readonly actual: bigint | undefined }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'too-large' };

interface Stream {
  readonly records: LogRecord[];
  tombstoned: boolean;
}

/** What `$$<stream>` says of a stream; revisions below `truncateBefore` are not read any more. */
export interface StreamLimits {
  readonly truncateBefore?: bigint;
  readonly maxCount?: number;
  readonly maxAgeMs?: number;
}

export type StreamView =
  { readonly kind: 'missing' | 'tombstoned' } | { readonly kind: 'stream'; readonly records: readonly LogRecord[]; readonly firstIndex: number };

/** The data of a $metadata event as JSON keeps it, but for numbers too large for JSON.parse. */
const limitsOf = (data: Uint8Array): StreamLimits => {
  const text = Buffer.from(data).toString('utf8');
  const number = (key: string): bigint | undefined => {
    const found = new RegExp(`"\\${key}"\\s*:\\s*(\\d+)`).exec(text)?.[1];
    return found === undefined ? undefined : BigInt(found);
  };
  const [truncateBefore, maxCount, maxAge] = [number('$tb'), number('$maxCount'), number('$maxAge')];
  return {
    ...(truncateBefore !== undefined && { truncateBefore }),
    ...(maxCount !== undefined && { maxCount: Number(maxCount) }),
    ...(maxAge !== undefined && { maxAgeMs: Number(maxAge) * 1_000 }),
  };
};

export class EventLog {
  readonly records: LogRecord[] = [];
  readonly #streams = new Map<string, Stream>();
  readonly #ids = new AppendIds();
  readonly #followers = new Set<(records: readonly LogRecord[]) => void>();
  /** Records that are gone without a word: no read gives them. */
  readonly lost = new Set<LogRecord>();
  #nextPosition = FIRST_POSITION;

  /** What the server has in memory only, and loses when it stops: ids are then known by (stream, revision) alone. */
  forgetIds(): void {
    this.#ids.clear();
  }

  /** Position of the next record: nothing stands there or beyond. */
  get end(): number {
    return this.#nextPosition;
  }

  /** Index of the record at exactly this position; undefined where none begins there. */
  indexAt(position: bigint): number | undefined {
    const index = this.indexAfter(position - 1n);
    return this.records[index]?.position === Number(position) ? index : undefined;
  }

  /** Index of the first record past this position. */
  indexAfter(position: bigint): number {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (BigInt(this.records[middle]!.position) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Calls back with the records of every write, as soon as they stand. Returns what ends it. */
  follow(onWrite: (records: readonly LogRecord[]) => void): () => void {
    this.#followers.add(onWrite);
    return () => this.#followers.delete(onWrite);
  }

  append(stream: string, expected: Expected, events: readonly Proposed[]): AppendOutcome {
    if (events.reduce((sum, event) => sum + event.data.length, 0) > APPEND_BYTES_MAX) return { kind: 'too-large' };
    const state = this.#streams.get(stream);
    if (this.isTombstoned(stream)) return { kind: 'deleted' };
    const last = state?.records.at(-1)?.revision;
    const softDeleted = last !== undefined && this.limits(stream).truncateBefore === TRUNCATE_ALL;
    if (softDeleted && expected.kind === 'exists') return { kind: 'deleted' };
    const verdict: IdVerdict =
      softDeleted && expected.kind === 'no-stream' ? { kind: 'write' } : this.#ids.check({ stream, expected, events, records: state?.records ?? [] });
    switch (verdict.kind) {
      case 'wrong-version':
        return { kind: 'wrong-version', actual: last };
      case 'repeated': {
        const original = state!.records[Number(verdict.revision)]!;
        return { kind: 'repeated', revision: original.revision, position: original.position };
      }
      case 'write':
        break;
    }
    if (events.length === 0) return { kind: 'appended', revision: last, position: undefined };
    if (softDeleted) this.#write(`$$${stream}`, [metadataEvent(`{"$tb":${last + 1n}}`)]);
    const written = this.#write(stream, events).at(-1)!;
    return { kind: 'appended', revision: written.revision, position: written.position };
  }

  /** Soft: the events stay in $all, and the stream goes on where it stopped. */
  delete(stream: string, expected: Expected): AppendOutcome {
    const refused = this.#refusedDelete(stream, expected);
    if (refused !== undefined) return refused;
    if (!this.#streams.has(stream)) return { kind: 'wrong-version', actual: undefined };
    const [record] = this.#write(`$$${stream}`, [metadataEvent(`{"$tb":${TRUNCATE_ALL}}`)]);
    return { kind: 'appended', revision: undefined, position: record!.position };
  }

  /** For ever. Also of a stream that never was. */
  tombstone(stream: string, expected: Expected): AppendOutcome {
    const refused = this.#refusedDelete(stream, expected);
    if (refused !== undefined) return refused;
    const [record] = this.#write(stream, [{ ...metadataEvent(''), type: '$streamDeleted', contentType: 'application/octet-stream' }], TOMBSTONE_REVISION);
    this.#state(stream).tombstoned = true;
    return { kind: 'appended', revision: undefined, position: record!.position };
  }

  #refusedDelete(stream: string, expected: Expected): AppendOutcome | undefined {
    if (this.isTombstoned(stream)) return { kind: 'deleted' };
    const actual = this.#streams.get(stream)?.records.at(-1)?.revision;
    const fits =
      expected.kind === 'any' || (expected.kind === 'no-stream' && actual === undefined) || (expected.kind === 'exact' && actual === expected.revision);
    return fits ? undefined : { kind: 'wrong-version', actual };
  }

  isTombstoned(stream: string): boolean {
    const subject = stream.startsWith('$$') ? stream.slice(2) : stream;
    return this.#streams.get(subject)?.tombstoned === true;
  }

  limits(stream: string): StreamLimits {
    const latest = stream.startsWith('$$') ? undefined : this.#streams.get(`$$${stream}`)?.records.at(-1);
    return latest === undefined ? {} : limitsOf(latest.data);
  }

  /** What a reader of one stream sees: every record it ever had, and where those begin that are not truncated. */
  view(stream: string, nowMs: number): StreamView {
    if (this.isTombstoned(stream)) return { kind: 'tombstoned' };
    const records = this.#streams.get(stream)?.records ?? [];
    const { truncateBefore = 0n, maxCount, maxAgeMs } = this.limits(stream);
    if (records.length === 0 || truncateBefore === TRUNCATE_ALL) return { kind: 'missing' };
    let firstIndex = Number(truncateBefore);
    if (maxCount !== undefined && maxCount > 0) firstIndex = Math.max(firstIndex, records.length - maxCount);
    if (maxAgeMs !== undefined) {
      const oldestMs = nowMs - maxAgeMs;
      const young = records.findIndex(({ createdMs }) => createdMs >= oldestMs);
      firstIndex = Math.max(firstIndex, young === -1 ? records.length : young);
    }
    return { kind: 'stream', records, firstIndex };
  }

  /** Every record of one stream by revision, truncated ones too; it grows. Undefined until the first. */
  recordsOf(stream: string): readonly LogRecord[] | undefined {
    return this.#streams.get(stream)?.records;
  }

  /** A write of the server's own, which no rule refuses. */
  writeSystemEvent(stream: string, type: string, data: string): void {
    this.#write(stream, [{ ...metadataEvent(data), type }]);
  }

  /** Other data under the same id, revision and position, as whoever has the server's disk could put there. Returns what undoes it. */
  replaceData(position: number, data: Uint8Array): () => void {
    const index = this.indexAt(BigInt(position));
    if (index === undefined) throw new RangeError(`no record stands at ${position}`);
    const record = this.records[index]!;
    const changed = { ...record, data };
    this.records[index] = changed;
    const own = this.#state(record.stream).records;
    own[own.indexOf(record)] = changed;
    return () => void this.replaceData(position, record.data);
  }

  /** A record is gone, from its stream and from the log, and everything else is as it was. Returns what undoes it. */
  lose(position: number): () => void {
    const index = this.indexAt(BigInt(position));
    if (index === undefined) throw new RangeError(`no record stands at ${position}`);
    const record = this.records[index]!;
    this.lost.add(record);
    return () => void this.lost.delete(record);
  }

  #state(name: string): Stream {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    const state: Stream = { records: [], tombstoned: false };
    this.#streams.set(name, state);
    return state;
  }

  #write(stream: string, events: readonly Proposed[], onlyRevision?: bigint): readonly LogRecord[] {
    const state = this.#state(stream);
    const createdMs = Date.now();
    const written = events.map((event): LogRecord => {
      const position = this.#nextPosition;
      this.#nextPosition += RECORD_OVERHEAD_BYTES + stream.length + event.type.length + event.data.length + event.metadata.length;
      const record = { ...event, position, stream, revision: onlyRevision ?? BigInt(state.records.length), createdMs };
      if (onlyRevision === undefined) state.records.push(record);
      this.records.push(record);
      this.#ids.remember(record);
      return record;
    });
    for (const onWrite of this.#followers) onWrite(written);
    return written;
  }
}

const metadataEvent = (data: string): Proposed => ({
  id: globalThis.crypto.randomUUID(),
  type: '$metadata',
  contentType: 'application/json',
  data: new Uint8Array(Buffer.from(data, 'utf8')),
  metadata: new Uint8Array(),
});
