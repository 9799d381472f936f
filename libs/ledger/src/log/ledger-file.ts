import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open, type RootDatabase } from 'lmdb';
import { DomainError } from '#libs/kernel';
import { HASH_BYTES } from '#libs/proofs';
import { LedgerUnavailable } from './errors.js';
import {
  type Bundle,
  bundleKey,
  checkpointKey,
  CHECKPOINTS_END,
  COSIGNED_KEY,
  CUT_TILE_BYTES,
  decodeBundle,
  FORMAT_KEY,
  FULL_TILE_BYTES,
  LEDGER_FORMAT,
  STATE_KEY,
  tileKey,
} from './layout.js';
import { RESERVE_BYTES, Room } from './room.js';

export const LEDGER_FILE = 'ledger.mdb';
/** Address space kept for the file (it takes no memory): more than 7,000 million leaves. */
const MAP_BYTES = 256 * 1024 ** 3;
const READERS_MAX = 256;
/** LMDB tells a commit's failure first and its cause a moment later. */
const CAUSE_TIMEOUT_MS = 1_000;

export interface Put {
  readonly key: Buffer;
  readonly value: Uint8Array;
}
/** A checkpoint as it is kept: the rest of it stands in the note. */
export interface StoredCheckpoint {
  readonly note: string;
  /** Of its last entry, decimal. */
  readonly position: string;
}
export interface StoredState {
  readonly origin: string;
  readonly size: number;
  readonly position: string;
  readonly checkpoint: StoredCheckpoint;
  readonly unwitnessedSinceMs?: number;
}
export interface StoredCosignature {
  readonly witness: string;
  readonly line: string;
  readonly timeSeconds: number;
  readonly checkpoint: StoredCheckpoint;
}

const unavailable = (error: unknown, what: string): DomainError => (error instanceof DomainError ? error : new LedgerUnavailable(what, { cause: error }));
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/**
 * The ledger's LMDB file, written by one process: the one that holds the lock of the store that it follows. Reads are
 * synchronous; a commit is on disk before a reader sees it and before its promise resolves.
 */
export class LedgerFile {
  readonly #file: RootDatabase<Buffer, Buffer>;
  readonly #room: Room | undefined;

  private constructor(file: RootDatabase<Buffer, Buffer>, room?: Room) {
    this.#file = file;
    this.#room = room;
  }

  /** Throws LedgerUnavailable where the file cannot be opened or, read-only, there is none. */
  static open(directory: string, { readOnly, name = LEDGER_FILE, reserveBytes = RESERVE_BYTES }: LedgerFileOptions): LedgerFile {
    const path = join(directory, name);
    try {
      if (readOnly && !existsSync(path)) throw new LedgerUnavailable(`there is no ledger in ${directory}`);
      if (!readOnly) mkdirSync(directory, { recursive: true });
      const file = open<Buffer, Buffer>({
        path,
        noSubdir: true,
        readOnly,
        mapSize: MAP_BYTES,
        maxReaders: READERS_MAX,
        keyEncoding: 'binary',
        encoding: 'binary',
        // as in the event store: durable before it is visible, and no promise a turn that nobody looks at
        overlappingSync: false,
        compression: false,
        eventTurnBatching: false,
      });
      const format = file.getBinary(FORMAT_KEY)?.[0];
      if (format !== undefined && format !== LEDGER_FORMAT) {
        void file.close();
        throw new LedgerUnavailable(`the ledger's file has format ${format}, this version of the code reads ${LEDGER_FORMAT}`);
      }
      return new LedgerFile(file, readOnly ? undefined : new Room(directory, reserveBytes));
    } catch (error) {
      throw unavailable(error, `the ledger in ${directory} cannot be opened`);
    }
  }

  /** What is read until the next release is one state of the file. */
  release(): void {
    this.#file.resetReadTxn();
  }

