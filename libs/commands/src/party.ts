import { join } from 'node:path';
import { EventIds, HmacNames, openPartySecrets, type PartySecrets, ProtectedFields, RecordKeys, SigningKey } from '#libs/cryptography';
import { type EventStore, LmdbEventStore } from '#libs/event-store';
import type { EventRegistry } from '#libs/kernel';
import { Recorder } from './recorder.js';

export interface PartyOptions {
  /** Everything of the party but its keys: `event-store/` and what an app puts beside it. */
  readonly dataDirectory: string;
  /** Its keys, apart from the data, with a backup of their own (format.md §2). */
  readonly keysDirectory: string;
  readonly events: EventRegistry;
}

/** What every server with a record of its own has: store, keys, names, signing key, recorder. */
export interface Party {
  readonly store: EventStore;
  readonly keys: RecordKeys;
  readonly fields: ProtectedFields;
  readonly names: HmacNames;
  readonly secrets: PartySecrets;
  readonly signing: SigningKey;
  readonly recorder: Recorder;
  /** Waits for what is in flight. */
  close(): Promise<void>;
}

/**
 * Opens a party's store and keys, made at the first start. Rejects with the typed errors of both: a directory in use by
 * another process, not writable, full, or with keys that are not its own; nothing is left open then.
 */
export async function openParty({ dataDirectory, keysDirectory, events }: PartyOptions): Promise<Party> {
  const secrets = openPartySecrets(keysDirectory);
  const signing = SigningKey.openOrCreate(keysDirectory);
  const store = await LmdbEventStore.open(join(dataDirectory, 'event-store'));
  let keys: RecordKeys;
  try {
    keys = await RecordKeys.open(keysDirectory);
  } catch (error) {
    await store.close();
    throw error;
  }
  const fields = new ProtectedFields(keys);
  const recorder = new Recorder(store, events, keys, fields, new EventIds(), () => new Date().toISOString());
  return {
    store,
    keys,
    fields,
    names: new HmacNames(secrets.streamSecret),
    secrets,
    signing,
    recorder,
    close: async () => {
      await store.close();
      await keys.close();
    },
  };
}
