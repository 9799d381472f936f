import { randomBytes } from 'node:crypto';

/** Streams are told apart by this many buckets: a difference is looked for in those that do not balance alone. */
export const RUN_BUCKETS = 65_536;
/** Two sums a bucket, each of 32 bits. */
const SUMS = 2;
const MULTIPLIER = 0x01000193;
const OTHER_MULTIPLIER = 0x5bd1e995;

/** A run as it stands in the index, or as the blocks show it. */
export interface RunFacts {
  readonly firstRevision: number;
  readonly count: number;
  readonly block: number;
  readonly ordinal: number;
  readonly offset: number;
  readonly length: number;
}

/** Numbers on top of a hash; written out, for it runs once a run. */
function mixed(hash: number, a: number, b: number, c: number, d: number, e: number, f: number, multiplier: number): number {
  let value = Math.imul(hash ^ a, multiplier);
  value = Math.imul(value ^ (value >>> 15) ^ b, multiplier);
  value = Math.imul(value ^ (value >>> 15) ^ c, multiplier);
  value = Math.imul(value ^ (value >>> 15) ^ d, multiplier);
  value = Math.imul(value ^ (value >>> 15) ^ e, multiplier);
  value = Math.imul(value ^ (value >>> 15) ^ f, multiplier);
  return Math.imul(value ^ (value >>> 15), 0x297a2d39);
}

/** Where the sums of several threads must agree: 16 random bytes. */
export const newBalanceSeed = (): Uint32Array => new Uint32Array(Uint8Array.from(randomBytes(16)).buffer);

/** Hash of a name, four bytes at a time. */
function hashed(seed: number, bytes: Uint8Array, from: number, to: number, multiplier: number): number {
  let hash = seed ^ (to - from);
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
    hash = Math.imul(hash ^ word, multiplier);
    hash ^= hash >>> 15;
  }
  for (; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), multiplier);
  return hash ^ (hash >>> 13);
}
/** Of the hash of a stream's name. */
const bucketOfHash = (hash: number): number => Math.imul(hash ^ (hash >>> 16), 0x2c1b3c6d) >>> 16;

/** Which bucket a stream belongs to, the same for everybody who has the seed. */
export const bucketOf = (seed: Uint32Array, bytes: Uint8Array, from: number, to: number): number =>
  bucketOfHash(hashed(seed[1] as number, bytes, from, to, MULTIPLIER));

/**
 * Whether two lists of runs hold the same ones, in any order, in constant memory: each run is hashed under a random seed
 * and added on one side, taken away on the other, in the bucket of its stream. A bucket whose sums are not 0 holds a
 * difference; one that was missed has a chance of 2^-64.
 */
export class RunBalance {
  readonly #sums: Uint32Array;
  readonly #seed: Uint32Array;

  constructor(seed: Uint32Array, sums = new Uint32Array(RUN_BUCKETS * SUMS)) {
    this.#seed = seed;
    this.#sums = sums;
  }

  /** The stream's name is given in UTF-8. `sign`: 1 to add, -1 to take away. */
  put(sign: 1 | -1, name: Uint8Array, from: number, to: number, run: RunFacts): void {
    const seed = this.#seed;
    let one = hashed(seed[1] as number, name, from, to, MULTIPLIER);
    let other = hashed(seed[2] as number, name, from, to, OTHER_MULTIPLIER);
    const at = bucketOfHash(one) * SUMS;
    const high = Math.floor(run.block / 2 ** 32);
    const low = run.block - high * 2 ** 32;
    one = mixed(one, run.firstRevision, run.count, low ^ (high << 20), run.ordinal, run.offset, run.length, MULTIPLIER);
    other = mixed(other, run.length, run.offset, low, run.ordinal ^ high, run.count, run.firstRevision, OTHER_MULTIPLIER);
    this.#sums[at] = (this.#sums[at] as number) + sign * (one >>> 0);
    this.#sums[at + 1] = (this.#sums[at + 1] as number) + sign * (other >>> 0);
  }

  get sums(): Uint32Array {
    return this.#sums;
  }

  /** Adds what another thread has put, under the same seed. */
  addAll(sums: Uint32Array): void {
    for (let at = 0; at < sums.length; at += 1) this.#sums[at] = (this.#sums[at] as number) + (sums[at] as number);
  }

  /** Buckets that hold a difference. */
  unbalanced(): number[] {
    const found: number[] = [];
    for (let bucket = 0; bucket < RUN_BUCKETS; bucket += 1) if (this.#sums[bucket * SUMS] !== 0 || this.#sums[bucket * SUMS + 1] !== 0) found.push(bucket);
    return found;
  }
}
