import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import type { EventStoreWay } from './event-store-option.js';
import { partiesTexts } from './parties.texts.js';

/** Where one party (a server with a record of its own) keeps what it has. */
export interface PartyDirectory {
  /** Server id, as in the origin of its log: `core`, `is-east`. Of a party's own directory: the directory's name. */
  readonly id: string;
  /** `event-store/`, `ledger/` and `read-models/` are in it. */
  readonly dataDirectory: string;
  /** Undefined where the data directory alone was given: keys lie apart (format.md §2), an operator says where. */
  readonly keysDirectory: string | undefined;
  /** Another way to an EventStoreDB than its note has; undefined where none was given. */
  readonly eventStore?: EventStoreWay;
}

const PARTIES = 'parties';
const KEYS = 'keys';
const EVENT_STORE = 'event-store';
/** Also keeps a name from leading out of the directory. */
const PARTY_ID = /^[a-z][a-z0-9-]{0,39}$/;

const keepsRecord = (directory: string): boolean => existsSync(join(directory, EVENT_STORE));
const isSandbox = (data: string): boolean => existsSync(join(data, PARTIES));

const inSandbox = (data: string, id: string): PartyDirectory => ({ id, dataDirectory: join(data, PARTIES, id), keysDirectory: join(data, KEYS, id) });

export interface PartiesOptions {
  readonly language?: Language;
  readonly eventStore?: EventStoreWay | undefined;
}

/**
 * The parties with a record of their own in a data directory, by id: those of a sandbox (`parties/<id>`, `keys/<id>`), or
 * the one whose directory it is. Throws UsageError where it is neither.
 */
export function partiesIn(data: string, { language = 'en', eventStore }: PartiesOptions = {}): readonly PartyDirectory[] {
  const by = eventStore === undefined ? {} : { eventStore };
  if (isSandbox(data)) {
    return readdirSync(join(data, PARTIES))
      .filter((id) => PARTY_ID.test(id) && keepsRecord(join(data, PARTIES, id)))
      .sort()
      .map((id) => ({ ...inSandbox(data, id), ...by }));
  }
  if (!keepsRecord(data)) throw new UsageError('--data', "a sandbox's or a party's directory", partiesTexts(language).noParties(data));
  return [{ id: basename(resolve(data)), dataDirectory: data, keysDirectory: undefined, ...by }];
}

/** One party of a data directory. The name is free where the directory is a party's own. Throws UsageError, with what there is instead. */
export function partyIn(data: string, id: string, options: PartiesOptions = {}): PartyDirectory {
  const { language = 'en' } = options;
  const all = partiesIn(data, options);
  if (!isSandbox(data)) return { ...(all[0] as PartyDirectory), id };
  const found = all.find((party) => party.id === id);
  if (found) return found;
  const say = partiesTexts(language);
  const exists = PARTY_ID.test(id) && existsSync(join(data, PARTIES, id));
  const candidates = all.map((party) => ({ code: party.id, name: party.dataDirectory }));
  throw new UsageError('PARTY', 'a party of this directory', exists ? say.noEventStore(id) : say.noSuchParty(id), candidates);
}
