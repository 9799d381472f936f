import type { Command } from 'commander';
import { END_REASONS, type EndedProvision, type EndProvisionRequest } from '#libs/agency-sdk';
import { choice, command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { pageOf, type PagingOptions, pagingOptions } from '../command-line/pages.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { parseText } from '../names/parse.js';
import { exchangeIdGiven } from '../query/query-line.js';
import { queryTexts } from '../query/query.texts.js';
import { recordTexts } from '../records/record.texts.js';
import { nameOrCode } from '../records/records.command.js';

function listCommand(session: Session): Command {
  const say = recordTexts(session.language);
  return command<ConnectionOptions & PagingOptions>(
    session,
    'list',
    say.heldList,
    (made) => connectionOptions(pagingOptions(made, session), session),
    (options) => {
      const page = pageOf(options, session);
      return withClient(options, session, async (client) => {
        const { provisions, next } = await client.heldProvisions(page);
        session.answer({ provisions, ...(next === undefined ? {} : { next }) }, (out) => {
          if (provisions.length === 0) return out.line(say.noneHeld);
          out.table({
            head: [say.exchange, say.requester, say.information, say.person, say.until],
            rows: provisions.map((held) => [held.exchangeId, nameOrCode(held.requester), held.information, held.inAgencyNumber ?? '', held.validUntil]),
          });
          if (next !== undefined) out.line(say.nextHeld(next));
        });
        return EXIT.done;
      });
    },
  );
}

function answerEnded(ended: EndedProvision, session: Session): void {
  const say = recordTexts(session.language);
  session.answer(ended, (out) => out.line(ended.outcome === 'made' ? say.made : say.notMade(ended.reason ?? '')));
}

interface DecideOptions extends ConnectionOptions {
  readonly department: string;
  readonly reason: EndProvisionRequest['reason'];
}

function releaseCommand(session: Session): Command {
  const say = recordTexts(session.language);
  const query = queryTexts(session.language);
  return command<DecideOptions>(
    session,
    'release',
    say.release,
    (made) => connectionOptions(made.argument('<exchange>', query.exchangeId).requiredOption('--department <code>', query.department), session),
    (options, [given = '']) => {
      const id = exchangeIdGiven('<exchange>', given, session);
      const department = parseText('--department', options.department, session.language);
      return withClient(options, session, async (client) => {
        answerEnded(await client.releaseProvision(id, { department }), session);
        return EXIT.done;
      });
    },
  );
}

function endCommand(session: Session): Command {
  const say = recordTexts(session.language);
  const query = queryTexts(session.language);
  return command<DecideOptions>(
    session,
    'end',
    say.end,
    (made) =>
      connectionOptions(
        made
          .argument('<exchange>', query.exchangeId)
          .requiredOption('--department <code>', query.department)
          .addOption(choice('--reason <reason>', say.endReason, END_REASONS).makeOptionMandatory()),
        session,
      ),
    (options, [given = '']) => {
      const id = exchangeIdGiven('<exchange>', given, session);
      const department = parseText('--department', options.department, session.language);
      return withClient(options, session, async (client) => {
        answerEnded(await client.endProvision(id, { department, reason: options.reason }), session);
        return EXIT.done;
      });
    },
  );
}

export const heldCommand = (session: Session): Command =>
  commandGroup(session, 'held', recordTexts(session.language).heldGroup, [listCommand(session), releaseCommand(session), endCommand(session)]);
