import { StoreUnavailable } from '../errors.js';
import { headerOf } from '../event-header.js';
import { type AllPage, NO_STREAM, type StoredEvent } from '../event-store.js';
import {
  BLOCK_HEADER_BYTES,
  BLOCKS_END,
  blockKey,
  countOfBlock,
  decodeRun,
  EVENT_PREFIX_BYTES,
  headKey,
  lastRevision,
  olderKey,
  positionOfBlockKey,
  type Run,
} from './layout.js';
import type { LmdbFile } from './lmdb-file.js';

/** A page of `readAll` ends after this many bytes, however many events were asked for. */
const PAGE_BYTES_MAX = 16 * 1024 * 1024;

function storedEvent(bytes: Buffer, position: number): StoredEvent {
  const header = headerOf(bytes);
  if (header === undefined) throw new StoreUnavailable(`the event at position ${position} is damaged`);
  return { stream: header.stream, revision: header.revision, position: BigInt(position), id: header.id, type: header.type, bytes };
}

/** Copies `take` events of a block, the first of which starts at `offset` and has this position, out of LMDB's memory. Returns their bytes. */
function copyEvents(block: Buffer, offset: number, position: number, take: number, into: StoredEvent[]): number {
  let end = offset;
  for (let index = 0; index < take; index += 1) end += EVENT_PREFIX_BYTES + block.readUInt16BE(end);
  const copy = Buffer.allocUnsafe(end - offset);
  block.copy(copy, 0, offset, end);
  for (let index = 0, at = 0; index < take; index += 1) {
    const start = at + EVENT_PREFIX_BYTES;
    at = start + copy.readUInt16BE(at);
    into.push(storedEvent(copy.subarray(start, at), position + index));
  }
  return copy.length;
}

/** Where the event starts that stands `skip` events after the one at `offset`. */
function skipEvents(block: Buffer, offset: number, skip: number): number {
  let at = offset;
  for (let index = 0; index < skip; index += 1) at += EVENT_PREFIX_BYTES + block.readUInt16BE(at);
  return at;
}

/**
 * Reads the store's file, synchronously. What is read without a `release` between is one state of it; after a `release`
 * the next call sees the newest, and no transaction keeps old pages from being used again.
 */
export class LmdbReader {
  readonly #file: LmdbFile;

  constructor(file: LmdbFile) {
    this.#file = file;
  }

  release(): void {
    this.#file.resetReadTxn();
  }

  /** The newest run of a stream. */
  head(stream: string): Run | undefined {
    const value = this.#file.getBinaryFast(headKey(stream));
    return value && decodeRun(value);
  }

  lastRevision(stream: string): number {
    const head = this.head(stream);
    return head ? lastRevision(head) : NO_STREAM;
  }

  readStream(stream: string, from: number, limit: number): StoredEvent[] {
    const events: StoredEvent[] = [];
    const head = this.head(stream);
    if (head === undefined) return events;
    const last = lastRevision(head);
    for (let next = from; next <= last && events.length < limit;) {
      const run = next >= head.firstRevision ? head : this.#olderRun(stream, next);
      const skip = next - run.firstRevision;
      const take = Math.min(run.count - skip, limit - events.length);
      const block = this.#block(run.block);
      copyEvents(block, skipEvents(block, run.offset, skip), run.block + run.ordinal + skip, take, events);
      next += take;
    }
    return events;
  }

  readAll(after: number, limit: number): AllPage {
    const events: StoredEvent[] = [];
    let next = after + 1;
    let pageBytes = 0;
    let first = this.#blockHolding(next);
    while (first !== undefined && events.length < limit && pageBytes < PAGE_BYTES_MAX) {
      const block = this.#block(first);
      const skip = next - first;
      const left = countOfBlock(block) - skip;
      const take = Math.min(left, limit - events.length);
      pageBytes += copyEvents(block, skipEvents(block, BLOCK_HEADER_BYTES, skip), next, take, events);
      next += take;
      if (take === left) first = this.#file.doesExist(blockKey(next)) ? next : undefined;
    }
    return { events, next: BigInt(next - 1), atEnd: first === undefined };
  }

  lastPosition(): number {
    const first = this.#lastBlockUpTo(BLOCKS_END);
    return first === undefined ? 0 : first + countOfBlock(this.#block(first)) - 1;
  }

  #block(first: number): Buffer {
    const block = this.#file.getBinaryFast(blockKey(first));
    if (block === undefined) throw new StoreUnavailable(`the block at position ${first} is missing`);
    return block;
  }

  #lastBlockUpTo(key: Buffer): number | undefined {
    for (const found of this.#file.getKeys({ start: key, end: blockKey(0), reverse: true, limit: 1 })) return positionOfBlockKey(found);
    return undefined;
  }

  #blockHolding(position: number): number | undefined {
    const first = this.#lastBlockUpTo(blockKey(position));
    return first !== undefined && position < first + countOfBlock(this.#block(first)) ? first : undefined;
  }

  /** The run with this revision, which is older than the stream's newest run. Runs have no gaps: mostly it starts right here. */
  #olderRun(stream: string, revision: number): Run {
    const value = this.#file.getBinaryFast(olderKey(stream, revision));
    if (value !== undefined) return decodeRun(value);
    for (const entry of this.#file.getRange({ start: olderKey(stream, revision), end: olderKey(stream, 0), inclusiveEnd: true, reverse: true, limit: 1 })) {
      return decodeRun(entry.value);
    }
    throw new StoreUnavailable(`a stream's index has a gap at revision ${revision}`);
  }
}
