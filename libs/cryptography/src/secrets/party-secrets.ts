import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ensureKeyDirectory, parseSecretFile, readOrCreateSecretFile, secretOf } from './secret-file.js';

const FILE = 'party-secrets.json';

/** What a party keeps for good. Losing the stream secret loses every stream's name: back up the keys directory. */
export interface PartySecrets {
  /** Names streams and digests queries: see HmacNames. */
  readonly streamSecret: Buffer;
  /** Encrypts the result mailbox: see MailboxCipher. */
  readonly mailboxKey: Buffer;
}

const draw = (): string => randomBytes(32).toString('base64url');

/**
 * Reads `party-secrets.json` in the party's keys directory; makes it, mode 600, at the first start. Throws
 * SECRET_FILE_EXPOSED, SECRET_FILE_MALFORMED, SECRET_FILE_UNREADABLE.
 */
export function openPartySecrets(keyDirectory: string): PartySecrets {
  ensureKeyDirectory(keyDirectory);
  const bytes = readOrCreateSecretFile(join(keyDirectory, FILE), () => `${JSON.stringify({ streamSecret: draw(), mailboxKey: draw() }, null, 2)}\n`);
  const content = parseSecretFile(bytes, FILE);
  return { streamSecret: secretOf(content, 'streamSecret', FILE), mailboxKey: secretOf(content, 'mailboxKey', FILE) };
}
