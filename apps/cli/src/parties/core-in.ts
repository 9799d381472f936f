import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { type EventStoreOptions, eventStoreWay } from './event-store-option.js';
import { partiesTexts } from './parties.texts.js';
import { partiesIn, type PartyDirectory } from './party-directory.js';

const CORE = 'core';

/** The core of a sandbox's directory, or the one party whose directory it is. */
export function coreIn(options: EventStoreOptions & { readonly data: string }, session: Session): PartyDirectory {
  const { data } = options;
  const parties = partiesIn(data, { language: session.language, eventStore: eventStoreWay(options, session) });
  const core = parties.find(({ id }) => id === CORE) ?? (parties.length === 1 && parties[0]?.dataDirectory === data ? parties[0] : undefined);
  if (core === undefined) throw new UsageError('--data', 'holds the core’s record', partiesTexts(session.language).noCore);
  return core;
}
