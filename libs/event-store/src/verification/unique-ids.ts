import { randomInt } from 'node:crypto';

/** Ids that a table takes before the one before it is forgotten: ids that came within so many events of each other are compared at once. */
const GENERATION = 2 ** 19;
const WORDS = 4;
/** Nobody can choose ids that fall together. */
const SEED = randomInt(2 ** 32);

/** Ids of 128 bits, compared whole. */
class IdTable {
  readonly #bits: number;
  readonly #words: Uint32Array;
  readonly #used: Uint8Array;
  size = 0;
  /** Largest time of an id in here, milliseconds. */
  lastMs = 0;

  /** Room for `generation` ids, a power of two, twice over. */
  constructor(generation: number) {
    this.#bits = Math.log2(generation) + 1;
    this.#words = new Uint32Array(2 * generation * WORDS);
    this.#used = new Uint8Array(2 * generation);
  }

  has(ids: Uint32Array, at: number): boolean {
    return this.#used[this.#slot(ids, at)] === 1;
  }

  /** False where it was there. */
  add(ids: Uint32Array, at: number, timeMs: number): boolean {
    const slot = this.#slot(ids, at);
    if (this.#used[slot] === 1) return false;
    this.#used[slot] = 1;
    for (let word = 0; word < WORDS; word += 1) this.#words[slot * WORDS + word] = ids[at + word] as number;
    this.size += 1;
    if (timeMs > this.lastMs) this.lastMs = timeMs;
    return true;
  }

  clear(): void {
    this.#used.fill(0);
    this.size = 0;
    this.lastMs = 0;
  }

  /** Where the id stands, or a free slot for it. */
  #slot(ids: Uint32Array, at: number): number {
    const a = ids[at] as number;
    const b = ids[at + 1] as number;
    const c = ids[at + 2] as number;
    const d = ids[at + 3] as number;
    let slot = Math.imul(d ^ Math.imul(c ^ SEED ^ Math.imul(b, 0x5bd1e995), 0x2c1b3c6d), 0x297a2d39) >>> (32 - this.#bits);
    for (; this.#used[slot] === 1; slot = (slot + 1) % this.#used.length) {
      const word = slot * WORDS;
      const words = this.#words;
      if (words[word + 3] === d && words[word + 2] === c && words[word + 1] === b && words[word] === a) return slot;
    }
    return slot;
  }
}

/** The first 48 bits of a UUIDv7: milliseconds since 1970. */
const timeOf = (ids: Uint32Array, at: number): number => (ids[at] as number) * 2 ** 16 + ((ids[at + 1] as number) >>> 16);

/**
 * Whether an id comes twice in a whole store, in constant memory. Ids are UUIDv7: they come roughly in the order of their
 * time, so a table of the newest million tells nearly all. An id whose time is not above that of every id forgotten since
 * may repeat one of those: it is kept (a straggler), and all ids are gone through once more for these.
 */
export class UniqueIds {
  readonly #generation: number;
  #newest: IdTable;
  #before: IdTable;
  #forgottenMs = -1;
  readonly #stragglers: IdTable;
  #tooMany = false;

  /** `generation`: a power of two. */
  constructor(generation = GENERATION) {
    this.#generation = generation;
    this.#newest = new IdTable(generation);
    this.#before = new IdTable(generation);
    this.#stragglers = new IdTable(generation);
  }

  /** Ids of events that follow each other. Gives the index in `ids` (in ids) of the first that came before. */
  take(ids: Uint32Array): number | undefined {
    for (let at = 0; at < ids.length; at += WORDS) {
      const timeMs = timeOf(ids, at);
      if (this.#before.has(ids, at)) return at / WORDS;
      if (this.#newest.size >= this.#generation) this.#turn();
      if (!this.#newest.add(ids, at, timeMs)) return at / WORDS;
      if (timeMs <= this.#forgottenMs) this.#straggled(ids, at, timeMs);
    }
    return undefined;
  }

  #turn(): void {
    this.#forgottenMs = Math.max(this.#forgottenMs, this.#before.lastMs);
    const forgotten = this.#before;
    this.#before = this.#newest;
    this.#newest = forgotten;
    forgotten.clear();
  }

  #straggled(ids: Uint32Array, at: number, timeMs: number): void {
    if (this.#stragglers.size < this.#generation) this.#stragglers.add(ids, at, timeMs);
    else this.#tooMany = true;
  }

  /** How often all ids have to be gone through again: none, once for a few stragglers, or in parts of all. */
  passes(events: number): number {
    if (this.#stragglers.size === 0) return 0;
    return this.#tooMany ? Math.ceil(events / (this.#generation / 2)) : 1;
  }

  /** Takes all ids from the beginning again, for pass `pass` of `passes`. Gives how to tell an id that comes twice. */
  again(pass: number, passes: number): (ids: Uint32Array) => number | undefined {
    const seen = this.#newest;
    seen.clear();
    const concerned = this.#tooMany
      ? (ids: Uint32Array, at: number): boolean => (Math.imul((ids[at + 3] as number) ^ SEED, 0x2c1b3c6d) >>> 8) % passes === pass
      : (ids: Uint32Array, at: number): boolean => this.#stragglers.has(ids, at);
    return (ids) => {
      for (let at = 0; at < ids.length; at += WORDS) if (concerned(ids, at) && !seen.add(ids, at, 0)) return at / WORDS;
      return undefined;
    };
  }
}
