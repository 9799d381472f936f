import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DomainError, invalid } from '#libs/kernel';
import { type ConsistencyProof, signersOf, type SignedNote, type VerifierKey } from '#libs/proofs';
import { CoalescedWrites, replaceFile } from './durable-file.js';
import { type Evidence, EvidenceFiles } from './evidence.js';
import { formatKnownLogs, readKnownLogs } from './known-file.js';
import { fitting, KnownLog, leads, readCheckpoint, type Unproven, type VerifiedCheckpoint } from './known-log.js';
import { ledgerRefusal } from './refusals.js';
import { type LogKey, parseLogKey, parseOrigin, TrustedKeysFile } from './trusted-keys.js';
import { verifyEd25519 } from './verify-ed25519.js';

export interface KnownLogsOptions {
  /** Verifier keys (C2SP signed-note) of the logs that are spoken with; the name of each is the log's origin. */
  readonly pinned: readonly string[];
  /** Told what stood in the way, by code, where nobody is refused for it. */
  readonly onTrouble?: (code: string) => void;
  readonly wallClockMs?: () => number;
}

export interface VerifyOptions {
  /** `<deployment>/<party>`: the log that it must be of. */
  readonly log?: string;
  /** What came with it: from a size verified before to this one, or from this one to the largest verified. */
  readonly proof?: ConsistencyProof;
  /**
   * Asks the log itself for the proof between two sizes, in base64, where `proof` is none or leads elsewhere. Rejects with
   * LEDGER_SIZE_UNKNOWN where the log says that it never had one of the sizes; with anything else it could not be asked.
   */
  readonly fetch?: (from: number, to: number) => Promise<readonly string[]>;
  /** Verifier keys that the log's owner tells of: trusted from here on where they signed this checkpoint beside a trusted one. */
  readonly candidates?: readonly string[];
}

/** Logs that one verifier remembers: every server of a nation, with room. */
export const KNOWN_LOGS_MAX = 20_000;
/** Notes whose text is recognised without verifying it again. */
const NOTES_MAX = 1_024;
/** How often a checkpoint is compared again because another one was verified meanwhile. */
const COMPARISONS_MAX = 8;

/**
 * What a verifier remembers of other parties' logs (format.md §9): of each the keys it trusts, the epoch in force and the
 * largest checkpoint that it verified – in `known-logs.json`, durable before anybody is told; contradictions in `evidence/`.
 * An operator adds keys and epochs in the file `trusted-keys`, which is read again when an unknown one is met. Memory is
 * bounded by the number of logs. One process per directory.
 */
export class KnownLogs {
  readonly #logs = new Map<string, KnownLog>();
  readonly #notes = new Map<string, VerifiedCheckpoint>();
  readonly #underWay = new Map<string, Promise<VerifiedCheckpoint>>();
  readonly #writes: CoalescedWrites;
  readonly #trusted: TrustedKeysFile;

  private constructor(
    directory: string,
    private readonly evidence: EvidenceFiles,
    private readonly onTrouble: (code: string) => void,
  ) {
    const path = join(directory, 'known-logs.json');
    this.#writes = new CoalescedWrites(() => this.#write(path));
    this.#trusted = new TrustedKeysFile(join(directory, 'trusted-keys'));
  }

