import { setTimeout as sleep } from 'node:timers/promises';
import { damaged, LedgerClosed, LedgerUnavailable } from './errors.js';
import type { LedgerSource, SignedCheckpoint } from './ledger.js';
import { LedgerFile } from './ledger-file.js';
import { checkAgainst, loadLog } from './stored-log.js';
import { type Log, TreeLedger } from './tree-ledger.js';
import { Witnessing } from './witnessing.js';

/** How often somebody who waits looks whether the owner has written more, and for how long at most. */
const POLL_MS = 20;
const WAIT_MS_MAX = 30_000;

export interface ReadLedgerOptions {
  readonly directory: string;
  /** Where it is given, what the file holds is checked against it, as when its owner opens it. */
  readonly source?: LedgerSource;
  /** Another file in that directory: of an abandoned epoch (`abandonedLedgers`). */
  readonly name?: string;
}

/**
 * A party's log read-only, beside the process that owns it or with none: as far as it was last written, a fraction of a
 * second behind. It signs nothing and takes no cosignatures. Rejects like `openLedger`, with LEDGER_UNAVAILABLE where there
 * is no log yet.
 */
export async function readLedger({ directory, source, name }: ReadLedgerOptions): Promise<ReadOnlyLedger> {
  const file = LedgerFile.open(directory, { readOnly: true, ...(name === undefined ? {} : { name }) });
  try {
    const ledger = new ReadOnlyLedger(file);
    if (source !== undefined) await ledger.check(source);
    return ledger;
  } catch (error) {
    await file.close();
    throw error;
  }
}

export class ReadOnlyLedger extends TreeLedger {
  #bytes: Buffer;
  #log: Log;
  #closing: Promise<void> | undefined;

  constructor(file: LedgerFile) {
    super(file);
    const found = file.state();
    if (found === undefined) throw new LedgerUnavailable('the log has not been written yet');
    this.#bytes = found.bytes;
    this.#log = this.#load(found.state);
    file.release();
  }

  get origin(): string {
    return this.#log.checkpoint.origin;
  }

  protected get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** As its owner has written it last. */
  protected current(): Log {
    const found = this.file.state();
    if (found === undefined) throw new LedgerUnavailable('the log is no longer there');
    if (!found.bytes.equals(this.#bytes)) {
      this.#log = this.#load(found.state);
      this.#bytes = found.bytes;
    }
    return this.#log;
  }

  #load(state: Parameters<typeof loadLog>[1]): Log {
    const { tree, positions, checkpoint } = loadLog(this.file, state);
    if (checkpoint === undefined) throw damaged('it has no checkpoint');
    return { tree, positions, checkpoint, witnessing: new Witnessing(this.file.cosignatures(), state?.unwitnessedSinceMs) };
  }

  /** Rejects with LEDGER_AHEAD_OF_STORE, LEDGER_CONTRADICTED. */
  async check(source: LedgerSource): Promise<void> {
    await checkAgainst(source, this.#log);
    this.file.release();
  }

  async integrated(position: bigint): Promise<SignedCheckpoint> {
    for (const untilMs = performance.now() + WAIT_MS_MAX; performance.now() < untilMs; await sleep(POLL_MS)) {
      const { checkpoint } = this;
      if (position <= checkpoint.position) return checkpoint;
    }
    throw new LedgerUnavailable(`the entry was not in the log after ${WAIT_MS_MAX} ms`);
  }

  addCosignature(): Promise<void> {
    return Promise.reject(this.closed ? new LedgerClosed() : new LedgerUnavailable('the log was opened read-only'));
  }

  setSigners(): void {
    throw new LedgerUnavailable('the log was opened read-only');
  }

  wake(): void {
    // it looks by itself
  }

  close(): Promise<void> {
    this.#closing ??= this.file.close();
    return this.#closing;
  }
}
