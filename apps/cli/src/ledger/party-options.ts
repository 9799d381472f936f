import type { Command } from 'commander';
import type { Session } from '../command-line/session.js';
import { partiesTexts } from '../parties/parties.texts.js';
import { type PartyDirectory, partyIn } from '../parties/party-directory.js';
import { ledgerTexts } from './ledger.texts.js';

export interface PartyOptions {
  readonly data: string;
  readonly keys?: string;
}

/** `PARTY --data D`: what every command takes that looks at a party's directory. */
export const withParty = (command: Command, session: Session): Command =>
  command.argument('<party>', ledgerTexts(session.language).party).requiredOption('--data <path>', partiesTexts(session.language).data);
/** `--keys K` besides: for what is done under the party's lock. */
export const withKeys = (command: Command, session: Session): Command => command.option('--keys <path>', ledgerTexts(session.language).keys);

export const partyOf = ({ data }: PartyOptions, party: string, session: Session): PartyDirectory => partyIn(data, party, session.language);
