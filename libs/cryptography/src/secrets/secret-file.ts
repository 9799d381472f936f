import { closeSync, fstatSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DomainError } from '#libs/kernel';

const OTHERS = 0o007;

const code = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** The directory of a party's keys, made with mode 700 where it is missing. */
export function ensureKeyDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
}

/**
 * Bytes of a secret file, or undefined where there is none. Refuses (SECRET_FILE_EXPOSED) a file that anyone but owner
 * and group may touch; group access is left to operators, since Kubernetes grants it to mounted volumes.
 */
export function readSecretFile(path: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (code(error) === 'ENOENT') return undefined;
    throw new DomainError('SECRET_FILE_UNREADABLE', 'unavailable', `the secret file ${basename(path)} cannot be read`, {}, { cause: error });
  }
  try {
    if ((fstatSync(descriptor).mode & OTHERS) !== 0) {
      throw new DomainError('SECRET_FILE_EXPOSED', 'unavailable', `the secret file ${basename(path)} is open to others: set its mode to 600`);
    }
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeDurably(path: string, bytes: Uint8Array | string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    const whole = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    for (let written = 0; written < whole.length;) written += writeSync(descriptor, whole, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a new secret file, mode 600, durable on return. Rejects with SECRET_FILE_EXISTS: a secret is never overwritten by accident. */
export function createSecretFile(path: string, bytes: Uint8Array | string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeDurably(temporary, bytes);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (code(error) === 'EEXIST') throw new DomainError('SECRET_FILE_EXISTS', 'conflict', `the secret file ${basename(path)} exists already`);
    throw error;
  } finally {
    unlinkSync(temporary);
  }
  syncDirectory(dirname(path));
}

/** Replaces a secret file in one step: after a crash the old or the new one is there, whole. */
export function replaceSecretFile(path: string, bytes: Uint8Array | string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  writeDurably(temporary, bytes);
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** What stands in the file, or what `make` returns, which then stands there. */
export function readOrCreateSecretFile(path: string, make: () => Uint8Array | string): Buffer {
  const found = readSecretFile(path);
  if (found) return found;
  createSecretFile(path, make());
  const created = readSecretFile(path);
  if (!created) throw new DomainError('SECRET_FILE_UNREADABLE', 'unavailable', `the secret file ${basename(path)} vanished after it was written`);
  return created;
}

/** A named 32-byte secret of a parsed JSON secret file. Throws SECRET_FILE_MALFORMED; the value is never told. */
export function secretOf(content: unknown, name: string, file: string): Buffer {
  const text = typeof content === 'object' && content !== null ? (content as Record<string, unknown>)[name] : undefined;
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64url') : undefined;
  if (bytes?.length !== 32) throw new DomainError('SECRET_FILE_MALFORMED', 'unavailable', `${name} in the secret file ${file} is not 32 bytes of base64url`);
  return bytes;
}

/** JSON of a secret file; a parse error never shows the content. */
export function parseSecretFile(bytes: Buffer, file: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new DomainError('SECRET_FILE_MALFORMED', 'unavailable', `the secret file ${file} is not JSON`);
  }
}
