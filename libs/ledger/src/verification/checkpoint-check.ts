import {
  type Checkpoint,
  COSIGNATURE_V1,
  ED25519,
  formatCheckpoint,
  formatNote,
  type NoteSignature,
  parseCheckpoint,
  parseNote,
  parseSignature,
  sameHash,
  type SignedNote,
  verifyCosignature,
  type VerifierKey,
} from '#libs/proofs';
import { nativeHasher } from '../tree/native-hasher.js';
import { verifyEd25519 } from '../known/verify-ed25519.js';
import type { StoredCheckpoint } from '../log/ledger-file.js';
import type { LedgerWalk } from './ledger-walk.js';
import { type LogFinding, unreadable } from './log-finding.js';
import type { TreeCheck } from './tree-check.js';

/** What the checkpoints of one log are held against. */
export interface LogExpectations {
  /** `<deployment>/<party>/<epoch>`, as the store says. */
  readonly origin: string;
  /** Keys that ever signed this epoch, as the store says. */
  readonly keys: readonly VerifierKey[];
  /** Keys known from elsewhere (the keys directory, other parties): the newest checkpoint must be signed by one of them. None: nothing is known. */
  readonly trusted: readonly VerifierKey[];
  /** Keys of witnesses (kind COSIGNATURE_V1), as far as they are known. */
  readonly witnesses: readonly VerifierKey[];
  /** Whether the store has so many entries by now: an owner may have recorded and signed more since the tree was put together. */
  readonly hasEntries: (size: number) => boolean;
}
export interface CheckpointCounts {
  checkpoints: number;
  signatures: number;
  cosignatures: number;
  /** Of witnesses whose keys are not known here. */
  cosignaturesUnchecked: number;
}
/** A checkpoint of this log that another party verified, and which party. */
export interface KnownCheckpoint {
  readonly by: string;
  readonly note: string;
}

class Wrong extends Error {
  constructor(readonly finding: LogFinding) {
    super(finding.detail);
  }
}
const wrong = (code: LogFinding['code'], detail: string, position?: number): Wrong =>
  new Wrong({ code, detail, ...(position === undefined ? {} : { position }) });

const isSame = (a: VerifierKey, b: { readonly name: string; readonly keyId: number }): boolean => a.name === b.name && a.keyId === b.keyId;

/** Holds the checkpoints that a log keeps, and those that others know of it, against the tree that the store's bytes give. */
export class CheckpointCheck {
  /** Who has cosigned: the newest cosignature of each is kept apart, and none is ever taken away. */
  #cosigners: ReadonlySet<string> = new Set();
  readonly counts: CheckpointCounts = { checkpoints: 0, signatures: 0, cosignatures: 0, cosignaturesUnchecked: 0 };

  constructor(
    private readonly walk: LedgerWalk,
    private readonly tree: TreeCheck,
    private readonly expected: LogExpectations,
  ) {}

  /** Every checkpoint that is stored: the last, the cosigned ones, those kept for good. Yields page by page. */
  *stored(): Iterable<LogFinding | undefined> {
    yield this.#guarded(() => this.#state());
    yield this.#guarded(() => this.#cosigned());
    try {
      for (const page of this.walk.checkpoints()) yield this.#guarded(() => page.forEach(({ size, stored }) => this.#kept(size, stored)));
    } catch (error) {
      yield unreadable(error, 'the kept checkpoints cannot be read');
    }
  }

  /** Resolves nothing: undefined where the tree leads to it. A known checkpoint was verified by whoever knows it. */
  known({ by, note }: KnownCheckpoint): LogFinding | undefined {
    return this.#guarded(() => {
      const { size, root } = read(note).checkpoint;
      if (this.#isNewer(size)) return;
      if (size > this.tree.size)
        throw wrong(
          'KNOWN_CHECKPOINT_CONTRADICTED',
          `${by} has verified a checkpoint of ${size} entries, the store has ${this.tree.size}`,
          this.tree.lastPosition,
        );
      if (!sameHash(this.#root(size), root)) throw wrong('KNOWN_CHECKPOINT_CONTRADICTED', `${by} has verified another root of ${size} entries`);
    });
  }

  #guarded(check: () => void): LogFinding | undefined {
    try {
      check();
      return undefined;
    } catch (error) {
      if (error instanceof Wrong) return error.finding;
      return unreadable(error, 'the checkpoints cannot be read');
    }
  }

