import type { Command } from 'commander';
import { type AgencyClient, type Result, valueOf } from '#libs/agency-sdk';
import { command } from '../command-line/commands.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { pageOf, type PagingOptions, pagingOptions } from '../command-line/pages.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { agencyOfCode, wholeNameOf } from '../names/agencies.js';
import { exchangeIdGiven } from './query-line.js';
import { queryTexts } from './query.texts.js';
import { printResult } from './show-query.js';

interface ResultsOptions extends ConnectionOptions, PagingOptions {
  readonly acknowledge?: boolean;
}

async function showOne(client: AgencyClient, exchangeId: string, acknowledge: boolean, session: Session): Promise<ExitCode> {
  const result: Result = await client.result(exchangeId);
  session.answer(result, (out) => printResult(out, result, session));
  if (acknowledge) {
    for (const outcome of await client.acknowledgeResults([{ exchangeId }])) valueOf(outcome);
    session.note(queryTexts(session.language).acknowledged);
  }
  return EXIT.done;
}

export function resultsCommand(session: Session): Command {
  const say = queryTexts(session.language);
  return command<ResultsOptions>(
    session,
    'results',
    say.results,
    (made) => connectionOptions(pagingOptions(made.argument('[exchange]', say.resultId).option('--acknowledge', say.acknowledge), session), session),
    (options, [given]) => {
      const id = given === undefined ? undefined : exchangeIdGiven('[exchange]', given, session);
      const page = pageOf(options, session);
      return withClient(options, session, async (client) => {
        if (id !== undefined) return showOne(client, id, options.acknowledge === true, session);
        const { results, next } = await client.results(page);
        session.answer({ results, ...(next === undefined ? {} : { next }) }, (out) => {
          if (results.length === 0) return out.line(say.noneInMailbox);
          const named = (code: string): string => {
            const agency = agencyOfCode(code);
            return agency === undefined ? code : wholeNameOf(agency);
          };
          out.table({
            head: [say.labelExchange, say.labelProvider, say.labelItems, say.labelReceived],
            rows: results.map(({ exchangeId, provider, items, receivedAt }) => [exchangeId, named(provider), items.join('\n'), receivedAt]),
          });
          if (next !== undefined) out.line(say.next(next));
        });
        return EXIT.done;
      });
    },
  );
}