  /**
   * Reads what is known, or starts with what is pinned. Rejects with KNOWN_LOGS_CORRUPTED (it is not forgotten in silence),
   * TRUSTED_KEYS_MALFORMED, INVALID_INPUT for a pinned text that is no verifier key of a log.
   */
  static async open(directory: string, { pinned, onTrouble = () => undefined, wallClockMs = Date.now }: KnownLogsOptions): Promise<KnownLogs> {
    await mkdir(directory, { recursive: true });
    const known = new KnownLogs(directory, await EvidenceFiles.open(join(directory, 'evidence'), wallClockMs), onTrouble);
    for (const entry of await readKnownLogs(join(directory, 'known-logs.json'))) {
      const log = KnownLog.of(entry);
      log.written = log.changes;
      known.#logs.set(log.name, log);
    }
    for (const text of pinned) known.#trust(keyOf(text, 'pinned'));
    const { keys = [], badLines = [] } = (await known.#trusted.changed()) ?? {};
    if (badLines.length > 0) throw new DomainError('TRUSTED_KEYS_MALFORMED', 'invalid', `trusted-keys, line ${badLines.join(', ')}: no verifier key of a log`);
    for (const key of keys) known.#trust(key);
    await known.#save();
    return known;
  }

  /** Contradictions kept on disk, of this and earlier runs. */
  get contradictions(): number {
    return this.evidence.count;
  }

  /** The largest verified checkpoint of an origin (`<deployment>/<party>/<epoch>`) that is in force. */
  largest(origin: string): VerifiedCheckpoint | undefined {
    const log = this.#logs.get(parseOrigin(origin)?.log ?? '');
    return log?.origin === origin ? log.largest : undefined;
  }

  /** The origin in force of a log (`<deployment>/<party>`), and the verifier keys trusted for it; undefined for a log that is not known. */
  known(log: string): { readonly origin: string; readonly keys: readonly string[]; readonly largest: VerifiedCheckpoint | undefined } | undefined {
    return this.#logs.get(log);
  }

  /**
   * By an operator's word: trusts one more key of a log, a log that was not known, or a new epoch – then the checkpoints of
   * the one before are refused. Durable on return. Rejects with INVALID_INPUT, LEDGER_EPOCH_UNKNOWN for an epoch that is over.
   */
  async trust(verifierKey: string): Promise<void> {
    if (!this.#trust(keyOf(verifierKey, 'key'))) throw ledgerRefusal('LEDGER_EPOCH_UNKNOWN');
    await this.#save();
  }

  /**
   * The checkpoint, once it is signed by a trusted key and consistent with every one verified before; durable on return.
   * Rejects with a `LedgerRefusal` (LEDGER_INCONSISTENT: both checkpoints are in `evidence/`), or KNOWN_LOGS_UNWRITABLE.
   */
  async verify(note: string, options: VerifyOptions = {}): Promise<VerifiedCheckpoint> {
    const id = hash('sha256', note, 'base64');
    const found = this.#notes.get(id);
    if (found && this.#isSettled(found, options)) return found;
    const other = this.#underWay.get(id);
    if (other) {
      const same = await other.catch(() => undefined); // it may have had another proof, or none
      if (same && this.#isSettled(same, options)) return same;
    }
    const verifying = this.#verify(note, options);
    this.#underWay.set(id, verifying);
    try {
      const verified = await verifying;
      this.#remember(id, verified);
      return verified;
    } finally {
      if (this.#underWay.get(id) === verifying) this.#underWay.delete(id);
    }
  }

  #isSettled({ origin }: VerifiedCheckpoint, { log, candidates = [] }: VerifyOptions): boolean {
    const known = this.#logs.get(parseOrigin(origin)?.log ?? '');
    if (known?.origin !== origin || (log !== undefined && log !== known.name)) return false;
    return candidates.every((text) => known.keys.includes(text));
  }

  #remember(id: string, verified: VerifiedCheckpoint): void {
    if (this.#notes.size >= NOTES_MAX) this.#notes.delete(this.#notes.keys().next().value as string);
    this.#notes.set(id, verified);
  }

  async #verify(text: string, options: VerifyOptions): Promise<VerifiedCheckpoint> {
    const { note, checkpoint } = readCheckpoint(text);
    const log = await this.#inForce(checkpoint.origin, options.log);
    const shown = log.signed(text) ?? ((await this.#readTrustedKeys()) ? log.signed(text) : undefined);
    if (!shown) throw ledgerRefusal('LEDGER_KEY_UNKNOWN');
    const vouched = vouchedFor(note, checkpoint.origin, options.candidates ?? []);
    await this.#prove(log, shown, options, () => log.accept(shown, vouched));
    await this.#save();
    return shown;
  }

  /** The log of a checkpoint, where its epoch is in force. */
  async #inForce(origin: string, wanted: string | undefined): Promise<KnownLog> {
    const parts = parseOrigin(origin);
    if (!parts || (wanted !== undefined && parts.log !== wanted)) throw ledgerRefusal('LEDGER_WRONG_TREE');
    if (this.#logs.get(parts.log)?.origin !== origin) await this.#readTrustedKeys();
    const log = this.#logs.get(parts.log);
    if (!log) throw ledgerRefusal('LEDGER_WRONG_TREE');
    if (log.origin !== origin) throw ledgerRefusal('LEDGER_EPOCH_UNKNOWN');
    return log;
  }

  /** Calls `accept` in the very turn in which the checkpoint is consistent with the largest one; what grew meanwhile is compared again. */
  async #prove(log: KnownLog, shown: VerifiedCheckpoint, options: VerifyOptions, accept: () => void): Promise<void> {
    for (let attempt = 0; attempt < COMPARISONS_MAX; attempt += 1) {
      const relation = await this.#compared(log, shown, options, accept);
      if (!relation) return;
      const { proof, fetch } = options;
      if (!fetch) {
        const inline = fitting(proof, relation.older);
        if (!inline) throw ledgerRefusal('LEDGER_PROOF_MISSING');
        throw await this.#noExtension(log, shown, relation, inline);
      }
      if (shown.size < relation.largest.size) {
        await this.#fetched(log, shown, relation, fetch);
        return accept(); // whatever was taken meanwhile grew out of the largest, and this one is in it
      }
      const taken = await log.growing.run(shown.size, async () => {
        const now = await this.#compared(log, shown, options, accept);
        if (!now || shown.size < now.largest.size) return now === undefined;
        await this.#fetched(log, shown, now, fetch);
        if (log.largest !== now.largest) return false;
        accept();
        return true;
      });
      if (taken) return;
    }
    throw ledgerRefusal('LEDGER_PROOF_MISSING', 'busy');
  }

  /** Undefined where it was accepted as it is; otherwise what there is to prove. */
  async #compared(log: KnownLog, shown: VerifiedCheckpoint, { proof }: VerifyOptions, accept: () => void): Promise<Unproven | undefined> {
    const relation = log.relation(shown);
    if (relation.is === 'contradicted') throw await this.#inconsistent({ log: log.name, finding: 'OTHER_ROOT', kept: relation.by.note, shown: shown.note });
    if (relation.is === 'unproven') {
      const inline = fitting(proof, relation.older);
      if (!inline || !leads(relation.older, relation.newer, inline)) return relation;
    }
    accept();
    return undefined;
  }

  /** Resolves where the log's own proof leads from the one to the other. */
  async #fetched(log: KnownLog, shown: VerifiedCheckpoint, unproven: Unproven, fetch: NonNullable<VerifyOptions['fetch']>): Promise<void> {
    const { older, newer, largest } = unproven;
    let hashes: readonly string[];
    try {
      hashes = await fetch(older.size, newer.size);
    } catch (error) {
      if ((error as { readonly code?: unknown } | null)?.code !== 'LEDGER_SIZE_UNKNOWN') throw ledgerRefusal('LEDGER_PROOF_MISSING', 'unavailable', error);
      throw await this.#inconsistent({ log: log.name, finding: 'SIZE_DENIED', kept: largest.note, shown: shown.note });
    }
    if (!leads(older, newer, hashes)) throw await this.#noExtension(log, shown, unproven, hashes);
  }

  #noExtension({ name }: KnownLog, shown: VerifiedCheckpoint, { older, largest }: Unproven, hashes: readonly string[]): Promise<DomainError> {
    const proof = { from: older.size, hashes };
    return this.#inconsistent({ log: name, finding: 'NOT_AN_EXTENSION', kept: largest.note, shown: shown.note, proof });
  }

  /** The refusal, once its evidence is kept; evidence that cannot be written hides no contradiction. */
  async #inconsistent(evidence: Evidence): Promise<DomainError> {
    try {
      await this.evidence.keep(evidence);
    } catch {
      this.onTrouble('EVIDENCE_UNWRITABLE');
    }
    return ledgerRefusal('LEDGER_INCONSISTENT');
  }

