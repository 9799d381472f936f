import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LOG_STREAM, openParty, type Party } from '#libs/commands';
import { type Log, logDecider, type LogEvent, logEventTypes } from '#libs/domain';
import { type EventStore, openStore } from '#libs/event-store';
import { DomainError, EventRegistry, fold } from '#libs/kernel';
import { type Ledger, parseOrigin, readLedger } from '#libs/ledger';
import { locationOf } from './location-of.js';
import type { PartyDirectory } from './party-directory.js';

export const EVENT_STORE = 'event-store';
export const LEDGER = 'ledger';

/** A party as it stands on disk, beside the process that owns it or without one. */
export interface ReadParty {
  readonly id: string;
  readonly store: EventStore;
  /** As last stored: what the store holds beyond its checkpoint is not in it yet. */
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** Opens a party's store and ledger to read. Rejects with the typed errors of both, nothing left open. */
export async function openPartyReadOnly(party: PartyDirectory): Promise<ReadParty> {
  const { id, dataDirectory } = party;
  const store = await openStore(locationOf(party), { readOnly: true });
  try {
    const ledger = await readLedger({ directory: join(dataDirectory, LEDGER), source: store });
    const close = async (): Promise<void> => {
      await ledger.close();
      await store.close();
    };
    return { id, store, ledger, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

const registry = new EventRegistry([...logEventTypes]);
const decoder = new TextDecoder();

export type OpenLog = Extract<Log, { readonly status: 'open' }>;

/** The identity of a party's log, from its stream; undefined where the party was never started with a ledger. */
export async function readLog(store: Pick<EventStore, 'readStream'>): Promise<OpenLog | undefined> {
  const events = await store.readStream(LOG_STREAM);
  const log = fold(
    logDecider,
    events.map(({ bytes }) => registry.decode<LogEvent>(decoder.decode(bytes)) as unknown as LogEvent),
  );
  return log.status === 'open' ? log : undefined;
}

/** Name of a log without its epoch: `<deployment>` and `<party>` of `<deployment>/<party>/<epoch>`. */
export function namesOf(origin: string): { readonly deployment: string; readonly party: string } {
  const log = parseOrigin(origin)?.log;
  if (log === undefined) throw new DomainError('LEDGER_WRONG_TREE', 'conflict', `${origin} is no origin of a log`);
  const split = log.lastIndexOf('/');
  return { deployment: log.slice(0, split), party: log.slice(split + 1) };
}

export interface OwnedParty extends Party {
  readonly identity: OpenLog;
}

/**
 * Opens a party under its lock, for what must be recorded while no process owns it, runs `work` and closes it. `withLedger`:
 * also its log, which then covers all that the store holds. Rejects with STORE_IN_USE where a process owns it.
 */
export async function withOwnedParty<T>(
  directory: PartyDirectory,
  { keysDirectory, withLedger, now }: { readonly keysDirectory: string; readonly withLedger: boolean; readonly now: () => string },
  work: (party: OwnedParty) => Promise<T>,
): Promise<T> {
  const { dataDirectory } = directory;
  // not made by looking at it
  if (!existsSync(join(dataDirectory, EVENT_STORE))) throw new DomainError('STORE_UNAVAILABLE', 'unavailable', `there is no event store in ${dataDirectory}`);
  const location = locationOf(directory);
  const before = await openStore(location, { readOnly: true });
  const identity = await readLog(before).finally(() => before.close());
  if (identity === undefined) throw new DomainError('LOG_NOT_OPEN', 'conflict', 'the log has no epoch yet: start the server once');
  const party = await openParty({
    dataDirectory,
    keysDirectory,
    store: location,
    events: registry,
    ...(withLedger ? { log: { ...namesOf(identity.origin), now } } : { withoutLedger: true }),
  });
  try {
    return await work({ ...party, identity });
  } finally {
    await party.close();
  }
}
