import {
  type ConsistencyProof,
  decodeHashes,
  formatNote,
  formatVerifierKey,
  parseCheckpoint,
  parseNote,
  sameHash,
  signersOf,
  verifyConsistency,
  type VerifierKey,
} from '#libs/proofs';
import { nativeHasher } from '../tree/native-hasher.js';
import { corrupted, type KnownLogEntry } from './known-file.js';
import { LargestFirst } from './largest-first.js';
import { ledgerRefusal } from './refusals.js';
import { type LogKey, parseLogKey, parseOrigin } from './trusted-keys.js';
import { verifyEd25519 } from './verify-ed25519.js';

/** A checkpoint that was verified: signed by a trusted key, and consistent with every other that was. */
export interface VerifiedCheckpoint {
  /** Signed note, with the signatures of trusted keys alone. */
  readonly note: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Keys trusted for one epoch: the oldest that signs no more makes room. */
export const KEYS_PER_LOG_MAX = 8;
/** Checkpoints of a log remembered as verified, so that answers that overtook each other need no proof again. */
export const VERIFIED_PER_LOG_MAX = 256;
const CLOSED_EPOCHS_MAX = 16;

/** Reads a signed checkpoint, unverified. Throws LEDGER_NOTE_MALFORMED. */
export function readCheckpoint(text: string) {
  const note = parseNote(text);
  const checkpoint = note && parseCheckpoint(note.text);
  if (!note || !checkpoint) throw ledgerRefusal('LEDGER_NOTE_MALFORMED');
  return { note, checkpoint };
}

/** True where a consistency proof (RFC 9162 §2.1.4) leads from the older to the newer of the two. */
export function leads(older: VerifiedCheckpoint, newer: VerifiedCheckpoint, hashes: readonly string[]): boolean {
  const proof = decodeHashes(hashes);
  return proof !== undefined && verifyConsistency(nativeHasher, older, newer, proof);
}

export type Relation =
  | { readonly is: 'consistent' }
  /** Another root of the same size was verified before. */
  | { readonly is: 'contradicted'; readonly by: VerifiedCheckpoint }
  | Unproven;
/** A proof must lead from the older to the newer; one of them is the largest there is. */
export interface Unproven {
  readonly is: 'unproven';
  readonly older: VerifiedCheckpoint;
  readonly newer: VerifiedCheckpoint;
  readonly largest: VerifiedCheckpoint;
}

/** What a verifier remembers of one log: the epoch in force, its trusted keys, the largest checkpoint. */
export class KnownLog {
  #keys: VerifierKey[];
  #epoch: number;
  #largest: VerifiedCheckpoint | undefined;
  readonly #closed: string[] = [];
  readonly #verified = new Map<number, VerifiedCheckpoint>();
  /** Whoever fetches the proof of a larger checkpoint. */
  readonly growing = new LargestFirst();
  /** Counts the changes that must be written before anybody is told. */
  changes = 0;
  /** How many of them are written. */
  written = 0;

  private constructor(
    readonly name: string,
    { key, epoch }: LogKey,
  ) {
    this.#keys = [key];
    this.#epoch = epoch;
  }

  static trusting(key: LogKey): KnownLog {
    const log = new KnownLog(key.log, key);
    log.changes = 1;
    return log;
  }

  /** As it was written. Throws KNOWN_LOGS_CORRUPTED. */
  static of({ origin, keys, checkpoint, closed }: KnownLogEntry): KnownLog {
    const [first, ...others] = keys.map((text) => parseLogKey(text));
    const parts = parseOrigin(origin);
    if (!first || !parts || first.key.name !== origin || keys.length > KEYS_PER_LOG_MAX) throw corrupted();
    const log = new KnownLog(parts.log, first);
    for (const other of others) {
      if (other?.key.name !== origin) throw corrupted();
      log.#keys.push(other.key);
    }
    log.#closed.push(...closed);
    if (checkpoint !== undefined) {
      const signed = log.signed(checkpoint);
      if (signed?.origin !== origin) throw corrupted();
      log.#take(signed);
    }
    return log;
  }

