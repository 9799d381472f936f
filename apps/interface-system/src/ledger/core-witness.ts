import type { SigningKey } from '#libs/cryptography';
import { DomainError } from '#libs/kernel';
import { sha256 } from '#libs/ledger';
import { cosign, COSIGNATURE_V1, parseCheckpoint, parseNote, type VerifierKey, verifierKeyOf } from '#libs/proofs';
import type { CheckpointLine, CosignatureAnswer } from '#libs/protocol';
import type { CoreLog } from './core-log.js';

/**
 * Cosigns the core's checkpoints (C2SP tlog-witness, add-checkpoint): says that this interface system has verified it, and
 * knows of no larger one. Its name as cosigner is `<deployment>/<id>`, its key the one that its tokens are signed with.
 */
export class CoreWitness {
  readonly #key: VerifierKey;

  constructor(
    name: string,
    private readonly signing: SigningKey,
    private readonly core: CoreLog,
    private readonly wallClockMs: () => number = Date.now,
  ) {
    this.#key = verifierKeyOf(sha256, name, COSIGNATURE_V1, Buffer.from(signing.publicText, 'base64url'));
  }

  /** The cosignature; or only the size that is known here, where another one is asked from, or a larger one was verified. Rejects with a `LedgerRefusal`. */
  async cosign({ key, checkpoint: note, from, hashes }: CheckpointLine): Promise<CosignatureAnswer> {
    const text = parseNote(note)?.text;
    const asked = text === undefined ? undefined : parseCheckpoint(text);
    const known = this.core.largest;
    if (known && asked?.origin === known.origin && (asked.size < known.size || (asked.size > known.size && from !== known.size))) return { size: known.size };
    const { size } = await this.core.verify(note, { from, hashes }, [key]);
    if (text === undefined) throw new DomainError('INTERNAL', 'internal', 'a note without a text was verified');
    const largest = this.core.largest?.size ?? size;
    if (largest > size) return { size: largest };
    const sign = (message: Uint8Array): Uint8Array => this.signing.sign(message);
    return { size, cosignature: cosign(text, { key: this.#key, sign }, Math.floor(this.wallClockMs() / 1_000)) };
  }
}