  /** Signed since the tree was put together: its root is for the next check. */
  #isNewer(size: number): boolean {
    return size > this.tree.size && this.expected.hasEntries(size);
  }

  #root(size: number): Uint8Array {
    return this.tree.root(size, (index) => this.walk.leaves(index));
  }

  #state(): void {
    const { origin, size, position, checkpoint } = this.walk.state();
    if (origin !== this.expected.origin) throw wrong('LEDGER_STATE_WRONG', `the log's file is of ${origin}, the store is of ${this.expected.origin}`);
    const last = this.#checkpoint(checkpoint, 'the last checkpoint');
    if (last.checkpoint.size > size) throw wrong('LEDGER_STATE_WRONG', `the last checkpoint has ${last.checkpoint.size} entries, the log ${size}`);
    if (Number(position) !== this.#positionAt(size)) throw wrong('LEDGER_STATE_WRONG', 'the log ends at another position than it says', Number(position));
    const { trusted } = this.expected;
    if (trusted.length > 0 && !last.signers.some((signer) => trusted.some((key) => isSame(key, signer))))
      throw wrong('LOG_KEY_UNKNOWN', 'the last checkpoint is not signed by a key that is known from elsewhere');
  }

  #positionAt(size: number): number {
    return size === 0 ? 0 : this.walk.position(size - 1);
  }

  #kept(size: number, stored: StoredCheckpoint): void {
    const { checkpoint } = this.#checkpoint(stored, `the checkpoint kept for ${size} entries`);
    if (checkpoint.size !== size) throw wrong('CHECKPOINT_MALFORMED', `a checkpoint of ${checkpoint.size} entries is kept for ${size}`);
  }

  #cosigned(): void {
    const cosignatures = this.walk.cosignatures();
    this.#cosigners = new Set(cosignatures.map(({ witness }) => witness));
    if (this.#cosigners.size !== cosignatures.length) throw wrong('COSIGNATURE_WRONG', 'a witness stands twice among those that have cosigned');
    for (const cosignature of cosignatures) {
      const { witness, line, timeSeconds, checkpoint } = cosignature;
      const { note } = this.#checkpoint(checkpoint, `the checkpoint that ${witness} cosigned`);
      const signature = parseSignature(line);
      if (signature?.name !== witness) throw wrong('COSIGNATURE_WRONG', `the cosignature of ${witness} is none of its own`);
      const time = this.#cosignature(note, signature);
      if (time !== timeOf(signature) || timeOf(signature) !== timeSeconds) throw wrong('COSIGNATURE_WRONG', `the cosignature of ${witness} does not hold`);
    }
  }

  #isCosigner(name: string): boolean {
    return this.#cosigners.has(name) || this.walk.cosignatures().some(({ witness }) => witness === name); // one may have come meanwhile
  }

  /** The time of a cosignature that holds, or that cannot be checked; undefined where it does not hold. */
  #cosignature(note: SignedNote, signature: NoteSignature): number | undefined {
    const named = this.expected.witnesses.filter((key) => key.name === signature.name);
    if (named.length === 0) {
      this.counts.cosignaturesUnchecked += 1;
      return timeOf(signature);
    }
    this.counts.cosignatures += 1;
    for (const key of named) {
      const time = verifyCosignature(verifyEd25519, note.text, key, signature);
      if (time !== undefined) return time;
    }
    return undefined;
  }

  /** Form, position, root and signatures of a stored checkpoint. */
  #checkpoint(
    { note: text, position }: StoredCheckpoint,
    what: string,
  ): { readonly note: SignedNote; readonly checkpoint: Checkpoint; readonly signers: readonly VerifierKey[] } {
    const { note, checkpoint } = read(text, what);
    const { origin, size, root } = checkpoint;
    if (origin !== this.expected.origin) throw wrong('CHECKPOINT_MALFORMED', `${what} is of ${origin}`);
    const isNewer = this.#isNewer(size);
    if (size > this.tree.size && !isNewer)
      throw wrong('LEDGER_AHEAD_OF_STORE', `${what} has ${size} entries, the store has ${this.tree.size}`, this.tree.lastPosition);
    if (!isNewer && !sameHash(size === 0 ? nativeHasher.empty() : this.#root(size), root))
      throw wrong('CHECKPOINT_CONTRADICTED', `${what}: its root is not that of the first ${size} entries of the store`, Number(position));
    if (position !== String(this.#positionAt(size))) throw wrong('CHECKPOINT_MALFORMED', `${what} is said to end at another position`, Number(position));
    const signers = this.#signers(note, what, Number(position));
    this.counts.checkpoints += 1;
    return { note, checkpoint, signers };
  }

  /** Every signature on it must hold: the log's own ones, and those of witnesses. */
  #signers(note: SignedNote, what: string, position: number): VerifierKey[] {
    const message = new TextEncoder().encode(note.text);
    const signers: VerifierKey[] = [];
    for (const signature of note.signatures) {
      if (signature.name !== this.expected.origin) {
        if (!this.#isCosigner(signature.name) || this.#cosignature(note, signature) === undefined)
          throw wrong('COSIGNATURE_WRONG', `${what}: the cosignature of ${signature.name} does not hold`, position);
        continue;
      }
      const key = this.expected.keys.find((one) => one.kind === ED25519 && isSame(one, signature));
      if (!key || signature.signature.length !== 64 || !verifyEd25519(key.publicKey, message, signature.signature))
        throw wrong('CHECKPOINT_SIGNATURE_WRONG', `${what}: a signature on it is not the log's`, position);
      this.counts.signatures += 1;
      signers.push(key);
    }
    if (signers.length === 0) throw wrong('CHECKPOINT_SIGNATURE_WRONG', `${what} is not signed by the log`, position);
    return signers;
  }
}

/** Witness keys are of the kind that cosigns. */
export const isWitnessKey = ({ kind }: VerifierKey): boolean => kind === COSIGNATURE_V1;

function read(text: string, what = 'a known checkpoint'): { readonly note: SignedNote; readonly checkpoint: Checkpoint } {
  const note = parseNote(text);
  const checkpoint = note && parseCheckpoint(note.text);
  if (!note || !checkpoint || formatNote(note) !== text || formatCheckpoint(checkpoint) !== note.text) throw wrong('CHECKPOINT_MALFORMED', `${what} is none`);
  return { note, checkpoint };
}

/** Seconds since 1970 in a cosignature, whether it holds or not. */
function timeOf({ signature }: NoteSignature): number {
  return signature.length < 8 ? Number.NaN : Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
}
