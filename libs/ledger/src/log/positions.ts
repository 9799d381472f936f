import { TILE_WIDTH } from '#libs/proofs';
import { damaged } from './errors.js';
import { type Bundle, encodeBundle } from './layout.js';

/** Positions of the newest leaves kept in memory: more than may wait to be written. A power of two. */
const RECENT = 131_072;
/** Bundles of older leaves kept decoded. */
const BUNDLES_CACHED_MAX = 64;

export type ReadBundle = (index: number) => Bundle | undefined;

/**
 * Where in the store each leaf stands: positions increase with the index. The newest are in memory, older ones are read,
 * a bundle of 256 at a time.
 */
export class Positions {
  readonly #recent = new Float64Array(RECENT);
  readonly #cache = new Map<number, Bundle>();
  #size = 0;
  /** Leaves from this index on are in memory. */
  #from = 0;

  constructor(private readonly readBundle: ReadBundle) {}

  /** As stored, for a tree of `size` leaves. Throws LEDGER_DAMAGED where the last bundle is missing. */
  static load(readBundle: ReadBundle, size: number): Positions {
    const positions = new Positions(readBundle);
    const start = size - (size % TILE_WIDTH || Math.min(size, TILE_WIDTH));
    positions.#size = positions.#from = start;
    if (start === size) return positions;
    const bundle = readBundle(start / TILE_WIDTH);
    if (bundle === undefined || bundle.count < size - start) throw damaged('the last bundle of positions is missing');
    for (let at = 0; at < size - start; at += 1) positions.push(bundle.at(at));
    return positions;
  }

  get size(): number {
    return this.#size;
  }

  /** Position of the last leaf, 0 where there is none. */
  get last(): number {
    return this.#size === 0 ? 0 : this.#recentAt(this.#size - 1);
  }

  push(position: number): void {
    this.#recent[this.#size % RECENT] = position;
    this.#size += 1;
    if (this.#size - this.#from > RECENT) this.#from = this.#size - RECENT;
  }

  at(index: number): number {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.#size) throw new RangeError('no such leaf');
    if (index >= this.#from) return this.#recentAt(index);
    const bundle = this.#bundle(Math.floor(index / TILE_WIDTH));
    return bundle.at(index % TILE_WIDTH);
  }

  /** Index of the leaf at a position, undefined where none stands there. */
  find(position: number): number | undefined {
    if (this.#size === 0 || position > this.last) return undefined;
    return position >= this.#recentAt(this.#from) ? this.#findRecent(position) : this.#findStored(position);
  }

  /** A bundle as it is to be stored: all of its positions must be in memory. */
  encoded(index: number, lastHash: Uint8Array | undefined): Buffer {
    const from = index * TILE_WIDTH;
    const count = Math.min(TILE_WIDTH, this.#size - from);
    if (from < this.#from || count <= 0) throw new RangeError('the positions of this bundle are not in memory');
    const positions = new Float64Array(count);
    for (let at = 0; at < count; at += 1) positions[at] = this.#recentAt(from + at);
    return encodeBundle(positions, lastHash);
  }

  #recentAt(index: number): number {
    return this.#recent[index % RECENT] as number;
  }

  #findRecent(position: number): number | undefined {
    let low = this.#from;
    let high = this.#size - 1;
    const guess = high - (this.last - position); // where positions have no gaps, it is there
    if (guess >= low && this.#recentAt(guess) === position) return guess;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const there = this.#recentAt(middle);
      if (there === position) return middle;
      if (there < position) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }

  /** By interpolation and halving in turn: at once where positions have no gaps, and never worse than halving twice over. */
  #findStored(position: number): number | undefined {
    let low = 0;
    let high = Math.floor((this.#from - 1) / TILE_WIDTH);
    let lowest = 0;
    let highest = this.#recentAt(this.#from);
    for (let step = 0; low <= high; step += 1) {
      const share = step % 2 === 0 ? (position - lowest) / (highest - lowest) : 0.5;
      const probe = Math.min(high, Math.max(low, low + Math.floor(share * (high - low + 1))));
      const bundle = this.#bundle(probe);
      const last = bundle.at(bundle.count - 1);
      if (position < bundle.at(0)) {
        high = probe - 1;
        highest = bundle.at(0);
      } else if (position > last) {
        low = probe + 1;
        lowest = last;
      } else {
        const at = findIn(bundle, position);
        return at === undefined ? undefined : probe * TILE_WIDTH + at;
      }
    }
    return undefined;
  }

  #bundle(index: number): Bundle {
    const cached = this.#cache.get(index);
    if (cached) return cached;
    const bundle = this.readBundle(index);
    if (bundle?.count !== TILE_WIDTH) throw damaged(`the bundle of positions ${index} is missing`);
    if (this.#cache.size >= BUNDLES_CACHED_MAX) this.#cache.delete(this.#cache.keys().next().value as number);
    this.#cache.set(index, bundle);
    return bundle;
  }
}

function findIn(bundle: Bundle, position: number): number | undefined {
  let low = 0;
  let high = bundle.count - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const there = bundle.at(middle);
    if (there === position) return middle;
    if (there < position) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
