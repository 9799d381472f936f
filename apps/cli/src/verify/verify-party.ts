import { join } from 'node:path';
import { SigningKey } from '#libs/cryptography';
import { StoreWalk } from '#libs/event-store';
import { CheckpointCheck, type KnownCheckpoint, LedgerWalk, parseOrigin, sha256 } from '#libs/ledger';
import { ED25519, parseVerifierKey, type VerifierKey, verifierKeyOf } from '#libs/proofs';
import type { PartyDirectory } from '../parties/party-directory.js';
import { checkModels, type ModelsCheck } from './models-check.js';
import { logOfStore } from './log-of-store.js';
import type { Finding, Note, OnProgress, PartyReport } from './report.js';
import { type CheckedStore, checkStore } from './store-check.js';

/** What others know of a party's log. */
export interface KnownLog {
  readonly by: string;
  readonly origin: string;
  readonly keys: readonly string[];
  readonly checkpoints: readonly string[];
}
export interface VerifyPartyOptions {
  readonly party: PartyDirectory;
  /** Of all parties, this one's are picked out. */
  readonly known: readonly KnownLog[];
  /** Keys that cosign (kind COSIGNATURE_V1), of any log. */
  readonly witnesses: (deployment: string) => readonly VerifierKey[];
  readonly full: boolean;
  /** Worker threads for large stores; 0 to work in this one. */
  readonly threads: number;
  readonly onProgress: OnProgress;
}

type Found = Omit<Finding, 'party'>;
/** Names under which a party's log keys lie in its keys directory. */
const LOG_KEYS = ['ledger', 'ledger-next'];
const FINDINGS_MAX = 100;

/** One party's whole record: store, log, checkpoints, and what others know of them. Never rejects: what cannot be read is a finding. */
export async function verifyParty(options: VerifyPartyOptions): Promise<PartyReport> {
  const { id: party } = options.party;
  const check = new PartyCheck(options);
  await check.run();
  return { party, ...check.report() };
}

class PartyCheck {
  readonly #options: VerifyPartyOptions;
  readonly #startedMs = performance.now();
  readonly #findings: Found[] = [];
  readonly #notes: Note[] = [];
  #store: CheckedStore | undefined;
  #checkpoints: CheckpointCheck | undefined;
  #origin: string | undefined;
  #root: string | undefined;
  #knownElsewhere = 0;
  #models: ModelsCheck | undefined;

  constructor(options: VerifyPartyOptions) {
    this.#options = options;
  }

  report(): Omit<PartyReport, 'party'> {
    const { checkpoints = 0, signatures = 0, cosignatures = 0 } = this.#checkpoints?.counts ?? {};
    const { id: party } = this.#options.party;
    return {
      ...(this.#origin === undefined ? {} : { origin: this.#origin }),
      entries: this.#store?.entries ?? 0,
      runs: this.#store?.runs ?? 0,
      ...(this.#root === undefined ? {} : { root: this.#root }),
      checkpoints,
      signatures,
      cosignatures,
      knownElsewhere: this.#knownElsewhere,
      readModels: this.#models?.readModels ?? [],
      findings: this.#findings.slice(0, FINDINGS_MAX).map((finding) => ({ ...finding, party })),
      notes: this.#notes,
      seconds: (performance.now() - this.#startedMs) / 1_000,
    };
  }

  async run(): Promise<void> {
    const { dataDirectory } = this.#options.party;
    let ledger: LedgerWalk | undefined;
    try {
      ledger = LedgerWalk.open(join(dataDirectory, 'ledger'));
    } catch (error) {
      this.#unreadable('LEDGER_UNREADABLE', error);
    }
    try {
      await this.#run(ledger);
    } catch (error) {
      this.#unreadable('STORE_UNREADABLE', error);
    } finally {
      await ledger?.close();
    }
  }

  #unreadable(code: 'LEDGER_UNREADABLE' | 'STORE_UNREADABLE', error: unknown): void {
    const { message } = error as { readonly message?: unknown };
    this.#findings.push({ code, detail: typeof message === 'string' ? message : 'it cannot be read' });
  }

  async #run(ledger: LedgerWalk | undefined): Promise<void> {
    const { party, full, threads, onProgress } = this.#options;
    const { dataDirectory } = party;
    const size = this.#sizeOf(ledger);
    this.#store = await checkStore({
      storeDirectory: join(dataDirectory, 'event-store'),
      ledgerDirectory: ledger && join(dataDirectory, 'ledger'),
      ledger,
      size,
      full,
      threads,
      onProgress,
    });
    this.#findings.push(...this.#store.findings);
    await this.#log(ledger, size);
    if (!full || this.#store.findings.length > 0) return; // a damaged store cannot be folded
    const { unfolded, kind, entries } = this.#store;
    if (unfolded) {
      this.#findings.push(unfolded);
      return;
    }
    this.#models = await checkModels(party, kind, entries, onProgress);
    this.#findings.push(...this.#models.findings);
    this.#notes.push(...this.#models.notes);
  }

