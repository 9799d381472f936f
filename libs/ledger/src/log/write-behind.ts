import { setTimeout as sleep } from 'node:timers/promises';
import { type ChangedTile, tileNumber } from '../tree/tile-tree.js';
import { type Put, tilePut } from './ledger-file.js';

/** What has changed is written after this long, in one transaction. */
const DELAY_MS = 200;
/** Sooner once so many leaves wait. */
const LEAVES_SOON = 16_384;
/** No more leaves are taken while so many wait. */
const LEAVES_MAX = 65_536;
/** Pause after a failed write. */
const RETRY_MS = 200;

export interface WriteBehindParts {
  readonly write: (puts: readonly Put[]) => Promise<void>;
  /** What goes into the transaction besides tiles, as of now: it fits the tiles that were added until now. `written` is called once it is on disk. */
  readonly rest: () => { readonly puts: readonly Put[]; readonly written: () => void };
  readonly onFailure: (error: unknown) => void;
  readonly onSuccess: () => void;
}

/**
 * Writes what has changed some time after it has: one transaction in flight, what comes meanwhile goes into the next. What
 * is not written yet can be read here. A failed write is tried again until it succeeds.
 */
export class WriteBehind {
  readonly #parts: WriteBehindParts;
  #waiting = new Map<number, ChangedTile>();
  #writing = new Map<number, ChangedTile>();
  #leaves = 0;
  #leavesWriting = 0;
  #dirty = false;
  #running: Promise<void> | undefined;
  #hurry = new AbortController();
  #closing = false;
  #durable: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  #room: (() => void)[] = [];

  constructor(parts: WriteBehindParts) {
    this.#parts = parts;
  }

  tile(level: number, index: number): Uint8Array | undefined {
    const number = tileNumber(level, index);
    return (this.#waiting.get(number) ?? this.#writing.get(number))?.bytes;
  }

  /** Something has changed, and these tiles by so many leaves. */
  add(tiles: readonly ChangedTile[], leaves: number): void {
    for (const tile of tiles) this.#waiting.set(tileNumber(tile.level, tile.index), tile);
    this.#leaves += leaves;
    this.#dirty = true;
    if (this.#leaves >= LEAVES_SOON) this.#hurry.abort();
    this.#running ??= this.#run();
  }

  /** Resolves when no more leaves wait than may. */
  async room(): Promise<void> {
    while (this.#leaves + this.#leavesWriting >= LEAVES_MAX && !this.#closing) await new Promise<void>((resolve) => this.#room.push(resolve));
  }

  /** Resolves when everything that has changed until now is on disk; rejects when the next write fails (it is tried again nevertheless). */
  durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#durable.push({ resolve, reject });
      this.add([], 0);
      this.#hurry.abort();
    });
  }

  /** Writes what waits, once; what cannot be written then is left. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#hurry.abort();
    this.#letIn();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let pauseMs = DELAY_MS; this.#dirty;) {
      if (!this.#closing) await sleep(pauseMs, undefined, { signal: this.#hurry.signal, ref: false }).catch(() => undefined);
      const failed = (await this.#writeOnce()) !== undefined;
      if (failed && this.#closing) break;
      pauseMs = failed ? RETRY_MS : DELAY_MS;
    }
    this.#running = undefined;
  }

  async #writeOnce(): Promise<unknown> {
    this.#hurry = new AbortController();
    this.#dirty = false;
    this.#writing = this.#waiting;
    this.#waiting = new Map();
    this.#leavesWriting = this.#leaves;
    this.#leaves = 0;
    const told = this.#durable;
    this.#durable = [];
    try {
      const puts = [...this.#writing.values()].map(({ level, index, bytes }) => tilePut(level, index, bytes));
      const rest = this.#parts.rest();
      await this.#parts.write([...puts, ...rest.puts]);
      rest.written();
      this.#writing = new Map();
      this.#leavesWriting = 0;
      this.#parts.onSuccess();
      for (const { resolve } of told) resolve();
      return undefined;
    } catch (error) {
      this.#putBack();
      this.#parts.onFailure(error);
      for (const { reject } of told) reject(error);
      return error;
    } finally {
      this.#letIn();
    }
  }

  /** What could not be written waits again, unless it has changed since. */
  #putBack(): void {
    for (const [number, tile] of this.#waiting) this.#writing.set(number, tile);
    this.#waiting = this.#writing;
    this.#writing = new Map();
    this.#leaves += this.#leavesWriting;
    this.#leavesWriting = 0;
    this.#dirty = true;
  }

  #letIn(): void {
    const waiting = this.#room;
    this.#room = [];
    for (const resolve of waiting) resolve();
  }
}
