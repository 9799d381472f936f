import { Injectable } from '@nestjs/common';
import type { ConfigureWitness } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { type KnownLogs, verifyEd25519, sha256 } from '#libs/ledger';
import {
  COSIGNATURE_V1,
  cosign,
  type Cosigner,
  ED25519,
  keyIdOf,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type SignedNote,
  signersOf,
  type VerifierKey,
} from '#libs/proofs';
import { isDomainError, Log } from '#libs/platform';
import { type CheckpointLine, type CosignatureAnswer, failed, type LineOutcome, succeeded, toError } from '#libs/protocol';
import { CORE, CoreParts } from '../core-parts.js';
import type { AcceptLogKeyLine, Changed } from '../operations/operation.lines.js';
import { RegisterWriter } from '../operations/register-writer.js';

const refused = (code: string, message: string, kind: 'forbidden' | 'unprocessable' | 'unavailable' = 'unprocessable'): DomainError =>
  new DomainError(code, kind, message);

/** A checkpoint that a line shows, and the key that it says to be that log's. */
interface Shown {
  readonly line: CheckpointLine;
  readonly note: SignedNote;
  readonly size: number;
  readonly key: VerifierKey;
}

/**
 * The core as witness of every other party's log (C2SP tlog-witness): it cosigns a checkpoint once it has seen that the
 * log has only grown since the one before. A log's first key is taken as it comes; a later one must be vouched for by a
 * signature of one before it, and another epoch is an operator's to accept (format.md §9).
 */
@Injectable()
export class WitnessedLogs {
  readonly #cosigner: Cosigner;
  /** One checkpoint of a server's at a time: the next must see what the one before left. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Why a registered server's log was refused last. */
  readonly #troubles = new Map<string, string>();

  constructor(
    private readonly parts: CoreParts,
    private readonly writer: RegisterWriter,
    private readonly log: Log,
  ) {
    const { signing } = parts.party;
    const publicKey = Buffer.from(signing.publicText, 'base64url');
    const name = `${parts.deployment}/${CORE}`;
    const key = { name, keyId: keyIdOf(sha256, name, COSIGNATURE_V1, publicKey), kind: COSIGNATURE_V1, publicKey };
    this.#cosigner = { key, sign: (message) => signing.sign(message) };
  }

