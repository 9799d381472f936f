import { hash } from 'node:crypto';
import { DomainError, invalid, type SealedField } from '#libs/kernel';
import { fillRandom } from '../randomness/random-pool.js';
import type { RecordKey, RecordKeySource } from '../record-keys/record-key.js';
import { AES_BLOCK_BYTES, applyCounterMode, type CounterModeMessage } from './counter-mode.js';
import { type Disclosure, SALT_BYTES } from './disclosure.js';

/** Salt and value, or the fact that the key was destroyed. */
export type OpenedField = (Disclosure & { readonly erased?: false }) | { readonly erased: true };

export interface FieldToProtect {
  readonly keyId: string;
  readonly value: string;
}

const ERASED: OpenedField = { erased: true };
const NONCE_LETTERS = 22;

const missing = (): DomainError => new DomainError('RECORD_KEY_MISSING', 'unavailable', 'a record key is not in the key store');
const corrupt = (): DomainError => new DomainError('SEALED_FIELD_CORRUPT', 'internal', 'a sealed field does not match its commitment');

/**
 * A field that this process sealed a moment ago. It still knows what it holds, so that opening it for the one party it is
 * opened to costs nothing; what is stored of it, and read back, does not.
 */
class JustSealed implements SealedField {
  readonly key: string;
  readonly commitment: string;
  readonly sealed: string;
  readonly #disclosure: Disclosure;

  constructor(key: string, commitment: string, sealed: string, disclosure: Disclosure) {
    this.key = key;
    this.commitment = commitment;
    this.sealed = sealed;
    this.#disclosure = disclosure;
  }

  static disclosureOf(field: SealedField): Disclosure | undefined {
    return #disclosure in field ? field.#disclosure : undefined;
  }
}

/** Positions of `items` by key, in order. Most batches have few keys. */
function byKey<Item>(items: readonly Item[], keyIdOf: (item: Item) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (let index = 0; index < items.length; index += 1) {
    const keyId = keyIdOf(items[index] as Item);
    const group = groups.get(keyId);
    if (group) group.push(index);
    else groups.set(keyId, [index]);
  }
  return groups;
}

/**
 * Seals and opens the fields that point to a person (format.md §2): commitment = SHA-256(salt ‖ value), sealed =
 * AES-256-CTR(key, nonce = first 16 bytes of the commitment, salt ‖ value), base64url. Every field stands alone. Keys
 * must exist (`RecordKeys.ensure`) before anything is sealed under them.
 */
export class ProtectedFields {
  readonly #keys: RecordKeySource;

  constructor(keys: RecordKeySource) {
    this.#keys = keys;
  }

  /**
   * Seals values under one key, each under a fresh salt. Throws RECORD_KEY_MISSING, RECORD_KEY_DESTROYED, and
   * INVALID_INPUT for a value with a lone surrogate.
   */
  protect(keyId: string, values: readonly string[]): SealedField[] {
    const key = this.#keys.get(keyId);
    if (key === 'missing') throw missing();
    if (key === 'destroyed') throw new DomainError('RECORD_KEY_DESTROYED', 'unprocessable', 'the record key of this person or month was destroyed');
    return sealUnder(keyId, key, values);
  }

  /** The same under many keys, in the order given. */
  protectAll(fields: readonly FieldToProtect[]): SealedField[] {
    const sealed = new Array<SealedField>(fields.length);
    for (const [keyId, indexes] of byKey(fields, (field) => field.keyId)) {
      const values = indexes.map((index) => (fields[index] as FieldToProtect).value);
      this.protect(keyId, values).forEach((field, at) => (sealed[indexes[at] as number] = field));
    }
    return sealed;
  }

  /** Salt and value of a field. Throws RECORD_KEY_MISSING, SEALED_FIELD_CORRUPT. */
  open(field: SealedField): OpenedField {
    return this.openAll([field])[0] as OpenedField;
  }

  /** The same for many fields under any keys, in the order given. */
  openAll(fields: readonly SealedField[]): OpenedField[] {
    const opened = new Array<OpenedField>(fields.length);
    for (const [keyId, indexes] of byKey(fields, (field) => field.key)) {
      const key = this.#keys.get(keyId);
      if (key === 'missing') throw missing();
      if (key === 'destroyed') {
        for (const index of indexes) opened[index] = ERASED;
        continue;
      }
      const asStored = indexes.filter((index) => (opened[index] = JustSealed.disclosureOf(fields[index] as SealedField) as OpenedField) === undefined);
      if (asStored.length === 0) continue;
      const group = asStored.map((index) => fields[index] as SealedField);
      openUnder(key, group).forEach((field, at) => (opened[asStored[at] as number] = field));
    }
    return opened;
  }

  /** What may be told to the one party that the field is opened to. Throws RECORD_ERASED where the key was destroyed. */
  disclose(field: SealedField): Disclosure {
    const opened = this.open(field);
    if (opened.erased) throw new DomainError('RECORD_ERASED', 'unprocessable', 'the record was erased');
    return { salt: opened.salt, value: opened.value };
  }
}

function sealUnder(keyId: string, key: RecordKey, values: readonly string[]): SealedField[] {
  const lengths = values.map((value) => {
    if (!value.isWellFormed()) throw invalid('value', 'wellFormed', 'a protected value must hold no lone surrogate');
    return SALT_BYTES + Buffer.byteLength(value, 'utf8');
  });
  const slab = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 0));
  const nonces = Buffer.allocUnsafe(values.length * AES_BLOCK_BYTES);
  const commitments = new Array<string>(values.length);
  const salts = new Array<string>(values.length);
  const messages = new Array<CounterModeMessage>(values.length);
  let offset = 0;
  for (let index = 0; index < values.length; index += 1) {
    const bytes = slab.subarray(offset, offset + (lengths[index] as number));
    fillRandom(bytes, 0, SALT_BYTES);
    bytes.write(values[index] as string, SALT_BYTES, 'utf8');
    const commitment = hash('sha256', bytes, 'base64url');
    const nonce = nonces.subarray(index * AES_BLOCK_BYTES, (index + 1) * AES_BLOCK_BYTES);
    nonce.write(commitment.slice(0, NONCE_LETTERS), 'base64url');
    commitments[index] = commitment;
    salts[index] = bytes.toString('base64url', 0, SALT_BYTES);
    messages[index] = { nonce, bytes };
    offset += bytes.length;
  }
  applyCounterMode((blocks) => key.encryptBlocks(blocks), messages);
  return messages.map(({ bytes }, index) => {
    const disclosure = { salt: salts[index] as string, value: values[index] as string };
    return new JustSealed(keyId, commitments[index] as string, (bytes as Buffer).toString('base64url'), disclosure);
  });
}

function openUnder(key: RecordKey, fields: readonly SealedField[]): Disclosure[] {
  const messages = fields.map((field): CounterModeMessage => {
    const nonce = Buffer.from(field.commitment.slice(0, NONCE_LETTERS), 'base64url');
    const bytes = Buffer.from(field.sealed, 'base64url');
    if (nonce.length !== AES_BLOCK_BYTES || bytes.length < SALT_BYTES) throw corrupt();
    return { nonce, bytes };
  });
  applyCounterMode((blocks) => key.encryptBlocks(blocks), messages);
  return messages.map(({ bytes }, index) => {
    if (hash('sha256', bytes, 'base64url') !== fields[index]?.commitment) throw corrupt();
    const text = bytes as Buffer;
    return { salt: text.toString('base64url', 0, SALT_BYTES), value: text.toString('utf8', SALT_BYTES) };
  });
}
