import { VerificationKey } from '#libs/cryptography';
import type { CallerKey, KeyOf } from '#libs/platform';

/** Keys of callers, those of the configured auditors (name → Ed25519 public key, base64url) before all others. */
export function withAuditors(keyOf: KeyOf, auditors: Readonly<Record<string, string>> = {}): KeyOf {
  const keys = new Map<string, CallerKey>();
  for (const [name, publicText] of Object.entries(auditors)) {
    const { keyId, publicKey } = new VerificationKey(publicText);
    keys.set(`${name} ${keyId}`, { kind: 'auditor', publicKey });
  }
  return (issuer, keyId) => keys.get(`${issuer} ${keyId}`) ?? keyOf(issuer, keyId);
}
