// For tests: entries, keys of a log, and sources that are no store.
import { generateKeyPairSync, hash, type KeyObject, sign, verify } from 'node:crypto';
import { ED25519, formatVerifierKey, keyIdOf, parseCheckpoint, parseNote } from '#libs/proofs';
import { leafHash } from '../tree/leaf-hash.js';
import { nativeHasher } from '../tree/native-hasher.js';
import { TileTree } from '../tree/tile-tree.js';
import type { LedgerSource, LogSigner, SourcePage } from './ledger.js';

export const ORIGIN = 'renkei.example/core/1';
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

export interface TestSigner extends LogSigner {
  readonly keyId: number;
  readonly publicKey: KeyObject;
}

export function testSigner(origin = ORIGIN): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
  const keyId = keyIdOf(sha256, origin, ED25519, raw);
  return {
    key: formatVerifierKey({ name: origin, keyId, kind: ED25519, publicKey: raw }),
    keyId,
    publicKey,
    sign: (message) => sign(undefined, message, privateKey),
  };
}

/** The tree head of a note, which is signed by all of these and nobody else. */
export function verified(note: string, ...signers: readonly TestSigner[]): { readonly origin: string; readonly size: number; readonly root: Uint8Array } {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!parsed || !checkpoint) throw new Error('this is no checkpoint');
  if (parsed.signatures.length !== signers.length) throw new Error(`it has ${parsed.signatures.length} signatures`);
  for (const { keyId, publicKey } of signers) {
    const signature = parsed.signatures.find((candidate) => candidate.keyId === keyId)?.signature;
    if (!signature || !verify(undefined, Buffer.from(parsed.text), publicKey, signature)) throw new Error('a signature does not hold');
  }
  return checkpoint;
}

export const entry = (index: number): Buffer => Buffer.from(`{"entry":${index}}`);

/** Root over these entries, made at once and apart from any log. */
export function rootOf(entries: readonly Uint8Array[]): string {
  const tiles = new Map<string, Uint8Array>();
  const tree = new TileTree(nativeHasher, (level, index) => tiles.get(`${level}/${index}`));
  for (const { level, index, bytes } of tree.append(entries.map(leafHash))) tiles.set(`${level}/${index}`, bytes);
  return hex(tree.root());
}
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A source in memory, which wakes nobody; its positions have gaps. */
export class ListSource implements LedgerSource {
  readonly events: { position: bigint; bytes: Uint8Array }[] = [];
  failing = false;
  pageMax = Number.POSITIVE_INFINITY;

  constructor(private readonly gap: (index: number) => number = () => 1) {}

  add(...entries: readonly Uint8Array[]): bigint {
    for (const bytes of entries) {
      const index = this.events.length;
      this.events.push({ position: (this.events.at(-1)?.position ?? 0n) + BigInt(this.gap(index)), bytes });
    }
    return this.events.at(-1)?.position ?? 0n;
  }

  grow(count: number): bigint {
    return this.add(...Array.from({ length: count }, (_, offset) => entry(this.events.length + offset)));
  }

  readAll({ after, limit }: { readonly after: bigint; readonly limit: number }): Promise<SourcePage> {
    if (this.failing) return Promise.reject(new Error('the disk is gone'));
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.position as bigint) > after) high = middle;
      else low = middle + 1;
    }
    const events = this.events.slice(low, low + Math.min(limit, this.pageMax));
    return Promise.resolve({ events, next: events.at(-1)?.position ?? after, atEnd: low + events.length === this.events.length });
  }

  lastPosition(): Promise<bigint> {
    return Promise.resolve(this.events.at(-1)?.position ?? 0n);
  }
}
