export { BoundedCache } from './bounded-cache.js';
export { EventIds, newEventId, newEventIds, newExchangeId, type BulkLine, BulkExchangeIds, exchangeIdOf } from './randomness/event-ids.js';
export { fillRandom, randomBuffer } from './randomness/random-pool.js';
export { type EpochSecret, KeyVault } from './identifier/key-vault.js';
export { FileKeyVault } from './identifier/file-key-vault.js';
export {
  GENERATION_MAX,
  IdentifierCipher,
  type IdentifierContent,
  type IdentifierRefusal,
  LINK_BYTES,
  type OpenedIdentifier,
} from './identifier/identifier-cipher.js';
export { EPOCH_MAX, IDENTIFIER_LETTERS } from './identifier/identifier-text.js';
export { holderKeyId, isRecordKeyId, monthKeyId, type RecordKeyId, residentKeyId, subjectKeyId } from './record-keys/key-ids.js';
export { RecordKey, type RecordKeyLookup, type RecordKeySource } from './record-keys/record-key.js';
export { RecordKeys, type RecordKeysOptions } from './record-keys/record-keys.js';
export { commitmentTo, type Disclosure, verifyDisclosure } from './protected-fields/disclosure.js';
export { type FieldToProtect, type OpenedField, ProtectedFields } from './protected-fields/protected-fields.js';
export { newProvisionSalt, provisionDigest, type ProvisionSalt } from './sealing/provision-digest.js';
export { publicKeyOf, TransportKey } from './sealing/transport-keys.js';
export {
  SEALED_HOURS_AHEAD_MAX,
  SEALED_HOURS_PAST_MAX,
  type SealedProvision,
  TransportSealer,
  type TransportSealerOptions,
} from './sealing/transport-sealer.js';
export { HmacNames } from './signing/hmac-names.js';
export { HMAC_KEY_BYTES_MIN, HmacSha256 } from './signing/hmac-sha256.js';
export { SigningKey, VerificationKey } from './signing/signing-keys.js';
export { openPartySecrets, type PartySecrets } from './secrets/party-secrets.js';
export { createSecretFile, ensureKeyDirectory, readOrCreateSecretFile, readSecretFile, replaceSecretFile } from './secrets/secret-file.js';
export { MailboxCipher } from './mailbox/mailbox-cipher.js';
