import { locationIn, type StoreLocation } from '#libs/event-store';
import type { PartyDirectory } from './party-directory.js';

/** Where the record of a party is. Throws EVENT_STORE_ELSEWHERE where it is embedded, and an EventStoreDB was given by option. */
export function locationOf({ dataDirectory, eventStore }: PartyDirectory): StoreLocation {
  if (eventStore === undefined || eventStore.isOption) return locationIn(dataDirectory, eventStore?.url);
  const noted = locationIn(dataDirectory);
  return noted.kind === 'embedded' ? noted : { ...noted, url: eventStore.url };
}
