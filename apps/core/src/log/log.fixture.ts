import { ledgerKeyOf } from '#libs/commands';
import { SigningKey } from '#libs/cryptography';
import { leafHash, nativeHasher, verifyEd25519 } from '#libs/ledger';
import {
  BatchInclusion,
  type Checkpoint,
  consistencyProof,
  COSIGNATURE_V1,
  cosign,
  decodeHashes,
  encodeHashes,
  formatCheckpoint,
  formatNote,
  hashOfRange,
  type NodeReader,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  signersOf,
  verifyConsistency,
} from '#libs/proofs';
import type { CheckpointLine, CosignatureAnswer, LineOutcome, Place, SharedProof } from '#libs/protocol';
import { cosignerKey } from '#libs/ledger-service';
import { createHash } from 'node:crypto';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** The checkpoint of a signed note, once the key's signature on it holds. */
export function checkedNote(note: string, key: string): Checkpoint {
  const signed = parseNote(note);
  const verifier = parseVerifierKey(sha256, key);
  const checkpoint = signed && parseCheckpoint(signed.text);
  if (!signed || !verifier || !checkpoint || checkpoint.origin !== verifier.name) throw new Error('this is no checkpoint of that log');
  if (signersOf(verifyEd25519, signed, [verifier])?.length !== 1) throw new Error('the checkpoint is not signed by that key');
  return checkpoint;
}

/** True where every event stands at its place in the tree of the proof, whose checkpoint this key signed. */
export function isProved(proof: SharedProof, key: string, records: readonly { readonly leaf: Uint8Array; readonly place: Place | undefined }[]): boolean {
  const inclusion = new BatchInclusion(nativeHasher, proof.nodes, checkedNote(proof.checkpoint, key));
  return records.every(({ leaf, place }) => place !== undefined && inclusion.includes(leaf, place));
}
export const leafOf = (event: string): Uint8Array => leafHash(Buffer.from(event, 'utf8'));

/** True where the proof leads from the older checkpoint to its own. */
export function extendsFrom(older: Checkpoint, proof: SharedProof, key: string): boolean {
  const hashes = decodeHashes(proof.consistency?.hashes ?? []);
  return proof.consistency?.from === older.size && hashes !== undefined && verifyConsistency(nativeHasher, older, checkedNote(proof.checkpoint, key), hashes);
}

/** A log of another party, as large as one likes: its leaves are numbers. */
export class TestLog {
  readonly signing = SigningKey.generate();
  readonly key: string;

  constructor(
    readonly origin: string,
    private readonly salt = '',
  ) {
    this.key = ledgerKeyOf(this.signing, origin);
  }

  readonly #read: NodeReader = (level, index) => {
    if (level === 0) return nativeHasher.leaf(Buffer.from(`${this.salt}${index}`));
    return nativeHasher.node(this.#read(level - 1, index * 2), this.#read(level - 1, index * 2 + 1));
  };

  checkpoint(size: number, signers: readonly SigningKey[] = [this.signing]): string {
    const text = formatCheckpoint({ origin: this.origin, size, root: hashOfRange(nativeHasher, this.#read, 0, size) });
    const signatures = signers.map((signer) => {
      const { name, keyId } = parseVerifierKey(sha256, ledgerKeyOf(signer, this.origin)) ?? { name: '', keyId: 0 };
      return { name, keyId, signature: signer.sign(Buffer.from(text)) };
    });
    return formatNote({ text, signatures });
  }

  line(server: string, from: number, size: number, more: Partial<CheckpointLine> = {}): CheckpointLine {
    const hashes = encodeHashes(consistencyProof(nativeHasher, this.#read, from, size));
    return { server, key: this.key, checkpoint: this.checkpoint(size), from, hashes, ...more };
  }
}

/** An interface system as witness of the core's log: cosigns what extends the checkpoint that it has. */
export class TestWitness {
  held: Checkpoint | undefined;

  constructor(
    private readonly name: string,
    private readonly signing: SigningKey,
    private readonly nowSeconds: () => number,
  ) {}

  answer({ key, checkpoint, from, hashes }: CheckpointLine): LineOutcome<CosignatureAnswer> {
    const size = this.held?.size ?? 0;
    if (from !== size) return { ok: true, value: { size } };
    const shown = checkedNote(checkpoint, key);
    const proof = decodeHashes(hashes);
    if (this.held && (!proof || !verifyConsistency(nativeHasher, this.held, shown, proof))) {
      return { ok: false, problem: { code: 'LEDGER_INCONSISTENT', kind: 'unprocessable', detail: '' } };
    }
    this.held = shown;
    const witness = parseVerifierKey(sha256, cosignerKey(this.name, this.signing.publicText));
    if (witness?.kind !== COSIGNATURE_V1) throw new Error('no cosigner key');
    const text = parseNote(checkpoint)?.text ?? '';
    return {
      ok: true,
      value: { size: shown.size, cosignature: cosign(text, { key: witness, sign: (message) => this.signing.sign(message) }, this.nowSeconds()) },
    };
  }
}
