import type { ErrorKind } from '#libs/kernel';
import type { Place, SharedProof } from '#libs/protocol';
import type { CoreLog } from './core-log.js';
import type { CoreWitness } from './core-witness.js';
import type { PartyLogs } from './party-logs.js';
import { ShownProofs } from './shown-proofs.js';

/** The logs that this interface system verifies. */
export interface VerifiedLogs {
  readonly core: CoreLog;
  readonly parties: PartyLogs;
  readonly witness: CoreWitness;
}

/**
 * What is proved to this interface system. Of an *answer* that does not verify the asked is at fault: it is refused as
 * `unavailable`, for the same line may be sent again, and nothing is known to stand in the log. What a caller *shows* is refused for good.
 */
export class ProofChecks {
  /** Without logs nothing is demanded and nothing verified: for measuring. */
  constructor(readonly logs: VerifiedLogs | undefined) {}

  /** What to tell the core, so that its proof starts there. */
  get seen(): number | undefined {
    return this.logs?.core.largest?.size;
  }

  answeredByCore(proofs: readonly SharedProof[] | undefined, places: Iterable<Place | undefined>): Promise<ShownProofs> {
    return this.#ofCore(proofs, places, 'unavailable');
  }
  shownByCore(proof: SharedProof | undefined, places: Iterable<Place | undefined>): Promise<ShownProofs> {
    return this.#ofCore(proof === undefined ? [] : [proof], places, 'unprocessable');
  }
  async answeredByServer(server: string, proofs: readonly SharedProof[] | undefined, places: Iterable<Place | undefined>): Promise<ShownProofs> {
    return this.logs ? this.logs.parties.shown(server, proofs, places, 'unavailable') : ShownProofs.unchecked;
  }

  async #ofCore(proofs: readonly SharedProof[] | undefined, places: Iterable<Place | undefined>, kind: ErrorKind): Promise<ShownProofs> {
    return this.logs ? this.logs.core.shown(proofs, places, kind) : ShownProofs.unchecked;
  }
}
