import { decodeHashes } from '../batch/batch-proof.js';
import { sha256 } from '../hashing/noble-hasher.js';
import { nobleVerifySignature } from '../hashing/noble-signatures.js';
import { type Checkpoint, parseCheckpoint } from '../notes/checkpoint.js';
import { verifyCosignature } from '../notes/cosignature.js';
import { COSIGNATURE_V1, ED25519, type NoteSignature, parseNote, parseVerifierKey, type VerifierKey } from '../notes/signed-note.js';
import type { Hasher } from '../tree/hasher.js';
import { verifyConsistency } from '../tree/verify-proofs.js';
import type { BundleLog } from './audit-bundle.js';
import type { Findings } from './findings.js';

/** A log as verified: its head, and how far the auditor can rely on it. */
export interface CheckedLog {
  readonly party: string;
  readonly origin: string;
  /** Undefined where there is no checkpoint that a key of this log signed: nothing stands in it then. */
  readonly head: Checkpoint | undefined;
  readonly nodes: readonly Uint8Array[];
  /** Entries below this size stand under a checkpoint that a witness cosigned. 0: none do. */
  readonly witnessedSize: number;
  /** The same for witnesses whose keys the auditor gave. */
  readonly expectedWitnessSize: number;
  readonly signedBy: readonly SignedBy[];
  readonly witnesses: readonly WitnessedBy[];
}
export interface SignedBy {
  readonly key: string;
  /** True where the auditor gave this key. */
  readonly expected: boolean;
}
export interface WitnessedBy extends SignedBy {
  readonly size: number;
  /** Seconds since 1970, as the witness signed. */
  readonly timeSeconds: number;
}

const encoder = new TextEncoder();
const keyOf = (keys: readonly VerifierKey[], { name, keyId }: NoteSignature): VerifierKey | undefined =>
  keys.find((key) => key.name === name && key.keyId === keyId);

class LogCheck {
  readonly signedBy: SignedBy[] = [];
  readonly witnesses: WitnessedBy[] = [];
  readonly #keys: readonly VerifierKey[];
  readonly #witnessKeys: readonly VerifierKey[];
  readonly #texts = new Map<VerifierKey, string>();

  constructor(
    private readonly log: BundleLog,
    private readonly expected: ReadonlySet<string>,
    private readonly hasher: Hasher,
    private readonly findings: Findings,
  ) {
    this.#keys = this.#parsed([...log.keys, ...expected], ED25519).filter(({ name }) => name === log.origin);
    const itself = log.origin.slice(0, log.origin.lastIndexOf('/'));
    this.#witnessKeys = this.#parsed([...log.witnesses, ...expected], COSIGNATURE_V1).filter(({ name }) => name !== itself);
  }

  /** Keys that the auditor gave are held against the note too: it may be signed by one that the file does not name. */
  #parsed(texts: readonly string[], kind: number): VerifierKey[] {
    return [...new Set(texts)].flatMap((text) => {
      const key = parseVerifierKey(sha256, text);
      if (key === undefined) this.findings.fail('KEY_MALFORMED', { log: this.log.origin });
      if (key?.kind !== kind) return [];
      this.#texts.set(key, text);
      return [key];
    });
  }

  run(): CheckedLog {
    const { party, origin, cosigned, checkpoint } = this.log;
    if (origin.split('/').at(-2) !== party) this.findings.fail('CHECKPOINT_OF_ANOTHER_LOG', { log: origin, what: party });
    const head = this.#note(checkpoint);
    if (cosigned !== undefined) this.#cosigned(cosigned, head);
    for (const { key } of this.signedBy) this.findings.proved('CHECKPOINT_SIGNED', 1, { log: origin, what: key });
    for (const { key, size } of this.witnesses)
      this.findings.proved('CHECKPOINT_WITNESSED', 1, { log: origin, what: `${key.slice(0, key.indexOf('+'))} ${size}` });
    const sizes = (only: (one: WitnessedBy) => boolean): number => Math.max(0, ...this.witnesses.filter(only).map(({ size }) => size));
    return {
      party,
      origin,
      head,
      nodes: decodeHashes(this.log.nodes) ?? [],
      witnessedSize: sizes(() => true),
      expectedWitnessSize: sizes(({ expected }) => expected),
      signedBy: this.signedBy,
      witnesses: this.witnesses,
    };
  }

  /** The checkpoint of a note that a key of the log signed; its cosignatures are verified on the way. */
  #note(text: string): Checkpoint | undefined {
    const { origin } = this.log;
    const note = parseNote(text);
    const head = note && parseCheckpoint(note.text);
    if (note === undefined || head === undefined) return void this.findings.fail('CHECKPOINT_MALFORMED', { log: origin });
    if (head.origin !== origin) return void this.findings.fail('CHECKPOINT_OF_ANOTHER_LOG', { log: origin, what: head.origin });
    let signed = 0;
    const message = encoder.encode(note.text);
    for (const signature of note.signatures) {
      const key = keyOf(this.#keys, signature);
      if (key === undefined) {
        this.#cosignature(note.text, head, signature);
      } else if (nobleVerifySignature(key.publicKey, message, signature.signature)) {
        signed += 1;
        this.#signedBy(key);
      } else this.findings.fail('SIGNATURE_BAD', { log: origin, what: signature.name });
    }
    return signed > 0 ? head : void this.findings.fail('CHECKPOINT_UNSIGNED', { log: origin });
  }

  #signedBy(key: VerifierKey): void {
    const text = this.#texts.get(key) as string;
    if (!this.signedBy.some((other) => other.key === text)) this.signedBy.push({ key: text, expected: this.expected.has(text) });
  }

  #cosignature(noteText: string, head: Checkpoint, signature: NoteSignature): void {
    const { origin } = this.log;
    const key = keyOf(this.#witnessKeys, signature);
    if (key === undefined) return this.findings.notProved('SIGNATURE_OF_UNKNOWN_KEY', 1, { log: origin, what: signature.name });
    const timeSeconds = verifyCosignature(nobleVerifySignature, noteText, key, signature);
    if (timeSeconds === undefined) return this.findings.fail('COSIGNATURE_BAD', { log: origin, what: signature.name });
    const text = this.#texts.get(key) as string;
    if (this.witnesses.some((other) => other.key === text && other.size >= head.size)) return;
    this.witnesses.push({ key: text, expected: this.expected.has(text), size: head.size, timeSeconds });
  }

  /** The cosigned checkpoint counts only where the newest one continues it. */
  #cosigned({ checkpoint, consistency }: NonNullable<BundleLog['cosigned']>, head: Checkpoint | undefined): void {
    const found = this.witnesses.length;
    const older = this.#note(checkpoint);
    if (older === undefined || head === undefined) return;
    if (verifyConsistency(this.hasher, older, head, decodeHashes(consistency) ?? [])) return;
    this.witnesses.length = found;
    this.findings.fail('COSIGNED_INCONSISTENT', { log: this.log.origin });
  }
}

/** Keys, signatures, cosignatures and their continuation, of one log. `expected`: verifier keys that the auditor brought. */
export const checkLog = (log: BundleLog, expected: ReadonlySet<string>, hasher: Hasher, findings: Findings): CheckedLog =>
  new LogCheck(log, expected, hasher, findings).run();
