import { type StoreFinding, StoreWalk, type WalkedBlocks } from '#libs/event-store';
import { type HashedRange, LeafRange, LedgerWalk } from '#libs/ledger';
import type { PartyKind } from '#libs/read-models';
import { EventCheck } from './event-check.js';
import { EventFold, type FoldFinding } from './event-fold.js';

/** Plain data: it crosses threads. */
export interface RangePlaces {
  readonly storeDirectory: string;
  /** Undefined where there is no log to hold the tree against. */
  readonly ledgerDirectory: string | undefined;
  readonly seed: Uint32Array;
  /** Every event is decoded, encoded again and folded. */
  readonly full: boolean;
}
export interface RangeOrder {
  /** Blocks that begin at positions in [from, to). */
  readonly from: number;
  readonly to: number;
  /** Of the log. */
  readonly size: number;
}
export interface RangeResult {
  readonly walked: WalkedBlocks;
  readonly hashed: HashedRange | undefined;
  readonly ids: readonly Uint32Array[];
  readonly finding?: StoreFinding | { readonly code: 'EVENT_NOT_KNOWN' | 'EVENT_NOT_ENCODED_SO'; readonly position: number; readonly detail: string };
  /** What cannot be folded; of a store that is not as it must be it means nothing. */
  readonly unfolded?: FoldFinding;
  /** Whose record it is, as far as a fold tells. */
  readonly kind?: PartyKind;
}

/** Goes through ranges of one store, in one thread: bytes, headers, ids, runs, leaves, whole tiles, events and their folds. */
export class RangeJob {
  readonly #store: StoreWalk;
  readonly #ledger: LedgerWalk | undefined;
  readonly #full: { readonly events: EventCheck; readonly fold: EventFold } | undefined;

  constructor({ storeDirectory, ledgerDirectory, seed, full }: RangePlaces) {
    this.#ledger = ledgerDirectory === undefined ? undefined : LedgerWalk.open(ledgerDirectory);
    this.#store = StoreWalk.open(storeDirectory, seed);
    this.#full = full ? { events: new EventCheck(), fold: new EventFold(storeDirectory) } : undefined;
  }

  async run({ from, to, size }: RangeOrder): Promise<RangeResult> {
    const ids: Uint32Array[] = [];
    const full = this.#full;
    full?.events.begin();
    let leaves: LeafRange | undefined;
    const walked = this.#store.blocks(from, to, {
      ids: (words) => ids.push(words),
      event: (block, start, end, position) => {
        // positions of the embedded store have no gaps, and the walk insists on it
        leaves ??= new LeafRange(position - 1, size, this.#ledger);
        leaves.push(block, start, end, position);
        const event = full?.events.take(block.toString('utf8', start, end), position);
        if (event !== undefined) full?.fold.take(event, position);
      },
    });
    const finding = walked.finding ?? full?.events.finding;
    await full?.fold.finish();
    const { finding: unfolded, kind } = full?.fold ?? {};
    return {
      walked,
      hashed: leaves?.result(),
      ids,
      ...(finding === undefined ? {} : { finding }),
      ...(unfolded === undefined ? {} : { unfolded }),
      ...(kind === undefined ? {} : { kind }),
    };
  }

  /** What its ranges have put on the balance of runs. */
  get sums(): Uint32Array {
    return this.#store.balance.sums;
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#ledger?.close();
    await this.#full?.fold.close();
  }
}
