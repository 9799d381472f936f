import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'simulation.json';

/** What a directory holds of a simulation, kept beside the data: also what a kill leaves behind can be told. */
export interface SimulationState {
  readonly seed: string;
  readonly exchanges: number;
  readonly from: string;
  readonly to: string;
  readonly mode: 'nation' | 'bulk';
  /** Exchanges that are recorded whole at least; a kill may leave more of them, and some half done. */
  readonly recorded: number;
  readonly complete: boolean;
}

/** Replaces the file, so that a kill leaves the old or the new. */
export function writeState(directory: string, state: SimulationState): void {
  const file = join(directory, FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`);
  renameSync(`${file}.new`, file);
}

/** Undefined where the directory holds no simulation. */
export function readState(directory: string): SimulationState | undefined {
  const file = join(directory, FILE);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as SimulationState) : undefined;
}
