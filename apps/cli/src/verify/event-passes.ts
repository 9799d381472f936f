import type { StoreFinding, StoreLocation } from '#libs/event-store';
import { type HashedRange, LeafRange, LedgerWalk } from '#libs/ledger';
import type { PartyKind } from '#libs/read-models';
import { EventCheck, type EventFinding } from './event-check.js';
import { EventFold, type FoldFinding } from './event-fold.js';

/** Plain data: it crosses threads. */
export interface PassPlaces {
  readonly location: StoreLocation;
  /** Undefined where there is no log to hold the tree against. */
  readonly ledgerDirectory: string | undefined;
  /** Every event is decoded, encoded again and folded. */
  readonly full: boolean;
}

/** What is done with events one after the other, wherever their bytes come from. Plain data: it crosses threads. */
export interface PassedRange {
  readonly hashed: HashedRange | undefined;
  readonly finding?: StoreFinding | EventFinding;
  /** What cannot be folded; of a store that is not as it must be it means nothing. */
  readonly unfolded?: FoldFinding;
  /** Whose record it is, as far as a fold tells. */
  readonly kind?: PartyKind;
}

/** Leaves, whole tiles, events and their folds of ranges of one store, in one thread. */
export class EventPasses {
  readonly #ledger: LedgerWalk | undefined;
  readonly #full: { readonly events: EventCheck; readonly fold: EventFold } | undefined;
  #leaves: LeafRange | undefined;

  constructor({ location, ledgerDirectory, full }: PassPlaces) {
    this.#ledger = ledgerDirectory === undefined ? undefined : LedgerWalk.open(ledgerDirectory);
    this.#full = full ? { events: new EventCheck(), fold: new EventFold(location) } : undefined;
  }

  /** Of a range that begins; gives what takes each of its events. `size`: of the log. `firstLeaf`: how many entries stand before an event, the range's first, at a position. */
  begin(size: number, firstLeaf: (position: number) => number): (bytes: Buffer, start: number, end: number, position: number) => void {
    this.#leaves = undefined;
    const full = this.#full;
    full?.events.begin();
    return (bytes, start, end, position) => {
      this.#leaves ??= new LeafRange(firstLeaf(position), size, this.#ledger);
      this.#leaves.push(bytes, start, end, position);
      const event = full?.events.take(bytes.toString('utf8', start, end), position);
      if (event !== undefined) full?.fold.take(event, position);
    };
  }

  /** Of the range, which was taken. `broken`: the finding at which its walk ended. */
  async end(broken: StoreFinding | undefined): Promise<PassedRange> {
    const finding = broken ?? this.#full?.events.finding;
    await this.#full?.fold.finish();
    const { finding: unfolded, kind } = this.#full?.fold ?? {};
    return {
      hashed: this.#leaves?.result(),
      ...(finding === undefined ? {} : { finding }),
      ...(unfolded === undefined ? {} : { unfolded }),
      ...(kind === undefined ? {} : { kind }),
    };
  }

  async close(): Promise<void> {
    await this.#ledger?.close();
    await this.#full?.fold.close();
  }
}
