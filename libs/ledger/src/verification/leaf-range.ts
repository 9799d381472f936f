import { HASH_BYTES, TILE_WIDTH } from '#libs/proofs';
import { leafHashInto } from '../tree/leaf-hash.js';
import { ExpandedTile } from '../tree/expanded-tile.js';
import { nativeHasher } from '../tree/native-hasher.js';
import type { LedgerWalk } from './ledger-walk.js';
import { type LogFinding, unreadable } from './log-finding.js';

/** Leaves that follow each other and fill no tile: those at the ends of a range. Plain data: it crosses threads. */
export interface LooseLeaves {
  /** 32 bytes each. */
  readonly hashes: Uint8Array;
  readonly positions: Float64Array;
}
/** What a thread makes of a range of leaves. */
export interface HashedRange {
  /** Index of its first leaf, and of the one that follows the last. */
  readonly first: number;
  readonly next: number;
  readonly before: LooseLeaves;
  /** Hashes over the whole tiles of level 0 between, 32 bytes each. */
  readonly tops: Uint8Array;
  readonly after: LooseLeaves;
  readonly finding?: LogFinding;
}

/** Leaves on their way into a tile. */
export class OpenTile {
  readonly hashes = Buffer.alloc(TILE_WIDTH * HASH_BYTES);
  readonly positions = new Float64Array(TILE_WIDTH);
  width = 0;

  push(hash: Uint8Array, position: number): void {
    this.hashes.set(hash, this.width * HASH_BYTES);
    this.#placed(position);
  }

  /** Hashes the entry that lies at [start, end) of `source`. */
  hash(source: Buffer, start: number, end: number, position: number): void {
    leafHashInto(this.hashes, this.width * HASH_BYTES, source, start, end);
    this.#placed(position);
  }

  #placed(position: number): void {
    this.positions[this.width] = position;
    this.width += 1;
  }

  take(): LooseLeaves {
    const { width } = this;
    this.width = 0;
    return { hashes: Uint8Array.from(this.hashes.subarray(0, width * HASH_BYTES)), positions: this.positions.slice(0, width) };
  }
}

/** Hash over a tile's 256. */
export const topOf = (hashes: Uint8Array): Buffer => new ExpandedTile(nativeHasher, hashes).top();

/** Hashes neighbouring entries, and holds every whole tile of them against the one that is stored. */
export class LeafRange {
  readonly #walk: LedgerWalk | undefined;
  readonly #size: number;
  readonly #first: number;
  readonly #tile = new OpenTile();
  readonly #tops: Buffer[] = [];
  #before: LooseLeaves | undefined;
  #next: number;
  #finding: LogFinding | undefined;

  /** `size`: of the stored log, as far as tiles are compared. */
  constructor(first: number, size: number, walk: LedgerWalk | undefined) {
    this.#walk = walk;
    this.#size = size;
    this.#first = this.#next = first;
    if (first % TILE_WIDTH === 0) this.#before = this.#tile.take();
  }

  /** The next entry, which lies at [start, end) of `source`. */
  push(source: Buffer, start: number, end: number, position: number): void {
    this.#tile.hash(source, start, end, position);
    this.#next += 1;
    if (this.#next % TILE_WIDTH !== 0) return;
    if (this.#before === undefined) {
      this.#before = this.#tile.take();
      return;
    }
    const { hashes, positions } = this.#tile;
    if (this.#next - TILE_WIDTH < this.#size && this.#finding === undefined) this.#finding = this.#compared(hashes, positions);
    this.#tops.push(Buffer.from(topOf(hashes)));
    this.#tile.width = 0;
  }

  #compared(hashes: Buffer, positions: Float64Array): LogFinding | undefined {
    const index = this.#next / TILE_WIDTH - 1;
    try {
      // the log's file may still be behind the store: then it has a part of this tile
      return this.#next <= this.#size ? this.#walk?.wholeTile(index, hashes, positions) : this.#walk?.tile(0, index, hashes, positions);
    } catch (error) {
      return { ...unreadable(error, `tile ${index} cannot be read`), position: positions[0] ?? 0 };
    }
  }

  result(): HashedRange {
    const rest = this.#tile.take();
    const none: LooseLeaves = { hashes: new Uint8Array(0), positions: new Float64Array(0) };
    const [before, after] = this.#before === undefined ? [rest, none] : [this.#before, rest];
    const finding = this.#finding === undefined ? {} : { finding: this.#finding };
    return { first: this.#first, next: this.#next, before, tops: Uint8Array.from(Buffer.concat(this.#tops)), after, ...finding };
  }
}
