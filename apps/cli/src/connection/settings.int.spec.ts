import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { SigningKey } from '#libs/cryptography';
import type { Environment } from '../command-line/session.js';
import { Session } from '../command-line/session.js';
import { type ConnectionOptions, connectionOf } from './settings.js';

describe('connection settings', () => {
  let directory: string;
  const key = SigningKey.generate();
  const path = (name: string): string => join(directory, name);
  const write = (name: string, content: string): string => {
    writeFileSync(path(name), content, { mode: 0o600 });
    return path(name);
  };
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-settings-'));
    key.save(path('keys'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const sink = { write: () => true };
  const connect = (options: ConnectionOptions, environment: Environment = {}) =>
    connectionOf(options, new Session({ args: [], environment: { LANG: 'C', ...environment }, stdout: sink, stderr: sink }));
  const GOOD = { server: 'http://127.0.0.1:7301', agency: '札幌市' };

  it('come from options, the environment and a profile, in this order', () => {
    write('profile.json', JSON.stringify({ server: 'http://profile', agency: '青森市', serverId: 'is-profile', key: 'keys' }));
    const environment = { RENKEI_PROFILE: path('profile.json'), RENKEI_SERVER: 'http://environment', RENKEI_AGENCY: '0220113206301700' };
    expect(connect({ agency: '札幌市' }, environment)).toMatchObject({
      baseUrl: 'http://environment',
      server: 'is-profile',
      agency: '0220101100201700',
      keyId: key.keyId,
    });
  });

  it('take the server that hosts the agency in the reference data where none is named', () => {
    expect(connect({ ...GOOD, key: path('keys') }).server).toBe('is-east');
    expect(() => connect({ ...GOOD, agency: '9988887777666655', key: path('keys') })).toThrow('--server-id or RENKEI_SERVER_ID is missing');
  });

  it('are refused with everything that is missing, each by option and variable', () => {
    expect(() => connect({})).toThrow(expect.objectContaining({ name: 'SettingsError', problems: [expect.anything(), expect.anything(), expect.anything()] }));
    expect(() => connect({ ...GOOD, server: 'ftp://x', key: path('keys') })).toThrow('--server: an address');
  });

  it.each([
    ['no file', () => path('none'), 'there is no key'],
    ['another text', () => write('text.pem', 'secret words'), 'holds no Ed25519 private key'],
    [
      'a key of another kind',
      () => write('rsa.pem', generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      'holds no Ed25519',
    ],
    ['a directory without a key', () => directory, 'there is no key'],
  ])('are refused for a key that is %s, without what is in it', (_what, file, message) => {
    expect(() => connect({ ...GOOD, key: file() })).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
    expect(() => connect({ ...GOOD, key: file() })).not.toThrow('secret words');
  });

  it('are refused for a key that others may read', () => {
    const file = write('open.pem', key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    chmodSync(file, 0o644);
    expect(() => connect({ ...GOOD, key: file })).toThrow(expect.objectContaining({ code: 'SECRET_FILE_EXPOSED' }));
  });

  it.each([
    ['is not there', () => path('none.json'), 'cannot be read'],
    ['is no JSON', () => write('bad.json', '{'), 'is not a JSON object'],
    ['is a list', () => write('list.json', '[]'), 'is not a JSON object'],
    ['has a field that there is not', () => write('field.json', '{"colour":"red"}'), 'colour is not a field'],
    ['has an empty field', () => write('empty.json', '{"server":""}'), 'server is empty'],
  ])('are refused for a profile that %s', (_what, file, message) => {
    expect(() => connect({ profile: file() })).toThrow(expect.objectContaining({ name: 'SettingsError', message: expect.stringContaining(message) }));
  });
});
