import { createPublicKey, generateKeyPairSync, hash, type KeyObject, sign, verify } from 'node:crypto';
import { join } from 'node:path';
import { publicKeyOf, privateKeyOf } from '../sealing/transport-keys.js';
import { createSecretFile, ensureKeyDirectory, readSecretFile } from '../secrets/secret-file.js';

/** The public half of an Ed25519 key, and its name. */
export class VerificationKey {
  /** 32 bytes, base64url. */
  readonly publicText: string;
  /** RFC 7638 thumbprint: SHA-256 of the canonical JWK, base64url. */
  readonly keyId: string;
  /** For `jose` and whoever else takes Node's key objects. */
  readonly publicKey: KeyObject;

  /** Throws INVALID_INPUT where the text is not an Ed25519 public key. */
  constructor(publicText: string) {
    this.publicKey = publicKeyOf(publicText, 'Ed25519', 'publicKey');
    this.publicText = publicText;
    this.keyId = hash('sha256', `{"crv":"Ed25519","kty":"OKP","x":"${publicText}"}`, 'base64url');
  }

  /** True when `signature` (64 bytes) is this key's over these bytes. */
  verify(bytes: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, bytes, this.publicKey, signature);
  }
}

/** An Ed25519 signing key (RFC 8032) of a server or an agency. */
export class SigningKey {
  /** For `jose`. */
  readonly privateKey: KeyObject;
  readonly verification: VerificationKey;

  private constructor(privateKey: KeyObject) {
    this.privateKey = privateKey;
    this.verification = new VerificationKey(createPublicKey(privateKey).export({ format: 'jwk' }).x as string);
  }

  get keyId(): string {
    return this.verification.keyId;
  }

  get publicText(): string {
    return this.verification.publicText;
  }

  static generate(): SigningKey {
    return new SigningKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** Reads `signing-<name>.pem` in a keys directory; undefined where there is none. Throws SECRET_FILE_…. */
  static load(keyDirectory: string, name = 'current'): SigningKey | undefined {
    const file = fileOf(name);
    const pem = readSecretFile(join(keyDirectory, file));
    return pem && new SigningKey(privateKeyOf(pem, 'ed25519', file));
  }

  /** Reads the key, or makes it (PKCS #8 PEM, mode 600). */
  static openOrCreate(keyDirectory: string, name = 'current'): SigningKey {
    const found = SigningKey.load(keyDirectory, name);
    if (found) return found;
    const made = SigningKey.generate();
    made.save(keyDirectory, name);
    return made;
  }

  /** Throws SECRET_FILE_EXISTS: a key is never overwritten. */
  save(keyDirectory: string, name = 'current'): void {
    ensureKeyDirectory(keyDirectory);
    createSecretFile(join(keyDirectory, fileOf(name)), this.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }

  /** 64 bytes. */
  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.privateKey);
  }
}

function fileOf(name: string): string {
  if (!/^[0-9A-Za-z_.-]{1,100}$/.test(name)) throw new RangeError('a key file is named by letters, digits and _ . -');
  return `signing-${name}.pem`;
}
