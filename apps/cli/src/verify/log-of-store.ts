import { type LogEvent, logDecider, logEventTypes } from '#libs/domain';
import { openStore, type StoreLocation } from '#libs/event-store';
import { EventRegistry, fold } from '#libs/kernel';

const LOG_STREAM = 'ledger-log';
const registry = new EventRegistry(logEventTypes);

/** The log as the store says it is, and every key that ever signed this epoch; undefined where the store names no log. */
export async function logOfStore(location: StoreLocation): Promise<{ readonly origin: string; readonly keys: readonly string[] } | undefined> {
  const store = await openStore(location, { readOnly: true });
  try {
    const events = (await store.readStream(LOG_STREAM)).map(
      ({ bytes }) => registry.decode<LogEvent>(Buffer.from(bytes).toString('utf8')) as unknown as LogEvent,
    );
    const log = fold(logDecider, events);
    if (log.status === 'none') return undefined;
    const keys = events.flatMap(({ type, data }) => ((type === 'LogEpochOpened' || type === 'LogKeyRotated') && data.origin === log.origin ? [data.key] : []));
    return { origin: log.origin, keys };
  } finally {
    await store.close();
  }
}