  /** True where the operator's file said something new. */
  async #readTrustedKeys(): Promise<boolean> {
    const changed = await this.#trusted.changed();
    if (!changed) return false;
    if (changed.badLines.length > 0) this.onTrouble('TRUSTED_KEYS_MALFORMED');
    for (const key of changed.keys) this.#trust(key);
    return changed.keys.length > 0;
  }

  #trust(key: LogKey): boolean {
    const known = this.#logs.get(key.log);
    if (known) return known.trust(key);
    if (this.#logs.size >= KNOWN_LOGS_MAX) throw new DomainError('KNOWN_LOGS_FULL', 'busy', 'there is no room for another log');
    this.#logs.set(key.log, KnownLog.trusting(key));
    return true;
  }

  /** Resolves once all that is known now is on disk. */
  async #save(): Promise<void> {
    for (const log of this.#logs.values()) if (log.written < log.changes) return this.#writes.request();
  }

  async #write(path: string): Promise<void> {
    const counts = [...this.#logs.values()].map((log) => ({ log, changes: log.changes }));
    try {
      await replaceFile(path, formatKnownLogs(counts.map(({ log }) => log.entry)));
    } catch (cause) {
      throw new DomainError('KNOWN_LOGS_UNWRITABLE', 'unavailable', 'known-logs.json cannot be written', {}, { cause });
    }
    for (const { log, changes } of counts) log.written = Math.max(log.written, changes);
  }
}

function keyOf(text: string, field: string): LogKey {
  const key = parseLogKey(text);
  if (!key) throw invalid(field, 'verifierKey', 'must be the verifier key of a log: <deployment>/<party>/<epoch>+<key id>+<key>');
  return key;
}

/** Those candidates that signed the note. */
function vouchedFor(note: SignedNote, origin: string, candidates: readonly string[]): readonly VerifierKey[] {
  const keys = candidates.flatMap((text) => parseLogKey(text)?.key ?? []).filter(({ name }) => name === origin);
  return keys.length === 0 ? [] : (signersOf(verifyEd25519, note, keys) ?? []);
}
