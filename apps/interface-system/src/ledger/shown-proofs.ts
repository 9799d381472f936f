import { DomainError, EVENT_BYTES_MAX, type ErrorKind } from '#libs/kernel';
import { leafHash, ledgerRefusal } from '#libs/ledger';
import type { BatchInclusion } from '#libs/proofs';
import type { Place } from '#libs/protocol';

/** A proof of a batch after its checkpoint was judged: what tells of inclusion under it, or why it was refused. */
export type Judged = BatchInclusion | DomainError;

/** Which proof of the batch a place is of; the first, where it says nothing. */
export const proofOf = (place: Place | undefined): number => place?.proof ?? 0;

/** Which proofs of a batch its places refer to: no other is looked at. */
export function proofsUsed(places: Iterable<Place | undefined>): ReadonlySet<number> {
  const used = new Set<number>();
  for (const place of places) if (place) used.add(proofOf(place));
  return used;
}

/**
 * What was shown with a batch: says of each record whether it stands in the log. A checkpoint that was refused fails every
 * line that refers to it. `kind`: what a refusal means to whoever is told of it.
 */
export class ShownProofs {
  constructor(
    private readonly judged: ReadonlyMap<number, Judged> | undefined,
    private readonly kind: ErrorKind,
  ) {}

  /** Where no ledger is kept (for measuring): everything is taken as shown. */
  static readonly unchecked = new ShownProofs(undefined, 'internal');

  /** Throws a `LedgerRefusal` where these stored bytes do not stand in the log at this place. */
  assertEvent(event: string, place: Place | undefined): void {
    if (!this.judged) return;
    const bytes = typeof event === 'string' ? Buffer.from(event, 'utf8') : undefined;
    if (!bytes || bytes.length > EVENT_BYTES_MAX) throw ledgerRefusal('RECORD_NOT_INCLUDED', this.kind);
    this.#assert(leafHash(bytes), place);
  }

  /** The same of a leaf hash, base64url. */
  assertLeaf(leaf: string, place: Place | undefined): void {
    if (this.judged) this.#assert(Buffer.from(String(leaf), 'base64url'), place);
  }

  #assert(leaf: Uint8Array, place: Place | undefined): void {
    const judged = place ? this.judged?.get(proofOf(place)) : undefined;
    if (!place || !judged) throw ledgerRefusal('LEDGER_PROOF_MISSING', this.kind);
    if (judged instanceof DomainError) throw judged;
    if (!judged.includes(leaf, place)) throw ledgerRefusal('RECORD_NOT_INCLUDED', this.kind);
  }
}

/** The refusal of a checkpoint, as the lines that it fails tell it. */
export function refusalOf(error: unknown, kind: ErrorKind): DomainError {
  if (!(error instanceof DomainError)) throw error;
  return error.kind === 'unavailable' || error.kind === 'busy' ? error : new DomainError(error.code, kind, error.message, error.at, { cause: error });
}
