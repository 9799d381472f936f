import { grouped } from '#libs/terminal';
import type { Session } from '../command-line/session.js';
import { printFacts } from '../command-line/facts.js';
import { bulkTexts } from './bulk.texts.js';
import type { Outcomes } from './follow.js';
import type { BulkReport } from './run-bulk.js';

/** Tells how a bulk ended; `outcomes` where they were awaited. */
export function answerReport({ state, out, completed, refused }: BulkReport, outcomes: Outcomes | undefined, session: Session): void {
  const say = bulkTexts(session.language);
  const { bulkId, accepted, refused: refusals } = state;
  const json = { bulkId, out, lines: accepted + refusals, accepted, refused: refusals, completed, ...(outcomes === undefined ? {} : { outcomes }) };
  session.answer(json, (terminal) => {
    printFacts(terminal, [
      [say.bulk, bulkId],
      [say.lines, grouped(accepted + refusals)],
      [say.accepted, grouped(accepted)],
      [say.refused, grouped(refusals)],
      [
        say.outcomes,
        outcomes &&
          Object.entries(outcomes)
            .map(([outcome, count]) => `${outcome} ${grouped(count)}`)
            .join(', '),
      ],
      [say.results, out],
    ]);
    if (refused.length === 0) return;
    terminal.line(say.firstRefused);
    const rows = refused.map(({ line, reason, detail }) => [grouped(line), reason ?? '', detail ?? '']);
    terminal.table({ head: [say.line, say.reason, say.detail], rows, right: [0] });
  });
}
