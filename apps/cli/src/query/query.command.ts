import type { Command } from 'commander';
import { bulkTexts } from '../bulk/bulk.texts.js';
import { bulkOptions, type InputOptions } from '../bulk/input.js';
import { command } from '../command-line/commands.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { givenOrRead } from '../command-line/standard-input.js';
import type { AgencyClient, SubmitQueryLine } from '#libs/agency-sdk';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { queryBulk } from './query-bulk.js';
import { exchangeIdGiven, fieldsOf, newExchangeId, QUERY_FORM, type QueryOptions } from './query-line.js';
import { queryTexts } from './query.texts.js';
import { resultsCommand } from './results.command.js';
import { printQuery } from './show-query.js';
import { statusCommand, withdrawCommand } from './status.command.js';
import { waitMsOf } from './wait.js';

interface Options extends ConnectionOptions, QueryOptions, Partial<InputOptions> {
  readonly exchange?: string;
  readonly wait?: string;
}

const PERSON_CHARACTERS_MAX = 100;

/** The option that a needed field of a line comes from. */
const OPTION_OF: Readonly<Record<string, string>> = {
  inAgencyNumber: '--person',
  provider: '--provider',
  affair: '--affair',
  information: '--information',
  department: '--department',
};

async function lineOf(options: Options, session: Session): Promise<SubmitQueryLine> {
  const say = queryTexts(session.language);
  const missing = QUERY_FORM.find(({ name, required }) => required && options[(name === 'inAgencyNumber' ? 'person' : name) as keyof Options] === undefined);
  const option = OPTION_OF[missing?.name ?? ''];
  if (option !== undefined) throw new UsageError(option, 'given', say.needed(option));
  const exchangeId = options.exchange === undefined ? newExchangeId() : exchangeIdGiven('--exchange', options.exchange, session);
  const person = await givenOrRead(options.person ?? '', PERSON_CHARACTERS_MAX);
  if (person === undefined || person === '') throw new UsageError('--person', 'given', say.noPerson);
  return { ...(fieldsOf({ ...options, person }, session) as unknown as Omit<SubmitQueryLine, 'exchangeId'>), exchangeId };
}

async function one(client: AgencyClient, line: SubmitQueryLine, waitMs: number, session: Session): Promise<ExitCode> {
  session.note(queryTexts(session.language).sent(line.exchangeId));
  await client.submitQuery(line);
  const followed = waitMs > 0 ? await client.waitForOutcomes([line.exchangeId], { timeoutMs: waitMs }) : undefined;
  const state = followed?.get(line.exchangeId) ?? (await client.query(line.exchangeId));
  session.answer(state, (out) => printQuery(out, state, session));
  return waitMs === 0 || state.status === 'received' ? EXIT.done : EXIT.no;
}

function isBulk(options: Options, session: Session): options is Options & InputOptions {
  if (options.file !== undefined) {
    const single = options.person !== undefined ? '--person' : options.exchange !== undefined ? '--exchange' : undefined;
    if (single !== undefined) throw new UsageError(single, 'without --file', queryTexts(session.language).alone(single));
    return true;
  }
  if (options.out !== undefined || options.resume === true) throw new UsageError('--file', 'given', bulkTexts(session.language).needsFile);
  return false;
}

export function queryCommand(session: Session): Command {
  const say = queryTexts(session.language);
  const query = command<Options>(
    session,
    'query',
    say.group,
    (made) =>
      connectionOptions(
        bulkOptions(
          made
            .option('--person <number>', say.person)
            .option('--provider <who>', say.provider)
            .option('--provider-institution <who>', say.providerInstitution)
            .option('--institution <who>', say.institution)
            .option('--affair <affair>', say.affair)
            .option('--procedure <code>', say.procedure)
            .option('--information <what>', say.information)
            .option('--dataset <key>', say.dataset)
            .option('--period <period>', say.period)
            .option('--department <code>', say.department)
            .option('--application <id>', say.application)
            .option('--non-disclosure', say.nonDisclosure)
            .option('--exchange <id>', say.exchange)
            .option('--wait <seconds>', say.wait),
          session,
        ),
        session,
      ),
    async (options) => {
      const waitMs = waitMsOf(options.wait, session);
      if (isBulk(options, session)) {
        const defaults = fieldsOf(options, session);
        return withClient(options, session, (client, connection) => queryBulk(options, defaults, waitMs, { client, connection, session }));
      }
      const line = await lineOf(options, session);
      return withClient(options, session, (client) => one(client, line, waitMs, session));
    },
  );
  return query.addCommand(statusCommand(session)).addCommand(resultsCommand(session)).addCommand(withdrawCommand(session));
}
