import { hash } from 'node:crypto';
import { VerificationKey } from '#libs/cryptography';
import { leafHash, nativeHasher } from '#libs/ledger';
import { BatchInclusion, type Checkpoint, parseCheckpoint, parseNote, parseVerifierKey, signersOf } from '#libs/proofs';
import type { Place, Proven } from '#libs/protocol';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** The checkpoint of a note that this log's key signed. Throws for any other. */
export function signedCheckpoint(note: string, ledgerKey: string | undefined): Checkpoint {
  const key = parseVerifierKey(sha256, ledgerKey ?? '');
  const parsed = parseNote(note);
  const verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
    new VerificationKey(Buffer.from(publicKey).toString('base64url')).verify(message, signature);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!key || !parsed || !checkpoint || signersOf(verify, parsed, [key])?.length !== 1) throw new Error('the checkpoint is not signed by the log');
  if (checkpoint.origin !== key.name) throw new Error('the checkpoint is of another log');
  return checkpoint;
}

/** Tells whether leaf hashes (base64url), or events as text, stand where an answer says, under the one checkpoint that it brings. */
export class Verified {
  readonly checkpoint: Checkpoint;
  readonly #inclusion: BatchInclusion;

  constructor({ proofs = [] }: Proven<unknown>, ledgerKey: string | undefined) {
    const [proof, ...others] = proofs;
    if (!proof || others.length > 0) throw new Error('the answer brings no proof, or several');
    this.checkpoint = signedCheckpoint(proof.checkpoint, ledgerKey);
    this.#inclusion = new BatchInclusion(nativeHasher, proof.nodes, this.checkpoint);
  }

  includes(leaf: string, place: Place | undefined): boolean {
    return place !== undefined && this.#inclusion.includes(Buffer.from(leaf, 'base64url'), place);
  }
  includesEvent({ event, place }: { readonly event: string; readonly place?: Place }): boolean {
    return this.includes(leafHash(Buffer.from(event)).toString('base64url'), place);
  }
}
