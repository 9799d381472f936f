import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { DisclosedExchange, Page } from '#libs/read-models';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { findParty } from '../names/agencies.js';
import { parseText, parseWholeNumber } from '../names/parse.js';
import { nameOrCode } from '../records/records.command.js';
import { askCore, type CoreOptions, coreOptions } from './core-client.js';
import { coreTexts } from './core.texts.js';

const ROWS = 100;
const ROWS_MAX = 500;
const CURSOR_CHARACTERS_MAX = 512;
const IDENTIFIER_CHARACTERS_MAX = 200;

interface DisclosureOptions extends CoreOptions {
  readonly holder: string;
  readonly identifier: string;
  readonly limit: string;
  readonly cursor?: string;
}

/** The identifier, from a file or standard input: it is no argument, which others on the machine could see. */
function identifierIn(file: string, session: Session): string {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  if (text !== '' && text.length <= IDENTIFIER_CHARACTERS_MAX && !/\s/.test(text)) return text;
  throw new UsageError('--identifier', 'an identifier', coreTexts(session.language).badIdentifier);
}

export function disclosureCommand(session: Session): Command {
  const { language } = session;
  const say = coreTexts(language);
  return command<DisclosureOptions>(
    session,
    'disclosure',
    say.disclosure,
    (made) =>
      coreOptions(
        made
          .option('--holder <who>', say.holder, 'disclosure-portal')
          .requiredOption('--identifier <file>', say.identifier)
          .option('--limit <count>', say.limit, String(ROWS))
          .option('--cursor <cursor>', say.cursor),
        'portal',
        session,
      ),
    async (options) => {
      const { cursor } = options;
      const request = {
        holder: findParty('--holder', options.holder, language).agency?.registration.code ?? options.holder,
        identifier: identifierIn(options.identifier, session),
        limit: parseWholeNumber('--limit', options.limit, { min: 1, max: ROWS_MAX }, language),
        ...(cursor === undefined ? {} : { cursor: parseText('--cursor', cursor, language, CURSOR_CHARACTERS_MAX) }),
      };
      const page = await askCore<Page<DisclosedExchange>>('/disclosures', request, options, 'portal', session);
      session.answer(page, (out) => {
        if (page.rows.length === 0) return out.line(say.noneDisclosed);
        out.table({
          head: [say.when, say.who, say.whom, say.affair, say.items, say.answered, say.result],
          rows: page.rows.map((row) => [
            row.requestedAt,
            nameOrCode(row.requesterInstitution ?? row.requester),
            nameOrCode(row.providerInstitution ?? row.provider),
            row.affair,
            row.items?.join('\n') ?? row.information,
            row.providedAt ?? '',
            [row.status, row.reason].filter((part) => part !== undefined).join('\n'),
          ]),
        });
        if (page.next !== undefined) out.line(say.next(page.next));
      });
      return EXIT.done;
    },
  );
}
