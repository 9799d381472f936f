import { FileKeyVault, HmacNames, IdentifierCipher, openPartySecrets, ProtectedFields, RecordKeys } from '#libs/cryptography';
import type { PartyKind } from '../models-of-party.js';
import { PersonKeys } from '../person-keys.js';
import type { Secrets } from '../projection.js';

/** A party's secrets for folding, read-only; `close` them. Rejects with SECRET_FILE_… and what record keys reject with. */
export async function openSecrets(kind: PartyKind, keyDirectory: string): Promise<{ readonly secrets: Secrets; readonly close: () => Promise<void> }> {
  const names = new HmacNames(openPartySecrets(keyDirectory).streamSecret);
  const keys = await RecordKeys.open(keyDirectory, { readOnly: true });
  const makeCipher = (): Promise<IdentifierCipher> => IdentifierCipher.create(new FileKeyVault(keyDirectory));
  const persons = kind === 'core' ? { persons: new PersonKeys(names, await makeCipher(), makeCipher) } : {};
  return { secrets: { fields: new ProtectedFields(keys), names, forgetKey: (keyId) => keys.forget(keyId), ...persons }, close: () => keys.close() };
}
