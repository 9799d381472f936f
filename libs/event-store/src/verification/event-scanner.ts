import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LETTER_U = 0x75;

const DEPTH_MAX = 64;
/** Digits of the largest safe integer. */
const DIGITS_MAX = 16;
const UUID_BYTES = 36;
const INSTANT_BYTES = 24;

/** What may stand in a string as it is: 1; what only UTF-8 beyond ASCII may: 2. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x80 ? 2 : byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0));
const SHORT_ESCAPES = new Set([...'"\\bfnrt'].map((letter) => letter.charCodeAt(0)));
/** Control characters without a short escape, as RFC 8785 writes them. */
const LONG_ESCAPES = new Set(
  Array.from({ length: 0x20 }, (_, code) => code)
    .filter((code) => ![8, 9, 10, 12, 13].includes(code))
    .map((code) => `u${code.toString(16).padStart(4, '0')}`),
);
/** Value of a lower-case hexadecimal digit, 255 for anything else. */
const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte));
  return value < 0 ? 255 : value;
});

const literal = (text: string): Buffer => Buffer.from(text, 'latin1');
const ACTOR = literal('{"actor":');
const AGENCY = literal(',"agency":');
const AT = literal(',"at":');
const CAUSATION = literal(',"causationId":');
const CORRELATION = literal(',"correlationId":');
const DATA = literal(',"data":');
const ID = literal(',"id":"');
const RECORDED_AT = literal('","recordedAt":');
const REVISION = literal(',"revision":');
const STREAM = literal(',"stream":');
const TYPE = literal(',"type":');
const VERSION = literal(',"v":');
const TRUE = literal('true');
const FALSE = literal('false');

/**
 * Reads an event's stored bytes in one pass and tells whether they are the canonical form that format.md §1 asks for (RFC
 * 8785; strings, booleans, safe integers, lists and objects only; the envelope's fields in their order), without making
 * an object of them. After `scan` was true, the header is in the fields. One object serves one thread, event after event.
 */
export class EventScanner {
  /** The id's 128 bits, most significant first. */
  readonly id = new Uint32Array(4);
  revision = 0;
  version = 0;
  /** Of the stream's name in the bytes, without quotes, as it is escaped there. */
  streamAt = 0;
  streamEnd = 0;
  /** The name is in the bytes as it is: nothing of it is escaped. */
  streamIsPlain = true;
  typeAt = 0;
  typeEnd = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ascii = true;
  /** An escape was met. */
  #escaped = false;
  #number = 0;

  /** The event may lie within more bytes: places in it count from their beginning. */
  scan(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#ascii = true;
    const whole = this.#head() && this.#skip(DATA) && this.#bytes[this.#at] === OPEN_OBJECT && this.#value(1) && this.#tail();
    return whole && this.#at === end && (this.#ascii || isUtf8(bytes.subarray(start, end)));
  }

