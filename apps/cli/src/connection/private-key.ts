import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readSecretFile, VerificationKey } from '#libs/cryptography';
import type { Language } from '#libs/terminal';
import { SettingsError } from '../command-line/failures.js';
import { connectionTexts } from './connection.texts.js';

/** Name of the key file that `keys create` makes in a directory. */
export const KEY_FILE = 'signing-current.pem';

export interface PrivateKey {
  readonly privateKey: KeyObject;
  readonly keyId: string;
  /** 32 bytes, base64url. */
  readonly publicText: string;
}

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Reads an Ed25519 key from a PEM file or a keys directory. Throws SettingsError; SECRET_FILE_EXPOSED where others may read it. */
export function readPrivateKey(option: string, path: string, language: Language): PrivateKey {
  const say = connectionTexts(language);
  const pem = readSecretFile(isDirectory(path) ? join(path, KEY_FILE) : path);
  if (pem === undefined) throw new SettingsError([say.noKey(option, path)]);
  const privateKey = parsed(pem);
  if (privateKey?.asymmetricKeyType !== 'ed25519') throw new SettingsError([say.badKey(option, path)]);
  const { keyId, publicText } = new VerificationKey(createPublicKey(privateKey).export({ format: 'jwk' }).x as string);
  return { privateKey, keyId, publicText };
}

function parsed(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined; // told by the caller, without what is in the file
  }
}
