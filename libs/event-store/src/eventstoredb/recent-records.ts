import { positionOf, type Recorded, sizeOf } from './stored-event.js';

const RECORDS_MAX = 8_192;
const BYTES_MAX = 8 * 1_048_576;

/**
 * The newest neighbouring records of the server's log that were read. All parties of a process follow the same log, each
 * for its own events: what one has read and decoded, the others need not. A record never changes.
 */
export class RecentRecords {
  readonly #records: Recorded[] = [];
  #bytes = 0;

  /** Records from the one at a position on, at most `count`; none where that one is not here. */
  from(position: bigint, count: number): readonly Recorded[] {
    let [low, high] = [0, this.#records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (positionOf(this.#records[middle] as Recorded) < position) low = middle + 1;
      else high = middle;
    }
    const first = this.#records[low];
    return first !== undefined && positionOf(first) === position ? this.#records.slice(low, low + count) : [];
  }

  /** Takes what was read from a record on, that record included. */
  add(records: readonly Recorded[]): void {
    const [first] = records;
    const last = records.at(-1);
    const newest = this.#records.at(-1);
    if (first === undefined || last === undefined || (newest !== undefined && positionOf(last) <= positionOf(newest))) return;
    if (newest !== undefined && positionOf(first) > positionOf(newest)) this.clear(); // no neighbours
    for (const record of records) {
      const end = this.#records.at(-1);
      if (end !== undefined && positionOf(record) <= positionOf(end)) continue;
      this.#records.push(record);
      this.#bytes += sizeOf(record);
    }
    let dropped = 0;
    for (; this.#records.length - dropped > RECORDS_MAX || this.#bytes > BYTES_MAX; dropped += 1) this.#bytes -= sizeOf(this.#records[dropped] as Recorded);
    this.#records.splice(0, dropped);
  }

  clear(): void {
    this.#records.length = 0;
    this.#bytes = 0;
  }
}
