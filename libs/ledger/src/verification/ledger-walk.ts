import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { HASH_BYTES, TILE_WIDTH, tileWidth } from '#libs/proofs';
import { LedgerUnavailable } from '../log/errors.js';
import { LEDGER_FILE, type StoredCheckpoint, type StoredCosignature, type StoredState } from '../log/ledger-file.js';
import {
  bundleKey,
  checkpointKey,
  CHECKPOINTS_END,
  COSIGNED_KEY,
  CUT_TILE_BYTES,
  decodeBundle,
  encodeBundle,
  FORMAT_KEY,
  LEDGER_FORMAT,
  STATE_KEY,
  tileKey,
} from '../log/layout.js';
import { type LogFinding, unreadable } from './log-finding.js';

const MAP_BYTES = 256 * 1024 ** 3;
const READERS_MAX = 256;
const TILE = 4;
const BUNDLE = 5;
const CHECKPOINT = 6;
const KEY_BYTES: Readonly<Record<number, number>> = { [TILE]: 8, [BUNDLE]: 7, [CHECKPOINT]: 7 };
/** Checkpoints of one step of `checkpoints`. */
const PAGE_CHECKPOINTS = 256;
/** How often entries are counted again because an owner wrote meanwhile. */
const COUNTS_MAX = 3;

const json = (value: unknown): string => JSON.stringify(value);

/** The file of a log as it is, read-only, beside a running owner or none; each method reads one state of it. Of one thread. */
export class LedgerWalk {
  readonly #file: RootDatabase<Buffer, Buffer>;

  private constructor(file: RootDatabase<Buffer, Buffer>) {
    this.#file = file;
  }

  /** Undefined where there is no such file. Throws LedgerUnavailable where it cannot be read. */
  static open(directory: string, name = LEDGER_FILE): LedgerWalk | undefined {
    const path = join(directory, name);
    if (!existsSync(path)) return undefined;
    try {
      return new LedgerWalk(
        open<Buffer, Buffer>({
          path,
          noSubdir: true,
          readOnly: true,
          mapSize: MAP_BYTES,
          maxReaders: READERS_MAX,
          keyEncoding: 'binary',
          encoding: 'binary',
          overlappingSync: false,
          compression: false,
          eventTurnBatching: false,
        }),
      );
    } catch (cause) {
      throw new LedgerUnavailable(`the ledger in ${directory} cannot be opened`, { cause });
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } finally {
      this.#file.resetReadTxn();
    }
  }

  /** The state, where it is stored in its one form. Throws what JSON and LMDB throw, RangeError for another form. */
  state(): StoredState {
    return this.#read(() => this.#state());
  }

