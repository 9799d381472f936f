import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import { ED25519, encodeHashes, formatCheckpoint, formatNote, formatVerifierKey, verifierKeyOf, type VerifierKey } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { TileTree } from '../tree/tile-tree.js';
import { sha256 } from './verify-ed25519.js';

/** One key of a log under test. */
export interface TestKey {
  readonly key: VerifierKey;
  readonly text: string;
  readonly privateKey: KeyObject;
}

export function newLogKey(origin: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from((publicKey.export({ format: 'jwk' }) as { readonly x: string }).x, 'base64url');
  const key = verifierKeyOf(sha256, origin, ED25519, raw);
  return { key, text: formatVerifierKey(key), privateKey };
}

/** A log in memory: its entries are `<fork> <index>` from `forksAt` on, `entry <index>` before. */
export class MemoryLog {
  readonly #tree: TileTree;

  constructor(
    readonly origin: string,
    readonly keys: readonly TestKey[],
    size: number,
    { fork = 'entry', forksAt = 0 } = {},
  ) {
    const tiles = new Map<string, Buffer>();
    this.#tree = new TileTree(nativeHasher, (level, index) => tiles.get(`${level}/${index}`));
    const leaves = Array.from({ length: size }, (_, index) => leafHash(Buffer.from(`${index < forksAt ? 'entry' : fork} ${index}`)));
    for (const { level, index, bytes } of this.#tree.append(leaves)) tiles.set(`${level}/${index}`, bytes);
  }

  root(size: number): Uint8Array {
    return this.#tree.root(size);
  }

  note(size: number, keys: readonly TestKey[] = this.keys, origin = this.origin): string {
    const text = formatCheckpoint({ origin, size, root: this.root(size) });
    return formatNote({ text, signatures: keys.map(({ key, privateKey }) => ({ ...key, signature: sign(null, Buffer.from(text), privateKey) })) });
  }

  proof(from: number, to: number): { readonly from: number; readonly hashes: readonly string[] } {
    return { from, hashes: encodeHashes(this.#tree.consistency(from, to)) };
  }

  /** As the log answers over the network. */
  readonly fetch = (from: number, to: number): Promise<readonly string[]> => {
    if (to > this.#tree.size) return Promise.reject(new DomainError('LEDGER_SIZE_UNKNOWN', 'not-found', 'the log has not had this size'));
    return Promise.resolve(this.proof(from, to).hashes);
  };
}
