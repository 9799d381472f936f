import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { open as openLmdb, type RootDatabase } from 'lmdb';
import { DomainError } from '#libs/kernel';
import { BoundedCache } from '../bounded-cache.js';
import { ensureKeyDirectory, readOrCreateSecretFile, readSecretFile } from '../secrets/secret-file.js';
import { HmacSha256 } from '../signing/hmac-sha256.js';
import { isRecordKeyId, type RecordKeyId } from './key-ids.js';
import { RECORD_KEY_BYTES, RecordKey, type RecordKeyLookup, type RecordKeySource } from './record-key.js';

const STORE_FILE = 'record-keys.mdb';
const MASTER_FILE = 'record-keys.master';
/** Not key ids, so they meet none. */
const MASTER_CHECK = 'meta.master';
const SCRUB_DUE = 'meta.scrub';
const DESTROYED = Buffer.of(0);
const KEYS_CACHED_MAX = 8_192;
const KEYS_A_COMMIT_MAX = 10_000;
const CAUSE_TIMEOUT_MS = 1_000;

export interface RecordKeysOptions {
  /** For worker threads, projections and the command line: looks keys up, makes none. */
  readonly readOnly?: boolean;
  readonly keysCachedMax?: number;
}

const unavailable = (error: unknown): DomainError =>
  new DomainError('RECORD_KEYS_UNAVAILABLE', 'unavailable', 'the record keys cannot be read or written', {}, { cause: error });

function assertKeyId(keyId: string): void {
  if (!isRecordKeyId(keyId)) throw new DomainError('RECORD_KEY_ID_INVALID', 'internal', 'a record key id has one of the four forms of key-ids.ts');
}

/** lmdb rejects a failed commit with an error that carries a promise, which rejects with the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  const cause = (error as { readonly commitError?: Promise<unknown> }).commitError;
  if (!cause) return error;
  const told = cause.then(
    () => error,
    (reason: unknown) => reason,
  );
  return Promise.race([told, sleep(CAUSE_TIMEOUT_MS, error, { ref: false })]);
}

const openStore = (path: string, readOnly: boolean): RootDatabase<Buffer, string> =>
  openLmdb<Buffer, string>({
    path,
    noSubdir: true,
    encoding: 'binary',
    readOnly,
    overlappingSync: false, // with it, a key would be seen, and used, before it is durable
    eventTurnBatching: false, // with it, lmdb makes a promise of its own for each turn, and a failed commit would be an unhandled rejection
  });

/**
 * The keys of protected fields, in an LMDB file of their own in the party's keys directory. The file holds 32 random
 * bytes a key; the key is HMAC-SHA-256(master key, key id ‖ those bytes). So the file alone opens nothing, the master key
 * (`record-keys.master`, mode 600) alone opens nothing, and a key is gone when its random bytes are gone.
 * One process writes (whoever holds the party's data directory); others read.
 */
export class RecordKeys implements RecordKeySource {
  readonly #store: RootDatabase<Buffer, string>;
  readonly #master: HmacSha256;
  readonly #cache: BoundedCache<RecordKey>;
  readonly #readOnly: boolean;
  /** Keys whose commit is not durable yet. */
  readonly #pending = new Map<RecordKeyId, Promise<void>>();

  private constructor(store: RootDatabase<Buffer, string>, master: HmacSha256, options: RecordKeysOptions) {
    this.#store = store;
    this.#master = master;
    this.#cache = new BoundedCache(options.keysCachedMax ?? KEYS_CACHED_MAX);
    this.#readOnly = options.readOnly === true;
  }

  /**
   * Opens the keys of a directory; the first start makes them. Rejects with RECORD_KEYS_ABSENT (read-only, and there are
   * none), RECORD_KEYS_WRONG_MASTER (master key and store are not of one backup), RECORD_KEYS_UNAVAILABLE, SECRET_FILE_….
   */
  static async open(keyDirectory: string, options: RecordKeysOptions = {}): Promise<RecordKeys> {
    const path = join(keyDirectory, STORE_FILE);
    const masterPath = join(keyDirectory, MASTER_FILE);
    if (options.readOnly) {
      const bytes = readSecretFile(masterPath);
      if (!bytes || !existsSync(path)) throw new DomainError('RECORD_KEYS_ABSENT', 'not-found', 'there are no record keys in this directory');
      return RecordKeys.#checked(path, bytes, options);
    }
    ensureKeyDirectory(keyDirectory);
    if (existsSync(path) && !existsSync(masterPath)) {
      throw new DomainError('RECORD_KEYS_WRONG_MASTER', 'unavailable', `the record keys have lost their master key ${MASTER_FILE}`);
    }
    const bytes = readOrCreateSecretFile(masterPath, () => randomBytes(RECORD_KEY_BYTES));
    await scrubIfDue(keyDirectory, path);
    return RecordKeys.#checked(path, bytes, options);
  }

