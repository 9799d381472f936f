import { open, readFile, rename } from 'node:fs/promises';

/** Where a bulk stands; a JSON file beside the results, replaced whole. */
export interface BulkState {
  readonly format: 1;
  /** What is sent: `query` or `replicas`. */
  readonly kind: string;
  readonly agency: string;
  readonly server: string;
  readonly bulkId: string;
  readonly bulkTimeMs: number;
  /** Tells whether the key is the one that the bulk began with; no secret. */
  readonly keyMark: string;
  /** Lines of the file that were answered, and their digest. */
  readonly lines: number;
  readonly digest: string;
  /** Length of the results that belong to them; what is behind is of a run that was broken off. */
  readonly resultBytes: number;
  readonly accepted: number;
  readonly refused: number;
  readonly phase: 'sending' | 'sent' | 'followed';
}

export const stateFileOf = (out: string): string => `${out}.state`;

const isCount = (value: unknown): boolean => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

function isState(value: unknown): value is BulkState {
  if (typeof value !== 'object' || value === null) return false;
  const state = value as Record<string, unknown>;
  return (
    state['format'] === 1 &&
    ['kind', 'agency', 'server', 'bulkId', 'keyMark', 'digest'].every((field) => typeof state[field] === 'string') &&
    ['bulkTimeMs', 'lines', 'resultBytes', 'accepted', 'refused'].every((field) => isCount(state[field])) &&
    ['sending', 'sent', 'followed'].some((phase) => phase === state['phase'])
  );
}

/** Reads the state of a bulk; undefined where there is none, or none that this program wrote. */
export async function readState(out: string): Promise<BulkState | undefined> {
  let text: string;
  try {
    text = await readFile(stateFileOf(out), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value: unknown = JSON.parse(text);
    return isState(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: not ours
  }
}

/** Replaces the state as a whole: a program that is killed leaves the old one or the new one. */
export async function writeState(out: string, state: BulkState): Promise<void> {
  const file = stateFileOf(out);
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(state)}\n`);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