  #sizeOf(ledger: LedgerWalk | undefined): number {
    try {
      return ledger?.state().size ?? 0;
    } catch (error) {
      this.#unreadable('LEDGER_UNREADABLE', error);
      return 0;
    }
  }

  async #log(ledger: LedgerWalk | undefined, size: number): Promise<void> {
    const { tree, entries, findings } = this.#store as CheckedStore;
    const log = await logOfStore(this.#options.party.dataDirectory);
    if (log === undefined || ledger === undefined) {
      if (log === undefined && ledger === undefined && this.#known('').length === 0) this.#notes.push({ code: 'NO_LEDGER' });
      else
        this.#findings.push({
          code: 'LEDGER_MISSING',
          detail: ledger === undefined ? 'the log’s file is missing' : 'the store names no log, and there is one',
        });
      return;
    }
    this.#origin = log.origin;
    if (size > entries && findings.length === 0)
      this.#findings.push({ code: 'LEDGER_AHEAD_OF_STORE', position: entries, detail: `the log has ${size} entries, the store has ${entries}` });
    else if (size < entries) this.#notes.push({ code: 'LEDGER_BEHIND', entries: entries - size });
    const entriesFinding = ledger.entries();
    if (entriesFinding) this.#findings.push(entriesFinding);
    const known = this.#known(log.origin);
    const trusted = [...known.flatMap(({ keys }) => keys).flatMap((key) => parseVerifierKey(sha256, key) ?? []), ...this.#ownKeys(log.origin)];
    if (trusted.length === 0) this.#notes.push({ code: 'KEYS_FROM_STORE_ONLY' });
    const keys = log.keys.flatMap((key) => parseVerifierKey(sha256, key) ?? []);
    const deployment = log.origin.split('/').slice(0, -2).join('/');
    const check = new CheckpointCheck(ledger, tree, {
      origin: log.origin,
      keys,
      trusted,
      witnesses: this.#options.witnesses(deployment),
      entriesNow: () => this.#entriesNow(),
    });
    this.#checkpoints = check;
    for (const finding of check.stored()) if (finding) this.#findings.push(finding);
    for (const { by, checkpoints } of known) for (const note of checkpoints) this.#held(check, { by, note });
    const { cosignaturesUnchecked: count } = check.counts;
    if (count > 0) this.#notes.push({ code: 'COSIGNATURES_UNCHECKED', count });
    if (this.#findings.length === 0) this.#root = Buffer.from(tree.root(entries, (index) => ledger.leaves(index))).toString('base64');
  }

  #entriesNow(): number {
    const store = StoreWalk.open(join(this.#options.party.dataDirectory, 'event-store'));
    try {
      return store.lastPosition();
    } finally {
      void store.close();
    }
  }

  #held(check: CheckpointCheck, known: KnownCheckpoint): void {
    this.#knownElsewhere += 1;
    const finding = check.known(known);
    if (finding) this.#findings.push(finding);
  }

  /** What others know of this party's log; another epoch than its own is a finding. */
  #known(origin: string): readonly KnownLog[] {
    const { party, known } = this.#options;
    const own = known.filter((one) => parseOrigin(one.origin)?.log.endsWith(`/${party.id}`));
    for (const { by, origin: theirs } of own)
      if (theirs !== origin && origin !== '')
        this.#findings.push({ code: 'LOG_KEY_UNKNOWN', detail: `${by} knows the log as ${theirs}, the store says ${origin}` });
    return own.filter((one) => one.origin === origin || origin === '');
  }

  #ownKeys(origin: string): readonly VerifierKey[] {
    const { keysDirectory } = this.#options.party;
    if (keysDirectory === undefined) return [];
    return LOG_KEYS.flatMap((name) => {
      const key = SigningKey.load(keysDirectory, name);
      return key === undefined ? [] : [verifierKeyOf(sha256, origin, ED25519, Buffer.from(key.publicText, 'base64url'))];
    });
  }
}
