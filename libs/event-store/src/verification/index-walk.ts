import { FORMAT_KEY, type Run, STORE_FORMAT } from '../lmdb/layout.js';
import type { LmdbFile } from '../lmdb/lmdb-file.js';
import { found } from './store-finding.js';

const FIRST_BLOCK = 2;
const HEAD = 3;
const OLDER = 4;
const RUN_BYTES = 26;
/** Behind a stream's name in the key of an older run: 00, first revision. */
const OLDER_SUFFIX_BYTES = 5;
/** Streams looked at in one transaction. */
const PAGE_STREAMS = 2_048;

interface Stream {
  readonly name: Buffer;
  readonly newest: Run;
}
type Put = (name: Buffer, run: Run) => void;

const wordAt = (value: Uint8Array, at: number): number =>
  (((value[at] as number) << 24) | ((value[at + 1] as number) << 16) | ((value[at + 2] as number) << 8) | (value[at + 3] as number)) >>> 0;
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
const behindOlder = (name: Buffer): Buffer => Buffer.concat([Buffer.of(OLDER), name, Buffer.of(1)]);
const named = (name: Buffer): { stream: string } => ({ stream: name.toString('utf8') });

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
export function* walkIndex(file: LmdbFile, put: Put): Iterable<number> {
  let heads: Buffer = Buffer.of(HEAD);
  let older: Buffer = Buffer.of(OLDER);
  for (let isLast = false; !isLast;) {
    const streams = [...file.getRange({ start: heads, end: Buffer.of(HEAD + 1), limit: PAGE_STREAMS })].map(({ key, value }) => streamOf(key, value));
    const last = streams.at(-1);
    isLast = streams.length < PAGE_STREAMS || last === undefined;
    const end = isLast || last === undefined ? Buffer.of(OLDER + 1) : behindOlder(last.name);
    let runs = streams.length;
    const merge = new Merge(streams, put);
    for (const { key, value } of file.getRange({ start: older, end })) {
      merge.older(key, value);
      runs += 1;
    }
    merge.end();
    for (const { name } of streams)
      if (!file.doesExist(Buffer.concat([Buffer.of(HEAD), name]))) throw found('INDEX_DAMAGED', 'its newest run is not found by its name', named(name));
    file.resetReadTxn();
    if (last) heads = after(Buffer.concat([Buffer.of(HEAD), last.name]));
    older = end;
    yield runs;
  }
}

function streamOf(key: Buffer, value: Buffer): Stream {
  const name = Buffer.from(key.subarray(1));
  if (value.length !== RUN_BYTES || name.length === 0) throw found('INDEX_DAMAGED', 'its newest run is none', named(name));
  return { name, newest: checked(name, runOf(value)) };
}

function checked(name: Buffer, run: Run): Run {
  if (run.count === 0) throw found('INDEX_DAMAGED', 'it has a run of no events', named(name));
  return run;
}

/** Older runs, in the order of their keys, beside the streams that they belong to. */
class Merge {
  #at = 0;
  #next = 0;

  constructor(
    private readonly streams: readonly Stream[],
    private readonly put: Put,
  ) {}

  older(key: Buffer, value: Buffer): void {
    const name = key.subarray(1, -OLDER_SUFFIX_BYTES);
    while (this.#at < this.streams.length && !name.equals((this.streams[this.#at] as Stream).name)) this.#finish();
    const stream = this.streams[this.#at];
    if (stream === undefined || key[key.length - OLDER_SUFFIX_BYTES] !== 0)
      throw found('INDEX_DAMAGED', 'it has older runs and no newest one', named(Buffer.from(name)));
    if (value.length !== RUN_BYTES) throw found('INDEX_DAMAGED', 'an older run of it is none', named(stream.name));
    const run = checked(stream.name, runOf(value));
    if (key.readUInt32BE(key.length - 4) !== run.firstRevision)
      throw found('INDEX_DAMAGED', 'an older run of it stands under another revision', named(stream.name));
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
      throw found('REVISION_MISSING', `its index has revision ${run.firstRevision} where ${this.#next} should follow`, named(stream.name));
    this.#next += run.count;
    this.put(stream.name, run);
  }
}
