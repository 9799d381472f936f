import type { Command } from 'commander';
import { checkedFeedEvent, PoisonMessage } from '#libs/feed-schemas';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { pageOf, type PagingOptions, pagingOptions } from '../command-line/pages.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { parseWholeNumber } from '../names/parse.js';
import { feedTexts } from './feed.texts.js';
import { grantCommand } from './grant.command.js';

interface FeedOptions extends ConnectionOptions, PagingOptions {
  readonly wait?: string;
}
const WAIT_SECONDS_MAX = 25;
const MS_A_SECOND = 1_000;

function rowOf(raw: unknown, unknown: string): readonly string[] {
  try {
    const { time, type, subject, data } = checkedFeedEvent(raw);
    return [time, type, subject, data.inAgencyNumber ?? ''];
  } catch (error) {
    if (!(error instanceof PoisonMessage)) throw error;
    return ['', unknown, '', '']; // a newer server's: shown whole under --json
  }
}

/** A page of the agency's feed; `--after` goes on where the page before ended. Beneath it `grant`, for whoever keeps Kafka. */
export function feedCommand(session: Session): Command {
  const { language } = session;
  const say = feedTexts(language);
  return command<FeedOptions>(
    session,
    'feed',
    say.feed,
    (made) => connectionOptions(pagingOptions(made, session).option('--wait <seconds>', say.wait), session),
    (options) => {
      const page = pageOf(options, session);
      const wait = options.wait === undefined ? 0 : parseWholeNumber('--wait', options.wait, { min: 0, max: WAIT_SECONDS_MAX }, language);
      return withClient(options, session, async (client) => {
        const { events, next } = await client.feed({ ...page, waitMs: wait * MS_A_SECOND });
        session.answer({ events, next }, (out) => {
          if (events.length === 0) out.line(say.none);
          else out.table({ head: [say.recorded, say.type, say.subject, say.person], rows: events.map((event) => rowOf(event, say.unknown)) });
          out.line(say.next(next));
        });
        return EXIT.done;
      });
    },
  ).addCommand(grantCommand(session));
}
