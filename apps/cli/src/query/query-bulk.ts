import type { AgencyClient } from '#libs/agency-sdk';
import { bulkTexts } from '../bulk/bulk.texts.js';
import { countOutcomes, followBulk, type Outcomes } from '../bulk/follow.js';
import type { InputOptions } from '../bulk/input.js';
import { interruptible } from '../bulk/interruption.js';
import { answerReport } from '../bulk/print-report.js';
import { type BulkReport, runBulk } from '../bulk/run-bulk.js';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import type { Connection } from '../connection/settings.js';
import type { Fields } from '../lines/line-form.js';
import { QUERY_FORM, querySending } from './query-line.js';

interface Surroundings {
  readonly client: AgencyClient;
  readonly connection: Connection;
  readonly session: Session;
}

/** Outcomes of queries that all ended as was wished. */
const isAllReceived = (outcomes: Outcomes): boolean => Object.keys(outcomes).every((outcome) => outcome === 'received');

function endOf(report: BulkReport, outcomes: Outcomes | undefined): ExitCode {
  if (!report.completed) return EXIT.interrupted;
  if (outcomes !== undefined) return isAllReceived(outcomes) ? EXIT.done : EXIT.no;
  return report.state.refused === 0 ? EXIT.done : EXIT.no;
}

/** A bulk of queries: sends, and where it is asked to waits for the outcomes. */
export function queryBulk(options: InputOptions, defaults: Fields, waitMs: number, { client, connection, session }: Surroundings): Promise<ExitCode> {
  const say = bulkTexts(session.language);
  const job = { kind: 'query', form: QUERY_FORM, defaults, sending: querySending.bind(undefined, client) } as const;
  return interruptible(
    () => session.note(say.stopping),
    async (signal) => {
      const sent = await runBulk(job, options, { client, connection, session, signal });
      const awaited = sent.completed && waitMs > 0;
      const lines = sent.state.accepted + sent.state.refused;
      const completed = sent.completed && (!awaited || (await followBulk(client, sent.out, lines, { waitMs, session, signal })));
      const report = { ...sent, completed };
      const outcomes = awaited && completed ? await countOutcomes(sent.out) : undefined;
      answerReport(report, outcomes, session);
      if (!completed) session.note(say.interrupted(sent.state.lines, '--resume'));
      return endOf(report, outcomes);
    },
  );
}