  #state(): StoredState {
    const bytes = this.#file.getBinary(STATE_KEY);
    if (bytes === undefined) throw new RangeError('the log has no state');
    const text = bytes.toString('utf8');
    const state = JSON.parse(text) as StoredState;
    const { origin, size, position, checkpoint, unwitnessedSinceMs } = state;
    const since = unwitnessedSinceMs === undefined ? {} : { unwitnessedSinceMs };
    if (json({ origin, size, position, checkpoint: { note: checkpoint.note, position: checkpoint.position }, ...since }) !== text)
      throw new RangeError('the state of the log is not in its form');
    if (!Number.isSafeInteger(size) || size < 0 || !/^(0|[1-9][0-9]{0,15})$/.test(position)) throw new RangeError('the state of the log is not in its form');
    return state;
  }

  /** Cosignatures, the newest of each witness. Throws as `state` does. */
  cosignatures(): readonly StoredCosignature[] {
    return this.#read(() => {
      const text = this.#file.getBinary(COSIGNED_KEY)?.toString('utf8');
      if (text === undefined) return [];
      const cosignatures = (JSON.parse(text) as StoredCosignature[]).map(({ witness, line, timeSeconds, checkpoint: { note, position } }) => ({
        witness,
        line,
        timeSeconds,
        checkpoint: { note, position },
      }));
      if (json(cosignatures) !== text) throw new RangeError('the cosignatures are not in their form');
      return cosignatures;
    });
  }

  /** Checkpoints kept for good, by the size that they are kept under, page by page. Throws as `state` does. */
  *checkpoints(): Iterable<readonly { readonly size: number; readonly stored: StoredCheckpoint }[]> {
    for (let after = -1; ;) {
      const page = this.#read(() =>
        [...this.#file.getRange({ start: checkpointKey(after + 1), end: CHECKPOINTS_END, limit: PAGE_CHECKPOINTS })].map(({ key, value }) => {
          const size = Buffer.from(key).readUIntBE(1, 6);
          const text = value.toString('utf8');
          const { note, position } = JSON.parse(text) as StoredCheckpoint;
          if (json({ note, position }) !== text || this.#file.getBinaryFast(key) === undefined)
            throw new RangeError(`the checkpoint of size ${size} is not in its form`);
          return { size, stored: { note, position } };
        }),
      );
      yield page;
      if (page.length < PAGE_CHECKPOINTS) return;
      after = page.at(-1)?.size ?? after;
    }
  }

  /** Compares a whole tile of level 0 and its positions with what is stored. The tile must be in the log. */
  wholeTile(index: number, hashes: Buffer, positions: Float64Array): LogFinding | undefined {
    return this.#read(() => this.#compared(0, index, hashes, TILE_WIDTH, positions) ?? this.#bundleCompared(index, hashes, positions, TILE_WIDTH));
  }

  /** Compares a tile at the edge, or above level 0, with what the log has of it now: it may have less, or more. */
  tile(level: number, index: number, hashes: Buffer, positions?: Float64Array): LogFinding | undefined {
    return this.#read(() => {
      const width = tileWidth(level, index, this.#state().size);
      if (width === 0) return undefined;
      return this.#compared(level, index, hashes, width, positions) ?? (positions && this.#bundleCompared(index, hashes, positions, width));
    });
  }

  #compared(level: number, index: number, hashes: Buffer, width: number, positions?: Float64Array): LogFinding | undefined {
    const stored = this.#tile(level, index);
    const name = `tile ${index} of level ${level}`;
    if (stored === undefined) return { code: 'TILE_MISSING', detail: `${name} is missing`, position: this.#leafAt(level, index, 0, positions) };
    const bytes = Math.min(width * HASH_BYTES, hashes.length);
    if (stored.length === width * HASH_BYTES && stored.compare(hashes, 0, bytes, 0, bytes) === 0) return undefined;
    let at = 0;
    while (at < Math.min(stored.length, bytes) && stored[at] === hashes[at]) at += 1;
    const hash = Math.min(Math.floor(at / HASH_BYTES), width - 1);
    return {
      code: 'TILE_CONTRADICTS_STORE',
      detail: `hash ${hash} of ${name} is not the one that the store's bytes give`,
      position: this.#leafAt(level, index, hash, positions),
    };
  }

  /** Where the first leaf under a hash stands: as the store has it, else as the log says, else as it is where positions have no gaps. */
  #leafAt(level: number, index: number, hash: number, positions: Float64Array | undefined): number {
    const given = level === 0 ? positions?.[hash] : undefined;
    const leaf = (index * TILE_WIDTH + hash) * TILE_WIDTH ** level;
    return given ?? this.#storedPosition(leaf) ?? leaf + 1;
  }

  #storedPosition(leaf: number): number | undefined {
    const stored = this.#file.getBinary(bundleKey(Math.floor(leaf / TILE_WIDTH)));
    try {
      return stored && decodeBundle(stored).at(leaf % TILE_WIDTH);
    } catch {
      return undefined; // damaged: told by its own comparison
    }
  }

  /** The last hash of a full tile of level 0 stands in its bundle. */
  #tile(level: number, index: number): Buffer | undefined {
    const stored = this.#file.getBinary(tileKey(level, index));
    if (stored === undefined || level > 0 || stored.length !== CUT_TILE_BYTES) return stored;
    const bundle = this.#file.getBinary(bundleKey(index));
    return bundle && bundle.length >= HASH_BYTES ? Buffer.concat([stored, bundle.subarray(-HASH_BYTES)]) : stored;
  }

  #bundleCompared(index: number, hashes: Buffer, positions: Float64Array, width: number): LogFinding | undefined {
    const stored = this.#file.getBinary(bundleKey(index));
    const at = { position: positions[0] ?? 0 };
    if (stored === undefined) return { code: 'TILE_MISSING', detail: `bundle ${index} of positions is missing`, ...at };
    const known = Math.min(width, positions.length);
    const lastHash = width === TILE_WIDTH && known === width ? hashes.subarray(-HASH_BYTES) : undefined;
    if (known === width && stored.equals(encodeBundle(positions.subarray(0, width), lastHash))) return undefined;
    if (known < width && samePositions(stored, positions, width)) return undefined;
    return { code: 'POSITIONS_CONTRADICT_STORE', detail: `bundle ${index} says that its leaves stand elsewhere in the store`, ...at };
  }

  /** Hashes of a tile of level 0, as many as the log has by now. Throws RangeError where there is none. */
  leaves(index: number): Uint8Array {
    return this.#read(() => {
      const stored = this.#tile(0, index);
      if (stored === undefined || stored.length > TILE_WIDTH * HASH_BYTES) throw new RangeError(`tile ${index} of level 0 is missing`);
      return Uint8Array.from(stored);
    });
  }

  /** Where in the store a leaf stands. Throws RangeError where the log does not say. */
  position(index: number): number {
    return this.#read(() => {
      const stored = this.#file.getBinary(bundleKey(Math.floor(index / TILE_WIDTH)));
      if (stored === undefined) throw new RangeError('a bundle of positions is missing');
      return decodeBundle(stored).at(index % TILE_WIDTH);
    });
  }

  /** Whether the file holds the entries of a log of its size, no others, and as many as it says. */
  entries(): LogFinding | undefined {
    try {
      for (let attempt = 1; ; attempt += 1) {
        const before = this.#stats();
        const { finding, seen } = this.#read(() => this.#goneThrough());
        if (finding) return finding;
        // an owner at work has written meanwhile: its count is of another state
        const isOneState = this.#stats().lastTxnId === before.lastTxnId;
        if (isOneState && seen !== before.entryCount) return unknown(`one of ${Math.max(seen, before.entryCount)} entries`);
        if (isOneState || attempt === COUNTS_MAX) return undefined;
      }
    } catch (error) {
      return unreadable(error, 'the entries of the file cannot be gone through');
    }
  }

  #stats(): { readonly entryCount: number; readonly lastTxnId: number } {
    return this.#file.getStats() as { readonly entryCount: number; readonly lastTxnId: number };
  }

  #goneThrough(): { readonly finding?: LogFinding | undefined; readonly seen: number } {
    const { size } = this.#state();
    const format = this.#file.getBinary(FORMAT_KEY);
    if (format?.length !== 1 || format[0] !== LEDGER_FORMAT) return { finding: unknown("the format's entry"), seen: 0 };
    const counts = new Map<string, number>();
    let seen = 0;
    for (const key of this.#file.getKeys()) {
      seen += 1;
      const kind = key[0] as number;
      if (kind < TILE && key.length === 1 && (key.equals(FORMAT_KEY) || key.equals(STATE_KEY) || key.equals(COSIGNED_KEY))) continue;
      if (key.length !== KEY_BYTES[kind]) return { finding: unknown('an entry'), seen };
      const index = key.readUIntBE(kind === TILE ? 2 : 1, 6);
      const level = kind === TILE ? (key[1] as number) : 0;
      if (kind === CHECKPOINT ? index > size : tileWidth(level, index, size) === 0)
        return { finding: unknown(`an entry beyond the log's ${size} leaves`), seen };
      counts.set(`${kind} ${level}`, (counts.get(`${kind} ${level}`) ?? 0) + 1);
    }
    return { finding: missing(counts, size), seen };
  }
}

const unknown = (what: string): LogFinding => ({ code: 'LEDGER_ENTRY_UNKNOWN', detail: `${what} is none that the log accounts for` });

function missing(counts: ReadonlyMap<string, number>, size: number): LogFinding | undefined {
  const isMissing = (kind: number, level: number, hashes: number): LogFinding | undefined =>
    (counts.get(`${kind} ${level}`) ?? 0) === Math.ceil(hashes / TILE_WIDTH)
      ? undefined
      : { code: 'TILE_MISSING', detail: kind === BUNDLE ? 'a bundle of positions is missing' : `a tile of level ${level} is missing` };
  for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const finding = isMissing(TILE, level, hashes);
    if (finding) return finding;
  }
  return isMissing(BUNDLE, 0, size);
}

function samePositions(stored: Buffer, positions: Float64Array, width: number): boolean {
  const bundle = decodeBundle(stored);
  return bundle.count === width && positions.every((position, at) => bundle.at(at) === position);
}
