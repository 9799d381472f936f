import type { Command } from 'commander';
import { type RegisterReplicaLine, valueOf } from '#libs/agency-sdk';
import type { LineResult } from '#libs/agency-sdk';
import { bulkTexts } from '../bulk/bulk.texts.js';
import { bulkOptions, type InputOptions } from '../bulk/input.js';
import { interruptible } from '../bulk/interruption.js';
import { answerReport } from '../bulk/print-report.js';
import { runBulk } from '../bulk/run-bulk.js';
import { command } from '../command-line/commands.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import { personOf } from '../command-line/person.js';
import type { Session } from '../command-line/session.js';
import { withClient } from '../connection/agency-client.js';
import { type ConnectionOptions, connectionOptions } from '../connection/settings.js';
import { queryTexts } from '../query/query.texts.js';
import { readContent, REPLICA_FORM, replicaFields, type ReplicaOptions, replicaSending } from './replica-line.js';
import { replicaTexts } from './replica.texts.js';

interface RegisterOptions extends ConnectionOptions, ReplicaOptions, Partial<InputOptions> {}
const NEEDED = ['person', 'information', 'dataset', 'layout', 'content'] as const;

function registerBulk(options: RegisterOptions & InputOptions, session: Session): Promise<ExitCode> {
  for (const option of ['person', 'content'] as const) {
    if (options[option] !== undefined) throw new UsageError(`--${option}`, 'without --file', queryTexts(session.language).alone(`--${option}`));
  }
  const say = bulkTexts(session.language);
  const defaults = replicaFields(options, session);
  return withClient(options, session, (client, connection) => {
    const job = { kind: 'replicas', form: REPLICA_FORM, defaults, sending: () => replicaSending(client) } as const;
    return interruptible(
      () => session.note(say.stopping),
      async (signal) => {
        const report = await runBulk(job, options, { client, connection, session, signal });
        answerReport(report, undefined, session);
        if (report.completed) return report.state.refused === 0 ? EXIT.done : EXIT.no;
        session.note(say.interrupted(report.state.lines, '--resume'));
        return EXIT.interrupted;
      },
    );
  });
}

/** Tells whether a change of what is held was recorded. */
export function answerRecorded(results: readonly LineResult<{ readonly recorded: boolean }>[], session: Session): ExitCode {
  const say = replicaTexts(session.language);
  for (const result of results) {
    const value = valueOf(result);
    session.answer(value, (out) => out.line(value.recorded ? say.recorded : say.unchanged));
  }
  return EXIT.done;
}

export function registerCommand(session: Session): Command {
  const say = replicaTexts(session.language);
  const query = queryTexts(session.language);
  return command<RegisterOptions>(
    session,
    'register',
    say.register,
    (made) =>
      connectionOptions(
        bulkOptions(
          made
            .option('--person <number>', query.person)
            .option('--information <what>', query.information)
            .option('--dataset <key>', say.dataset)
            .option('--period <period>', say.periodOf)
            .option('--layout <version>', say.layout)
            .option('--content <file>', say.content),
          session,
        ),
        session,
      ),
    async (options) => {
      if (options.file !== undefined) return registerBulk({ ...options, file: options.file }, session);
      if (options.out !== undefined || options.resume === true) throw new UsageError('--file', 'given', bulkTexts(session.language).needsFile);
      const missing = NEEDED.find((option) => options[option] === undefined);
      if (missing !== undefined) throw new UsageError(`--${missing}`, 'given', say.needed(`--${missing}`));
      const fields = replicaFields(options, session);
      const inAgencyNumber = await personOf(options.person ?? '', session);
      const line = { ...fields, inAgencyNumber, content: readContent(options.content ?? '', session) } as unknown as RegisterReplicaLine;
      return withClient(options, session, async (client) => answerRecorded(await client.registerReplicas([line]), session));
    },
  );
}
