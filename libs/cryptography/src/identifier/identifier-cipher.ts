import { type Cipher, createCipheriv, createDecipheriv, type Decipher, hkdfSync } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import { BoundedCache } from '../bounded-cache.js';
import { HmacSha256 } from '../signing/hmac-sha256.js';
import { BLOCK_BYTES, EPOCH_MAX, readIdentifier, writeIdentifier } from './identifier-text.js';
import type { KeyVault } from './key-vault.js';

export const LINK_BYTES = 12;
/** One byte of the block counts reissues. */
export const GENERATION_MAX = 255;
const HOLDERS_CACHED_MAX = 8_192;

/** What an identifier holds. `link` is the person, the same for all holders: it never leaves the core. */
export interface IdentifierContent {
  /** 12 bytes. */
  readonly link: Uint8Array;
  /** 1 to 255. */
  readonly generation: number;
  readonly epoch: number;
}

/**
 * FOREIGN: it was not issued to this holder by this core; another holder's and a forged one look alike.
 * UNKNOWN_EPOCH: its first letters name an epoch that this core does not have.
 */
export type IdentifierRefusal = 'MALFORMED' | 'UNKNOWN_EPOCH' | 'FOREIGN';

export type OpenedIdentifier = ({ readonly status: 'genuine' } & IdentifierContent) | { readonly status: 'refused'; readonly reason: IdentifierRefusal };

interface HolderCipher {
  readonly encipher: Cipher;
  readonly decipher: Decipher;
}

const refused = (reason: IdentifierRefusal): OpenedIdentifier => ({ status: 'refused', reason });

/**
 * Derives and opens agency identifiers (機関別符号; design.md §5): one AES-256 block under the code holder's key over
 * link (12 bytes) · generation (1) · zeros (3). Deterministic; not reversible or linkable without the keys; a foreign or
 * forged identifier fails the zeros but for one in 16.7 million, and then names a person to whom none was issued.
 */
export class IdentifierCipher {
  readonly #link: HmacSha256;
  readonly #epochs: ReadonlyMap<number, Uint8Array>;
  /** By epoch, then by holder. */
  readonly #holders: ReadonlyMap<number, BoundedCache<HolderCipher>>;
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  /** The epoch of new issues. */
  readonly currentEpoch: number;

  private constructor(linkSecret: Uint8Array, epochs: ReadonlyMap<number, Uint8Array>, holdersCachedMax: number) {
    this.#link = new HmacSha256(linkSecret);
    this.#epochs = epochs;
    this.#holders = new Map([...epochs.keys()].map((epoch) => [epoch, new BoundedCache(holdersCachedMax)]));
    this.currentEpoch = Math.max(...epochs.keys());
  }

  /** Throws KEY_VAULT_INVALID where the vault's secrets or epochs are not of the shape that the port promises. */
  static async create(vault: KeyVault, options: { readonly holdersCachedMax?: number } = {}): Promise<IdentifierCipher> {
    const [link, epochs] = await Promise.all([vault.linkSecret(), vault.epochSecrets()]);
    const sound = epochs.every(({ epoch, secret }) => Number.isInteger(epoch) && epoch >= 1 && epoch <= EPOCH_MAX && secret.length === 32);
    if (link.length !== 32 || epochs.length === 0 || !sound) {
      throw new DomainError(
        'KEY_VAULT_INVALID',
        'unavailable',
        'the key vault needs a link secret and at least one epoch secret of 32 bytes, epochs 1 to 1023',
      );
    }
    const byEpoch = new Map(epochs.map(({ epoch, secret }) => [epoch, Uint8Array.from(secret)]));
    return new IdentifierCipher(link, byEpoch, options.holdersCachedMax ?? HOLDERS_CACHED_MAX);
  }

  /** The link of a resident record code (住民票コード): 12 bytes, the same for ever, not reversible. */
  linkOf(residentRecordCode: string): Uint8Array {
    return Buffer.from(this.#link.digest(residentRecordCode, 'hex').slice(0, LINK_BYTES * 2), 'hex');
  }

  /** The identifier of a person for a code holder, 28 letters. The same arguments give the same text, for ever. */
  issue(holder: string, link: Uint8Array, generation: number, epoch: number = this.currentEpoch): string {
    if (link.length !== LINK_BYTES) throw new RangeError('a link has 12 bytes');
    if (!Number.isInteger(generation) || generation < 1 || generation > GENERATION_MAX) throw new RangeError('a generation is 1 to 255');
    const cipher = this.#cipherOf(holder, epoch);
    if (!cipher) throw new DomainError('IDENTIFIER_EPOCH_UNKNOWN', 'unavailable', `there is no identifier epoch ${epoch}`);
    this.#block.set(link, 0);
    this.#block.writeUInt32BE((generation << 24) >>> 0, LINK_BYTES);
    return writeIdentifier(epoch, cipher.encipher.update(this.#block));
  }

  /** What the identifier holds, where it was made for this holder. Says nothing of revocation: that stands in the stream. */
  open(holder: string, identifier: string): OpenedIdentifier {
    const epoch = readIdentifier(identifier, this.#block);
    if (epoch === undefined) return refused('MALFORMED');
    const cipher = this.#cipherOf(holder, epoch);
    if (!cipher) return refused('UNKNOWN_EPOCH');
    const block = cipher.decipher.update(this.#block);
    const tail = block.readUInt32BE(LINK_BYTES);
    const generation = tail >>> 24;
    if (generation === 0 || (tail & 0xff_ff_ff) !== 0) return refused('FOREIGN');
    return { status: 'genuine', link: block.subarray(0, LINK_BYTES), generation, epoch };
  }

  /** ECB over single blocks keeps no state, so one cipher object serves all calls of its holder. */
  #cipherOf(holder: string, epoch: number): HolderCipher | undefined {
    const holders = this.#holders.get(epoch);
    const cached = holders?.get(holder);
    if (cached) return cached;
    const secret = this.#epochs.get(epoch);
    if (!holders || !secret) return undefined;
    const key = Buffer.from(hkdfSync('sha256', secret, '', `renkei/identifier/v1/${epoch}/${holder}`, 32));
    const encipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false);
    holders.set(holder, { encipher, decipher });
    return { encipher, decipher };
  }
}
