import type { Command } from 'commander';
import { command, commandGroup } from '../command-line/commands.js';
import type { Session } from '../command-line/session.js';
import { coreOptions } from '../core/core-client.js';
import { ledgerTexts } from './ledger.texts.js';
import type { EpochOptions } from './open-epoch.js';
import { type PartyOptions, partyOf, withKeys, withParty } from './party-options.js';
import type { AcceptOptions } from './trust.js';

// what the commands do is loaded when it is done: stores and Nest would slow down every start of the program

function keyCommands(session: Session): readonly Command[] {
  const say = ledgerTexts(session.language);
  const declare = (made: Command): Command => withKeys(withParty(made, session), session);
  return [
    command<PartyOptions>(session, 'rotate-key', say.rotateKey, declare, async (options, [id = '']) =>
      (await import('./keys-of-log.js')).rotateKey(options, partyOf(options, id, session), session),
    ),
    command<PartyOptions>(session, 'retire-key', say.retireKey, declare, async (options, [id = '']) =>
      (await import('./keys-of-log.js')).retireKey(options, partyOf(options, id, session), session),
    ),
  ];
}

/** What others are told by hand of a log's keys and epochs. */
function trustCommands(session: Session): readonly Command[] {
  const say = ledgerTexts(session.language);
  return [
    command<{ readonly interfaceSystemData: string; readonly vkey: string }>(
      session,
      'trust',
      say.trust,
      (made) => made.requiredOption('--interface-system-data <path>', say.interfaceSystemData).requiredOption('--vkey <key>', say.verifierKey),
      async ({ interfaceSystemData, vkey }) => (await import('./trust.js')).trustKey(interfaceSystemData, vkey, session),
    ),
    command<AcceptOptions>(
      session,
      'accept-epoch',
      say.acceptEpoch,
      (made) => coreOptions(made.requiredOption('--server <id>', say.ofServer).requiredOption('--vkey <key>', say.verifierKey), 'operator', session),
      async (options) => (await import('./trust.js')).acceptEpoch(options, session),
    ),
  ];
}

export function ledgerCommand(session: Session): Command {
  const say = ledgerTexts(session.language);
  const show = command<PartyOptions>(
    session,
    'show',
    say.show,
    (made) => withParty(made, session),
    async (options, [id = '']) => (await import('./show.js')).showLog(partyOf(options, id, session), session),
  );
  const openEpoch = command<EpochOptions>(
    session,
    'open-epoch',
    say.openEpoch,
    (made) => withKeys(withParty(made, session).requiredOption('--previous <file>', say.previous).option('--entries-lost <count>', say.lost), session),
    async (options, [id = '']) => (await import('./open-epoch.js')).openEpoch(options, partyOf(options, id, session), session),
  );
  return commandGroup(session, 'ledger', say.group, [show, ...keyCommands(session), openEpoch, ...trustCommands(session)]);
}
