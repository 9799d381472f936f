import type { Command } from 'commander';
import { type ExchangeRecord, RECORD_OUTCOMES, RECORD_ROLES, type RecordOutcome, type RecordRole, type SearchRecordsRequest } from '#libs/agency-sdk';
import { choice, command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { personOf } from '../command-line/person.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { agencyOfCode, findAgency, wholeNameOf } from '../names/agencies.js';
import { parseInstant } from '../names/instant.js';
import { newestInForce } from '../matrix/which-table.js';
import { findAffair, findInformation } from '../names/matter.js';
import { parseText, parseWholeNumber } from '../names/parse.js';
import { queryTexts } from '../query/query.texts.js';
import { recordTexts } from './record.texts.js';

interface SearchOptions extends ConnectionOptions {
  readonly role: RecordRole;
  readonly person?: string;
  readonly counterpart?: string;
  readonly affair?: string;
  readonly information?: string;
  readonly outcome?: RecordOutcome;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: string;
  readonly cursor?: string;
}
const ROWS_MAX = 500;
const CURSOR_CHARACTERS_MAX = 512;

export const nameOrCode = (code: string): string => {
  const agency = agencyOfCode(code);
  return agency === undefined ? code : wholeNameOf(agency);
};

async function requestOf(options: SearchOptions, session: Session): Promise<SearchRecordsRequest> {
  const { language } = session;
  const say = recordTexts(language);
  const { role, person, counterpart, affair, information, outcome, from, to, limit, cursor } = options;
  return {
    role,
    ...(person === undefined ? {} : { inAgencyNumber: await personOf(person, session) }),
    ...(counterpart === undefined ? {} : { counterpart: findAgency('--counterpart', counterpart, language).registration.code }),
    ...(affair === undefined ? {} : { affair: findAffair('--affair', affair, newestInForce().matrix, language).code }),
    ...(information === undefined ? {} : { information: findInformation('--information', information, language).code }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(from === undefined ? {} : { from: parseInstant('--from', from, say.badInstant('--from')) }),
    ...(to === undefined ? {} : { to: parseInstant('--to', to, say.badInstant('--to')) }),
    ...(limit === undefined ? {} : { limit: parseWholeNumber('--limit', limit, { min: 1, max: ROWS_MAX }, language) }),
    ...(cursor === undefined ? {} : { cursor: parseText('--cursor', cursor, language, CURSOR_CHARACTERS_MAX) }),
  };
}

function rowOf(record: ExchangeRecord, sealed: string): readonly string[] {
  const other = record.role === 'requester' ? record.provider : record.requester;
  const what = [record.information, record.dataset, record.period].filter((part) => part !== undefined).join(' / ');
  const outcome = [record.outcome, record.reason, record.nonDisclosure ? sealed : undefined].filter((part) => part !== undefined).join('\n');
  return [record.requestedAt, nameOrCode(other), record.affair, what, outcome, record.exchangeId];
}

function searchCommand(session: Session): Command {
  const { language } = session;
  const say = recordTexts(language);
  const query = queryTexts(language);
  return command<SearchOptions>(
    session,
    'search',
    say.search,
    (made) =>
      connectionOptions(
        made
          .addOption(choice('--role <role>', say.role, RECORD_ROLES).makeOptionMandatory())
          .option('--person <number>', query.person)
          .option('--counterpart <who>', say.counterpart)
          .option('--affair <affair>', query.affair)
          .option('--information <what>', query.information)
          .addOption(choice('--outcome <outcome>', say.outcome, RECORD_OUTCOMES))
          .option('--from <when>', say.from)
          .option('--to <when>', say.to)
          .option('--limit <count>', query.limit)
          .option('--cursor <cursor>', say.cursor),
        session,
      ),
    async (options) => {
      const request = await requestOf(options, session);
      return withClient(options, session, async (client) => {
        const page = await client.searchRecords(request);
        session.answer(page, (out) => {
          if (page.records.length === 0) out.line(say.none);
          else {
            out.table({
              head: [say.requested, say.other, say.affair, say.information, say.outcomeOf, say.exchange],
              rows: page.records.map((record) => rowOf(record, say.sealed)),
            });
          }
          if (page.next !== undefined) out.line(say.next(page.next));
        });
        return EXIT.done;
      });
    },
  );
}

export const recordsCommand = (session: Session): Command => commandGroup(session, 'records', recordTexts(session.language).group, [searchCommand(session)]);
