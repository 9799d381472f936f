import { hash } from 'node:crypto';
import { BoundedCache } from '#libs/cryptography';
import type { DomainError, ErrorKind } from '#libs/kernel';
import { ledgerRefusal, nativeHasher, parseOrigin, sha256, verifyEd25519 } from '#libs/ledger';
import { BatchInclusion, type Checkpoint, parseCheckpoint, parseNote, parseVerifierKey, type SignedNote, signersOf, type VerifierKey } from '#libs/proofs';
import type { DirectoryCache, Place, SharedProof } from '#libs/protocol';
import { type Judged, proofsUsed, refusalOf, ShownProofs } from './shown-proofs.js';

const NOTES_MAX = 1_024;
const KEYS_MAX = 4_096;

/**
 * The logs of the intermediate servers, of this side and of others: their checkpoints are verified under the keys that the
 * core, their witness, accepts and names in its directory. That they are consistent with each other is the witness's to see.
 */
export class PartyLogs {
  /** Verified checkpoints, by server and note. */
  readonly #notes = new BoundedCache<Checkpoint>(NOTES_MAX);
  readonly #keys = new BoundedCache<VerifierKey>(KEYS_MAX);

  constructor(
    private readonly deployment: string,
    private readonly directory: DirectoryCache,
  ) {}

  /** Judges the checkpoints of one server's log that the places refer to. */
  async shown(server: string, proofs: readonly SharedProof[] | undefined, places: Iterable<Place | undefined>, kind: ErrorKind): Promise<ShownProofs> {
    const judged = new Map<number, Judged>();
    for (const at of proofsUsed(places)) {
      const proof = proofs?.[at];
      if (proof) judged.set(at, await this.#judge(server, proof, kind));
    }
    return new ShownProofs(judged, kind);
  }

  async #judge(server: string, { checkpoint, nodes }: SharedProof, kind: ErrorKind): Promise<Judged> {
    try {
      return new BatchInclusion(nativeHasher, nodes, await this.#verified(server, checkpoint));
    } catch (error) {
      return refusalOf(error, kind);
    }
  }

  async #verified(server: string, text: string): Promise<Checkpoint> {
    const id = `${server} ${hash('sha256', text, 'base64')}`;
    const known = this.#notes.get(id);
    if (known) return known;
    const note = parseNote(text);
    const checkpoint = note && parseCheckpoint(note.text);
    if (!checkpoint) throw ledgerRefusal('LEDGER_NOTE_MALFORMED');
    if (parseOrigin(checkpoint.origin)?.log !== `${this.deployment}/${server}`) throw ledgerRefusal('LEDGER_WRONG_TREE');
    if (!this.#isSigned(server, note, checkpoint)) {
      // it may be younger than the directory here: its keys are there once the core has cosigned it for the first time
      await this.directory.lookAgain();
      if (!this.#isSigned(server, note, checkpoint)) throw this.#unknown(server, checkpoint);
    }
    this.#notes.set(id, checkpoint);
    return checkpoint;
  }

  #isSigned(server: string, note: SignedNote, { origin }: Checkpoint): boolean {
    const keys = (this.directory.serverNow(server)?.ledgerKeys ?? []).flatMap((text) => this.#key(text) ?? []).filter(({ name }) => name === origin);
    return (signersOf(verifyEd25519, note, keys) ?? []).length > 0;
  }

  /** Passing: the core may accept the key, or the epoch, later. */
  #unknown(server: string, { origin }: Checkpoint): DomainError {
    const keys = this.directory.serverNow(server)?.ledgerKeys ?? [];
    const isOtherEpoch = keys.length > 0 && !keys.some((text) => text.startsWith(`${origin}+`));
    return ledgerRefusal(isOtherEpoch ? 'LEDGER_EPOCH_UNKNOWN' : 'LEDGER_KEY_UNKNOWN', 'unavailable');
  }

  #key(text: string): VerifierKey | undefined {
    const known = this.#keys.get(text);
    if (known) return known;
    const key = parseVerifierKey(sha256, text);
    if (key) this.#keys.set(text, key);
    return key;
  }
}
