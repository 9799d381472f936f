import { StoreUnavailable } from '../errors.js';
import { STREAM_NAME_BYTES_MAX } from '../event-store.js';
import { BLOCK_FORMAT, BLOCK_HEADER_BYTES, BLOCKS_END, blockKey, countOfBlock, EVENT_PREFIX_BYTES, positionOfBlockKey, type Run } from '../lmdb/layout.js';
import { type LmdbFile, openFile } from '../lmdb/lmdb-file.js';
import { EventScanner } from './event-scanner.js';
import { IdBuffer } from './id-buffer.js';
import { checkKinds, type IndexFile, isSame, openIndex, type PutRun, walkIndex } from './index-walk.js';
import { bucketOf, newBalanceSeed, RunBalance } from './run-balance.js';
import { type Found, found, findingOf, type StoreFinding } from './store-finding.js';

const BLOCK_KEY_BYTES = 7;
const BACKSLASH = 0x5c;
/** Keys of blocks read in one transaction. */
const PAGE_BLOCKS = 64;
/** Buckets whose streams are compared one by one, where the index differs from the blocks. */
const SUSPECTS_MAX = 256;

/** Called for each event, which lies at [start, end) of a block: the block is good for the time of the call only. */
export type TakeEvent = (block: Buffer, start: number, end: number, position: number) => void;

export interface WalkedBlocks {
  /** Position of the first event there, 0 where there is none; and the one that must follow the last. */
  readonly first: number;
  readonly next: number;
  /** The first thing that is wrong: the walk ends there. */
  readonly finding?: StoreFinding;
}
export interface WalkOptions {
  readonly event?: TakeEvent;
  /** Ids of events in order, four words each (most significant first), many at a time. */
  readonly ids?: (words: Uint32Array) => void;
}

type MutableRun = { -readonly [K in keyof Run]: Run[K] };

/**
 * An embedded event store as its file holds it: every byte of every block, and the index of runs. Read-only, beside a
 * running owner or none. What is wrong is told, not thrown. Of one thread; `seed` is shared by threads that add up.
 */
export class StoreWalk {
  readonly seed: Uint32Array;
  /** What the blocks put on it and the index took away: both must hold the same runs. */
  readonly balance: RunBalance;
  readonly #file: LmdbFile;
  readonly #scanner = new EventScanner();
  #copy = Buffer.alloc(0);

  readonly #directory: string;
  /** The same file, for the index alone. */
  #index: IndexFile | undefined;

  private constructor(directory: string, seed: Uint32Array) {
    this.#directory = directory;
    this.#file = openFile(directory, true);
    this.seed = seed;
    this.balance = new RunBalance(seed);
  }

  /** Throws StoreUnavailable where there is no store that can be read. */
  static open(directory: string, seed: Uint32Array = newBalanceSeed()): StoreWalk {
    return new StoreWalk(directory, seed);
  }

  async close(): Promise<void> {
    await this.#index?.close();
    await this.#file.close();
  }

  /** Entries of the file: a measure of how long the index takes. */
  get entries(): number {
    return (this.#file.getStats() as { readonly entryCount?: number }).entryCount ?? 0;
  }

  /** Position of the last event; 0 where there is none. Throws StoreUnavailable. */
  lastPosition(): number {
    try {
      for (const key of this.#file.getKeys({ start: BLOCKS_END, end: blockKey(0), reverse: true, limit: 1 })) {
        const block = key.length === BLOCK_KEY_BYTES ? this.#file.getBinaryFast(key) : undefined;
        if (block === undefined || block.length < BLOCK_HEADER_BYTES) throw new StoreUnavailable('the last block cannot be read');
        return positionOfBlockKey(key) + countOfBlock(block) - 1;
      }
      return 0;
    } finally {
      this.#file.resetReadTxn();
    }
  }

  /**
   * The blocks whose first event's position lies in [from, to), in order: their form, their events' bytes (canonical form,
   * header, revisions of neighbours), and their runs onto the balance.
   */
  blocks(from: number, to: number, options: WalkOptions = {}): WalkedBlocks {
    return this.#walk(from, to, options, (bytes, from, to, run) => this.balance.put(1, bytes, from, to, run));
  }

  #walk(from: number, to: number, { event = () => undefined, ids }: WalkOptions, put: PutRun): WalkedBlocks {
    const collected = ids && new IdBuffer(ids);
    let first = 0;
    let next = 0;
    try {
      for (const key of this.#blockKeys(from, to)) {
        if (key.length !== BLOCK_KEY_BYTES) throw found('ENTRY_UNKNOWN', 'an entry among the blocks is none');
        const position = positionOfBlockKey(key);
        if (first === 0) first = next = position;
        if (position !== next)
          throw found('POSITION_MISSING', `the block of position ${next} is missing: the next one begins at ${position}`, { position: next });
        next = this.#block(key, position, event, collected, put);
      }
      collected?.flush();
      return { first, next };
    } catch (error) {
      return { first, next, finding: findingOf(error, next) };
    } finally {
      this.#file.resetReadTxn();
    }
  }