  /** Caller: an interface system for the servers behind it, or a server for its own log. */
  cosign(caller: string, lines: readonly CheckpointLine[]): Promise<readonly LineOutcome<CosignatureAnswer>[]> {
    const behind = this.parts.register.serversBehind(caller);
    return Promise.all(
      lines.map(async (line) => {
        try {
          this.#mustSpeakFor(caller, behind, line.server);
          return succeeded(await this.#told(line.server, () => this.#cosigned(this.#shown(line))));
        } catch (error) {
          return failed(error);
        }
      }),
    );
  }

  /** An operator accepts keys, each together with the epoch that its name says. */
  async accept(lines: readonly AcceptLogKeyLine[]): Promise<readonly LineOutcome<Changed>[]> {
    const known = this.#known();
    const outcomes = new Array<LineOutcome<Changed>>(lines.length);
    const commands: { index: number; command: ConfigureWitness }[] = [];
    for (const [index, { server, key }] of lines.entries()) {
      try {
        this.#mustBeRegistered(server);
        const { name } = this.#keyOf(server, key);
        commands.push({ index, command: { type: 'ConfigureWitness', data: { server, origin: name, key, byOperator: true, vouchedFor: false } } });
      } catch (error) {
        outcomes[index] = failed(error);
      }
    }
    const recorded = commands.length === 0 ? [] : await this.writer.witnesses(commands.map(({ command }) => command));
    for (const [position, { index, command }] of commands.entries()) {
      const outcome = recorded[position] as LineOutcome<Changed>;
      if (outcome.ok) await known.trust(command.data.key);
      outcomes[index] = outcome;
    }
    return outcomes;
  }

  async #cosigned(shown: Shown): Promise<CosignatureAnswer> {
    const known = this.#known();
    await this.#accepted(shown, known);
    const { line, note, size, key } = shown;
    const largest = known.largest(key.name)?.size ?? 0;
    if (line.from !== largest) return { size: largest };
    if (size < largest) throw refused('LEDGER_CHECKPOINT_SMALLER', 'a larger checkpoint of this log was cosigned already');
    await known.verify(line.checkpoint, { proof: { from: line.from, hashes: line.hashes } });
    return { size, cosignature: cosign(note.text, this.#cosigner, Math.floor(Date.now() / 1_000)) };
  }

  /** Goes on where the key is accepted, or may be: then that is recorded first. */
  async #accepted({ line, note, key }: Shown, known: KnownLogs): Promise<void> {
    const log = this.parts.register.witnessedLog(line.server);
    if (log?.origin === key.name && log.keys.includes(line.key)) return;
    const accepted = log?.origin === key.name ? log.keys.map((text) => this.#keyOf(line.server, text)) : [];
    const signers = signersOf(verifyEd25519, note, [key, ...accepted]) ?? [];
    if (!signers.includes(key)) throw refused('LEDGER_KEY_UNKNOWN', 'the checkpoint is not signed by the key that is said to be its log’s');
    const vouchedFor = accepted.some((one) => signers.includes(one));
    const data = { server: line.server, origin: key.name, key: line.key, byOperator: false, vouchedFor };
    const [outcome] = await this.writer.witnesses([{ type: 'ConfigureWitness', data }]);
    if (outcome?.ok !== true) throw outcome === undefined ? refused('INTERNAL', 'nothing was recorded') : toError(outcome.problem);
    await known.trust(line.key);
  }

  #shown(line: CheckpointLine): Shown {
    const key = this.#keyOf(line.server, line.key);
    const note = parseNote(line.checkpoint);
    const checkpoint = note && parseCheckpoint(note.text);
    if (note === undefined || checkpoint === undefined) throw refused('LEDGER_NOTE_MALFORMED', 'what is shown is no signed checkpoint');
    if (checkpoint.origin !== key.name) throw refused('LEDGER_WRONG_TREE', 'the checkpoint is of another log than the key');
    return { line, note, size: checkpoint.size, key };
  }

  /** The verifier key of this server's log, of whichever epoch. */
  #keyOf(server: string, text: string): VerifierKey {
    const key = parseVerifierKey(sha256, text);
    if (key?.kind !== ED25519)
      throw new DomainError('LEDGER_KEY_MALFORMED', 'invalid', 'this is no verifier key of a log', { field: 'key', rule: 'verifier-key' });
    const log = `${this.parts.deployment}/${server}/`;
    if (!key.name.startsWith(log) || !/^[1-9][0-9]{0,8}$/.test(key.name.slice(log.length))) {
      throw refused('LEDGER_WRONG_TREE', 'the key is of another log than this server’s');
    }
    return key;
  }

  /** Operators are told once when a server's log begins to be refused, or is refused for another reason. */
  async #told<T>(server: string, task: () => Promise<T>): Promise<T> {
    try {
      const answer = await this.#inTurn(server, task);
      this.#troubles.delete(server);
      return answer;
    } catch (error) {
      const code = isDomainError(error) ? error.code : 'INTERNAL';
      if (this.#troubles.get(server) === code) throw error;
      this.#troubles.set(server, code);
      if (code === 'LEDGER_INCONSISTENT')
        this.log.error('a log that the core cosigns contradicts what it signed before: both checkpoints are kept', { server, code });
      else this.log.warn('a log was not cosigned', { server, code });
      throw error;
    }
  }

  #mustSpeakFor(caller: string, behind: ReadonlySet<string>, server: string): void {
    if (server !== caller && !behind.has(server)) {
      throw new DomainError('SERVER_NOT_SPOKEN_FOR', 'forbidden', 'the calling server does not speak for the server whose log this is', { field: 'server' });
    }
    this.#mustBeRegistered(server);
  }

  #mustBeRegistered(server: string): void {
    if (!this.parts.register.server(server)) throw new DomainError('SERVER_NOT_FOUND', 'not-found', 'no such server is registered', { field: 'server' });
  }

  #known(): KnownLogs {
    if (this.parts.known === undefined) throw refused('LEDGER_UNAVAILABLE', 'the core runs without a ledger: it witnesses nothing', 'unavailable');
    return this.parts.known;
  }

  async #inTurn<T>(server: string, task: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(server) ?? Promise.resolve()).then(task);
    const settled = turn.catch(() => undefined);
    this.#turns.set(server, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(server) === settled) this.#turns.delete(server);
    }
  }
}
