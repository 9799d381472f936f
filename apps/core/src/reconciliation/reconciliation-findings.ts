import type { ExchangeOutcome, Finding } from '#libs/domain';
import type { PartyEvidence } from './told-record.js';

/** What a party told of its record is not what its log holds, or not its log's: nothing of it is taken. */
export interface Unproved {
  readonly kind: 'conflicting';
  readonly code: 'RECORD_UNPROVED';
  readonly parties: readonly ['requester' | 'provider'];
  readonly field: 'proof';
}
export interface FoundExchange {
  readonly exchangeId: string;
  readonly requester: string;
  readonly provider: string;
  readonly outcome: ExchangeOutcome;
  /** Business instant of the judgement. */
  readonly asOf: string;
  readonly findings: readonly (Finding | Unproved)[];
  readonly evidence: readonly PartyEvidence[];
}

/** Exchanges whose records do not agree; the oldest gives way. */
const FOUND_MAX = 1_000;

/** Kept in memory: found again after a restart by `renkei reconcile`, or where the reactor goes over them once more. */
export class ReconciliationFindings {
  readonly #found = new Map<string, FoundExchange>();
  #dropped = 0;

  add(found: FoundExchange): void {
    this.#found.delete(found.exchangeId);
    this.#found.set(found.exchangeId, found);
    if (this.#found.size <= FOUND_MAX) return;
    const [oldest] = this.#found.keys();
    this.#found.delete(oldest as string);
    this.#dropped += 1;
  }

  /** Newest first. */
  list(): { readonly found: readonly FoundExchange[]; readonly dropped: number } {
    return { found: [...this.#found.values()].reverse(), dropped: this.#dropped };
  }
}
