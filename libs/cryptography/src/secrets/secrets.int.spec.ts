import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FileKeyVault } from '../identifier/file-key-vault.js';
import { IdentifierCipher } from '../identifier/identifier-cipher.js';
import { MailboxCipher } from '../mailbox/mailbox-cipher.js';
import { TransportKey } from '../sealing/transport-keys.js';
import { SigningKey, VerificationKey } from '../signing/signing-keys.js';
import { openPartySecrets } from './party-secrets.js';

let parent: string;
let directory: string;
const codeOf = (run: () => unknown): unknown => {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'renkei-secrets-'));
  directory = join(parent, 'keys');
});
afterEach(() => rmSync(parent, { recursive: true }));

describe("a party's secrets", () => {
  it('are made at the first start, for the owner alone, and are the same at the next', () => {
    const first = openPartySecrets(directory);
    expect(openPartySecrets(directory)).toEqual(first);
    expect(first.streamSecret.equals(first.mailboxKey)).toBe(false);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(directory)).toEqual(['party-secrets.json']);
    expect(statSync(join(directory, 'party-secrets.json')).mode & 0o777).toBe(0o600);
  });

  it('are refused when others may read them', () => {
    openPartySecrets(directory);
    chmodSync(join(directory, 'party-secrets.json'), 0o644);
    expect(codeOf(() => openPartySecrets(directory))).toBe('SECRET_FILE_EXPOSED');
  });

  it.each(['', '{}', '{"streamSecret":"short"}', 'not json: QUJD'])('are refused when the file holds %j, which the message does not repeat', (content) => {
    openPartySecrets(directory);
    writeFileSync(join(directory, 'party-secrets.json'), content);
    expect(() => openPartySecrets(directory)).toThrow(expect.objectContaining({ code: 'SECRET_FILE_MALFORMED', message: expect.not.stringContaining('QUJD') }));
  });
});

describe("the core's key vault", () => {
  it('keeps link and epoch secrets in files of their own, and adds epochs', async () => {
    const vault = new FileKeyVault(directory);
    const first = await IdentifierCipher.create(vault);
    const link = first.linkOf('12345678901');
    const old = first.issue('0220101100001700', link, 1);
    expect(readdirSync(directory).sort()).toEqual(['epoch-secrets.json', 'link-secret.json']);
    expect(await vault.startEpoch()).toBe(2);
    const second = await IdentifierCipher.create(new FileKeyVault(directory));
    expect(second.currentEpoch).toBe(2);
    expect(second.open('0220101100001700', old)).toMatchObject({ status: 'genuine', epoch: 1, generation: 1 });
    expect(second.issue('0220101100001700', link, 1)).not.toBe(old);
    expect(second.linkOf('12345678901')).toEqual(link);
  });
});

describe('a signing key', () => {
  it('is made once, saved for the owner alone, and verifies elsewhere by its public text', () => {
    const key = SigningKey.openOrCreate(directory);
    expect(SigningKey.openOrCreate(directory).keyId).toBe(key.keyId);
    expect(statSync(join(directory, 'signing-current.pem')).mode & 0o777).toBe(0o600);
    const verification = new VerificationKey(key.publicText);
    expect(verification.keyId).toBe(key.keyId);
    const bytes = Buffer.from('statement');
    expect(verification.verify(bytes, key.sign(bytes))).toBe(true);
    expect(verification.verify(Buffer.from('Statement'), key.sign(bytes))).toBe(false);
    expect(SigningKey.generate().verification.verify(bytes, key.sign(bytes))).toBe(false);
  });

  it('is named by its RFC 7638 thumbprint (the example of RFC 8037, appendix A.3)', () => {
    expect(new VerificationKey('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo').keyId).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  it('is never overwritten, and a file of another kind of key is refused', () => {
    SigningKey.openOrCreate(directory, 'agency-0220101100001700');
    expect(codeOf(() => SigningKey.generate().save(directory, 'agency-0220101100001700'))).toBe('SECRET_FILE_EXISTS');
    expect(SigningKey.load(directory, 'other')).toBeUndefined();
    const transport = TransportKey.generate();
    writeFileSync(join(directory, 'signing-wrong.pem'), transport.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    expect(codeOf(() => SigningKey.load(directory, 'wrong'))).toBe('SECRET_FILE_MALFORMED');
    expect(() => SigningKey.load(directory, '../elsewhere')).toThrow(RangeError);
    expect(codeOf(() => new VerificationKey('x'))).toBe('INVALID_INPUT');
  });
});

describe('a transport key', () => {
  it('is made once and read again', () => {
    expect(TransportKey.openOrCreate(directory).publicText).toBe(TransportKey.openOrCreate(directory).publicText);
  });
});

describe('the mailbox cipher', () => {
  const cipher = new MailboxCipher(Buffer.alloc(32, 4));

  it('opens a value under its own reference only, and no bit may change', () => {
    const sealed = cipher.seal('result-1', '所得 0');
    expect(cipher.open('result-1', sealed)).toBe('所得 0');
    expect(cipher.seal('result-1', '所得 0').equals(sealed)).toBe(false);
    expect(codeOf(() => cipher.open('result-2', sealed))).toBe('MAILBOX_VALUE_CORRUPT');
    expect(codeOf(() => new MailboxCipher(Buffer.alloc(32, 5)).open('result-1', sealed))).toBe('MAILBOX_VALUE_CORRUPT');
    expect(codeOf(() => cipher.open('result-1', sealed.subarray(0, 20)))).toBe('MAILBOX_VALUE_CORRUPT');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(() => cipher.open('result-1', flipped))).toBe('MAILBOX_VALUE_CORRUPT');
    }
  });
});
