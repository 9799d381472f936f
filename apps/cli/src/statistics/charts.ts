import { OUTCOMES, type Statistics, type UnansweredRow } from '#libs/audit';
import { barChart, cumulatedChart, type Frame } from '#libs/charts';
import { grouped, type Language } from '#libs/terminal';
import { nameOfClassIn, nameOfInformation, nameOfMatter, sentenceOf } from './names.js';
import { statisticsTexts } from './statistics.texts.js';
import { endOf, groupOf, mostProvided } from './tables.js';

const SECOND_MS = 1_000;
/** Groups whose answer times are drawn beside each other. */
const TIMES_MAX = 10;

/** Pictures of the tables by the name of their file, each of at most `top` bars. */
export function chartsOf(statistics: Statistics, top: number, language: Language): Readonly<Record<string, string>> {
  const say = statisticsTexts(language);
  const { record, period, total, months } = statistics;
  const frame = (title: string): Frame => ({
    title,
    description: say.chartTold(grouped(total.queries), grouped(total.provisions)),
    source: say.source(period.from ?? record.first ?? '', lastDay(statistics)),
    language,
  });
  const bars = (title: string, value: string, rows: readonly (readonly [name: string, count: number])[]): string =>
    barChart({
      ...frame(title),
      horizontal: true,
      categories: rows.slice(0, top).map(([name]) => name),
      series: [{ name: value, values: rows.slice(0, top).map(([, count]) => count) }],
      labels: true,
      value: { name: value },
    });
  return {
    'months.svg': cumulatedChart({
      ...frame(say.months),
      periods: months.map(({ month }) => month),
      names: { each: say.provisions, cumulated: say.cumulated },
      values: months.map(({ provisions }) => provisions),
    }),
    'procedures.svg': bars(
      say.procedures,
      say.queries,
      statistics.procedures.map(({ affair, procedure, queries }) => [nameOfMatter(affair, procedure, language), queries]),
    ),
    'informations.svg': bars(
      say.informations,
      say.provisions,
      mostProvided(statistics.informations).map(({ information, provisions }) => [nameOfInformation(information, language), provisions]),
    ),
    'classes.svg': bars(
      say.classes,
      say.queries,
      statistics.classes.filter(({ queries }) => queries > 0).map((row) => [nameOfClassIn(row.class, language), row.queries]),
    ),
    'refusals.svg': bars(
      say.refusals,
      say.denied,
      statistics.refusals.map(({ reason, article, queries }) => [`${sentenceOf(reason, language)} ${article}`, queries]),
    ),
    'unanswered.svg': bars(say.unanswered, say.queries, unansweredOf(statistics, language)),
    'grants.svg': grantsChart(statistics, frame(say.grantsByState), language),
    'answer-times.svg': timesChart(statistics, frame(say.answerTimes), language),
  };
}

/** The last day counted: of the period, or of the record. */
export function lastDay({ period, record }: Statistics): string {
  if (period.to === undefined) return record.last ?? '';
  return new Date(Date.parse(`${period.to}T00:00:00.000Z`) - 1).toISOString().slice(0, 10);
}

function unansweredOf({ total }: Statistics, language: Language): readonly (readonly [string, number])[] {
  return OUTCOMES.filter((outcome): outcome is UnansweredRow['outcome'] => !['denied', 'provided', 'received'].includes(outcome)).map((outcome) => [
    endOf(outcome, language),
    total.outcomes[outcome] ?? 0,
  ]);
}

function grantsChart({ grants }: Statistics, frame: Frame, language: Language): string {
  const say = statisticsTexts(language);
  const states = [
    ['used', say.used],
    ['unused', say.unused],
    ['not-open', say.notOpen],
    ['no-participant', say.noParticipant],
  ] as const;
  return barChart({
    ...frame,
    horizontal: true,
    categories: states.map(([, name]) => name),
    series: [{ name: say.grantsByState, values: states.map(([state]) => grants.filter((grant) => grant.state === state).length) }],
    labels: true,
  });
}

function timesChart({ answerTimes }: Statistics, frame: Frame, language: Language): string {
  const say = statisticsTexts(language);
  const rows = answerTimes.filter(({ of }) => of !== 'provider' && of !== 'information').slice(0, TIMES_MAX);
  return barChart({
    ...frame,
    horizontal: true,
    categories: rows.map((row) => groupOf(row, language)),
    series: (
      [
        [say.median, 'medianMs'],
        [say.p90, 'p90Ms'],
        [say.p99, 'p99Ms'],
      ] as const
    ).map(([name, field]) => ({ name, values: rows.map((row) => row[field] / SECOND_MS) })),
    value: { name: say.seconds, scale: 'log' },
  });
}
