import { DomainError } from '#libs/kernel';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { withBusinessClock } from '../parties/business-clock.js';
import { type OwnedParty, withOwnedParty } from '../parties/open-party.js';
import type { PartyDirectory } from '../parties/party-directory.js';
import { ledgerTexts } from './ledger.texts.js';
import type { PartyOptions } from './party-options.js';

export const isOwnedElsewhere = (error: unknown): boolean => error instanceof DomainError && error.code === 'STORE_IN_USE';

export interface Owning {
  readonly session: Session;
  readonly withLedger: boolean;
}

/** Does what must go on a party's record while no process owns its directory. Rejects with STORE_IN_USE where one does. */
export function asOwner<T>(
  options: PartyOptions,
  party: PartyDirectory,
  { session, withLedger }: Owning,
  work: (owned: OwnedParty, at: { readonly keysDirectory: string; readonly now: () => string }) => Promise<T>,
): Promise<T> {
  const keysDirectory = options.keys ?? party.keysDirectory;
  if (keysDirectory === undefined) throw new UsageError('--keys', 'given', ledgerTexts(session.language).keysNeeded);
  return withBusinessClock(options.data, (now) => withOwnedParty(party, { keysDirectory, withLedger, now }, (owned) => work(owned, { keysDirectory, now })));
}

/** The same, and who owns it is told to be stopped. */
export async function asOwnerAlone<T>(...[options, party, owning, work]: Parameters<typeof asOwner<T>>): Promise<T> {
  try {
    return await asOwner(options, party, owning, work);
  } catch (error) {
    if (!isOwnedElsewhere(error)) throw error;
    throw new DomainError('STORE_IN_USE', 'unavailable', ledgerTexts(owning.session.language).stopFirst(party.id), {}, { cause: error });
  }
}
