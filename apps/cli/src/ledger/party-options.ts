import type { Command } from 'commander';
import type { Session } from '../command-line/session.js';
import { partiesTexts } from '../parties/parties.texts.js';
import { type EventStoreOptions, eventStoreWay, withEventStore } from '../parties/event-store-option.js';
import { type PartyDirectory, partyIn } from '../parties/party-directory.js';
import { ledgerTexts } from './ledger.texts.js';

export interface PartyOptions extends EventStoreOptions {
  readonly data: string;
  readonly keys?: string;
}

/** `PARTY --data D [--event-store U]`: what every command takes that looks at a party's directory. */
export const withParty = (command: Command, session: Session): Command =>
  withEventStore(
    command.argument('<party>', ledgerTexts(session.language).party).requiredOption('--data <path>', partiesTexts(session.language).data),
    session,
  );
/** `--keys K` besides: for what is done under the party's lock. */
export const withKeys = (command: Command, session: Session): Command => command.option('--keys <path>', ledgerTexts(session.language).keys);

export const partyOf = (options: PartyOptions, party: string, session: Session): PartyDirectory =>
  partyIn(options.data, party, { language: session.language, eventStore: eventStoreWay(options, session) });
