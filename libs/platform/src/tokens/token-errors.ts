import { DomainError, type ErrorKind } from '#libs/kernel';

/** Why a caller's token was not accepted. None of them repeats a part of the token. */
const REFUSALS = {
  TOKEN_MISSING: ['unauthenticated', 'an Authorization header with a Bearer token is needed'],
  TOKEN_MALFORMED: ['unauthenticated', 'the token is not a signed token of the form asked for'],
  TOKEN_UNKNOWN_ISSUER: ['unauthenticated', 'no key is known for the issuer and key id of the token'],
  TOKEN_SIGNATURE: ['unauthenticated', 'the signature of the token does not hold'],
  TOKEN_FOREIGN_AUDIENCE: ['unauthenticated', 'the token was made for another audience'],
  TOKEN_EXPIRED: ['unauthenticated', 'the token has expired'],
  TOKEN_NOT_YET_VALID: ['unauthenticated', 'the token was issued in the future: check the clocks'],
  TOKEN_LIFETIME_TOO_LONG: ['unauthenticated', 'the token lives longer than is allowed'],
  TOKEN_REQUEST_MISMATCH: ['unauthenticated', 'the token was made for another method or path'],
  TOKEN_BODY_MISMATCH: ['unauthenticated', 'the token was made for another body'],
  TOKEN_REPLAYED: ['unauthenticated', 'the token was used before'],
  // the replays that were seen before this process started are forgotten: only a fresh token is safe
  TOKEN_BEFORE_START: ['unavailable', 'the token is older than this process: send the request again with a fresh one'],
  TOKEN_CACHE_FULL: ['busy', 'too many tokens within their lifetime: try again later'],
  CALLER_FORBIDDEN: ['forbidden', 'this caller is not entitled to this route'],
} as const satisfies Readonly<Record<string, readonly [ErrorKind, string]>>;

export type TokenRefusal = keyof typeof REFUSALS;

export class TokenRefused extends DomainError {
  override readonly name = 'TokenRefused';
  constructor(code: TokenRefusal, options?: ErrorOptions) {
    super(code, REFUSALS[code][0], REFUSALS[code][1], {}, options);
  }
}
