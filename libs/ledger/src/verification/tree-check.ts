import { HASH_BYTES, hashOfRange, type NodeReader, TILE_HEIGHT, TILE_WIDTH } from '#libs/proofs';
import { ExpandedTile } from '../tree/expanded-tile.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { type HashedRange, type LooseLeaves, OpenTile, topOf } from './leaf-range.js';
import type { LedgerWalk } from './ledger-walk.js';
import { type LogFinding, unreadable } from './log-finding.js';

const FIRST_HASHES = 1_024;

/** Hashes that grow. */
class Hashes {
  #bytes = Buffer.alloc(FIRST_HASHES * HASH_BYTES);
  count = 0;

  push(hashes: Uint8Array): void {
    const end = this.count * HASH_BYTES + hashes.length;
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(end, 2 * this.#bytes.length));
    this.#bytes.set(hashes, this.count * HASH_BYTES);
    this.count = end / HASH_BYTES;
  }

  slice(from: number, to: number): Buffer {
    return this.#bytes.subarray(from * HASH_BYTES, Math.min(to, this.count) * HASH_BYTES);
  }
}

/**
 * The tree that the store's bytes give, put together from hashed ranges, and held against the stored one. Keeps a hash for
 * 256 leaves, level 0 is read again from the tiles once they are known to be right.
 */
export class TreeCheck {
  readonly #walk: LedgerWalk | undefined;
  readonly #levels: Hashes[] = [];
  readonly #edge = new OpenTile();
  #size = 0;
  #lastPosition = 0;

  constructor(walk: LedgerWalk | undefined) {
    this.#walk = walk;
  }

  get size(): number {
    return this.#size;
  }
  /** Of the last leaf, 0 where there is none. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  /** The next range. Throws RangeError where it does not follow. */
  join({ first, next, before, tops, after, finding }: HashedRange): LogFinding | undefined {
    if (first !== this.#size) throw new RangeError('the ranges of a tree follow each other');
    const own = finding ?? this.#take(before);
    this.#push(1, tops);
    const last = own ?? this.#take(after);
    this.#size = next;
    return last;
  }

  #take({ hashes, positions }: LooseLeaves): LogFinding | undefined {
    let finding: LogFinding | undefined;
    for (const [at, position] of positions.entries()) {
      this.#edge.push(hashes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES), position);
      if (this.#edge.width < TILE_WIDTH) continue;
      finding ??= this.#compared(0, this.#hashes(1).count, this.#edge.hashes, this.#edge.positions);
      this.#push(1, topOf(this.#edge.hashes));
      this.#edge.width = 0;
    }
    return finding;
  }

  #hashes(level: number): Hashes {
    return (this.#levels[level] ??= new Hashes());
  }

  #push(level: number, hashes: Uint8Array): void {
    this.#hashes(level).push(hashes);
  }

  #compared(level: number, index: number, hashes: Buffer, positions?: Float64Array): LogFinding | undefined {
    try {
      return this.#walk?.tile(level, index, hashes, positions);
    } catch (error) {
      return unreadable(error, `tile ${index} of level ${level} cannot be read`);
    }
  }

  /** Once all ranges are in, `lastPosition` being the store's: compares the tile at the edge, and every tile above level 0. */
  finish(lastPosition: number): LogFinding | undefined {
    this.#lastPosition = lastPosition;
    const { width, hashes, positions } = this.#edge;
    const edge = hashes.subarray(0, width * HASH_BYTES);
    let finding = width === 0 ? undefined : this.#compared(0, this.#hashes(1).count, edge, positions.subarray(0, width));
    for (let level = 1; this.#hashes(level).count > 0; level += 1) {
      const below = this.#hashes(level);
      for (let index = 0; index * TILE_WIDTH < below.count; index += 1) {
        const tile = below.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH);
        finding ??= this.#compared(level, index, tile);
        if (tile.length === TILE_WIDTH * HASH_BYTES) this.#push(level + 1, topOf(tile));
      }
    }
    return finding;
  }

  /** Root of the tree of the first `size` leaves; `leavesOf` gives the hashes of a tile of level 0, as many of them as are under that root at least. Throws RangeError beyond the tree. */
  root(size: number, leavesOf: (index: number) => Uint8Array): Uint8Array {
    if (size > this.#size) throw new RangeError('the tree has not had this size');
    const tiles = new Map<string, ExpandedTile>();
    const tile = (level: number, index: number): ExpandedTile => {
      const name = `${level}/${index}`;
      const known = tiles.get(name);
      if (known) return known;
      const made = new ExpandedTile(
        nativeHasher,
        level > 0 ? this.#hashes(level).slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH) : this.#leaves(index, leavesOf),
      );
      tiles.set(name, made);
      return made;
    };
    const node: NodeReader = (level, index) => {
      const row = level % TILE_HEIGHT;
      const width = TILE_WIDTH >> row;
      const tileIndex = Math.floor(index / width);
      return tile(Math.floor(level / TILE_HEIGHT), tileIndex).node(row, index - tileIndex * width);
    };
    return hashOfRange(nativeHasher, node, 0, size);
  }

  #leaves(index: number, leavesOf: (index: number) => Uint8Array): Uint8Array {
    const { hashes, width } = this.#edge;
    return index === this.#hashes(1).count ? hashes.subarray(0, width * HASH_BYTES) : leavesOf(index);
  }
}
