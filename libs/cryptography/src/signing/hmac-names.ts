import { HmacSha256 } from './hmac-sha256.js';

const NAME_HEX_DIGITS = 32;

/**
 * Names that point to a person without naming one (format.md §1): the first 16 bytes of HMAC-SHA-256 under the party's
 * stream secret, lower-case hex. Stream names are hashed in clear and cannot be erased, so nothing else may stand in them.
 * Every kind of natural key has its own prefix: two kinds never meet in one name.
 */
export class HmacNames {
  readonly #hmac: HmacSha256;

  constructor(streamSecret: Uint8Array) {
    this.#hmac = new HmacSha256(streamSecret);
  }

  /** 32 hex digits for a natural key that the caller made unambiguous. */
  streamId(naturalKey: string): string {
    return this.#hmac.digest(naturalKey, 'hex').slice(0, NAME_HEX_DIGITS);
  }

  /** An agency's person by in-agency number (団体内統合宛名番号): `subject-`, `replica-`. */
  subject(agency: string, inAgencyNumber: string): string {
    return this.streamId(`subject/${agency}/${inAgencyNumber}`);
  }

  /** A code holder's person at the core: `identifier-`. `link` has 12 bytes. */
  identifier(holder: string, link: Uint8Array): string {
    return this.streamId(`identifier/${holder}/${Buffer.from(link.buffer, link.byteOffset, link.byteLength).toString('hex')}`);
  }

  /** An acquisition number (取得番号): `acquisition-` at the core, a reference elsewhere. */
  acquisition(acquisitionNumber: string): string {
    return this.streamId(`acquisition/${acquisitionNumber}`);
  }

  /** A resident by resident record code (住民票コード), at the registry: `resident-`. */
  resident(residentRecordCode: string): string {
    return this.streamId(`resident/${residentRecordCode}`);
  }

  /** An individual number (個人番号), at the registry: `number-`. */
  individualNumber(individualNumber: string): string {
    return this.streamId(`number/${individualNumber}`);
  }

  /** Digest of a query's canonical text, 43 characters of base64url: tells a repeat from another query (format.md §3). */
  queryDigest(canonicalQuery: string): string {
    return this.#hmac.digest(`query/${canonicalQuery}`, 'base64url');
  }

  /** Shows whether two starts had the same stream secret; tells nothing of it. */
  fingerprint(): string {
    return this.streamId('fingerprint');
  }
}
