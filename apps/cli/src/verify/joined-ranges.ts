import { type StoreFinding, UniqueIds } from '#libs/event-store';
import { type LedgerWalk, type LogFinding, TreeCheck } from '#libs/ledger';
import type { PartyKind } from '#libs/read-models';
import type { FoldFinding } from './event-fold.js';
import type { PassedRange } from './event-passes.js';
import type { Finding, OnProgress } from './report.js';

export interface CheckedStore {
  readonly entries: number;
  /** Of the last entry; 0 where there is none. */
  readonly lastPosition: number;
  /** Runs in the index of an embedded store, streams of one on EventStoreDB. */
  readonly runs: number;
  readonly tree: TreeCheck;
  readonly findings: readonly Omit<Finding, 'party'>[];
  /** The first event that cannot be folded, of a store without findings. */
  readonly unfolded: FoldFinding | undefined;
  readonly kind: PartyKind | undefined;
}
export interface StoreCheckOptions {
  readonly ledgerDirectory: string | undefined;
  readonly ledger: LedgerWalk | undefined;
  /** Entries of the log as its file says. */
  readonly size: number;
  readonly full: boolean;
  readonly threads: number;
  readonly onProgress: OnProgress;
}
export type Found = StoreFinding | LogFinding | PassedRange['finding'];

/** Of two, the one that stands first. */
export function earlier(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (other.position ?? Number.MAX_SAFE_INTEGER) < (one.position ?? Number.MAX_SAFE_INTEGER) ? other : one;
}

const repeatedAt = (position: number): StoreFinding => ({ code: 'EVENT_ID_REPEATED', position, detail: 'another event has the same id' });

/** What the ranges of a store come to, put together in their order. */
export class JoinedRanges {
  readonly tree: TreeCheck;
  readonly #unique = new UniqueIds();
  /** The first thing that is wrong with the events or their tree. */
  finding: Found | undefined;
  ids: StoreFinding | undefined;
  #unfolded: FoldFinding | undefined;
  #kind: PartyKind | undefined;

  constructor(ledger: LedgerWalk | undefined) {
    this.tree = new TreeCheck(ledger);
  }

  /** The next range. `positionAt`: where the event of an id stands, by its place in the range. */
  add({ hashed, finding, unfolded, kind }: PassedRange, ids: readonly Uint32Array[], positionAt: (index: number) => number): void {
    this.#unfolded ??= unfolded;
    this.#kind ??= kind;
    let taken = 0;
    for (const words of ids) {
      const repeated = this.ids === undefined ? this.#unique.take(words) : undefined;
      if (repeated !== undefined) this.ids = repeatedAt(positionAt(taken + repeated));
      taken += words.length / 4;
    }
    const treeFinding = hashed && this.tree.join(hashed);
    this.finding = earlier(finding, treeFinding) ?? this.finding;
  }

  /** Looks for ids that may repeat one that came long before. `again` hands over all ids once more, and says where their events stand. */
  async checkIds(events: number, again: (take: (words: Uint32Array, positionAt: (index: number) => number) => void) => Promise<void> | void): Promise<void> {
    const passes = this.#unique.passes(events);
    for (let pass = 0; pass < passes && this.ids === undefined; pass += 1) {
      const take = this.#unique.again(pass, passes);
      await again((words, positionAt) => {
        const repeated = this.ids === undefined ? take(words) : undefined;
        if (repeated !== undefined) this.ids = repeatedAt(positionAt(repeated));
      });
    }
  }

  /** Once all ranges are in. `index`: what is wrong with the index of streams. */
  checked(lastPosition: number, runs: number, index: StoreFinding | undefined): CheckedStore {
    const ids = this.finding === undefined ? this.ids : undefined;
    const findings = [this.finding, this.tree.finish(lastPosition), ids, index].filter((one) => one !== undefined);
    return {
      entries: this.tree.size,
      lastPosition,
      runs,
      tree: this.tree,
      findings,
      unfolded: findings.length > 0 ? undefined : this.#unfolded,
      kind: this.#kind,
    };
  }
}
