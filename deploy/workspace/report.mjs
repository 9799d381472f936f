// One short line a step: what was done and how long it took. On standard error, so that a program's own output stays clean.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

export function line(name, outcome, startedMs) {
  const took = startedMs === undefined ? '' : ` (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`;
  process.stderr.write(`${name.padEnd(12)} ${outcome}${took}\n`);
}

/** True where this module is the program that was started, not one that was imported. */
export const isMain = (moduleUrl) => process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(moduleUrl);