  #head(): boolean {
    if (!this.#skip(ACTOR) || !this.#string()) return false;
    if (this.#skip(AGENCY) && !this.#string()) return false;
    if (!this.#skip(AT) || !this.#instant()) return false;
    return this.#skip(CAUSATION) && this.#string() && this.#skip(CORRELATION) && this.#string();
  }

  #tail(): boolean {
    if (!this.#skip(ID) || !this.#uuid() || !this.#skip(RECORDED_AT) || !this.#instant()) return false;
    if (!this.#skip(REVISION) || !this.#integer() || this.#number < 0) return false;
    this.revision = this.#number;
    if (!this.#skip(STREAM)) return false;
    this.streamAt = this.#at + 1;
    this.#escaped = false;
    if (!this.#string()) return false;
    this.streamIsPlain = !this.#escaped;
    this.streamEnd = this.#at - 1;
    if (!this.#skip(TYPE)) return false;
    this.typeAt = this.#at + 1;
    if (!this.#string()) return false;
    this.typeEnd = this.#at - 1;
    if (!this.#skip(VERSION) || !this.#integer() || this.#number < 1) return false;
    this.version = this.#number;
    return this.#bytes[this.#at++] === CLOSE_OBJECT && this.streamEnd > this.streamAt && this.typeEnd > this.typeAt;
  }

  /** Goes past these bytes where they stand here. */
  #skip(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let index = 0; index < expected.length; index += 1) if (bytes[at + index] !== expected[index]) return false;
    this.#at = at + expected.length;
    return true;
  }

  #value(depth: number): boolean {
    const first = this.#bytes[this.#at] as number;
    switch (first) {
      case QUOTE:
        return this.#string();
      case OPEN_OBJECT:
        return depth < DEPTH_MAX && this.#object(depth);
      case OPEN_LIST:
        return depth < DEPTH_MAX && this.#list(depth);
      case 0x74:
        return this.#skip(TRUE);
      case 0x66:
        return this.#skip(FALSE);
      default:
        return this.#integer();
    }
  }

  #list(depth: number): boolean {
    this.#at += 1;
    if (this.#bytes[this.#at] === CLOSE_LIST) {
      this.#at += 1;
      return true;
    }
    for (;;) {
      if (!this.#value(depth + 1)) return false;
      const next = this.#bytes[this.#at++];
      if (next === CLOSE_LIST) return true;
      if (next !== COMMA) return false;
    }
  }

  /** Names grow from field to field; they are plain ASCII, where the order of bytes is that of UTF-16. */
  #object(depth: number): boolean {
    const bytes = this.#bytes;
    this.#at += 1;
    if (bytes[this.#at] === CLOSE_OBJECT) {
      this.#at += 1;
      return true;
    }
    for (let before = -1, beforeEnd = -1; ;) {
      const name = this.#at + 1;
      if (!this.#name()) return false;
      const nameEnd = this.#at - 1;
      if (before >= 0 && !this.#grows(before, beforeEnd, name, nameEnd)) return false;
      before = name;
      beforeEnd = nameEnd;
      if (bytes[this.#at++] !== COLON || !this.#value(depth + 1)) return false;
      const next = bytes[this.#at++];
      if (next === CLOSE_OBJECT) return true;
      if (next !== COMMA) return false;
    }
  }

  #name(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at++] !== QUOTE) return false;
    while (PLAIN[bytes[at] as number] === 1) at += 1;
    this.#at = at + 1;
    return bytes[at] === QUOTE;
  }

  #grows(a: number, aEnd: number, b: number, bEnd: number): boolean {
    const bytes = this.#bytes;
    for (; a < aEnd && b < bEnd; a += 1, b += 1) {
      const difference = (bytes[b] as number) - (bytes[a] as number);
      if (difference !== 0) return difference > 0;
    }
    return a === aEnd && b < bEnd;
  }

  #string(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    if (bytes[at++] !== QUOTE) return false;
    for (;;) {
      const plain = PLAIN[bytes[at] as number];
      if (plain === 1) at += 1;
      else if (plain === 2) {
        this.#ascii = false;
        at += 1;
      } else if (bytes[at] === QUOTE) {
        this.#at = at + 1;
        return true;
      } else if (bytes[at] === BACKSLASH) {
        this.#escaped = true;
        const length = this.#escape(at + 1);
        if (length === 0) return false;
        at += 1 + length;
      } else return false; // a control character, or the end
    }
  }

  /** Bytes of an escape behind its backslash, 0 where it is not the canonical one. */
  #escape(at: number): number {
    const letter = this.#bytes[at] as number;
    if (SHORT_ESCAPES.has(letter)) return 1;
    if (letter !== LETTER_U) return 0;
    return LONG_ESCAPES.has(String.fromCharCode(...this.#bytes.subarray(at, at + 5))) ? 5 : 0;
  }

  #integer(): boolean {
    const bytes = this.#bytes;
    const start = this.#at;
    const negative = bytes[start] === MINUS;
    const first = negative ? start + 1 : start;
    let at = first;
    let value = 0;
    for (let digit = bytes[at] as number; digit >= ZERO && digit <= NINE; digit = bytes[++at] as number) value = value * 10 + (digit - ZERO);
    const digits = at - first;
    this.#at = at;
    this.#number = negative ? -value : value;
    if (digits === 0 || digits > DIGITS_MAX || !Number.isSafeInteger(value)) return false;
    return bytes[first] !== ZERO || (digits === 1 && !negative);
  }

  #uuid(): boolean {
    const bytes = this.#bytes;
    const from = this.#at;
    let word = 0;
    for (let index = 0, digits = 0; index < UUID_BYTES; index += 1) {
      const byte = bytes[from + index] as number;
      if (index === 8 || index === 13 || index === 18 || index === 23) {
        if (byte !== MINUS) return false;
        continue;
      }
      const value = HEX[byte] as number;
      if (value === 255 || byte === undefined) return false;
      word = (word << 4) | value;
      digits += 1;
      if (digits % 8 === 0) this.id[digits / 8 - 1] = word;
    }
    this.#at = from + UUID_BYTES;
    return true;
  }

  #instant(): boolean {
    const start = this.#at;
    return this.#string() && this.#at - start === INSTANT_BYTES + 2;
  }
}
