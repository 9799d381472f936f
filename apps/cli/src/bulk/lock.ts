import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** True where a process of that id runs (also one of another user). */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const ownerOf = (file: string): number => Number.parseInt(readFileSync(file, 'utf8'), 10);

/**
 * Takes a bulk's results for this process, by a file that holds its id; a file of a process that runs no more is taken over.
 * Returns what gives it back, or the id of the process that has it.
 */
export function lockResults(out: string): { readonly release: () => void } | { readonly heldBy: number } {
  const file = `${out}.lock`;
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const owner = ownerOf(file);
    if (owner !== process.pid && Number.isSafeInteger(owner) && isRunning(owner)) return { heldBy: owner };
    writeFileSync(file, `${process.pid}\n`);
  }
  return { release: () => rmSync(file, { force: true }) };
}
