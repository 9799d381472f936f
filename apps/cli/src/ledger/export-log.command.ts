import type { Command } from 'commander';
import { command } from '../command-line/commands.js';
import type { Session } from '../command-line/session.js';
import { ledgerTexts } from './ledger.texts.js';
import { partyOf, withKeys, withParty } from './party-options.js';
import type { ExportOptions } from './run-export.js';

/** Where the name of no auditor is given, the reading is recorded as this. */
const AUDITOR = 'export';

export function exportLogCommand(session: Session): Command {
  const say = ledgerTexts(session.language);
  return command<ExportOptions>(
    session,
    'export-log',
    say.exportLog,
    (made) =>
      withKeys(withParty(made, session).argument('<directory>', say.directory), session)
        .option('--auditor <name>', say.auditor, AUDITOR)
        .option('--server <url>', say.server)
        .option('--server-id <id>', say.serverId)
        .option('--key <path>', `${say.auditorKey} (RENKEI_KEY)`),
    async (options, [id = '', path = '']) => {
      const { runExport } = await import('./run-export.js'); // stores and Nest: slow to load
      return runExport(options, partyOf(options, id, session), path, session);
    },
  );
}
