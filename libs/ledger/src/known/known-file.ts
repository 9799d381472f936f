import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { DomainError } from '#libs/kernel';

/** What stands in `known-logs.json` of one log. */
export interface KnownLogEntry {
  /** The origin in force. */
  readonly origin: string;
  /** Verifier keys trusted for it, the oldest first. */
  readonly keys: readonly string[];
  /** The largest checkpoint verified, a signed note. */
  readonly checkpoint?: string;
  /** The largest ones of epochs before, the oldest first. */
  readonly closed: readonly string[];
}

const digestOf = (logs: readonly KnownLogEntry[]): string => hash('sha256', JSON.stringify(logs), 'hex');

/** `{"v":1,"digest":…,"logs":[…]}`; the digest is of the logs' JSON. */
export const formatKnownLogs = (logs: readonly KnownLogEntry[]): string => `${JSON.stringify({ v: 1, digest: digestOf(logs), logs }, undefined, 1)}\n`;

export const corrupted = (cause?: unknown): DomainError =>
  new DomainError(
    'KNOWN_LOGS_CORRUPTED',
    'unavailable',
    'known-logs.json is not what was written: put it back from its backup, or remove it to forget every checkpoint that was verified',
    {},
    cause === undefined ? {} : { cause },
  );

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

function isEntry(value: unknown): value is KnownLogEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { origin, keys, checkpoint, closed } = value as Partial<Record<keyof KnownLogEntry, unknown>>;
  return isText(origin) && isTexts(keys) && (checkpoint === undefined || isText(checkpoint)) && isTexts(closed);
}

/** The logs as written; none where the file is not there. Throws KNOWN_LOGS_CORRUPTED: what was seen is never forgotten in silence. */
export async function readKnownLogs(path: string): Promise<readonly KnownLogEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return [];
    throw new DomainError('KNOWN_LOGS_UNREADABLE', 'unavailable', 'known-logs.json cannot be read', {}, { cause: error });
  }
  const { v, digest, logs } = parsed(text);
  if (v !== 1 || !Array.isArray(logs) || !logs.every(isEntry) || digest !== digestOf(logs)) throw corrupted();
  return logs;
}

function parsed(text: string): { readonly v?: unknown; readonly digest?: unknown; readonly logs?: unknown } {
  try {
    const content: unknown = JSON.parse(text);
    return typeof content === 'object' && content !== null ? content : {};
  } catch (cause) {
    throw corrupted(cause);
  }
}
