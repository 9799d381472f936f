import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { DomainError, invalid } from '#libs/kernel';
import { createSecretFile, ensureKeyDirectory, readSecretFile } from '../secrets/secret-file.js';

const PUBLIC_TEXT = /^[A-Za-z0-9_-]{43}$/;

/** An interface system's X25519 key (RFC 7748): others seal to its public half. */
export class TransportKey {
  readonly privateKey: KeyObject;
  /** 32 bytes, base64url: what is registered for others. */
  readonly publicText: string;

  private constructor(privateKey: KeyObject) {
    this.privateKey = privateKey;
    this.publicText = createPublicKey(privateKey).export({ format: 'jwk' }).x as string;
  }

  static generate(): TransportKey {
    return new TransportKey(generateKeyPairSync('x25519').privateKey);
  }

  /** Reads `transport-<name>.pem` in a keys directory, or makes it (mode 600). Throws SECRET_FILE_…. */
  static openOrCreate(keyDirectory: string, name = 'current'): TransportKey {
    ensureKeyDirectory(keyDirectory);
    const file = `transport-${name}.pem`;
    const found = readSecretFile(join(keyDirectory, file));
    if (!found) {
      const made = TransportKey.generate();
      createSecretFile(join(keyDirectory, file), made.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      return made;
    }
    return new TransportKey(privateKeyOf(found, 'x25519', file));
  }
}

/** A private key of the type asked for; a file of anything else is SECRET_FILE_MALFORMED. */
export function privateKeyOf(pem: Buffer, type: 'x25519' | 'ed25519', file: string): KeyObject {
  const malformed = (): DomainError =>
    new DomainError('SECRET_FILE_MALFORMED', 'unavailable', `the secret file ${file} does not hold a private key of type ${type}`);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw malformed(); // without its cause, which may show the content
  }
  if (key.asymmetricKeyType !== type) throw malformed();
  return key;
}

/** A public key from its 43 letters of base64url. Throws INVALID_INPUT naming `field`. */
export function publicKeyOf(publicText: string, curve: 'X25519' | 'Ed25519', field: string): KeyObject {
  if (!PUBLIC_TEXT.test(publicText)) throw invalid(field, 'publicKey', 'a public key is 32 bytes of base64url');
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: curve, x: publicText }, format: 'jwk' });
  } catch {
    throw invalid(field, 'publicKey', `the public key is not one of ${curve}`);
  }
}
