import { encodeRun, FORMAT_KEY, type Run, STORE_FORMAT } from '../lmdb/layout.js';
import { type LmdbFile, openReading } from '../lmdb/lmdb-file.js';
import { found } from './store-finding.js';

const FIRST_BLOCK = 2;
const HEAD = 3;
const OLDER = 4;
const RUN_BYTES = 26;
/** Behind a stream's name in the key of an older run: 00, first revision. */
const OLDER_SUFFIX_BYTES = 5;
/** Streams looked at in one transaction. */
const PAGE_STREAMS = 2_048;

/** Of its entry in the index; the stream's name is what follows the key's first byte. */
interface Stream {
  readonly key: Buffer;
  readonly newest: Run;
}
/** A run of the stream whose name, in UTF-8, stands at [from, to) of these bytes: good for the time of the call only. */
export type PutRun = (bytes: Buffer, from: number, to: number, run: Run) => void;

const wordAt = (value: Uint8Array, at: number): number =>
  (((value[at] as number) << 24) | ((value[at + 1] as number) << 16) | ((value[at + 2] as number) << 8) | (value[at + 3] as number)) >>> 0;
/** The file with each value read as a run; undefined where it is none. Throws StoreUnavailable. */
export type IndexFile = ReturnType<typeof openIndex>;
export const openIndex = (directory: string) =>
  openReading<Run | undefined>(directory, {
    encode: (run) => encodeRun(run as Run), // never called: it is for reading
    decode: (bytes, length) => (length === RUN_BYTES ? runOf(bytes) : undefined),
  });

/** As `decodeRun`, without a view of its own and checks of every number: a run costs a third. */
const runOf = (value: Uint8Array): Run => ({
  firstRevision: wordAt(value, 0),
  count: wordAt(value, 4),
  block: ((value[8] as number) * 256 + (value[9] as number)) * 2 ** 32 + wordAt(value, 10),
  ordinal: wordAt(value, 14),
  offset: wordAt(value, 18),
  length: wordAt(value, 22),
});

const after = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);
const behindOlder = (head: Buffer): Buffer => Buffer.concat([Buffer.of(OLDER), head.subarray(1), Buffer.of(1)]);
const named = (head: Buffer): { stream: string } => ({ stream: head.toString('utf8', 1) });

/** Whether the bytes at [a, aEnd) are those at [b, bEnd) of `other`: from the end, where neighbours differ. */
export function isSame(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number, other: Uint8Array = bytes): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (let one = aEnd - 1, two = bEnd - 1; one >= a; one -= 1, two -= 1) if (bytes[one] !== other[two]) return false;
  return true;
}

/** Checks that the file says which format it has, and holds entries of the known kinds only. Throws Found. */
export function checkKinds(file: LmdbFile): void {
  const format = file.getBinary(FORMAT_KEY);
  const outside = [...file.getKeys({ end: Buffer.of(FIRST_BLOCK), limit: 2 }), ...file.getKeys({ start: Buffer.of(OLDER + 1), limit: 1 })];
  if (format?.length !== 1 || format[0] !== STORE_FORMAT || outside.length !== 1) throw found('ENTRY_UNKNOWN', 'the file has an entry of no known kind');
}

/**
 * Goes through the index of runs: each stream's older runs and its newest one follow each other from revision 0 without a
 * gap, and each entry is found by its key. Newest and older runs of a stream are of one state of the file, also beside an
 * owner that writes. Yields how many runs there were, page by page. Throws Found.
 */
export function* walkIndex(file: IndexFile, put: PutRun): Iterable<number> {
  let heads: Buffer = Buffer.of(HEAD);
  let older: Buffer = Buffer.of(OLDER);
  for (let isLast = false; !isLast;) {
    const streams = [...file.getRange({ start: heads, end: Buffer.of(HEAD + 1), limit: PAGE_STREAMS })].map(({ key, value }) => streamOf(key, value));
    const last = streams.at(-1);
    isLast = streams.length < PAGE_STREAMS || last === undefined;
    const end = isLast || last === undefined ? Buffer.of(OLDER + 1) : behindOlder(last.key);
    let runs = streams.length;
    const merge = new Merge(streams, put);
    for (const { key, value } of file.getRange({ start: older, end })) {
      merge.older(key, value);
      runs += 1;
    }
    merge.end();
    for (const { key } of streams) if (!file.doesExist(key)) throw found('INDEX_DAMAGED', 'its newest run is not found by its name', named(key));
    file.resetReadTxn();
    if (last) heads = after(last.key);
    older = end;
    yield runs;
  }
}

function streamOf(key: Buffer, run: Run | undefined): Stream {
  if (run === undefined || key.length === 1) throw found('INDEX_DAMAGED', 'its newest run is none', named(key));
  return { key, newest: checked(key, run) };
}

function checked(head: Buffer, run: Run): Run {
  if (run.count === 0) throw found('INDEX_DAMAGED', 'it has a run of no events', named(head));
  return run;
}

/** Older runs, in the order of their keys, beside the streams that they belong to. */
class Merge {
  #at = 0;
  #next = 0;

  constructor(
    private readonly streams: readonly Stream[],
    private readonly put: PutRun,
  ) {}

  older(key: Buffer, run: Run | undefined): void {
    const nameEnd = key.length - OLDER_SUFFIX_BYTES;
    let stream = this.streams[this.#at];
    while (stream !== undefined && !isSame(key, 1, nameEnd, 1, stream.key.length, stream.key)) {
      this.#finish();
      stream = this.streams[this.#at];
    }
    if (stream === undefined || key[nameEnd] !== 0)
      throw found('INDEX_DAMAGED', 'it has older runs and no newest one', named(key.subarray(0, Math.max(1, nameEnd))));
    if (run === undefined) throw found('INDEX_DAMAGED', 'an older run of it is none', named(stream.key));
    checked(stream.key, run);
    if (wordAt(key, key.length - 4) !== run.firstRevision) throw found('INDEX_DAMAGED', 'an older run of it stands under another revision', named(stream.key));
    this.#take(stream, run);
  }

  end(): void {
    while (this.#at < this.streams.length) this.#finish();
  }

  #finish(): void {
    const stream = this.streams[this.#at] as Stream;
    this.#take(stream, stream.newest);
    this.#at += 1;
    this.#next = 0;
  }

  #take(stream: Stream, run: Run): void {
    if (run.firstRevision !== this.#next)
      throw found('REVISION_MISSING', `its index has revision ${run.firstRevision} where ${this.#next} should follow`, named(stream.key));
    this.#next += run.count;
    this.put(stream.key, 1, stream.key.length, run);
  }
}
