import { readFile, stat } from 'node:fs/promises';
import { DomainError } from '#libs/kernel';
import { ED25519, parseVerifierKey, type VerifierKey } from '#libs/proofs';
import { sha256 } from './verify-ed25519.js';

/** Key of a log's checkpoints, and which log and epoch it is for: its name is the log's origin. */
export interface LogKey {
  readonly key: VerifierKey;
  /** `<deployment>/<party>` */
  readonly log: string;
  readonly epoch: number;
}

/** `<deployment>/<party>/<epoch>` in its parts; undefined for what is no origin. */
export function parseOrigin(origin: string): { readonly log: string; readonly epoch: number } | undefined {
  const [, log, epochText] = /^([^\s+]+\/[^\s+/]+)\/([1-9][0-9]{0,8})$/u.exec(origin) ?? [];
  return log === undefined ? undefined : { log, epoch: Number(epochText) };
}

/** Undefined where the text is no verifier key of a log's checkpoints. */
export function parseLogKey(text: string): LogKey | undefined {
  const key = parseVerifierKey(sha256, text);
  const origin = key?.kind === ED25519 ? parseOrigin(key.name) : undefined;
  return key && origin && { key, ...origin };
}

export const FILE_BYTES_MAX = 1_048_576;

/**
 * The file in which an operator names keys and epochs to trust: one verifier key a line, `#` before a remark. Written by
 * people while the server runs: a line that is no key is left out, and counted.
 */
export class TrustedKeysFile {
  #seen = 'none';

  constructor(private readonly path: string) {}

  /** Its keys where it has changed since it was last read; undefined where it has not. Throws TRUSTED_KEYS_UNREADABLE. */
  async changed(): Promise<{ readonly keys: readonly LogKey[]; readonly badLines: readonly number[] } | undefined> {
    const version = await this.#version();
    if (version === this.#seen) return undefined;
    const text = version === 'none' ? '' : await this.#read();
    this.#seen = version;
    const keys: LogKey[] = [];
    const badLines: number[] = [];
    for (const [index, line] of text.split('\n').entries()) {
      const content = line.trim();
      if (content === '' || content.startsWith('#')) continue;
      const key = parseLogKey(content);
      if (key) keys.push(key);
      else badLines.push(index + 1);
    }
    return { keys, badLines };
  }

  async #version(): Promise<string> {
    try {
      const { mtimeNs, size, ino } = await stat(this.path, { bigint: true });
      if (size > BigInt(FILE_BYTES_MAX)) throw new DomainError('TRUSTED_KEYS_UNREADABLE', 'unavailable', 'the file trusted-keys is too large');
      return `${mtimeNs} ${size} ${ino}`;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === 'ENOENT') return 'none';
      throw unreadable(error);
    }
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.path, 'utf8');
    } catch (error) {
      throw unreadable(error);
    }
  }
}

function unreadable(cause: unknown): DomainError {
  if (cause instanceof DomainError) return cause;
  return new DomainError('TRUSTED_KEYS_UNREADABLE', 'unavailable', 'the file trusted-keys cannot be read', {}, { cause });
}
