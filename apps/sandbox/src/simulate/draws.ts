import { createHash } from 'node:crypto';

const WARM_UP = 12;

/** The four words that everything of a seed follows from. */
export function wordsOf(seed: string): Uint32Array {
  const bytes = createHash('sha256').update(`renkei/simulate/1/${seed}`).digest();
  return Uint32Array.from([0, 4, 8, 12], (at) => bytes.readUInt32BE(at));
}

/**
 * Numbers that follow from a seed, a purpose and an index: the same on every machine, and any one exchange or person can be
 * drawn without those before it. sfc32 (Chris Doty-Humphrey's Small Fast Chaotic generator); not for keys or ids of events.
 */
export class Draws {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  constructor(
    private readonly words: Uint32Array,
    private readonly purpose: number,
  ) {}

  /** Begins the numbers of an index anew. */
  at(index: number): this {
    const [a, b, c, d] = this.words as unknown as readonly [number, number, number, number];
    this.#a = a ^ Math.imul(index + 1, 0x9e3779b1);
    this.#b = b ^ Math.imul(this.purpose + 1, 0x85ebca6b);
    this.#c = c ^ Math.floor(index / 0x1_0000_0000);
    this.#counter = d | 1;
    for (let round = 0; round < WARM_UP; round += 1) this.next();
    return this;
  }

  /** 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.next() / 0x1_0000_0000;
  }

  /** A whole number from 0 on, below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** Index of the first running sum above a share of the whole: draws by weight. */
  byWeight(sums: Float64Array): number {
    return indexIn(sums, this.unit() * (sums.at(-1) as number));
  }
}

/** Index of the first running sum that is greater than a value. */
export function indexIn(sums: Float64Array, value: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function runningSums(weights: readonly number[]): Float64Array {
  const sums = new Float64Array(weights.length);
  let sum = 0;
  for (const [index, weight] of weights.entries()) sums[index] = sum += weight;
  return sums;
}
