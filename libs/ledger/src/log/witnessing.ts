import { DomainError } from '#libs/kernel';
import { parseNote, SIGNATURES_MAX } from '#libs/proofs';
import { fromStored, toStored } from './checkpoint-signer.js';
import type { Cosignature, SignedCheckpoint } from './ledger.js';
import type { StoredCosignature } from './ledger-file.js';

/** Leaves room in a note for the log's own signatures. */
const WITNESSES_MAX = SIGNATURES_MAX - 4;
/** When the tree had which size: samples, the wider apart the longer no witness came. */
const SAMPLES_MAX = 1_024;
const SAMPLE_MS = 1_000;

interface Cosigned extends Cosignature {
  readonly checkpoint: SignedCheckpoint;
}

/** What witnesses have cosigned: the newest of each. */
export class Witnessing {
  readonly #newest = new Map<string, Cosigned>();
  #samples: { readonly size: number; readonly atMs: number }[] = [];
  #spacingMs = SAMPLE_MS;
  #sinceMs: number | undefined;

  constructor(stored: readonly StoredCosignature[] = [], sinceMs?: number) {
    for (const { witness, line, timeSeconds, checkpoint } of stored) {
      const signed = fromStored(checkpoint);
      this.#newest.set(witness, { witness, line, timeSeconds, size: signed.size, checkpoint: signed });
    }
    this.#sinceMs = sinceMs;
  }

  get sizes(): ReadonlyMap<string, number> {
    return new Map([...this.#newest].map(([witness, { size }]) => [witness, size]));
  }

  /** Since when entries wait to be witnessed. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  get #size(): number {
    let size = 0;
    for (const cosigned of this.#newest.values()) size = Math.max(size, cosigned.size);
    return size;
  }

  /** The newest checkpoint that is cosigned, with its cosignatures. */
  get cosigned(): SignedCheckpoint | undefined {
    const size = this.#size;
    const newest = [...this.#newest.values()].filter((cosigned) => cosigned.size === size);
    const [first] = newest;
    return first && { ...first.checkpoint, note: `${first.checkpoint.note}${newest.map(({ line }) => `${line}\n`).join('')}` };
  }

  /** The tree has grown to this size. */
  grown(size: number, nowMs: number): void {
    if (size <= this.#size) return;
    this.#sinceMs ??= nowMs;
    if (nowMs - (this.#samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY) < this.#spacingMs) return;
    if (this.#samples.length >= SAMPLES_MAX) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#spacingMs *= 2;
    }
    this.#samples.push({ size, atMs: nowMs });
  }

  /**
   * Takes a cosignature; false where the witness gave a newer one before. Throws LEDGER_COSIGNATURE_MALFORMED for a line that
   * is no signature of the witness's, LEDGER_WITNESSES_TOO_MANY.
   */
  add(checkpoint: SignedCheckpoint, cosignature: Cosignature, treeSize: number): boolean {
    const { witness, line, size, timeSeconds } = cosignature;
    const signatures = parseNote(`${checkpoint.note}${line}\n`)?.signatures;
    if (size !== checkpoint.size || line.includes('\n') || signatures?.at(-1)?.name !== witness) {
      throw new DomainError('LEDGER_COSIGNATURE_MALFORMED', 'invalid', 'this is no signature line of that witness for that checkpoint');
    }
    const before = this.#newest.get(witness);
    if (before === undefined && this.#newest.size >= WITNESSES_MAX) {
      throw new DomainError('LEDGER_WITNESSES_TOO_MANY', 'unprocessable', `a log has at most ${WITNESSES_MAX} witnesses`);
    }
    if (before !== undefined && (before.size > size || (before.size === size && before.timeSeconds > timeSeconds))) return false;
    this.#newest.set(witness, { witness, line, size, timeSeconds, checkpoint });
    this.#settle(treeSize);
    return true;
  }

  /** When the first entry came that is above what is cosigned: not later than its sample says. */
  #settle(treeSize: number): void {
    const size = this.#size;
    if (size >= treeSize) {
      this.#samples = [];
      this.#spacingMs = SAMPLE_MS;
      this.#sinceMs = undefined;
      return;
    }
    const above = this.#samples.findIndex((sample) => sample.size > size);
    const last = this.#samples[above < 0 ? this.#samples.length - 1 : Math.max(above - 1, 0)];
    if (last !== undefined && this.#sinceMs !== undefined) this.#sinceMs = Math.max(this.#sinceMs, last.atMs);
    this.#samples = above < 0 ? this.#samples.slice(-1) : this.#samples.slice(Math.max(above - 1, 0));
  }

  stored(): StoredCosignature[] {
    return [...this.#newest.values()].map(({ witness, line, timeSeconds, checkpoint }) => ({ witness, line, timeSeconds, checkpoint: toStored(checkpoint) }));
  }
}
