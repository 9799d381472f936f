import type { BatchProof, Place } from '#libs/proofs';

/** The store that a ledger follows: an event store, as far as a ledger reads it. */
export interface LedgerSource {
  /** Events after a position (exclusive), in store order, at most `limit`. Only what is durable. */
  readAll(options: { readonly after: bigint; readonly limit: number }): Promise<SourcePage>;
  lastPosition(): Promise<bigint>;
  /**
   * Where the source can wake its followers (as event stores can): a number that changes whenever something new may have
   * become readable, and a promise of its change. Without them the ledger looks every few milliseconds.
   */
  readonly generation?: number;
  changed?(generation: number, signal: AbortSignal): Promise<void>;
}
export interface SourcePage {
  readonly events: readonly { readonly position: bigint; readonly bytes: Uint8Array }[];
  readonly next: bigint;
  readonly atEnd: boolean;
}

/** One key that signs the checkpoints of a log. */
export interface LogSigner {
  /** Verifier key of this log (C2SP signed-note): its name is the log's origin. */
  readonly key: string;
  /** 64 bytes, Ed25519. */
  sign(message: Uint8Array): Uint8Array;
}

/** A tree head that was signed: everything that the tree holds up to `position` is durable in the store. */
export interface SignedCheckpoint {
  /** Signed note (C2SP tlog-checkpoint), with the signature of each of the log's keys. */
  readonly note: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Position of its last entry in the store; 0n where it is empty. */
  readonly position: bigint;
}

export interface Proved {
  readonly proof: BatchProof;
  /** In the order asked. */
  readonly places: readonly Place[];
}

/** A cosignature that a witness gave for a checkpoint of this log (C2SP tlog-cosignature). */
export interface Cosignature {
  /** The signature line of the note, without its newline. */
  readonly line: string;
  readonly witness: string;
  /** Of the checkpoint that it stands on. */
  readonly size: number;
  /** Seconds since 1970, as signed. */
  readonly timeSeconds: number;
}

/**
 * A party's log (design.md §1.4): the store's order as an RFC 6962 tree. It reads only what the store has made durable,
 * and signs only what it has so read; whoever answers waits for `integrated` first: commit, sign, answer. What it keeps
 * can be made again from the store; it is kept so that nothing has to be.
 * Every method may reject or throw LEDGER_UNAVAILABLE (its file cannot be written or the store cannot be read: nothing
 * may be answered) or LEDGER_CLOSED.
 */
export abstract class Ledger {
  /** `<deployment>/<party>/<epoch>` */
  abstract readonly origin: string;
  /** The newest signed checkpoint. */
  abstract readonly checkpoint: SignedCheckpoint;

  /** Resolves with the newest checkpoint once the tree holds the entry at this position of the store. */
  abstract integrated(position: bigint): Promise<SignedCheckpoint>;

  /**
   * Leaf index of the entry at a position. `back`: of the entry so many before it, for the earlier events of one append.
   * Throws RangeError where the tree has no entry there (yet).
   */
  abstract indexAt(position: bigint, back?: number): number;
  /** The other way round: where in the store the leaves [from, to) stand, as far as there are such. */
  abstract positionsOf(from: number, to: number): readonly bigint[];

  /**
   * Inclusion proofs of these leaves under the newest checkpoint; with `seen`, a size that the receiver has verified, also
   * the consistency proof from there (left out where the log is smaller, or it is 0). Throws RangeError for an index that is no leaf.
   */
  abstract prove(indexes: readonly number[], seen?: number): Proved;
  /** RFC 9162 §2.1.4, between any two sizes up to the newest checkpoint's. Throws RangeError otherwise. */
  abstract consistency(from: number, to: number): readonly Uint8Array[];
  /** Root of the tree as it was at this size. */
  abstract rootAt(size: number): Uint8Array;
  /** Hashes of a tile, 32 bytes each, as many as there are (at most 256); undefined where there is none. */
  abstract tile(level: number, index: number): Uint8Array | undefined;

  /** Keeps a cosignature of one of this log's checkpoints; the newest a witness counts. Durable on return. */
  abstract addCosignature(checkpoint: SignedCheckpoint, cosignature: Cosignature): Promise<void>;
  /** The newest checkpoint that is cosigned, its note with the cosignatures; undefined where none is yet. */
  abstract readonly cosigned: SignedCheckpoint | undefined;
  /** Newest cosigned size a witness, and since when entries wait to be witnessed (ms since 1970; undefined: none wait). */
  abstract readonly witnessed: { readonly sizes: ReadonlyMap<string, number>; readonly unwitnessedSinceMs: number | undefined };

  /** Checkpoints that are kept for good, of sizes above `after`, in order, at most `limit`: about one a minute. */
  abstract checkpoints(after: number, limit: number): readonly SignedCheckpoint[];

  /**
   * From now on these keys sign (a rotation in a running process), and the newest checkpoint is signed again by them. Throws
   * LEDGER_KEY_OF_ANOTHER_LOG.
   */
  abstract setSigners(signers: readonly LogSigner[]): void;
  /** The source has something new: what need not be called where it wakes its followers, or where somebody waits. */
  abstract wake(): void;

  /** Waits for what is being written; whoever waits for an entry is rejected with LEDGER_CLOSED. */
  abstract close(): Promise<void>;
}
