import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DomainError } from '#libs/kernel';
import { StoreFull } from '../errors.js';
import { translated } from './lmdb-file.js';

/** Free space below which nothing is appended: what commits write between two checks, many times over. */
export const RESERVE_BYTES = 64 * 1024 * 1024;
/** How long a look at the free space holds. */
const CHECK_INTERVAL_MS = 50;
/** About what a large commit needs. */
const PROBE_BYTES = 4 * 1024 * 1024;
const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EFBIG', 'EDQUOT']);

/**
 * Keeps LMDB away from a disk without room. Not only for a clear error: when a write fails, lmdb 3.5.6 formats a message
 * into a buffer that may be too short for it (`mdb_page_flush`), and the process may die of that. Nothing acknowledged
 * would be lost, but nothing could be read either.
 */
export class Room {
  readonly #directory: string;
  readonly #reserveBytes: number;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #failed = false;

  constructor(directory: string, reserveBytes: number) {
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
  }

  /** Called before each commit. Throws StoreFull. */
  check(): void {
    if (this.#failed) {
      if (!this.#canWrite()) throw new StoreFull('the disk is full');
      this.#failed = false;
    }
    const nowMs = performance.now();
    if (nowMs - this.#checkedMs < CHECK_INTERVAL_MS) return;
    const { bavail, bsize } = statfsSync(this.#directory);
    if (bavail * bsize < this.#reserveBytes) throw new StoreFull(`the disk is full: fewer than ${this.#reserveBytes} bytes are free`);
    this.#checkedMs = nowMs;
  }

  /** What a failed commit means. LMDB calls a write that was cut short by a full disk an input/output error. */
  failure(error: unknown): DomainError {
    if (error instanceof DomainError) return error; // it was refused before anything was written
    const failure = translated(error, 'the events could not be written');
    this.#failed = true;
    return failure.code === 'STORE_FULL' || this.#canWrite() ? failure : new StoreFull('the disk is full', { cause: error });
  }

  /** Tries it, for what counts is not only the disk's free space: quotas and limits of a process fill a directory too. */
  #canWrite(): boolean {
    const path = join(this.#directory, 'room.probe');
    try {
      const descriptor = openSync(path, 'w');
      try {
        return writeSync(descriptor, Buffer.alloc(PROBE_BYTES)) === PROBE_BYTES;
      } finally {
        closeSync(descriptor);
        rmSync(path);
      }
    } catch (error) {
      return !FULL_CODES.has((error as NodeJS.ErrnoException).code ?? '');
    }
  }
}
