import { createPublicKey, type KeyObject } from 'node:crypto';

/** An Ed25519 public key from its 32 bytes in base64url. */
export const ed25519PublicKey = (publicText: string): KeyObject => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicText }, format: 'jwk' });
