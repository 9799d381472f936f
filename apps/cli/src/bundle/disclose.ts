import { ProtectedFields, RecordKeys } from '#libs/cryptography';
import { exchangeEventTypes, provisionEventTypes, queryEventTypes } from '#libs/domain';
import { DomainError, isSealed, type Protected } from '#libs/kernel';
import type { EntryToBundle } from '#libs/proofs';

const fieldsOf: ReadonlyMap<string, readonly string[]> = new Map(
  [...exchangeEventTypes, ...queryEventTypes, ...provisionEventTypes].map(({ type, protectedFields }) => [type, protectedFields]),
);
type Disclosures = NonNullable<EntryToBundle['disclosures']>;

/** Opens the protected fields of exchanges with the record keys of one party. What was erased, or has no key here, stays closed. */
export class Discloser {
  private constructor(
    private readonly keys: RecordKeys,
    private readonly fields: ProtectedFields,
  ) {}

  static async open(keysDirectory: string): Promise<Discloser> {
    const keys = await RecordKeys.open(keysDirectory, { readOnly: true });
    return new Discloser(keys, new ProtectedFields(keys));
  }

  disclose(bytes: string): Disclosures {
    const { type, data } = JSON.parse(bytes) as { readonly type: string; readonly data: Readonly<Record<string, Protected | undefined>> };
    return (fieldsOf.get(type) ?? []).flatMap((field) => {
      const sealed = data[field];
      if (sealed === undefined || !isSealed(sealed)) return [];
      try {
        const opened = this.fields.open(sealed);
        return opened.erased === true ? [] : [{ field, salt: opened.salt, value: opened.value }];
      } catch (error) {
        if (error instanceof DomainError && error.code === 'RECORD_KEY_MISSING') return [];
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.keys.close();
  }
}
