import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DomainError } from '#libs/kernel';
import { ensureKeyDirectory, parseSecretFile, readOrCreateSecretFile, replaceSecretFile, secretOf } from '../secrets/secret-file.js';
import { EPOCH_MAX } from './identifier-text.js';
import { type EpochSecret, KeyVault } from './key-vault.js';

const LINK_FILE = 'link-secret.json';
const EPOCH_FILE = 'epoch-secrets.json';

const draw = (): string => randomBytes(32).toString('base64url');
const write = (content: unknown): string => `${JSON.stringify(content, null, 2)}\n`;

/**
 * The core's identifier secrets in two files of its keys directory, mode 600, made at the first start: the link secret,
 * which is never rotated, apart from the epochs' secrets.
 */
export class FileKeyVault extends KeyVault {
  readonly #directory: string;

  constructor(keyDirectory: string) {
    super();
    this.#directory = keyDirectory;
    ensureKeyDirectory(keyDirectory);
  }

  override async linkSecret(): Promise<Uint8Array> {
    const bytes = readOrCreateSecretFile(join(this.#directory, LINK_FILE), () => write({ linkSecret: draw() }));
    return secretOf(parseSecretFile(bytes, LINK_FILE), 'linkSecret', LINK_FILE);
  }

  override async epochSecrets(): Promise<readonly EpochSecret[]> {
    const bytes = readOrCreateSecretFile(join(this.#directory, EPOCH_FILE), () => write({ 1: draw() }));
    const content = parseSecretFile(bytes, EPOCH_FILE);
    return Object.keys(content as object)
      .map((name) => ({ epoch: Number(name), secret: secretOf(content, name, EPOCH_FILE) }))
      .sort((a, b) => a.epoch - b.epoch);
  }

  /** Adds an epoch for the issues to come, durable on return; ciphers made before do not know it. */
  async startEpoch(): Promise<number> {
    const secrets = await this.epochSecrets();
    const epoch = (secrets.at(-1)?.epoch ?? 0) + 1;
    if (epoch > EPOCH_MAX) throw new DomainError('IDENTIFIER_EPOCHS_EXHAUSTED', 'unprocessable', `there are at most ${EPOCH_MAX} identifier epochs`);
    const content = Object.fromEntries(secrets.map((known) => [known.epoch, Buffer.from(known.secret).toString('base64url')]));
    replaceSecretFile(join(this.#directory, EPOCH_FILE), write({ ...content, [epoch]: draw() }));
    return epoch;
  }
}
