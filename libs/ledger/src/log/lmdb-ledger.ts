import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainError } from '#libs/kernel';
import { sameHash, TILE_WIDTH } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { CheckpointSigner, toStored } from './checkpoint-signer.js';
import { anotherOrigin, asRefusal, contradicted, LedgerClosed } from './errors.js';
import type { Cosignature, LedgerSource, LogSigner, SignedCheckpoint, SourcePage } from './ledger.js';
import { bundleKey } from './layout.js';
import { checkpointPut, cosignaturesPut, LedgerFile, type Put, statePut } from './ledger-file.js';
import { checkAgainst, loadLog, type LoadedLog } from './stored-log.js';
import { type Log, TreeLedger } from './tree-ledger.js';
import { Waiters } from './waiters.js';
import { Witnessing } from './witnessing.js';
import { WriteBehind } from './write-behind.js';

/** Events of one pass, and so under one signature. */
const PAGE_EVENTS_MAX = 4_096;
/** A source that does not wake its followers is looked at so often; more often while somebody waits. */
const POLL_MS = 20;
const POLL_WAITED_FOR_MS = 2;
/** Pause after the source could not be read. */
const RETRY_MS = 200;
/** Though nobody waits and more is there to be read, a checkpoint is signed after so long. */
const SIGN_MS_MAX = 1_000;
/** A checkpoint is kept for good so often; and one that is cosigned. */
const KEEP_MS = 60_000;

type Part = 'store' | 'pass' | 'file';

export interface OpenLedgerOptions {
  /** Where its file is, or is made; no other process writes there. */
  readonly directory: string;
  readonly source: LedgerSource;
  /** `<deployment>/<party>/<epoch>` */
  readonly origin: string;
  /** One at least; two during a rotation. */
  readonly signers: readonly LogSigner[];
  /** Told once each time that trouble begins: LEDGER_UNAVAILABLE, LEDGER_CONTRADICTED. */
  readonly onTrouble?: (code: string) => void;
  readonly wallClockMs?: () => number;
  /** Nothing is written while the disk has fewer free bytes than this (64 MiB by default). */
  readonly reserveBytes?: number;
}

/**
 * Opens a party's log, made again from the store where there is none yet. The tree is as it was stored when it resolves;
 * what the store has beyond that follows: wait with `integrated`. The store's lock keeps other processes out. Rejects with
 * LEDGER_AHEAD_OF_STORE, LEDGER_CONTRADICTED, LEDGER_OF_ANOTHER_EPOCH (until `abandonLedger`), LEDGER_DAMAGED,
 * LEDGER_KEY_OF_ANOTHER_LOG, LEDGER_UNAVAILABLE.
 */
