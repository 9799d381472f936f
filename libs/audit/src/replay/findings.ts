/** One field in which the recorded decision is not what is decided again. Never a personal value: of a sealed field only whether it is there. */
export interface Difference {
  readonly field: string;
  readonly recorded: string;
  readonly again: string;
}

/** A stream of a basis that had moved on, or that the record does not hold so. */
export interface BasisEvidence {
  readonly stream: string;
  /** Named by the decision. */
  readonly revision: number;
  /** The newest that had been recorded before the decision. */
  readonly newest: number;
  /** Position of the first event that the decision did not know of, and its leaf hash. */
  readonly position?: string;
  readonly leaf?: string;
}

export type FindingCode =
  /** Decided again on its basis, it comes out otherwise. */
  | 'DECISION_DIFFERS'
  /** The basis was stale when the decision was recorded. `differences`: what the decision would be on the newest, where it changes. */
  | 'BASIS_STALE'
  /** The basis names what had not been recorded by then, or states that never stood together. */
  | 'BASIS_UNKNOWN'
  /** A decision that is not the first event of its exchange. */
  | 'DECIDED_TWICE'
  /** The event is not of its shape. */
  | 'DECISION_UNREADABLE';

export interface Finding {
  readonly code: FindingCode;
  readonly exchange: string;
  readonly position: string;
  /** Leaf hash of the decision, base64url. */
  readonly leaf: string;
  /** Business instant of the decision. */
  readonly at: string;
  readonly differences: readonly Difference[];
  readonly basis: readonly BasisEvidence[];
}

/** How one decision came out. */
export type Agreement = 'agrees' | 'differs' | 'erased' | 'sealed';
