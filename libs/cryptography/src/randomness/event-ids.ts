import { type EventId, type ExchangeId, uuidV7 } from '#libs/kernel';
import { HmacSha256 } from '../signing/hmac-sha256.js';
import { fillRandom } from './random-pool.js';

const COUNTER_MAX = 0xfff;
/** A millisecond's first counter is below this, so that about three thousand ids follow before the time must run ahead. */
const FIRST_COUNTER_MASK = 0x3ff;

/**
 * UUIDv7 ids that grow within this object (RFC 9562 §6.2, method 1): 48 bits of milliseconds, a 12-bit counter that
 * starts at a random low value, 62 random bits. When a millisecond's counters are used up, or the clock steps back, the
 * ids' time runs ahead of the clock rather than repeat itself.
 */
export class EventIds {
  readonly #now: () => number;
  readonly #bits = new Uint8Array(10);
  #lastMs = 0;
  #counter = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(count: number): EventId[] {
    const ids = new Array<EventId>(count);
    const nowMs = this.#now();
    for (let index = 0; index < count; index += 1) ids[index] = this.#one(nowMs);
    return ids;
  }

  #one(nowMs: number): EventId {
    fillRandom(this.#bits);
    const random = (((this.#bits[0] ?? 0) << 8) | (this.#bits[1] ?? 0)) & FIRST_COUNTER_MASK;
    if (nowMs > this.#lastMs) {
      this.#lastMs = nowMs;
      this.#counter = random;
    } else if (this.#counter < COUNTER_MAX) {
      this.#counter += 1;
    } else {
      this.#lastMs += 1;
      this.#counter = random;
    }
    this.#bits[0] = this.#counter >> 8;
    this.#bits[1] = this.#counter & 0xff;
    return uuidV7(this.#lastMs, this.#bits) as EventId;
  }
}

const ids = new EventIds();

/** Fresh event ids, increasing within this thread. Made together with the bytes they name (format.md §3). */
export const newEventIds = (count: number): EventId[] => ids.next(count);

export const newEventId = (): EventId => ids.next(1)[0] as EventId;

/** A fresh exchange id that carries the business instant of its request, in milliseconds since 1970. */
export function newExchangeId(atMs: number): ExchangeId {
  const bits = new Uint8Array(10);
  fillRandom(bits);
  return uuidV7(atMs, bits) as ExchangeId;
}

/** One line of a bulk request: the same line sent again must be the same exchange. */
export interface BulkLine {
  readonly agency: string;
  readonly bulkId: string;
  /** Number of the line in the bulk, from 1. */
  readonly line: number;
  /** Business instant of the bulk, milliseconds since 1970. */
  readonly bulkTimeMs: number;
}

/** Makes the exchange ids of bulk lines under one secret: time of the bulk, other bits HMAC(agency, bulk id, line). */
export class BulkExchangeIds {
  readonly #hmac: HmacSha256;
  readonly #bits = Buffer.alloc(10);

  constructor(secret: Uint8Array) {
    this.#hmac = new HmacSha256(secret);
  }

  idOf({ agency, bulkId, line, bulkTimeMs }: BulkLine): ExchangeId {
    this.#bits.write(this.#hmac.digest(JSON.stringify([agency, bulkId, line]), 'hex').slice(0, 20), 'hex');
    return uuidV7(bulkTimeMs, this.#bits) as ExchangeId;
  }
}

/** One id; for many lines keep a BulkExchangeIds. */
export const exchangeIdOf = (line: BulkLine, secret: Uint8Array): ExchangeId => new BulkExchangeIds(secret).idOf(line);