  get origin(): string {
    return `${this.name}/${this.#epoch}`;
  }
  get keys(): readonly string[] {
    return this.#keys.map(formatVerifierKey);
  }
  get largest(): VerifiedCheckpoint | undefined {
    return this.#largest;
  }
  get entry(): KnownLogEntry {
    const { origin, keys } = this;
    return { origin, keys, ...(this.#largest === undefined ? {} : { checkpoint: this.#largest.note }), closed: this.#closed };
  }

  trusts(key: VerifierKey): boolean {
    return this.#keys.some(({ name, keyId }) => name === key.name && keyId === key.keyId);
  }

  /** Trusts one more key, or moves on to the epoch that it is for; false where it is of an epoch before. */
  trust({ key, epoch }: LogKey): boolean {
    if (epoch < this.#epoch) return false;
    if (epoch > this.#epoch) this.#open(epoch, key);
    else if (!this.trusts(key)) this.#add(key);
    return true;
  }

  #open(epoch: number, key: VerifierKey): void {
    if (this.#largest) this.#closed.push(this.#largest.note);
    if (this.#closed.length > CLOSED_EPOCHS_MAX) this.#closed.shift();
    this.#epoch = epoch;
    this.#keys = [key];
    this.#largest = undefined;
    this.#verified.clear();
    this.changes += 1;
  }

  #add(key: VerifierKey, signed?: VerifiedCheckpoint): void {
    if (this.#keys.length >= KEYS_PER_LOG_MAX) {
      const signing = new Set(signed && parseNote(signed.note)?.signatures.map(({ keyId }) => keyId));
      const idle = this.#keys.findIndex(({ keyId }) => !signing.has(keyId));
      this.#keys.splice(Math.max(idle, 0), 1);
    }
    this.#keys.push(key);
    this.changes += 1;
  }

  /** The checkpoint with the signatures of trusted keys; undefined where there is none that holds. Throws LEDGER_NOTE_MALFORMED. */
  signed(text: string): VerifiedCheckpoint | undefined {
    const { note, checkpoint } = readCheckpoint(text);
    const signers = signersOf(verifyEd25519, note, this.#keys);
    if (!signers || signers.length === 0) return undefined;
    const signatures = note.signatures.filter(({ name, keyId }) => signers.some((key) => key.name === name && key.keyId === keyId));
    const { origin, size, root } = checkpoint;
    return { note: formatNote({ text: note.text, signatures }), origin, size, root };
  }

  /** How a signed checkpoint of the epoch in force stands to what was verified before. */
  relation(shown: VerifiedCheckpoint): Relation {
    if (shown.size === 0 && !sameHash(shown.root, nativeHasher.empty())) return { is: 'contradicted', by: this.#largest ?? shown };
    const known = this.#verified.get(shown.size);
    if (known) return sameHash(known.root, shown.root) ? { is: 'consistent' } : { is: 'contradicted', by: known };
    const largest = this.#largest;
    if (!largest || shown.size === 0 || largest.size === 0) return { is: 'consistent' };
    return shown.size < largest.size ? { is: 'unproven', older: shown, newer: largest, largest } : { is: 'unproven', older: largest, newer: shown, largest };
  }

  /**
   * Takes what `relation` called consistent, or a proof led to, in the same turn; `vouched`: keys that also signed it.
   * Throws LEDGER_EPOCH_UNKNOWN where an operator moved on meanwhile.
   */
  accept(shown: VerifiedCheckpoint, vouched: readonly VerifierKey[]): void {
    if (shown.origin !== this.origin) throw ledgerRefusal('LEDGER_EPOCH_UNKNOWN');
    for (const key of vouched) if (!this.trusts(key)) this.#add(key, shown);
    this.#take(shown);
  }

  #take(shown: VerifiedCheckpoint): void {
    if (!this.#largest || shown.size > this.#largest.size) {
      this.#largest = shown;
      this.changes += 1;
    }
    if (this.#verified.has(shown.size)) return;
    if (this.#verified.size >= VERIFIED_PER_LOG_MAX) {
      // the largest is the last one asked for: it stays
      const oldest = [...this.#verified.keys()].find((size) => size !== this.#largest?.size);
      if (oldest !== undefined) this.#verified.delete(oldest);
    }
    this.#verified.set(shown.size, shown);
  }
}

/** Which proof to try first: what came with the checkpoint, where it leads from the older of the two. */
export const fitting = (proof: ConsistencyProof | undefined, older: VerifiedCheckpoint): readonly string[] | undefined =>
  proof?.from === older.size ? proof.hashes : undefined;
