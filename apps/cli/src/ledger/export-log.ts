import type { LogReader } from '#libs/ledger-service';
import type { SignedCheckpoint } from '#libs/ledger';
import { DomainError } from '#libs/kernel';
import { TILE_WIDTH } from '#libs/proofs';
import { bundlesOf, type LogDirectory, tilesOf } from './log-directory.js';

export interface LogToExport {
  readonly log: LogReader;
  /** Taken before anything is read: exactly what it commits to is written. */
  readonly checkpoint: SignedCheckpoint;
  /** Verifier keys, the oldest first. */
  readonly keys: readonly string[];
}

/** Writes a log as a plain directory in the layout of C2SP tlog-tiles. `onEntries`: entries written so far. */
export async function exportLog(
  { log, checkpoint, keys }: LogToExport,
  directory: LogDirectory,
  { onEntries, signal }: { readonly onEntries: (entries: number) => void; readonly signal: AbortSignal },
): Promise<boolean> {
  const { size } = checkpoint;
  await directory.begin();
  for (const name of bundlesOf(size)) {
    if (signal.aborted) return false;
    const [hashes, bundle] = [log.hashes({ ...name, level: 0 }, size), await log.bundle(name.index, name.width, size)];
    if (hashes === undefined || bundle === undefined) throw gone();
    await directory.write({ ...name, level: 0 }, hashes);
    await directory.write(name, bundle);
    onEntries(name.index * TILE_WIDTH + name.width);
  }
  for (const name of tilesOf(size)) {
    if (name.level === 0) continue;
    const hashes = log.hashes(name, size);
    if (hashes === undefined) throw gone();
    await directory.write(name, hashes);
  }
  await directory.writeFile('vkey', keys.map((key) => `${key}\n`).join(''));
  await directory.writeFile('checkpoint', checkpoint.note);
  await directory.complete();
  return true;
}

const gone = (): DomainError => new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the log no longer has what its checkpoint commits to');
