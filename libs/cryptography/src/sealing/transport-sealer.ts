import { createCipheriv, createDecipheriv, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';
import { DomainError } from '#libs/kernel';
import { BoundedCache } from '../bounded-cache.js';
import { fillRandom } from '../randomness/random-pool.js';
import { digestOfContent, newProvisionSalt, PROVISION_SALT_BYTES, type ProvisionSalt, saltedContent } from './provision-digest.js';
import type { TransportKey } from './transport-keys.js';

const HOUR_MS = 3_600_000;
const FORMAT = 1;
const NONCE_AT = 5;
const NONCE_BYTES = 12;
const CONTENT_AT = NONCE_AT + NONCE_BYTES;
const TAG_BYTES = 16;
const AGREED_KEYS_CACHED_MAX = 4_096;
/** How old a sealed payload may be, and how far a peer's clock may run ahead. */
export const SEALED_HOURS_PAST_MAX = 24;
export const SEALED_HOURS_AHEAD_MAX = 1;

export interface TransportSealerOptions {
  /** Id of this interface system, as its peers know it. */
  readonly self: string;
  readonly key: TransportKey;
  /** A peer's registered X25519 public key; undefined where there is none. Asked at each payload: keep it in memory. */
  readonly peerKey: (peer: string) => KeyObject | undefined;
  /** Wall clock, milliseconds since 1970. */
  readonly now?: () => number;
}

export interface SealedProvision {
  readonly sealed: string;
  /** See `provisionDigest`. */
  readonly digest: string;
}

interface AgreedKey {
  readonly peerKey: KeyObject;
  readonly bytes: Buffer;
}

const refused = (): DomainError => new DomainError('SEAL_BROKEN', 'invalid', 'the sealed payload was not made by this sender for this exchange and receiver');

/**
 * Seals payloads from one interface system to another: X25519 between their registered keys, HKDF-SHA-256 to one key a
 * sender, receiver and hour, AES-256-GCM a payload with sender, receiver and exchange id as associated data and a random
 * 96-bit nonce (2^32 payloads a key keep a repeat below one in 2^32; an hour holds fewer). Text is base64url of
 * format (1 byte) · hour (4) · nonce (12) · content · tag (16). The keys are static: who steals a private key can
 * read what was recorded off the wire before, which is what mTLS besides is for.
 */
export class TransportSealer {
  readonly #options: TransportSealerOptions;
  readonly #now: () => number;
  readonly #agreed = new BoundedCache<AgreedKey>(AGREED_KEYS_CACHED_MAX);

  constructor(options: TransportSealerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Throws PEER_KEY_UNKNOWN. */
  seal(to: string, exchangeId: string, payload: string): string {
    return this.#seal(to, exchangeId, Buffer.from(payload, 'utf8'));
  }

  /** Throws PEER_KEY_UNKNOWN, SEAL_BROKEN (tampered, of another sender, receiver or exchange), SEAL_STALE (of an hour too far off). */
  open(from: string, exchangeId: string, sealed: string): string {
    return this.#open(from, exchangeId, sealed).toString('utf8');
  }

  /** Seals provided data with the salt of its digest. Give the salt where the digest was recorded before sealing. */
  sealProvision(provision: { readonly to: string; readonly exchangeId: string; readonly payload: string; readonly salt?: ProvisionSalt }): SealedProvision {
    const content = saltedContent(provision.salt ?? newProvisionSalt(), provision.payload);
    const digest = digestOfContent(content);
    return { sealed: this.#seal(provision.to, provision.exchangeId, content), digest };
  }

  /** The data and the digest that provider and core must have recorded. Throws as `open`. */
  openProvision(provision: { readonly from: string; readonly exchangeId: string; readonly sealed: string }): {
    readonly payload: string;
    readonly salt: ProvisionSalt;
    readonly digest: string;
  } {
    const content = this.#open(provision.from, provision.exchangeId, provision.sealed);
    if (content.length < PROVISION_SALT_BYTES) throw refused();
    return {
      payload: content.toString('utf8', PROVISION_SALT_BYTES),
      salt: content.subarray(0, PROVISION_SALT_BYTES),
      digest: digestOfContent(content),
    };
  }

  #seal(to: string, exchangeId: string, content: Buffer): string {
    const { self } = this.#options;
    const hour = this.#hour();
    const whole = Buffer.allocUnsafe(CONTENT_AT + content.length + TAG_BYTES);
    whole[0] = FORMAT;
    whole.writeUInt32BE(hour, 1);
    fillRandom(whole, NONCE_AT, NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#agreedKey(self, to, hour), whole.subarray(NONCE_AT, CONTENT_AT));
    cipher.setAAD(associatedData(self, to, exchangeId, whole));
    cipher.update(content).copy(whole, CONTENT_AT);
    cipher.final();
    cipher.getAuthTag().copy(whole, CONTENT_AT + content.length);
    return whole.toString('base64url');
  }

  #open(from: string, exchangeId: string, sealed: string): Buffer {
    const { self } = this.#options;
    const whole = Buffer.from(sealed, 'base64url');
    // one payload has one text: the decoder alone would pass over foreign characters
    if (whole.length < CONTENT_AT + TAG_BYTES || whole[0] !== FORMAT || whole.toString('base64url') !== sealed) throw refused();
    const hour = whole.readUInt32BE(1);
    const age = this.#hour() - hour;
    if (age > SEALED_HOURS_PAST_MAX || age < -SEALED_HOURS_AHEAD_MAX) {
      throw new DomainError('SEAL_STALE', 'unprocessable', 'the payload was sealed in an hour that is no longer, or not yet, accepted');
    }
    const end = whole.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', this.#agreedKey(from, self, hour), whole.subarray(NONCE_AT, CONTENT_AT), { authTagLength: TAG_BYTES });
    decipher.setAAD(associatedData(from, self, exchangeId, whole));
    decipher.setAuthTag(whole.subarray(end));
    const content = decipher.update(whole.subarray(CONTENT_AT, end));
    try {
      decipher.final();
    } catch {
      throw refused();
    }
    return content;
  }

  #hour(): number {
    return Math.floor(this.#now() / HOUR_MS);
  }

  #agreedKey(from: string, to: string, hour: number): Buffer {
    const peer = from === this.#options.self ? to : from;
    const peerKey = this.#options.peerKey(peer);
    if (!peerKey) throw new DomainError('PEER_KEY_UNKNOWN', 'unavailable', 'no transport key is known for this interface system');
    const name = JSON.stringify(['renkei/transport/v1', from, to, hour]);
    const cached = this.#agreed.get(name);
    if (cached && (cached.peerKey === peerKey || cached.peerKey.equals(peerKey))) return cached.bytes;
    const shared = diffieHellman({ privateKey: this.#options.key.privateKey, publicKey: peerKey });
    const bytes = Buffer.from(hkdfSync('sha256', shared, '', name, 32));
    shared.fill(0);
    this.#agreed.set(name, { peerKey, bytes });
    return bytes;
  }
}

/** Format and hour are bound too: they stand in the first bytes of the sealed text. */
const associatedData = (from: string, to: string, exchangeId: string, whole: Buffer): Buffer =>
  Buffer.from(JSON.stringify([from, to, exchangeId, whole[0], whole.readUInt32BE(1)]), 'utf8');
