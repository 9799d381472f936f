import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerUnavailable } from './errors.js';

/** Free space below which nothing is written: what is written between two looks, many times over. */
export const RESERVE_BYTES = 64 * 1024 * 1024;
/** About what a large commit needs. */
const PROBE_BYTES = 4 * 1024 * 1024;

/**
 * Keeps LMDB away from a disk without room: when a write fails, lmdb 3.5.6 may overrun a buffer (see the README of
 * `event-store`). After a failed commit, nothing is written until a file of a commit's size could be.
 */
export class Room {
  #failed = false;

  constructor(
    private readonly directory: string,
    private readonly reserveBytes: number,
  ) {}

  /** Called before each commit. Throws LedgerUnavailable. */
  check(): void {
    if (this.#failed) this.#probe();
    this.#failed = false;
    const { bavail, bsize } = statfsSync(this.directory);
    if (bavail * bsize < this.reserveBytes) throw new LedgerUnavailable(`the disk of the ledger is full: fewer than ${this.reserveBytes} bytes are free`);
  }

  failed(): void {
    this.#failed = true;
  }

  #probe(): void {
    const path = join(this.directory, 'room.probe');
    let written: number;
    try {
      const descriptor = openSync(path, 'w');
      try {
        written = writeSync(descriptor, Buffer.alloc(PROBE_BYTES));
      } finally {
        closeSync(descriptor);
        rmSync(path);
      }
    } catch (cause) {
      throw new LedgerUnavailable('the disk of the ledger cannot be written', { cause });
    }
    if (written < PROBE_BYTES) throw new LedgerUnavailable('the disk of the ledger is full');
  }
}
