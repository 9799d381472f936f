import { join } from 'node:path';
import { openParty, type Party } from '#libs/commands';
import { logEventTypes, provisionEventTypes, queryEventTypes, replicaEventTypes, retentionEventTypes, subjectEventTypes } from '#libs/domain';
import type { StoreLocation } from '#libs/event-store';
import { EventRegistry } from '#libs/kernel';
import type { Clock, Log } from '#libs/platform';
import { type ModelsDatabase, modelsLocation, openReadModels, type ReadModels } from '#libs/read-models';
import { ResultMailbox } from './result/result-mailbox.js';

/** The event types of an intermediate server's record. */
export const serverEvents = new EventRegistry([
  ...queryEventTypes,
  ...provisionEventTypes,
  ...replicaEventTypes,
  ...subjectEventTypes,
  ...retentionEventTypes,
  ...logEventTypes,
]);

/** What a server keeps on disk, opened. */
export interface OpenedServer {
  readonly party: Party;
  readonly models: ReadModels;
  readonly mailbox: ResultMailbox;
  close(): Promise<void>;
}

/** Opens record, log, keys, mailbox and read models below the directories of a server. Rejects with nothing left open. */
export async function openServer(options: {
  readonly id: string;
  readonly deployment: string;
  readonly dataDirectory: string;
  readonly keysDirectory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly withoutLedger?: true | undefined;
  readonly readModels?: ModelsDatabase | undefined;
  readonly store?: StoreLocation | undefined;
}): Promise<OpenedServer> {
  const { id, deployment, dataDirectory, keysDirectory, clock, log, withoutLedger, readModels, store } = options;
  const party = await openParty({
    dataDirectory,
    keysDirectory,
    store,
    events: serverEvents,
    log: { deployment, party: id, now: () => clock.now() },
    ...(withoutLedger === undefined ? {} : { withoutLedger }),
    onTrouble: (code) => log.error('the ledger has trouble', { code }),
  });
  let mailbox: ResultMailbox | undefined;
  try {
    mailbox = ResultMailbox.open(join(dataDirectory, 'mailbox'), party.secrets.mailboxKey);
    const models = await openReadModels({
      kind: 'intermediate-server',
      store: party.location,
      keyDirectory: keysDirectory,
      models: modelsLocation({ ...readModels, dataDirectory, deployment, party: id }),
      onAlarm: ({ code, projection, position }) =>
        log.error('a read model needs attention', {
          code,
          ...(projection === undefined ? {} : { projection }),
          ...(position === undefined ? {} : { position: String(position) }),
        }),
    });
    return { party, mailbox, models, close: () => closeAll(models, mailbox, party) };
  } catch (error) {
    await mailbox?.close();
    await party.close();
    throw error;
  }
}

async function closeAll(models: ReadModels, mailbox: ResultMailbox | undefined, party: Party): Promise<void> {
  await models.close();
  await mailbox?.close();
  await party.close();
}
