import { VerificationKey } from '#libs/cryptography';
import type { CallerKey, KeyOf } from '#libs/platform';

/** Who an auditor's name must not be taken for: they are known by their keys, so a name that stands twice is no harm. */
export function withAuditors(keyOf: KeyOf, auditors: Readonly<Record<string, string>> = {}): KeyOf {
  const keys = new Map<string, CallerKey>();
  for (const [name, publicText] of Object.entries(auditors)) {
    const { keyId, publicKey } = new VerificationKey(publicText);
    keys.set(`${name} ${keyId}`, { kind: 'auditor', publicKey });
  }
  return (issuer, keyId) => keys.get(`${issuer} ${keyId}`) ?? keyOf(issuer, keyId);
}
