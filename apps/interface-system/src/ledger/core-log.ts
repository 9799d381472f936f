import { DomainError, type ErrorKind } from '#libs/kernel';
import { type KnownLogs, nativeHasher, parseOrigin, type VerifiedCheckpoint } from '#libs/ledger';
import { BatchInclusion, type ConsistencyProof } from '#libs/proofs';
import { type CorePort, type Place, type SharedProof, toError } from '#libs/protocol';
import type { Refusals } from './refusals.js';
import { type Judged, proofsUsed, refusalOf, ShownProofs } from './shown-proofs.js';

export interface CoreLogParts {
  /** This interface system. */
  readonly id: string;
  readonly core: CorePort;
  readonly known: KnownLogs;
  /** Verifier key of the core's log, pinned. */
  readonly ledgerKey: string;
  readonly refusals: Refusals;
}

/** The core's log, as this interface system has verified it. */
export class CoreLog {
  /** `<deployment>/<core>` */
  readonly name: string;

  /** Throws CORE_LEDGER_KEY where the pinned key is none of a log. */
  constructor(private readonly parts: CoreLogParts) {
    const origin = parseOrigin(parts.ledgerKey.split('+')[0] ?? '');
    if (!origin) throw new DomainError('CORE_LEDGER_KEY', 'invalid', "the core's pinned verifier key is not one of a log");
    this.name = origin.log;
  }

  /** The largest checkpoint verified, where there is one. */
  get largest(): VerifiedCheckpoint | undefined {
    return this.parts.known.known(this.name)?.largest;
  }

  /** Rejects with a `LedgerRefusal`. The core is asked for a proof that did not come along; `candidates`: see `KnownLogs`. */
  async verify(checkpoint: string, proof?: ConsistencyProof, candidates?: readonly string[]): Promise<VerifiedCheckpoint> {
    const verified = await this.parts.known.verify(checkpoint, {
      log: this.name,
      fetch: this.#fetch,
      ...(proof === undefined ? {} : { proof }),
      ...(candidates === undefined ? {} : { candidates }),
    });
    this.parts.refusals.coreVerified();
    return verified;
  }

  /** Judges the checkpoints that the places of a batch refer to. */
  async shown(proofs: readonly SharedProof[] | undefined, places: Iterable<Place | undefined>, kind: ErrorKind): Promise<ShownProofs> {
    const judged = new Map<number, Judged>();
    await Promise.all(
      [...proofsUsed(places)].map(async (at) => {
        const proof = proofs?.[at];
        if (proof) judged.set(at, await this.#judge(proof, kind));
      }),
    );
    return new ShownProofs(judged, kind);
  }

  async #judge({ checkpoint, nodes, consistency }: SharedProof, kind: ErrorKind): Promise<Judged> {
    try {
      return new BatchInclusion(nativeHasher, nodes, await this.verify(checkpoint, consistency));
    } catch (error) {
      return refusalOf(error, kind);
    }
  }

  readonly #fetch = async (from: number, to: number): Promise<readonly string[]> => {
    const [outcome] = await this.parts.core.proveConsistency(this.parts.id, [{ from, to }]);
    if (!outcome?.ok) throw outcome ? toError(outcome.problem) : new DomainError('UPSTREAM_MALFORMED', 'unavailable', 'the core gave no answer');
    return outcome.value.hashes;
  };
}
