import type { KeyObject } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader, type JWTPayload, type ProtectedHeaderParameters } from 'jose';
import { ReplayCache } from './replay-cache.js';
import { TokenRefused } from './token-errors.js';
import { bodyDigest, type RequestFacts, TOKEN_ALGORITHM, TOKEN_LIFETIME_MS_MAX, TOKEN_TYPE } from './token-signer.js';

/** Operators and auditors are configured at each server: operators act, auditors read entries of its log. */
export type CallerKind = 'server' | 'agency' | 'operator' | 'auditor';
export interface CallerKey {
  readonly kind: CallerKind;
  readonly publicKey: KeyObject;
}
/** Who sent a request, as its token proves. */
export interface Caller {
  /** Server id, agency code, operator's or auditor's name. */
  readonly issuer: string;
  readonly kind: CallerKind;
  readonly keyId: string;
}
/** The public key of an issuer's key id, undefined where none is known or it was withdrawn. Asked for every token: keep it in memory. */
export type KeyOf = (issuer: string, keyId: string) => CallerKey | undefined | Promise<CallerKey | undefined>;

export interface TokenVerifierOptions {
  /** This server's own id: the only audience accepted. */
  readonly audience: string;
  readonly keyOf: KeyOf;
  readonly nowMs?: () => number;
  /** Difference of clocks that is forgiven. */
  readonly skewMs?: number;
  readonly replayedTokensMax?: number;
}

const TOKEN_CHARACTERS_MAX = 4_096;
const ID_CHARACTERS_MAX = 64;
const SKEW_MS = 5_000;

const isShort = (value: unknown): value is string => typeof value === 'string' && value.length > 0 && value.length <= ID_CHARACTERS_MAX;

function parsed(authorization: string | undefined): { token: string; header: ProtectedHeaderParameters; claims: JWTPayload } {
  if (authorization === undefined || authorization === '') throw new TokenRefused('TOKEN_MISSING');
  const token = /^Bearer ([A-Za-z0-9_.-]+)$/i.exec(authorization)?.[1];
  if (token === undefined || token.length > TOKEN_CHARACTERS_MAX) throw new TokenRefused('TOKEN_MALFORMED');
  try {
    return { token, header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch (cause) {
    throw new TokenRefused('TOKEN_MALFORMED', { cause });
  }
}

/** Verifies the tokens of callers: signature, audience, times, method, path, body, and that each is used once. */
export class TokenVerifier {
  readonly #replays: ReplayCache;
  readonly #nowMs: () => number;
  readonly #startedAtMs: number;

  constructor(private readonly options: TokenVerifierOptions) {
    this.#replays = new ReplayCache(options.replayedTokensMax);
    this.#nowMs = options.nowMs ?? Date.now;
    this.#startedAtMs = this.#nowMs();
  }

  get audience(): string {
    return this.options.audience;
  }

  /** Throws TokenRefused. A token is used up only when everything else about it holds. */
  async verify(authorization: string | undefined, request: RequestFacts): Promise<Caller> {
    const { token, header, claims } = parsed(authorization);
    const { iss: issuer } = claims;
    const { kid: keyId } = header;
    if (header.alg !== TOKEN_ALGORITHM || header.typ !== TOKEN_TYPE || !isShort(issuer) || !isShort(keyId)) throw new TokenRefused('TOKEN_MALFORMED');
    const key = await this.options.keyOf(issuer, keyId);
    if (!key) throw new TokenRefused('TOKEN_UNKNOWN_ISSUER');
    try {
      await compactVerify(token, key.publicKey, { algorithms: [TOKEN_ALGORITHM] });
    } catch (cause) {
      throw new TokenRefused('TOKEN_SIGNATURE', { cause });
    }
    this.#checkClaims(claims, request);
    return { issuer, kind: key.kind, keyId };
  }

  #checkClaims(claims: JWTPayload, { method, path, body }: RequestFacts): void {
    const { aud, iat, exp, jti, iss } = claims;
    const { audience, skewMs = SKEW_MS } = this.options;
    if (typeof iat !== 'number' || typeof exp !== 'number' || !isShort(jti)) throw new TokenRefused('TOKEN_MALFORMED');
    if (aud !== audience) throw new TokenRefused('TOKEN_FOREIGN_AUDIENCE');
    const now = this.#nowMs();
    const issuedAtMs = iat * 1_000;
    const expiresAtMs = exp * 1_000;
    if (!(expiresAtMs - issuedAtMs <= TOKEN_LIFETIME_MS_MAX + 1) || expiresAtMs < issuedAtMs) throw new TokenRefused('TOKEN_LIFETIME_TOO_LONG');
    if (issuedAtMs > now + skewMs) throw new TokenRefused('TOKEN_NOT_YET_VALID');
    if (expiresAtMs <= now - skewMs) throw new TokenRefused('TOKEN_EXPIRED');
    if (issuedAtMs < this.#startedAtMs) throw new TokenRefused('TOKEN_BEFORE_START');
    if (claims['htm'] !== method || claims['path'] !== path) throw new TokenRefused('TOKEN_REQUEST_MISMATCH');
    if (claims['digest'] !== bodyDigest(body)) throw new TokenRefused('TOKEN_BODY_MISMATCH');
    this.#replays.use(`${String(iss)} ${jti}`, expiresAtMs + skewMs, now);
  }
}
