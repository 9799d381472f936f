import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DomainError } from '#libs/kernel';

/** Room that a start needs at least: the cases of one run take about a fifth of it. */
const FREE_BYTES_MIN = 256 * 1024 * 1024;

/** Writes a small file so that it is there whole, or not at all. */
function writeDurably(file: string, text: string): void {
  const temporary = `${file}.new`;
  const handle = openSync(temporary, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** Makes the directory and tries it. Throws DATA_DIRECTORY_UNWRITABLE, DATA_DIRECTORY_FULL. */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    const probe = join(directory, `.probe-${process.pid}`);
    writeDurably(probe, 'probe\n');
    rmSync(probe);
  } catch (cause) {
    const { code } = cause as { readonly code?: string };
    if (code === 'ENOSPC' || code === 'EDQUOT') throw full(directory, cause);
    throw new DomainError(
      'DATA_DIRECTORY_UNWRITABLE',
      'unavailable',
      `the data directory ${directory} cannot be written (${code ?? 'unknown error'})`,
      {},
      { cause },
    );
  }
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < FREE_BYTES_MIN) throw full(directory);
}

const full = (directory: string, cause?: unknown): DomainError =>
  new DomainError('DATA_DIRECTORY_FULL', 'unavailable', `the disk of ${directory} is full: ${FREE_BYTES_MIN / 1_048_576} MiB are needed`, {}, { cause });
