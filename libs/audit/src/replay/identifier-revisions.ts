import { hash } from 'node:crypto';
import { identifierDecider, type IdentifierEvent, type Identifier } from '#libs/domain';
import type { Placed } from './recorded.js';

/** What a decision needs of one holder's identifier of one person, at a revision of its stream. */
export interface IdentifierAt {
  readonly issued: boolean;
  readonly epoch: number;
  readonly generation: number;
}

const NAME_WORDS = 4;
/** Name, position (two words), and what came of the stream: packed events cross threads so. */
export const PACKED_WORDS = NAME_WORDS + 3;
const HELD = 1;
const REVOKED = 2;
const STATUS_BITS = 2;
const STATUS = 3;
const GENERATION_BITS = 8;
const WORD = 2 ** 32;
/** Placeholder for what the compact state leaves out: who folds it further never looks at it. */
const SEALED = { key: '', commitment: '', sealed: '' };
const NO_ACQUISITIONS: ReadonlySet<string> = new Set();
const PLAIN_NAME = /^identifier-[0-9a-f]{32}$/;
const PREFIX = 'identifier-'.length;

/** Writes the 16 bytes that stand for a stream: those of its name, which is an HMAC's; of any other a hash. */
function writeName(stream: string, into: Uint32Array, at: number): void {
  const hex = PLAIN_NAME.test(stream) ? stream.slice(PREFIX) : hash('sha256', stream).slice(0, 32);
  for (let word = 0; word < NAME_WORDS; word += 1) into[at + word] = Number.parseInt(hex.slice(8 * word, 8 * word + 8), 16);
}

const NO_DIGIT = 0xff;
const DIGITS = new Uint8Array(256).map((_, code) =>
  '0123456789abcdef'.includes(String.fromCharCode(code)) ? Number.parseInt(String.fromCharCode(code), 16) : NO_DIGIT,
);
/** Eight hexadecimal digits, as `writeName` reads them; −1 where they are none. */
function hexWord(bytes: Uint8Array, at: number): number {
  let word = 0;
  let digits = 0;
  for (let index = at; index < at + 8; index += 1) {
    const digit = DIGITS[bytes[index] as number] as number;
    digits |= digit;
    word = (word << 4) | digit;
  }
  return digits > 0xf ? -1 : word >>> 0;
}

/** Status, generation and epoch in one word; 0 is no identifier. */
function packState(state: Identifier): number {
  if (state.status === 'none') return 0;
  const status = state.status === 'held' ? HELD : REVOKED;
  return (status | (state.generation << STATUS_BITS) | (state.epoch << (STATUS_BITS + GENERATION_BITS))) >>> 0;
}
const unpack = (word: number): IdentifierAt => ({
  issued: (word & STATUS) === HELD,
  generation: (word >>> STATUS_BITS) & 0xff,
  epoch: word >>> (STATUS_BITS + GENERATION_BITS),
});

function stateOf(word: number): Identifier {
  const { issued, epoch, generation } = unpack(word);
  if (word === 0) return identifierDecider.initialState;
  return { status: issued ? 'held' : 'revoked', holder: '', epoch, generation, identifier: SEALED, acquisitions: NO_ACQUISITIONS };
}

/** Events of `identifier-` streams on their way to the thread that puts them together: what each says, in store order. */
export class PackedIdentifiers {
  #words = new Uint32Array(PACKED_WORDS * 1_024);
  #length = 0;
  /** Revocations and reissues need what came before: they are folded where all is put together. */
  readonly #changes: { readonly row: number; readonly event: IdentifierEvent }[] = [];

