import { createHash, type KeyObject, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';

/** Lifetime of a token at most (design.md §2). */
export const TOKEN_LIFETIME_MS_MAX = 60_000;
/** Lifetime that a signer gives: long enough for a retry queue, short enough for small replay caches. */
const TOKEN_LIFETIME_MS = 30_000;
export const TOKEN_TYPE = 'renkei+jwt';
export const TOKEN_ALGORITHM = 'EdDSA';

/** What a token is bound to. `path` is the request target with its query; `body` the raw bytes (empty where none). */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
}
/** Claims beside iss, aud, iat, exp and jti: method, request target, SHA-256 of the body in base64url. */
export interface TokenClaims {
  readonly htm: string;
  readonly path: string;
  readonly digest: string;
}

export const bodyDigest = (body: Uint8Array): string => createHash('sha256').update(body).digest('base64url');

/** Signs one token a request (or batch) with the caller's Ed25519 key. */
export class TokenSigner {
  constructor(
    private readonly options: {
      /** Server id or agency code. */
      readonly issuer: string;
      readonly keyId: string;
      readonly privateKey: KeyObject;
      readonly lifetimeMs?: number;
      readonly nowMs?: () => number;
    },
  ) {}

  get issuer(): string {
    return this.options.issuer;
  }

  /** The value of the Authorization header. */
  async authorization(audience: string, request: RequestFacts): Promise<string> {
    return `Bearer ${await this.sign(audience, request)}`;
  }

  sign(audience: string, { method, path, body }: RequestFacts): Promise<string> {
    const { issuer, keyId, privateKey, lifetimeMs = TOKEN_LIFETIME_MS, nowMs = Date.now } = this.options;
    const now = nowMs();
    const claims: TokenClaims & { jti: string; iat: number; exp: number; iss: string; aud: string } = {
      htm: method,
      path,
      digest: bodyDigest(body),
      jti: randomBytes(16).toString('base64url'),
      iss: issuer,
      aud: audience,
      // NumericDate may have a fraction (RFC 7519 §2): whole seconds would blur a restart
      iat: now / 1_000,
      exp: (now + lifetimeMs) / 1_000,
    };
    return new SignJWT({ ...claims }).setProtectedHeader({ alg: TOKEN_ALGORITHM, kid: keyId, typ: TOKEN_TYPE }).sign(privateKey);
  }
}