  static async #checked(path: string, masterBytes: Buffer, options: RecordKeysOptions): Promise<RecordKeys> {
    if (masterBytes.length !== RECORD_KEY_BYTES) throw new DomainError('SECRET_FILE_MALFORMED', 'unavailable', `${MASTER_FILE} is not 32 bytes`);
    const master = new HmacSha256(masterBytes);
    const check = Buffer.from(master.digest(MASTER_CHECK, 'binary'), 'latin1');
    let store: RootDatabase<Buffer, string>;
    try {
      store = openStore(path, options.readOnly === true);
      if (!options.readOnly) chmodSync(path, 0o600);
      if (!options.readOnly && store.get(MASTER_CHECK) === undefined) store.putSync(MASTER_CHECK, check);
    } catch (error) {
      throw unavailable(error);
    }
    if (store.get(MASTER_CHECK)?.equals(check) === true) return new RecordKeys(store, master, options);
    await store.close();
    throw new DomainError('RECORD_KEYS_WRONG_MASTER', 'unavailable', `${MASTER_FILE} is not the master key of these record keys`);
  }

  /** The key, from memory or the store. A reader sees keys made since it was opened. */
  get(keyId: RecordKeyId): RecordKeyLookup {
    const cached = this.#cache.get(keyId);
    if (cached) return cached;
    const stored = this.#read(keyId);
    if (stored === undefined) return 'missing';
    if (stored.length !== RECORD_KEY_BYTES) return 'destroyed';
    const key = new RecordKey(Buffer.from(this.#master.digest(`${keyId} ${stored.toString('base64url')}`, 'binary'), 'latin1'));
    this.#cache.set(keyId, key);
    return key;
  }

  #read(keyId: RecordKeyId): Buffer | undefined {
    const found = this.#store.get(keyId);
    if (found !== undefined || !this.#readOnly) return found;
    this.#store.resetReadTxn(); // the view may be older than the key
    return this.#store.get(keyId);
  }

  /**
   * Makes the keys that are missing, in one durable commit (one per 10,000 keys); resolves when events under them may
   * be appended. A destroyed key stays destroyed. Rejects with RECORD_KEY_ID_INVALID, RECORD_KEYS_UNAVAILABLE.
   */
  async ensure(keyIds: readonly RecordKeyId[]): Promise<void> {
    this.#assertWritable();
    const awaited = new Set<Promise<void>>();
    const missing: RecordKeyId[] = [];
    for (const keyId of new Set(keyIds)) {
      const pending = this.#pending.get(keyId);
      if (pending) awaited.add(pending);
      else if (this.#cache.get(keyId) === undefined && this.#store.get(keyId) === undefined) missing.push(keyId);
    }
    missing.forEach(assertKeyId);
    for (let from = 0; from < missing.length; from += KEYS_A_COMMIT_MAX) {
      awaited.add(this.#create(missing.slice(from, from + KEYS_A_COMMIT_MAX)));
    }
    await Promise.all(awaited);
  }

  /** Until the commit is durable whoever wants one of these keys waits for it, and none is made twice. */
  #create(keyIds: readonly RecordKeyId[]): Promise<void> {
    const seeds = randomBytes(keyIds.length * RECORD_KEY_BYTES);
    const commit = this.#commit(() => {
      keyIds.forEach((keyId, index) => void this.#store.put(keyId, seeds.subarray(index * RECORD_KEY_BYTES, (index + 1) * RECORD_KEY_BYTES)));
    }).finally(() => {
      seeds.fill(0);
      for (const keyId of keyIds) this.#pending.delete(keyId);
    });
    for (const keyId of keyIds) this.#pending.set(keyId, commit);
    return commit;
  }

  /**
   * Erases a key for good: durable on return, and so is that it may never be made again. Record the event that says so
   * first; readers in other threads drop their copy with `forget` when they fold it. The next start rewrites the file
   * without its free pages, where the bytes may still lie.
   */
  async destroy(keyId: RecordKeyId): Promise<void> {
    this.#assertWritable();
    assertKeyId(keyId);
    await this.#pending.get(keyId);
    await this.#commit(() => {
      void this.#store.put(keyId, DESTROYED);
      void this.#store.put(SCRUB_DUE, DESTROYED);
    });
    this.#cache.delete(keyId);
  }

  /** Drops a key from memory, so that the next look-up asks the store. */
  forget(keyId: RecordKeyId): void {
    this.#cache.delete(keyId);
    this.#store.resetReadTxn();
  }

  async close(): Promise<void> {
    this.#cache.clear();
    await this.#store.close();
  }

  async #commit(puts: () => void): Promise<void> {
    try {
      await this.#store.batch(puts);
    } catch (error) {
      throw unavailable(await causeOf(error));
    }
  }

  #assertWritable(): void {
    if (this.#readOnly) throw new DomainError('RECORD_KEYS_READ_ONLY', 'internal', 'these record keys were opened to be read only');
  }
}

/** LMDB writes to new pages and leaves old ones to be reused: after a destruction, only a compacted copy is free of the key. */
async function scrubIfDue(keyDirectory: string, path: string): Promise<void> {
  if (!existsSync(path)) return;
  const copy = join(keyDirectory, `.${STORE_FILE}.scrubbed`);
  try {
    const store = openStore(path, false);
    const due = store.get(SCRUB_DUE) !== undefined;
    rmSync(copy, { force: true });
    if (due) await store.backup(copy, true);
    await store.close();
    if (!due) return;
    const scrubbed = openStore(copy, false);
    scrubbed.removeSync(SCRUB_DUE); // in the copy only: a crash before it is in place finds the work still due
    await scrubbed.close();
    rmSync(`${copy}-lock`, { force: true });
    const descriptor = openSync(copy, 'r+');
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(copy, path);
    rmSync(`${path}-lock`, { force: true });
  } catch (error) {
    rmSync(copy, { force: true });
    throw unavailable(error);
  }
}
