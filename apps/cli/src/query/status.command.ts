import type { Command } from 'commander';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { parseText } from '../names/parse.js';
import { exchangeIdGiven } from './query-line.js';
import { waitMsOf } from './wait.js';
import { queryTexts } from './query.texts.js';
import { printQuery } from './show-query.js';

interface StatusOptions extends ConnectionOptions {
  readonly wait?: string;
}

export function statusCommand(session: Session): Command {
  const say = queryTexts(session.language);
  return command<StatusOptions>(
    session,
    'status',
    say.status,
    (made) => connectionOptions(made.argument('<exchange...>', say.exchangeIds).option('--wait <seconds>', say.wait), session),
    (options, args) => {
      const ids = args.flat().map((id) => exchangeIdGiven('<exchange>', id, session));
      const waitMs = waitMsOf(options.wait, session);
      return withClient(options, session, async (client) => {
        if (waitMs > 0) await client.waitForOutcomes(ids, { timeoutMs: waitMs });
        // one alone is asked with what the network says of it
        const [only] = ids;
        if (ids.length === 1 && only !== undefined) {
          const state = await client.query(only);
          session.answer({ queries: [state] }, (out) => printQuery(out, state, session));
          return EXIT.done;
        }
        const states = await client.waitForOutcomes(ids, { timeoutMs: 0 });
        session.answer({ queries: [...states.values()] }, (out) => {
          for (const state of states.values()) printQuery(out, state, session);
        });
        const unknown = ids.find((id) => !states.has(id));
        if (unknown !== undefined) throw new UsageError('<exchange>', 'a query of this agency', `${unknown}: ${say.unknownQuery}`);
        return EXIT.done;
      });
    },
  );
}

export function withdrawCommand(session: Session): Command {
  const say = queryTexts(session.language);
  return command<ConnectionOptions & { readonly department: string }>(
    session,
    'withdraw',
    say.withdraw,
    (made) => connectionOptions(made.argument('<exchange>', say.exchangeId).requiredOption('--department <code>', say.department), session),
    (options, [given = '']) => {
      const id = exchangeIdGiven('<exchange>', given, session);
      const department = parseText('--department', options.department, session.language);
      return withClient(options, session, async (client) => {
        const state = await client.withdrawQuery(id, department);
        session.answer(state, (out) => printQuery(out, state, session));
        return state.status === 'withdrawn' ? EXIT.done : EXIT.no;
      });
    },
  );
}