  take({ event, position }: Placed<IdentifierEvent>): void {
    if (this.#length + PACKED_WORDS > this.#words.length) {
      const longer = new Uint32Array(this.#words.length * 2);
      longer.set(this.#words);
      this.#words = longer;
    }
    const at = this.#length;
    writeName(event.stream, this.#words, at);
    this.#words[at + NAME_WORDS] = Math.floor(position / WORD);
    this.#words[at + NAME_WORDS + 1] = position % WORD;
    if (event.type === 'IdentifierIssued') this.#words[at + NAME_WORDS + 2] = packState(identifierDecider.evolve(identifierDecider.initialState, event));
    else this.#changes.push({ row: at / PACKED_WORDS, event: withoutPerson(event) });
    this.#length += PACKED_WORDS;
  }

  /** Plain data. */
  result(): IdentifierPack {
    return { words: this.#words.slice(0, this.#length), changes: this.#changes };
  }
}
export interface IdentifierPack {
  readonly words: Uint32Array;
  readonly changes: readonly { readonly row: number; readonly event: IdentifierEvent }[];
}

/** What is kept of an event is no person's: the sealed identifier stays where it is. */
function withoutPerson(event: IdentifierEvent): IdentifierEvent {
  const { type, data } = event;
  return { type, data: 'identifier' in data ? { ...data, identifier: SEALED } : data } as IdentifierEvent;
}

/** Plain data over shared memory: every thread reads the same. */
export interface IdentifierTable {
  readonly slots: Int32Array;
  readonly names: Uint32Array;
  readonly positions: Float64Array;
  readonly states: Uint32Array;
  readonly next: Int32Array;
  readonly last: Int32Array;
}

const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
const ROWS_MIN = 1_024;

function newTable(rows: number): IdentifierTable {
  return {
    slots: new Int32Array(shared(8 * rows)).fill(-1), // two slots a row: at most half are taken
    names: new Uint32Array(shared(4 * NAME_WORDS * rows)),
    positions: new Float64Array(shared(8 * rows)),
    states: new Uint32Array(shared(4 * rows)),
    next: new Int32Array(shared(4 * rows)).fill(-1),
    last: new Int32Array(shared(4 * rows)).fill(-1),
  };
}

/**
 * Every `identifier-` stream at each of its revisions: 44 bytes an event, in shared memory, and nothing of the person. The
 * one thing here that grows with the history – by identifiers issued, not by exchanges.
 */
export class IdentifierRevisions {
  #table: IdentifierTable;
  #rows = 0;
  readonly #name = new Uint32Array(NAME_WORDS);

  constructor(table: IdentifierTable = newTable(ROWS_MIN)) {
    this.#table = table;
  }

  /** To be read by other threads, once all packs are added. */
  get table(): IdentifierTable {
    return this.#table;
  }
  /** Events kept. */
  get rows(): number {
    return this.#rows;
  }

  /** Packs must come in store order. */
  add({ words, changes }: IdentifierPack): void {
    const changed = new Map(changes.map(({ row, event }) => [row, event]));
    for (let at = 0; at < words.length; at += PACKED_WORDS) {
      const position = (words[at + NAME_WORDS] as number) * WORD + (words[at + NAME_WORDS + 1] as number);
      this.#put(words, at, position, words[at + NAME_WORDS + 2] as number, changed.get(at / PACKED_WORDS));
    }
  }

  /** Row of the stream at a revision, −1 where there is no such revision. */
  row(stream: string, revision: number): number {
    if (revision < 0) return -1;
    writeName(stream, this.#name, 0);
    let row = this.#first(this.#name, 0);
    for (let step = 0; step < revision && row >= 0; step += 1) row = this.#table.next[row] as number;
    return row;
  }

  /** Revision that `seek` came to, −1 where there was none, NaN where it is no such name. */
  revision = -1;

  /** Row of the newest revision before a position, −1 where there was none, of the stream whose 32 hexadecimal digits begin at `at`. */
  seek(bytes: Uint8Array, at: number, position: number): number {
    for (let word = 0; word < NAME_WORDS; word += 1) {
      const digits = hexWord(bytes, at + 8 * word);
      if (digits < 0) {
        this.revision = Number.NaN;
        return -1;
      }
      this.#name[word] = digits;
    }
    let row = this.#first(this.#name, 0);
    this.revision = -1;
    if (row < 0 || (this.#table.positions[row] as number) >= position) return -1;
    this.revision = 0;
    for (let next = this.#table.next[row] as number; next >= 0 && (this.#table.positions[next] as number) < position; next = this.#table.next[row] as number) {
      row = next;
      this.revision += 1;
    }
    return row;
  }

  /** Row of the stream's first revision, −1 where there is no such stream. */
  first(stream: string): number {
    return this.row(stream, 0);
  }
  /** Row of the revision that follows, −1 where there is none. */
  after(row: number): number {
    return this.#table.next[row] as number;
  }
  positionOf(row: number): number {
    return this.#table.positions[row] as number;
  }
  isIssued(row: number): boolean {
    return row >= 0 && ((this.#table.states[row] as number) & STATUS) === HELD;
  }
  state(row: number): IdentifierAt {
    return unpack(row < 0 ? 0 : (this.#table.states[row] as number));
  }

  #put(words: Uint32Array, at: number, position: number, issued: number, change: IdentifierEvent | undefined): void {
    if (this.#rows === this.#table.states.length) this.#grow();
    const row = this.#rows;
    const { names, positions, states, next, last } = this.#table;
    names.set(words.subarray(at, at + NAME_WORDS), NAME_WORDS * row);
    positions[row] = position;
    const first = this.#first(words, at);
    const before = first < 0 ? -1 : (last[first] as number);
    states[row] = change === undefined ? issued : packState(identifierDecider.evolve(stateOf(before < 0 ? 0 : (states[before] as number)), change));
    if (before < 0) {
      this.#link(row);
      last[row] = row;
    } else {
      next[before] = row;
      last[first] = row;
    }
    this.#rows = row + 1;
  }

  #first(words: Uint32Array, at: number): number {
    const { slots, names } = this.#table;
    const mask = slots.length - 1;
    for (let slot = (words[at] as number) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] as number;
      if (row < 0) return -1;
      const name = NAME_WORDS * row;
      if (names[name] === words[at] && names[name + 1] === words[at + 1] && names[name + 2] === words[at + 2] && names[name + 3] === words[at + 3]) return row;
    }
  }

  #link(row: number): void {
    const { slots, names } = this.#table;
    const mask = slots.length - 1;
    let slot = (names[NAME_WORDS * row] as number) & mask;
    while ((slots[slot] as number) >= 0) slot = (slot + 1) & mask;
    slots[slot] = row;
  }

  #grow(): void {
    const old = this.#table;
    const fresh = newTable(2 * old.states.length);
    fresh.names.set(old.names);
    fresh.positions.set(old.positions);
    fresh.states.set(old.states);
    fresh.next.set(old.next);
    fresh.last.set(old.last);
    this.#table = fresh;
    for (let slot = 0; slot < old.slots.length; slot += 1) if ((old.slots[slot] as number) >= 0) this.#link(old.slots[slot] as number);
  }
}
