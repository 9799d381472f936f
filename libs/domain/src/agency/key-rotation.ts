import { DomainError, invalid } from '#libs/kernel';

/**
 * Whether a key comes new: false where it is the one in use. Throws KEY_ID_REUSED where the id names another key, and
 * KEY_RETIRED where it was replaced before.
 */
export function isNewKey(keys: ReadonlyMap<string, string>, current: string | undefined, keyId: string, publicKey: string, name = keyId): boolean {
  if (keyId === '' || publicKey === '') throw invalid('keyId', 'not empty', 'a key needs an id and its public part');
  const known = keys.get(name);
  if (known === undefined) return true;
  if (known !== publicKey) throw new DomainError('KEY_ID_REUSED', 'conflict', 'this key id names another key');
  if (current !== keyId) throw new DomainError('KEY_RETIRED', 'conflict', 'a key that was replaced does not come back');
  return false;
}
