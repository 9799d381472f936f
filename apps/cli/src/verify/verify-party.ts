import { join } from 'node:path';
import { SigningKey } from '#libs/cryptography';
import { type StoreLocation, StoreWalk } from '#libs/event-store';
import { CheckpointCheck, type KnownCheckpoint, LedgerWalk, parseOrigin, sha256 } from '#libs/ledger';
import { ED25519, parseVerifierKey, type VerifierKey, verifierKeyOf } from '#libs/proofs';
import type { ModelsDatabase } from '#libs/read-models';
import { locationOf } from '../parties/location-of.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { countBehind } from './log-check.js';
import { checkModels, type ModelsCheck } from './models-check.js';
import { logOfStore } from './log-of-store.js';
import type { Finding, Note, OnProgress, PartyReport } from './report.js';
import type { CheckedStore } from './joined-ranges.js';
import { checkStore } from './store-check.js';

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
  readonly database?: ModelsDatabase;
  readonly onProgress: OnProgress;
}

type Found = Omit<Finding, 'party'>;
/** Names under which a party's log keys lie in its keys directory. */
const LOG_KEYS = ['ledger', 'ledger-next'];
const FINDINGS_MAX = 100;

/** One party's whole record: store, log, checkpoints, and what others know of them. What cannot be read is a finding; rejects where an engine does not answer. */
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
  #location: StoreLocation | undefined;
  /** Entries of the largest checkpoint met that the tree had not come to. */
  #claimed = 0;

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
      // another machine that does not answer says nothing of the record
      if (this.#location?.kind === 'eventstoredb' || (error as { readonly code?: unknown }).code === 'EVENT_STORE_ELSEWHERE') throw error;
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
    const location = (this.#location = locationOf(party));
    const size = this.#sizeOf(ledger);
    this.#store = await checkStore(location, {
      ledgerDirectory: ledger && join(dataDirectory, 'ledger'),
      ledger,
      size,
      full,
      threads,
      onProgress,
    });
    this.#findings.push(...this.#store.findings);
    await this.#log(ledger, size, location);
    if (!full || this.#store.findings.length > 0) return; // a damaged store cannot be folded
    const { unfolded, kind, lastPosition } = this.#store;
    if (unfolded) {
      this.#findings.push(unfolded);
      return;
    }
    this.#models = await checkModels({ party, kind, origin: this.#origin, database: this.#options.database ?? {}, lastPosition, onProgress });
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

  async #log(ledger: LedgerWalk | undefined, size: number, location: StoreLocation): Promise<void> {
    const { tree, entries, lastPosition, findings } = this.#store as CheckedStore;
    const log = await this.#logOfStore(location);
    if (log === 'unreadable') return;
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
      this.#findings.push({ code: 'LEDGER_AHEAD_OF_STORE', position: lastPosition, detail: `the log has ${size} entries, the store has ${entries}` });
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
      hasEntries: (claimed) => this.#hasEntries(location, claimed),
    });
    this.#checkpoints = check;
    for (const finding of check.stored()) if (finding) this.#findings.push(finding);
    for (const { by, checkpoints } of known) for (const note of checkpoints) this.#held(check, { by, note });
    await this.#checkClaimed(location);
    const { cosignaturesUnchecked: count } = check.counts;
    if (count > 0) this.#notes.push({ code: 'COSIGNATURES_UNCHECKED', count });
    if (this.#findings.length === 0) this.#root = Buffer.from(tree.root(entries, (index) => ledger.leaves(index))).toString('base64');
  }

  /** Of an embedded store, whose positions have no gaps, it is seen at once; on EventStoreDB it is counted in the end. */
  #hasEntries(location: StoreLocation, size: number): boolean {
    if (location.kind === 'eventstoredb') {
      this.#claimed = Math.max(this.#claimed, size);
      return true;
    }
    const store = StoreWalk.open(location.directory);
    try {
      return size <= store.lastPosition();
    } finally {
      void store.close();
    }
  }

  async #checkClaimed(location: StoreLocation): Promise<void> {
    const { entries, lastPosition } = this.#store as CheckedStore;
    if (location.kind === 'embedded' || this.#claimed <= entries) return;
    const now = entries + (await countBehind(location, lastPosition, this.#claimed - entries));
    if (now < this.#claimed)
      this.#findings.push({
        code: 'LEDGER_AHEAD_OF_STORE',
        position: lastPosition,
        detail: `a checkpoint has ${this.#claimed} entries, the store has ${now}`,
      });
  }

  /** Its stream, of a store that is not as it must be, may not be readable: then that is what was found. */
  async #logOfStore(location: StoreLocation): Promise<Awaited<ReturnType<typeof logOfStore>> | 'unreadable'> {
    try {
      return await logOfStore(location);
    } catch (error) {
      if (location.kind === 'embedded' || this.#findings.length === 0) throw error;
      return 'unreadable';
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
