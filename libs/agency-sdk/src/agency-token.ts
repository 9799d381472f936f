import { createHash, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';

const LIFETIME_S = 30;

export interface TokenSource {
  /** The agency's code: issuer of the token. */
  readonly agency: string;
  /** Id of the agency's key, as the core knows it. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** Id of the intermediate server: audience of the token. */
  readonly server: string;
}

/** An Ed25519 private key from PEM, or as it is. */
export const privateKeyFrom = (key: KeyObject | string): KeyObject => (typeof key === 'string' ? createPrivateKey(key) : key);

/** One token a request: bound to its method, target and body, used once, valid for half a minute. */
export function signToken({ agency, keyId, privateKey, server }: TokenSource, method: string, path: string, body: Uint8Array): Promise<string> {
  const now = Date.now() / 1_000;
  return new SignJWT({
    htm: method,
    path,
    digest: createHash('sha256').update(body).digest('base64url'),
    jti: randomBytes(16).toString('base64url'),
    iss: agency,
    aud: server,
    iat: now,
    exp: now + LIFETIME_S,
  })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'renkei+jwt', kid: keyId })
    .sign(privateKey);
}