  /** Ids alone, of events that were walked before: neither balance nor events are told of them. */
  ids(from: number, to: number, ids: (words: Uint32Array) => void): void {
    this.#walk(from, to, { ids }, () => undefined);
  }

  *#blockKeys(from: number, to: number): Iterable<Buffer> {
    let start = blockKey(from);
    for (let left = true; left;) {
      const keys = [...this.#file.getKeys({ start, end: blockKey(to), limit: PAGE_BLOCKS })];
      yield* keys;
      left = keys.length === PAGE_BLOCKS;
      start = Buffer.concat([keys.at(-1) ?? start, Buffer.of(0)]);
      this.#file.resetReadTxn();
    }
  }

  #block(key: Buffer, first: number, event: TakeEvent, ids: IdBuffer | undefined, put: PutRun): number {
    const block = this.#copyOf(key);
    if (block === undefined) throw found('BLOCK_DAMAGED', 'the block is in the file, but is not found by its position', { position: first });
    if (block.length < BLOCK_HEADER_BYTES || block[0] !== BLOCK_FORMAT) throw found('BLOCK_DAMAGED', 'the block is not of the format', { position: first });
    const count = block.readUInt32BE(1);
    const scanner = this.#scanner;
    const run: MutableRun = { firstRevision: 0, count: 0, block: first, ordinal: 0, offset: 0, length: 0 };
    let name = 0;
    let nameEnd = 0;
    let isPlain = true;
    let at = BLOCK_HEADER_BYTES;
    for (let ordinal = 0; ordinal < count; ordinal += 1) {
      const end = this.#endOfEvent(block, at, first + ordinal);
      const { streamAt, streamEnd, revision } = scanner;
      if (run.count > 0 && isSame(block, name, nameEnd, streamAt, streamEnd)) {
        if (revision !== run.firstRevision + run.count)
          throw revisionMissing(block.subarray(name, nameEnd), first + ordinal, run.firstRevision + run.count, revision);
      } else {
        if (run.count > 0) putNamed(put, block, name, nameEnd, isPlain, run);
        run.firstRevision = revision;
        run.count = 0;
        run.ordinal = ordinal;
        run.offset = at;
        run.length = 0;
        name = streamAt;
        nameEnd = streamEnd;
        isPlain = scanner.streamIsPlain;
      }
      run.count += 1;
      run.length += end - at;
      ids?.add(scanner.id);
      event(block, at + EVENT_PREFIX_BYTES, end, first + ordinal);
      at = end;
    }
    if (count === 0 || at !== block.length) throw found('BLOCK_DAMAGED', 'the block holds other bytes than its events', { position: first });
    putNamed(put, block, name, nameEnd, isPlain, run);
    return first + count;
  }

  /** The block of a key, good until the next one: LMDB's own memory is good until the next read of any file. */
  #copyOf(key: Buffer): Buffer | undefined {
    const block = this.#file.getBinaryFast(key);
    if (block === undefined) return undefined;
    if (block.length > this.#copy.length) this.#copy = Buffer.allocUnsafe(2 * block.length);
    this.#copy.set(new Uint8Array(block.buffer, block.byteOffset, block.length)); // its memory is longer than it
    return this.#copy.subarray(0, block.length);
  }

  /** Where the event ends whose length stands at an offset of a block; the scanner holds its header then. */
  #endOfEvent(block: Buffer, at: number, position: number): number {
    const start = at + EVENT_PREFIX_BYTES;
    const end = start <= block.length ? start + (((block[at] as number) << 8) | (block[at + 1] as number)) : start;
    if (end > block.length) throw found('BLOCK_DAMAGED', 'an event reaches beyond the end of its block', { position });
    if (!this.#scanner.scan(block, start, end)) throw found('EVENT_NOT_CANONICAL', 'the bytes are not the canonical form of an event', { position });
    return end;
  }

  /** The index of runs, as far as it is about positions up to this one, off the balance. Yields the runs looked at, page by page. */
  *index(upTo: number): Iterable<{ readonly runs: number; readonly finding?: StoreFinding }> {
    yield* this.#runs(upTo, (bytes, from, to, run) => this.balance.put(-1, bytes, from, to, run));
  }

  *#runs(upTo: number, put: PutRun): Iterable<{ readonly runs: number; readonly finding?: StoreFinding }> {
    try {
      checkKinds(this.#file);
      this.#index ??= openIndex(this.#directory);
      const upToHere: PutRun = (bytes, from, to, run) => {
        if (run.block <= upTo) put(bytes, from, to, run);
      };
      for (const runs of walkIndex(this.#index, upToHere)) yield { runs };
    } catch (error) {
      yield { runs: 0, finding: findingOf(error) };
    } finally {
      this.#file.resetReadTxn();
    }
  }

  /** The first place where blocks and index differ, once both are on the balance and it does not hold. Reads everything again. */
  difference(upTo: number): StoreFinding | undefined {
    const suspects = new Set(this.balance.unbalanced().slice(0, SUSPECTS_MAX));
    if (suspects.size === 0) return undefined;
    const lonely = new Map<string, { readonly stream: string; readonly run: Run }>();
    const meet: PutRun = (bytes, from, to, run) => {
      if (!suspects.has(bucketOf(this.seed, bytes, from, to))) return;
      const stream = bytes.toString('utf8', from, to);
      const { firstRevision, count, block, ordinal, offset, length } = run;
      const facts = [stream, firstRevision, count, block, ordinal, offset, length].join('\0');
      if (!lonely.delete(facts)) lonely.set(facts, { stream, run: { ...run } });
    };
    const { finding } = this.#walk(1, upTo + 1, {}, meet);
    if (finding) return finding;
    for (const page of this.#runs(upTo, meet)) if (page.finding) return page.finding;
    const [first] = [...lonely.values()].sort((a, b) => positionOf(a.run) - positionOf(b.run));
    if (first === undefined) return undefined;
    const { stream, run } = first;
    const revisions = `revisions ${run.firstRevision} to ${run.firstRevision + run.count - 1}`;
    return { code: 'INDEX_CONTRADICTS_BLOCKS', position: positionOf(run), stream, detail: `the blocks and the index differ in ${revisions} of the stream` };
  }
}

/** Puts a run whose stream's name stands at [from, to) of a block, as it is escaped there. */
function putNamed(put: PutRun, block: Buffer, from: number, to: number, isPlain: boolean, run: Run): void {
  if (isPlain && to - from <= STREAM_NAME_BYTES_MAX) {
    put(block, from, to, run);
    return;
  }
  const name = plainName(block.subarray(from, to));
  put(name, 0, name.length, run);
}

const positionOf = ({ block, ordinal }: Run): number => block + ordinal;

const revisionMissing = (stream: Buffer, position: number, expected: number, actual: number): Found =>
  found('REVISION_MISSING', `revision ${actual} where ${expected} should follow`, { position, stream: plainName(stream).toString('utf8') });

/** The UTF-8 of a name that stands in JSON. Throws Found where it is longer than a name may be. */
function plainName(escaped: Buffer): Buffer {
  const name = escaped.includes(BACKSLASH) ? Buffer.from(JSON.parse(`"${escaped.toString('utf8')}"`) as string) : escaped;
  if (name.length > STREAM_NAME_BYTES_MAX) throw found('EVENT_NOT_CANONICAL', "a stream's name is too long");
  return name;
}
