import { type EmbeddedLocation, StoreWalk, type WalkedBlocks } from '#libs/event-store';
import { EventPasses, type PassedRange, type PassPlaces } from './event-passes.js';

/** Plain data: it crosses threads. */
export interface RangePlaces extends PassPlaces {
  readonly location: EmbeddedLocation;
  readonly seed: Uint32Array;
}
export interface RangeOrder {
  /** Blocks that begin at positions in [from, to). */
  readonly from: number;
  readonly to: number;
  /** Of the log. */
  readonly size: number;
}
export interface RangeResult extends PassedRange {
  readonly walked: WalkedBlocks;
  readonly ids: readonly Uint32Array[];
}

/** Goes through ranges of one embedded store, in one thread: bytes, headers, ids, runs, leaves, whole tiles, events and their folds. */
export class RangeJob {
  readonly #store: StoreWalk;
  readonly #passes: EventPasses;

  constructor(places: RangePlaces) {
    this.#passes = new EventPasses(places);
    this.#store = StoreWalk.open(places.location.directory, places.seed);
  }

  async run({ from, to, size }: RangeOrder): Promise<RangeResult> {
    const ids: Uint32Array[] = [];
    // positions of the embedded store have no gaps, and the walk insists on it
    const event = this.#passes.begin(size, (position) => position - 1);
    const walked = this.#store.blocks(from, to, { ids: (words) => ids.push(words), event });
    return { walked, ids, ...(await this.#passes.end(walked.finding)) };
  }

  /** What its ranges have put on the balance of runs. */
  get sums(): Uint32Array {
    return this.#store.balance.sums;
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#passes.close();
  }
}
