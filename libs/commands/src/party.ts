import { join } from 'node:path';
import { EventIds, HmacNames, openPartySecrets, type PartySecrets, ProtectedFields, RecordKeys, SigningKey } from '#libs/cryptography';
import { embeddedIn, type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import type { EventRegistry } from '#libs/kernel';
import { type Ledger, openLedger } from '#libs/ledger';
import { type LogIdentity, type OpenedLog, openLog } from './party-log.js';
import { Recorder } from './recorder.js';

export interface PartyOptions {
  /** Everything of the party but its keys: `event-store/`, where its record is embedded, and what an app puts beside it. */
  readonly dataDirectory: string;
  /** Where its record is; embedded in the data directory where left out. */
  readonly store?: StoreLocation | undefined;
  /** Its keys, apart from the data, with a backup of their own (format.md §2). */
  readonly keysDirectory: string;
  readonly events: EventRegistry;
  /** Whose log the record is; `now`: the business clock (the wall's, where left out), for the event that opens an epoch. */
  readonly log?: { readonly deployment: string; readonly party: string; readonly now?: () => string };
  /** For measuring: no ledger is kept, nothing is proved. */
  readonly withoutLedger?: true;
  /** Told of trouble of the ledger's, by its code. */
  readonly onTrouble?: (code: string) => void;
}

/** What every server with a record of its own has: store, keys, names, signing key, recorder. */
export interface Party {
  readonly store: EventStore;
  /** Where that store is: for others that open it to read. */
  readonly location: StoreLocation;
  readonly keys: RecordKeys;
  readonly fields: ProtectedFields;
  readonly names: HmacNames;
  readonly secrets: PartySecrets;
  readonly signing: SigningKey;
  readonly recorder: Recorder;
  /** Undefined only where the party was opened without one. */
  readonly ledger: Ledger | undefined;
  readonly log: LogIdentity | undefined;
  /** Waits for what is in flight. */
  close(): Promise<void>;
}

/**
 * Opens a party's store, keys and log, made at the first start. Rejects with the typed errors of all three: a directory in
 * use by another process, not writable, full, or with keys that are not its own; a log that is ahead of its store
 * (LEDGER_AHEAD_OF_STORE), or whose key is gone (LEDGER_KEY_MISSING). Nothing is left open then.
 */
export async function openParty(options: PartyOptions): Promise<Party> {
  const { dataDirectory, keysDirectory, store: location = embeddedIn(dataDirectory), events, log, withoutLedger, onTrouble } = options;
  const secrets = openPartySecrets(keysDirectory);
  const signing = SigningKey.openOrCreate(keysDirectory);
  const opened: (() => Promise<void>)[] = [];
  /** All of it, the last opened first; rejects with the first failure once all were tried. */
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of opened.toReversed()) await close().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  };
  try {
    const store = await openStore(location);
    opened.push(() => store.close());
    const keys = await RecordKeys.open(keysDirectory);
    opened.unshift(() => keys.close()); // after the store
    const fields = new ProtectedFields(keys);
    const recorder = new Recorder(store, events, keys, fields, new EventIds(), () => new Date().toISOString());
    let identity: OpenedLog | undefined;
    let ledger: Ledger | undefined;
    if (log !== undefined && withoutLedger !== true) {
      const { deployment, party, now = () => new Date().toISOString() } = log;
      identity = await openLog(recorder, keysDirectory, `${deployment}/${party}`, now);
      const { origin, signers } = identity;
      ledger = await openLedger({
        directory: join(dataDirectory, 'ledger'),
        source: store,
        origin,
        signers,
        ...(onTrouble === undefined ? {} : { onTrouble }),
      });
      const { close } = ledger;
      opened.push(() => close.call(ledger));
      await caughtUp(ledger, await store.lastPosition());
    }
    return {
      store,
      location,
      keys,
      fields,
      names: new HmacNames(secrets.streamSecret),
      secrets,
      signing,
      recorder,
      ledger,
      log: identity && { origin: identity.origin, keys: identity.keys },
      close: closeAll,
    };
  } catch (error) {
    await closeAll().catch(() => undefined); // why it did not open is what is told
    throw error;
  }
}

/**
 * What was told before the last stop is in the tree again before anything is answered. A record that has no log yet may
 * take longer than anybody waits for one entry: it is waited for as long as the tree grows.
 */
async function caughtUp(ledger: Ledger, position: bigint): Promise<void> {
  for (;;) {
    const { size } = ledger.checkpoint;
    try {
      await ledger.integrated(position);
      return;
    } catch (error) {
      if (ledger.checkpoint.size === size) throw error;
    }
  }
}
