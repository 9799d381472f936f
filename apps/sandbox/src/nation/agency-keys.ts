import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ensureKeyDirectory, readOrCreateSecretFile, VerificationKey } from '#libs/cryptography';

/** An agency's signing key, as its existing system holds it. */
export interface AgencyKey {
  readonly keyId: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** PKCS #8 of an Ed25519 key (RFC 8410): what stands before the 32 bytes of the seed. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const MASTER_BYTES = 32;

/**
 * The signing keys of all agencies' existing systems: in a sandbox they follow from one secret, so that 3,627 agencies need
 * no 3,627 files. A deployment's agencies make their own.
 */
export class AgencyKeys {
  readonly #known = new Map<string, AgencyKey>();

  private constructor(private readonly master: Uint8Array) {}

  /** Reads the secret in `<keys>/agencies`, or makes it. */
  static openOrCreate(keysDirectory: string): AgencyKeys {
    const directory = join(keysDirectory, 'agencies');
    ensureKeyDirectory(directory);
    return new AgencyKeys(readOrCreateSecretFile(join(directory, 'master.key'), () => randomBytes(MASTER_BYTES)));
  }

  of(agency: string): AgencyKey {
    const found = this.#known.get(agency);
    if (found) return found;
    const seed = Buffer.from(hkdfSync('sha256', this.master, '', `renkei/sandbox/agency/${agency}`, 32));
    const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
    const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
    const { keyId, publicText } = new VerificationKey(x as string);
    const made = { keyId, publicKey: publicText, privateKey };
    this.#known.set(agency, made);
    return made;
  }
}
