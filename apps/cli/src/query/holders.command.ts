import type { Command } from 'commander';
import { valueOf } from '#libs/agency-sdk';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { personOf } from '../command-line/person.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { newestInForce } from '../matrix/which-table.js';
import { findAgency } from '../names/agencies.js';
import { findAffair, findInformation } from '../names/matter.js';
import { parseText } from '../names/parse.js';
import { queryTexts } from './query.texts.js';
import { agencyTold } from './show-query.js';

interface HoldersOptions extends ConnectionOptions {
  readonly person: string;
  readonly institution?: string;
  readonly affair: string;
  readonly information: string;
  readonly department: string;
}

/** Who has it? (通知先の問合せ) */
export function holdersCommand(session: Session): Command {
  const { language } = session;
  const say = queryTexts(language);
  return command<HoldersOptions>(
    session,
    'holders',
    say.holders,
    (made) =>
      connectionOptions(
        made
          .requiredOption('--person <number>', say.person)
          .option('--institution <who>', say.institution)
          .requiredOption('--affair <affair>', say.affair)
          .requiredOption('--information <what>', say.information)
          .requiredOption('--department <code>', say.department),
        session,
      ),
    async (options) => {
      const { institution } = options;
      const line = {
        ...(institution === undefined ? {} : { institution: findAgency('--institution', institution, language).registration.code }),
        affair: findAffair('--affair', options.affair, newestInForce().matrix, language).code,
        information: findInformation('--information', options.information, language).code,
        department: parseText('--department', options.department, language),
        inAgencyNumber: await personOf(options.person, session),
      };
      return withClient(options, session, async (client) => {
        for (const outcome of await client.askHolders([line])) {
          const told = valueOf(outcome);
          session.answer(told, (out) => {
            if (told.holders.length === 0) out.line(told.reason === undefined ? say.noHolders : `${say.noHolders} ${told.reason}`);
            for (const holder of told.holders) out.line(`  ${agencyTold(holder)}`);
          });
          if (told.holders.length === 0) return EXIT.no;
        }
        return EXIT.done;
      });
    },
  );
}
