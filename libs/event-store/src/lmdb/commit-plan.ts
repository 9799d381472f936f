import { WrongExpectedRevision } from '../errors.js';
import { APPEND_BYTES_MAX, type Appended, type AppendRequest, NO_STREAM } from '../event-store.js';
import type { HeadCache } from './head-cache.js';
import { BLOCK_FORMAT, BLOCK_HEADER_BYTES, blockKey, encodeRun, EVENT_PREFIX_BYTES, headKey, lastRevision, olderKey, type Run } from './layout.js';
import type { LmdbFile } from './lmdb-file.js';
import type { LmdbReader } from './reader.js';

/** A commit takes no further append once it holds this many bytes. */
export const COMMIT_BYTES_TARGET = 1024 * 1024;
/**
 * A block is closed before it would pass this: LMDB hands out whole values only, so reading one event costs a copy of its
 * block. An append is never cut, so a large one makes a larger block.
 */
const BLOCK_BYTES_TARGET = 64 * 1024;
/** An event's bytes hold its whole envelope: none is shorter than this. */
const EVENT_BYTES_MIN = 150;
const LARGEST_APPEND_BYTES = APPEND_BYTES_MAX + (APPEND_BYTES_MAX / EVENT_BYTES_MIN + 1) * EVENT_PREFIX_BYTES;
/** Bytes that the blocks of one commit may need, the last append going over the target. */
export const ARENA_BYTES = Math.ceil((COMMIT_BYTES_TARGET + LARGEST_APPEND_BYTES) * 1.05);

type MutableRun = { -readonly [K in keyof Run]: Run[K] };
interface Block {
  readonly first: number;
  readonly start: number;
  end: number;
  count: number;
}
/** A stream that this commit appends to, or was asked to. */
interface PlannedStream {
  readonly durable: Run | undefined;
  last: number;
  readonly runs: MutableRun[];
  readonly appends: AppendRequest[];
}

/**
 * What one commit writes: decides each append against what is durable and what the commit already holds, lays the events
 * out in blocks, and writes blocks and index in one transaction.
 */
export class CommitPlan {
  readonly #reader: LmdbReader;
  readonly #heads: HeadCache;
  readonly #arena: Buffer;
  readonly #streams = new Map<string, PlannedStream>();
  readonly #blocks: Block[] = [];
  #arenaEnd = 0;
  #nextPosition: number;

  /** The arena holds the blocks until the commit is done: nobody else may use it so long. */
  constructor(reader: LmdbReader, heads: HeadCache, arena: Buffer, lastPosition: number) {
    this.#reader = reader;
    this.#heads = heads;
    this.#arena = arena;
    this.#nextPosition = lastPosition + 1;
  }

  get lastPosition(): number {
    return this.#nextPosition - 1;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** Plans an append whose form was checked. Throws WrongExpectedRevision. What it returns holds once the commit is durable. */
  add(request: AppendRequest): Appended {
    const stream = this.#stream(request.stream);
    if (request.expectedRevision !== stream.last) return this.#repeated(request, stream);
    this.#layOut(request, stream);
    stream.appends.push(request);
    return { revision: stream.last, position: BigInt(this.#nextPosition - 1), alreadyStored: false };
  }

  #stream(name: string): PlannedStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const durable = this.#heads.get(name) ?? this.#reader.head(name);
      stream = { durable, last: durable ? lastRevision(durable) : NO_STREAM, runs: [], appends: [] };
      this.#streams.set(name, stream);
    }
    return stream;
  }

  #layOut({ events, expectedRevision }: AppendRequest, stream: PlannedStream): void {
    let bytes = events.length * EVENT_PREFIX_BYTES;
    for (const event of events) bytes += event.bytes.length;
    const block = this.#blockFor(bytes);
    const run = this.#runFor(stream, block, expectedRevision + 1);
    const arena = this.#arena;
    let at = block.end;
    for (const event of events) {
      const length = event.bytes.length;
      arena[at] = length >>> 8;
      arena[at + 1] = length & 0xff;
      arena.set(event.bytes, at + EVENT_PREFIX_BYTES);
      at += EVENT_PREFIX_BYTES + length;
    }
    block.end = this.#arenaEnd = at;
    block.count += events.length;
    run.count += events.length;
    run.length += bytes;
    stream.last += events.length;
    this.#nextPosition += events.length;
  }

  #blockFor(bytes: number): Block {
    const open = this.#blocks.at(-1);
    if (open !== undefined && open.end - open.start + bytes <= BLOCK_BYTES_TARGET) return open;
    const start = this.#arenaEnd;
    const block = { first: this.#nextPosition, start, end: start + BLOCK_HEADER_BYTES, count: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** Appends to one stream that follow each other in a block are one run. */
  #runFor(stream: PlannedStream, block: Block, firstRevision: number): MutableRun {
    const newest = stream.runs.at(-1);
    const offset = block.end - block.start;
    if (newest?.block === block.first && newest.offset + newest.length === offset) return newest;
    const run = { firstRevision, count: 0, block: block.first, ordinal: block.count, offset, length: 0 };
    stream.runs.push(run);
    return run;
  }

  /** A repeat is told by its event ids at the revisions it asks for (all of them), not by its bytes. */
  #repeated(request: AppendRequest, stream: PlannedStream): Appended {
    const first = request.expectedRevision + 1;
    const last = request.expectedRevision + request.events.length;
    const refused = (): WrongExpectedRevision => new WrongExpectedRevision(request.stream, request.expectedRevision, stream.last);
    if (last > stream.last) throw refused();
    const durableLast = stream.durable ? lastRevision(stream.durable) : NO_STREAM;
    const stored = first <= durableLast ? this.#reader.readStream(request.stream, first, Math.min(last, durableLast) - first + 1) : [];
    const planned = stream.appends.flatMap((append) => append.events);
    for (const [index, event] of request.events.entries()) {
      const there = stored[index] ?? planned[first + index - durableLast - 1];
      if (there?.id !== event.id) throw refused();
    }
    const position = last <= durableLast ? stored.at(-1)?.position : BigInt(positionIn(stream.runs, last));
    if (position === undefined) throw refused();
    return { revision: last, position, alreadyStored: true };
  }

  /** Resolves when all of it is on disk. */
  async write(file: LmdbFile): Promise<void> {
    await file.batch(() => {
      for (const block of this.#blocks) {
        this.#arena[block.start] = BLOCK_FORMAT;
        this.#arena.writeUInt32BE(block.count, block.start + 1);
        void file.put(blockKey(block.first), this.#arena.subarray(block.start, block.end));
      }
      for (const [name, { durable, runs }] of this.#streams) {
        const head = runs.at(-1);
        if (head === undefined) continue;
        if (durable !== undefined) void file.put(olderKey(name, durable.firstRevision), encodeRun(durable));
        for (const run of runs) void file.put(run === head ? headKey(name) : olderKey(name, run.firstRevision), encodeRun(run));
      }
    });
  }

  /** After the commit is durable: what the cache may know of it. */
  remember(): void {
    for (const [name, { durable, runs }] of this.#streams) {
      const head = runs.at(-1) ?? durable;
      if (head !== undefined) this.#heads.set(name, head);
    }
  }
}

function positionIn(runs: readonly Run[], revision: number): number {
  const run = runs.findLast((candidate) => candidate.firstRevision <= revision);
  if (run === undefined) throw new RangeError('no planned run holds this revision');
  return run.block + run.ordinal + revision - run.firstRevision;
}
