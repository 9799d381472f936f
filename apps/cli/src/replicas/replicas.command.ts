import type { Command } from 'commander';
import type { AgencyClient, LineResult, RecordedReplica, ReplicaScopeLine, WithdrawReplicaLine } from '#libs/agency-sdk';
import { command, commandGroup } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import { printFacts } from '../command-line/facts.js';
import { personOf } from '../command-line/person.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { findInformation } from '../names/matter.js';
import { parseText } from '../names/parse.js';
import { queryTexts } from '../query/query.texts.js';
import { answerRecorded, registerCommand } from './register.command.js';
import { replicaFields } from './replica-line.js';
import { replicaTexts } from './replica.texts.js';

interface NameOptions extends ConnectionOptions {
  readonly person: string;
  readonly information: string;
  readonly dataset: string;
  readonly period?: string;
}

function withdrawCommand(session: Session): Command {
  const say = replicaTexts(session.language);
  const query = queryTexts(session.language);
  return command<NameOptions>(
    session,
    'withdraw',
    say.withdraw,
    (made) =>
      connectionOptions(
        made
          .requiredOption('--person <number>', query.person)
          .requiredOption('--information <what>', query.information)
          .requiredOption('--dataset <key>', say.dataset)
          .option('--period <period>', say.periodOf),
        session,
      ),
    async (options) => {
      const line = { ...replicaFields(options, session), inAgencyNumber: await personOf(options.person, session) } as unknown as WithdrawReplicaLine;
      return withClient(options, session, async (client) => answerRecorded(await client.withdrawReplicas([line]), session));
    },
  );
}

interface ScopeOptions extends ConnectionOptions {
  readonly person: string;
  readonly information?: string;
  readonly department: string;
}
type ScopeName = 'block' | 'unblock' | 'seal' | 'unseal';
const SCOPES: Readonly<Record<ScopeName, (client: AgencyClient, lines: readonly ReplicaScopeLine[]) => Promise<readonly LineResult<RecordedReplica>[]>>> = {
  block: (client, lines) => client.blockAutomaticAnswers(lines),
  unblock: (client, lines) => client.unblockAutomaticAnswers(lines),
  seal: (client, lines) => client.setNonDisclosures(lines),
  unseal: (client, lines) => client.liftNonDisclosures(lines),
};

function scopeCommand(name: ScopeName, session: Session): Command {
  const say = replicaTexts(session.language);
  const query = queryTexts(session.language);
  return command<ScopeOptions>(
    session,
    name,
    say[name],
    (made) =>
      connectionOptions(
        made
          .requiredOption('--person <number>', query.person)
          .option('--information <what>', say.informationOrAll)
          .requiredOption('--department <code>', query.department),
        session,
      ),
    async (options) => {
      const { information } = options;
      const line = {
        inAgencyNumber: await personOf(options.person, session),
        ...(information === undefined ? {} : { information: findInformation('--information', information, session.language).code }),
        department: parseText('--department', options.department, session.language),
      };
      return withClient(options, session, async (client) => answerRecorded(await SCOPES[name](client, [line]), session));
    },
  );
}

function searchCommand(session: Session): Command {
  const { language } = session;
  const say = replicaTexts(language);
  return command<ConnectionOptions & { readonly person: string; readonly information?: string }>(
    session,
    'search',
    say.search,
    (made) =>
      connectionOptions(
        made.requiredOption('--person <number>', queryTexts(language).person).option('--information <what>', queryTexts(language).information),
        session,
      ),
    async (options) => {
      const { information } = options;
      const request = {
        inAgencyNumber: await personOf(options.person, session),
        ...(information === undefined ? {} : { information: findInformation('--information', information, language).code }),
      };
      return withClient(options, session, async (client) => {
        const held = await client.searchReplicas(request);
        const told = (informations: readonly string[]): string => informations.map((each) => (each === '*' ? say.everything : each)).join(', ');
        session.answer(held, (out) => {
          if (held.replicas.length === 0) out.line(say.none);
          else {
            out.table({
              head: [say.information, say.dataSet, say.period, say.layoutOf, say.contentOf],
              rows: held.replicas.map(({ information: code, dataset, period, layout, content }) => [
                code,
                dataset,
                period ?? '',
                layout,
                JSON.stringify(content),
              ]),
            });
          }
          printFacts(out, [
            [say.blocked, told(held.blocked)],
            [say.sealed, told(held.nonDisclosed)],
          ]);
        });
        return held.replicas.length === 0 ? EXIT.no : EXIT.done;
      });
    },
  );
}

export const replicasCommand = (session: Session): Command =>
  commandGroup(session, 'replicas', replicaTexts(session.language).group, [
    registerCommand(session),
    withdrawCommand(session),
    scopeCommand('block', session),
    scopeCommand('unblock', session),
    scopeCommand('seal', session),
    scopeCommand('unseal', session),
    searchCommand(session),
  ]);