  state(): { readonly bytes: Buffer; readonly state: StoredState } | undefined {
    const bytes = this.#get(STATE_KEY);
    return bytes && { bytes, state: JSON.parse(bytes.toString('utf8')) as StoredState };
  }

  cosignatures(): readonly StoredCosignature[] {
    const bytes = this.#get(COSIGNED_KEY);
    return bytes === undefined ? [] : (JSON.parse(bytes.toString('utf8')) as StoredCosignature[]);
  }

  /** Hashes of a tile, as they were last written. */
  tile(level: number, index: number): Uint8Array | undefined {
    const hashes = this.#get(tileKey(level, index));
    if (level > 0 || hashes?.length !== CUT_TILE_BYTES) return hashes;
    const lastHash = this.bundle(index)?.lastHash;
    return lastHash === undefined ? hashes : Buffer.concat([hashes, lastHash]);
  }

  bundle(index: number): Bundle | undefined {
    const value = this.#get(bundleKey(index));
    return value && decodeBundle(value);
  }

  keptCheckpoint(size: number): StoredCheckpoint | undefined {
    const bytes = this.#get(checkpointKey(size));
    return bytes && (JSON.parse(bytes.toString('utf8')) as StoredCheckpoint);
  }

  /** Kept checkpoints of sizes above `after`, in order. */
  keptCheckpoints(after: number, limit: number): StoredCheckpoint[] {
    try {
      const kept: StoredCheckpoint[] = [];
      for (const { value } of this.#file.getRange({ start: checkpointKey(after + 1), end: CHECKPOINTS_END, limit }))
        kept.push(JSON.parse(value.toString('utf8')) as StoredCheckpoint);
      return kept;
    } catch (error) {
      throw unavailable(error, 'the ledger could not be read');
    }
  }

  /** All of it or nothing; on disk when it resolves. Rejects with LedgerUnavailable. */
  async write(puts: readonly Put[]): Promise<void> {
    try {
      this.#room?.check();
    } catch (error) {
      throw unavailable(error, 'the disk of the ledger cannot be looked at');
    }
    try {
      await this.#file.batch(() => {
        void this.#file.put(FORMAT_KEY, Buffer.from([LEDGER_FORMAT]));
        for (const { key, value } of puts) void this.#file.put(key, value as Buffer);
      });
    } catch (error) {
      this.#room?.failed();
      throw unavailable(await causeOf(error), 'the ledger could not be written');
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #get(key: Buffer): Buffer | undefined {
    try {
      return this.#file.getBinary(key);
    } catch (error) {
      throw unavailable(error, 'the ledger could not be read');
    }
  }
}

export interface LedgerFileOptions {
  readonly readOnly: boolean;
  readonly name?: string;
  /** Nothing is written while the disk has fewer free bytes than this (64 MiB by default). */
  readonly reserveBytes?: number;
}

export const statePut = (state: StoredState): Put => ({ key: STATE_KEY, value: json(state) });
export const cosignaturesPut = (cosignatures: readonly StoredCosignature[]): Put => ({ key: COSIGNED_KEY, value: json(cosignatures) });
export const checkpointPut = (size: number, checkpoint: StoredCheckpoint): Put => ({ key: checkpointKey(size), value: json(checkpoint) });
export const tilePut = (level: number, index: number, hashes: Uint8Array): Put => ({
  key: tileKey(level, index),
  value: level === 0 && hashes.length === FULL_TILE_BYTES ? hashes.subarray(0, FULL_TILE_BYTES - HASH_BYTES) : hashes,
});

/** lmdb rejects a failed commit with an error that carries a promise, which rejects with the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  const cause = (error as { commitError?: PromiseLike<unknown> }).commitError;
  if (cause === undefined) return error;
  const told = cause.then(
    () => error,
    (reason: unknown) => reason,
  );
  return Promise.race([told, sleep(CAUSE_TIMEOUT_MS, error, { ref: false })]);
}
