import type { Language, Terminal } from '#libs/terminal';
import { agencyClasses } from '#libs/reference-data';
import { ASSUMED_SHARES, OUTCOMES } from './exchanges.js';
import type { WrittenHistory } from './history.js';
import {
  LAST_DAY,
  OTHER_INFORMATION,
  OTHER_PROCEDURES,
  PENSION_DAY,
  PROVISIONS,
  PROVISIONS_BEFORE_PENSION,
  PROVISIONS_SINCE_PENSION,
  type SeedFigure,
  TOP_INFORMATION,
  TOP_PROCEDURES,
} from './seed-figures.js';
import { simulateTexts } from './simulate.texts.js';
import type { Counts } from './tally.js';

/** What was measured beside the history itself. */
export interface Measured {
  /** On disk: law and register alone, and everything at the end. */
  readonly setUpBytes: number;
  readonly bytes: number;
  readonly memoryBytesMax: number;
}

const grouped = (count: number): string => Math.round(count).toLocaleString('en-US');
const share = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`);

type Row = readonly [name: string, here: number, source: number];

function rowsOf(tops: readonly SeedFigure[], counts: Counts, others: number, rest: string, language: Language, provisions: number): readonly Row[] {
  const named = tops.map(({ key, count, [language]: name }): Row => [name, counts[key] ?? 0, count]);
  return [...named, [rest, provisions - named.reduce((sum, [, here]) => sum + here, 0), others]];
}

/** The history beside the source's figures, what came out, and what it took. */
export function showSummary(
  terminal: Terminal,
  language: Language,
  { tally, seconds }: WrittenHistory,
  measured: Measured,
  days: { from: string; to: string },
): void {
  const say = simulateTexts(language);
  const { provisions, procedures, information, outcomes, exchanges, requesterClasses } = tally;
  const sides = (rows: readonly Row[]): string[][] =>
    rows.map(([name, here, source]) => [name, grouped(here), share(here, provisions), grouped(source), share(source, PROVISIONS)]);
  terminal.line();
  terminal.heading(say.beside);
  terminal.table({
    head: [say.figure, say.here, say.share, say.source, say.sourceShare],
    right: [1, 2, 3, 4],
    rows: sides([
      [say.provisions, provisions, PROVISIONS],
      [say.before, tally.beforePension, PROVISIONS_BEFORE_PENSION],
      [say.since, tally.sincePension, PROVISIONS_SINCE_PENSION],
      ...rowsOf(TOP_PROCEDURES, procedures, OTHER_PROCEDURES, say.otherProcedures, language, provisions),
      ...rowsOf(TOP_INFORMATION, information, OTHER_INFORMATION, say.otherInformation, language, provisions),
    ]),
  });
  if (days.from > PENSION_DAY || days.to < LAST_DAY || tally.beforePension === 0) terminal.paragraph(say.wholeSpan, { indent: 2, dress: terminal.style.dim });
  terminal.line();
  terminal.heading(say.outcomes);
  const assumed = (outcome: (typeof OUTCOMES)[number]): number =>
    outcome === 'provided' ? 1 - Object.values(ASSUMED_SHARES).reduce((sum, part) => sum + part, 0) : ASSUMED_SHARES[outcome];
  terminal.table({
    head: [say.outcome, say.exchanges, say.share],
    right: [1, 2],
    rows: OUTCOMES.map((outcome) => [
      say.outcomeName(outcome),
      grouped(outcomes[outcome]),
      `${share(outcomes[outcome], exchanges)} (${share(assumed(outcome), 1)})`,
    ]),
  });
  terminal.line();
  terminal.heading(say.classes);
  const names = new Map(agencyClasses().map((entry) => [entry.class as string, entry[language]]));
  terminal.table({
    head: [say.agencyClass, say.provisions, say.share],
    right: [1, 2],
    rows: Object.entries(requesterClasses)
      .sort(([, one], [, other]) => other - one)
      .map(([name, count]) => [names.get(name) ?? name, grouped(count), share(count, provisions)]),
  });
  terminal.line();
  terminal.heading(say.measured);
  const lines = [
    say.rate(grouped(exchanges / seconds.recording), seconds.recording.toFixed(1)),
    ...(seconds.logs >= 0.1 ? [say.logs(seconds.logs.toFixed(1))] : []),
    say.bytes(grouped((measured.bytes - measured.setUpBytes) / Math.max(1, exchanges)), `${grouped(measured.bytes / 1_048_576)} MiB`),
    ...(measured.memoryBytesMax > 0 ? [say.memory(grouped(measured.memoryBytesMax / 1_048_576))] : []),
  ];
  for (const line of lines) terminal.paragraph(line, { indent: 2 });
}
