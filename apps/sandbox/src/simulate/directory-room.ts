import { existsSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DomainError } from '#libs/kernel';
import type { Language } from '#libs/terminal';
import { simulateTexts } from './simulate.texts.js';
import { readState } from './simulation-file.js';

/** Room that law, register and logs need, and an exchange with what it needs at the most: more than was measured. */
const FOUNDATION_BYTES = 256 * 1_048_576;
const EXCHANGE_BYTES = 12_000;
const BLOCK_BYTES = 512;

/** Refuses a directory that holds something, and says what: SIMULATION_EXISTS, DATA_DIRECTORY_NOT_EMPTY. */
export function assertNew(directory: string, language: Language): void {
  if (!existsSync(directory)) return;
  const say = simulateTexts(language);
  const state = readState(directory);
  if (state) {
    const { recorded, exchanges, seed } = state;
    const message = say.holds(directory, recorded.toLocaleString('en-US'), exchanges.toLocaleString('en-US'), seed);
    throw new DomainError('SIMULATION_EXISTS', 'conflict', message, { field: '--data' });
  }
  if (readdirSync(directory).length > 0) throw new DomainError('DATA_DIRECTORY_NOT_EMPTY', 'conflict', say.notEmpty(directory), { field: '--data' });
}

/** Refuses what will not fit: DATA_DIRECTORY_FULL. */
export function assertRoom(directory: string, exchanges: number, language: Language): void {
  let existing = resolve(directory);
  while (!existsSync(existing)) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const needed = FOUNDATION_BYTES + exchanges * EXCHANGE_BYTES;
  if (bavail * bsize >= needed) return;
  throw new DomainError('DATA_DIRECTORY_FULL', 'unavailable', simulateTexts(language).full(directory, (needed / 1_073_741_824).toFixed(1)), {
    field: '--data',
  });
}

/** What a tree of files takes on its disk. A file that goes meanwhile counts nothing. */
export function bytesOnDisk(directory: string): number {
  let sum = 0;
  for (const entry of readdirSync(directory, { recursive: true })) {
    const found = statSync(join(directory, String(entry)), { throwIfNoEntry: false });
    if (found?.isFile() === true) sum += found.blocks * BLOCK_BYTES;
  }
  return sum;
}

/** Memory of this process that no file stands behind; 0 where the system does not tell. */
export function anonymousBytes(): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}
