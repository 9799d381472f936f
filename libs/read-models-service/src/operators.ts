import { VerificationKey } from '#libs/cryptography';
import type { CallerKey, KeyOf } from '#libs/platform';

/** Keys of callers, those of the configured operators (name → Ed25519 public key, base64url) before all others. */
export function withOperators(keyOf: KeyOf, operators: Readonly<Record<string, string>> = {}): KeyOf {
  const keys = new Map<string, CallerKey>();
  for (const [name, publicText] of Object.entries(operators)) {
    const { keyId, publicKey } = new VerificationKey(publicText);
    keys.set(`${name} ${keyId}`, { kind: 'operator', publicKey });
  }
  return (issuer, keyId) => keys.get(`${issuer} ${keyId}`) ?? keyOf(issuer, keyId);
}