export async function openLedger(options: OpenLedgerOptions): Promise<LmdbLedger> {
  const { directory, source, origin, reserveBytes } = options;
  const signer = new CheckpointSigner(origin, options.signers);
  const file = LedgerFile.open(directory, { readOnly: false, ...(reserveBytes === undefined ? {} : { reserveBytes }) });
  try {
    const stored = file.state()?.state;
    if (stored !== undefined && stored.origin !== origin) throw anotherOrigin(stored.origin, origin);
    const opened: { ledger?: LmdbLedger } = {}; // its tree reads from it what is not on disk yet
    const log = loadLog(file, stored, (level, index) => opened.ledger?.unwritten(level, index) ?? file.tile(level, index));
    const witnessing = new Witnessing(file.cosignatures(), stored?.unwitnessedSinceMs);
    await checkAgainst(source, log);
    file.release();
    opened.ledger = new LmdbLedger(file, log, witnessing, signer, options);
    await opened.ledger.written();
    return opened.ledger;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The log of a running party: follows its store, signs, and writes its file behind. */
export class LmdbLedger extends TreeLedger {
  readonly origin: string;
  readonly #source: LedgerSource;
  readonly #nowMs: () => number;
  readonly #onTrouble: (code: string) => void;
  readonly #log: Log & { checkpoint: SignedCheckpoint };
  readonly #writer: WriteBehind;
  readonly #waiters = new Waiters();
  readonly #stop = new AbortController();
  #signer: CheckpointSigner;
  readonly #records = new Map<string, Put>();
  #bundlesFrom: number;
  #signedMs = 0;
  #keptMs = Number.NEGATIVE_INFINITY;
  #keptCosignedMs = Number.NEGATIVE_INFINITY;
  /** Why nothing may be answered, by what failed. */
  readonly #troubles = new Map<Part, DomainError>();
  #woken = false;
  #wakeUp: (() => void) | undefined;
  #changing = false;
  readonly #following: Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(file: LedgerFile, { tree, positions }: LoadedLog, witnessing: Witnessing, signer: CheckpointSigner, options: OpenLedgerOptions) {
    super(file);
    this.origin = options.origin;
    this.#source = options.source;
    this.#nowMs = options.wallClockMs ?? (() => Date.now());
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    this.#signer = signer;
    this.#bundlesFrom = Math.floor(tree.size / TILE_WIDTH);
    this.#writer = new WriteBehind({
      write: (puts) => file.write(puts),
      rest: () => this.#rest(),
      onFailure: (error) => this.#troubled('file', asRefusal(error, 'the ledger could not be written')),
      onSuccess: () => this.#mended('file'),
    });
    // signed anew: its keys may be others than those of the last time
    this.#log = { tree, positions, witnessing, checkpoint: signer.sign(tree.size, tree.root(), BigInt(positions.last)) };
    this.#writer.add([], 0);
    this.#following = this.#follow();
  }

  protected get closed(): boolean {
    return this.#closing !== undefined;
  }

  protected current(): Log {
    return this.#log;
  }

  /** Of a tile that is not on disk yet. */
  unwritten(level: number, index: number): Uint8Array | undefined {
    return this.#writer.tile(level, index);
  }

  /** Resolves when its state was written, or could not be: that is trouble, which `integrated` tells. */
  written(): Promise<void> {
    return this.#writer.durable().catch(() => undefined);
  }

  integrated(position: bigint): Promise<SignedCheckpoint> {
    if (this.closed) return Promise.reject(new LedgerClosed());
    for (const trouble of this.#troubles.values()) return Promise.reject(trouble);
    const { checkpoint } = this.#log;
    if (position <= checkpoint.position) return Promise.resolve(checkpoint);
    const waited = this.#waiters.wait(position);
    this.wake();
    return waited;
  }

  async addCosignature(checkpoint: SignedCheckpoint, cosignature: Cosignature): Promise<void> {
    if (this.closed) throw new LedgerClosed();
    const { witnessing } = this.#log;
    if (checkpoint.origin !== this.origin || !sameHash(this.rootAt(checkpoint.size), checkpoint.root)) throw contradicted(checkpoint.size);
    if (!witnessing.add(checkpoint, cosignature, this.#log.tree.size)) return;
    this.#record(cosignaturesPut(witnessing.stored()));
    this.#keepCosigned();
    await this.#writer.durable();
  }

  setSigners(signers: readonly LogSigner[]): void {
    if (this.closed) throw new LedgerClosed();
    this.#signer = new CheckpointSigner(this.origin, signers);
    const { size, root, position } = this.#log.checkpoint;
    this.#log.checkpoint = this.#signer.sign(size, root, position);
    this.#writer.add([], 0);
  }

  wake(): void {
    this.#woken = true;
    this.#wakeUp?.();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.wake();
    this.#waiters.fail(new LedgerClosed());
    await Promise.all([this.#following, this.#writer.close()]);
    await this.file.close();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#woken = false;
      this.#watch();
      const page = await this.#try('store', 'the store that the ledger follows cannot be read', () =>
        this.#source.readAll({ after: BigInt(this.#log.positions.last), limit: PAGE_EVENTS_MAX }),
      );
      if (page !== undefined) await this.#writer.room();
      if (signal.aborted) return;
      const taken = page && (await this.#try('pass', 'a checkpoint could not be signed', () => this.#takeIn(page)));
      if (taken === undefined) await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      else if (!taken.atEnd) await new Promise(setImmediate);
      else await this.#idle();
    }
  }

  /** Undefined where it failed: that is trouble until the next time that it succeeds. */
  async #try<T>(part: Part, what: string, attempt: () => Promise<T> | T): Promise<T | undefined> {
    try {
      const result = await attempt();
      this.#mended(part);
      return result;
    } catch (error) {
      this.#troubled(part, asRefusal(error, what));
      return undefined;
    }
  }

  /** The source wakes this when it has something new; asked for once at a time. */
  #watch(): void {
    const { generation, changed } = this.#source;
    if (this.#changing || generation === undefined || changed === undefined) return;
    this.#changing = true;
    const woken = (): void => {
      this.#changing = false;
      this.wake();
    };
    changed.call(this.#source, generation, this.#stop.signal).then(woken, woken);
  }

  /** Until woken, or until it is time to look. */
  async #idle(): Promise<void> {
    if (this.#woken) return;
    let timer: NodeJS.Timeout | undefined;
    if (this.#waiters.any) timer = setTimeout(() => this.#wakeUp?.(), POLL_WAITED_FOR_MS);
    else if (!this.#changing) timer = setTimeout(() => this.#wakeUp?.(), POLL_MS).unref();
    await new Promise<void>((resolve) => (this.#wakeUp = resolve));
    this.#wakeUp = undefined;
    clearTimeout(timer);
  }

  /** One pass: all of a page, one signature. What failed after the leaves were added is made up for by the next pass. */
  #takeIn(page: SourcePage): SourcePage {
    const { tree, positions, witnessing } = this.#log;
    const { events, atEnd } = page;
    if (events.length > 0) {
      for (let index = 0, before = positions.last; index < events.length; index += 1) {
        const position = Number(events[index]?.position);
        if (!Number.isSafeInteger(position) || position <= before) throw contradicted(tree.size + index);
        before = position;
      }
      const changed = tree.append(events.map(({ bytes }) => leafHash(bytes)));
      for (const { position } of events) positions.push(Number(position));
      this.#writer.add(changed, events.length);
      witnessing.grown(tree.size, this.#nowMs());
    }
    const last = BigInt(positions.last);
    const due = atEnd || this.#waiters.upTo(last) || performance.now() - this.#signedMs > SIGN_MS_MAX;
    if (due && tree.size > this.#log.checkpoint.size) this.#sign(last);
    return page;
  }

  #sign(last: bigint): void {
    const { tree } = this.#log;
    const checkpoint = this.#signer.sign(tree.size, tree.root(), last);
    this.#log.checkpoint = checkpoint;
    this.#signedMs = performance.now();
    if (this.#signedMs - this.#keptMs >= KEEP_MS) {
      this.#keptMs = this.#signedMs;
      this.#record(checkpointPut(checkpoint.size, toStored(checkpoint)));
    }
    this.#waiters.signed(checkpoint);
  }

  #keepCosigned(): void {
    const { cosigned } = this.#log.witnessing;
    if (cosigned === undefined || performance.now() - this.#keptCosignedMs < KEEP_MS) return;
    this.#keptCosignedMs = performance.now();
    this.#record(checkpointPut(cosigned.size, toStored(cosigned)));
  }

  #record(put: Put): void {
    this.#records.set(put.key.toString('hex'), put);
    this.#writer.add([], 0);
  }

  /** What is written with the tiles that have changed until now; it comes again where that fails. */
  #rest(): { readonly puts: readonly Put[]; readonly written: () => void } {
    const { tree, positions, checkpoint, witnessing } = this.#log;
    const records = [...this.#records];
    const puts = records.map(([, put]) => put);
    const wholeBundles = Math.floor(tree.size / TILE_WIDTH);
    for (let index = this.#bundlesFrom; index * TILE_WIDTH < tree.size; index += 1) {
      const lastHash = index < wholeBundles ? tree.node(0, (index + 1) * TILE_WIDTH - 1) : undefined;
      puts.push({ key: bundleKey(index), value: positions.encoded(index, lastHash) });
    }
    puts.push(
      statePut({
        origin: this.origin,
        size: tree.size,
        position: String(positions.last),
        checkpoint: toStored(checkpoint),
        ...(witnessing.sinceMs === undefined ? {} : { unwitnessedSinceMs: witnessing.sinceMs }),
      }),
    );
    const written = (): void => {
      for (const [key, put] of records) if (this.#records.get(key) === put) this.#records.delete(key);
      this.#bundlesFrom = wholeBundles;
    };
    this.file.release();
    return { puts, written };
  }

  #troubled(part: Part, error: DomainError): void {
    const known = this.#troubles.has(part);
    this.#troubles.set(part, error);
    this.#waiters.fail(error);
    if (!known && !this.closed) this.#onTrouble(error.code);
  }

  #mended(part: Part): void {
    this.#troubles.delete(part);
  }
}
