import { type AnswerTimeRow, type Counted, OUTCOMES, type Statistics, type UnansweredRow } from '#libs/audit';
import { grouped, type Language } from '#libs/terminal';
import { duration, nameOfAffair, nameOfAgency, nameOfClassIn, nameOfInformation, nameOfMatter, reasonIn } from './names.js';
import { statisticsTexts } from './statistics.texts.js';

export const TABLES = ['months', 'procedures', 'informations', 'classes', 'uses', 'grants', 'unanswered', 'refusals', 'answerTimes'] as const;
export type TableName = (typeof TABLES)[number];

type Value = string | number | boolean | undefined;
/** One table for people and for machines, row by row. */
export interface StatisticsTable {
  readonly head: readonly string[];
  /** Columns by index that hold numbers. */
  readonly right: readonly number[];
  readonly rows: readonly {
    readonly cells: readonly string[];
    /** By the names that the JSON has. */
    readonly record: Readonly<Record<string, Value>>;
  }[];
  /** Names of the record's fields, in the order of the CSV's columns. */
  readonly columns: readonly string[];
}

const COUNTS = ['queries', 'provisions', ...OUTCOMES] as const;
const countsOf = ({ queries, provisions, outcomes }: Counted): Record<string, Value> => ({
  queries,
  provisions,
  ...Object.fromEntries(OUTCOMES.map((outcome) => [outcome, outcomes[outcome] ?? 0])),
});

export function endOf(outcome: UnansweredRow['outcome'], language: Language): string {
  const say = statisticsTexts(language);
  return outcome === 'not-provided' ? say.notProvided : say[outcome];
}

/** What a row of answer times is about. */
export function groupOf({ of, affair = '', procedure = '', information = '', provider = '' }: AnswerTimeRow, language: Language): string {
  const say = statisticsTexts(language);
  if (of === 'procedure') return nameOfMatter(affair, procedure, language);
  if (of === 'information') return nameOfInformation(information, language);
  return of === 'provider' ? nameOfAgency(provider) : say[of];
}

/** Provisions most first: the published table's order. */
export const mostProvided = (rows: Statistics['informations']): Statistics['informations'] => [...rows].sort((a, b) => b.provisions - a.provisions);
/** Those that nobody used, what was in operation first. */
export function unusedGrants({ grants }: Statistics): Statistics['grants'] {
  const order = ['unused', 'not-open', 'no-participant'];
  return grants.filter(({ state }) => state !== 'used').sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
}

/** Every table of the statistics in a language. */
export function tablesOf(statistics: Statistics, language: Language): Readonly<Record<TableName, StatisticsTable>> {
  return { ...publishedTables(statistics, language), ...auditTables(statistics, language) };
}

function publishedTables(
  statistics: Statistics,
  language: Language,
): Pick<Record<TableName, StatisticsTable>, 'months' | 'procedures' | 'informations' | 'classes' | 'uses'> {
  const say = statisticsTexts(language);
  return {
    months: {
      head: [say.month, say.queries, say.denied, say.provisions, say.cumulated],
      right: [1, 2, 3, 4],
      columns: ['month', ...COUNTS, 'cumulated'],
      rows: statistics.months.map((row) => ({
        cells: [row.month, grouped(row.queries), grouped(row.outcomes.denied ?? 0), grouped(row.provisions), grouped(row.cumulated)],
        record: { month: row.month, ...countsOf(row), cumulated: row.cumulated },
      })),
    },
    procedures: {
      head: [say.procedure, say.queries, say.provisions],
      right: [1, 2],
      columns: ['affair', 'procedure', 'name', ...COUNTS],
      rows: statistics.procedures.map((row) => {
        const name = nameOfMatter(row.affair, row.procedure, language);
        return {
          cells: [name, grouped(row.queries), grouped(row.provisions)],
          record: { affair: row.affair, procedure: row.procedure, name, ...countsOf(row) },
        };
      }),
    },
    informations: {
      head: [say.information, say.provisions, say.queries],
      right: [1, 2],
      columns: ['information', 'name', ...COUNTS],
      rows: mostProvided(statistics.informations).map((row) => {
        const name = nameOfInformation(row.information, language);
        return { cells: [name, grouped(row.provisions), grouped(row.queries)], record: { information: row.information, name, ...countsOf(row) } };
      }),
    },
    classes: {
      head: [say.class, say.institutions, say.codeHolders, say.asking, say.asked, say.queries, say.provided],
      right: [1, 2, 3, 4, 5, 6],
      columns: ['class', 'name', 'institutions', 'codeHolders', 'asking', 'asked', 'provided', ...COUNTS],
      rows: statistics.classes.map((row) => {
        const name = nameOfClassIn(row.class, language);
        const { institutions, codeHolders, asking, asked, provided } = row;
        return {
          cells: [name, ...[institutions, codeHolders, asking, asked, row.queries, provided].map(grouped)],
          record: { class: row.class, name, institutions, codeHolders, asking, asked, provided, ...countsOf(row) },
        };
      }),
    },
    uses: {
      head: [say.procedure, say.requester, say.queries, say.denied, say.provisions],
      right: [2, 3, 4],
      columns: ['affair', 'procedure', 'name', 'requester', 'requesterName', ...COUNTS],
      rows: statistics.uses.map((row) => {
        const [name, requesterName] = [nameOfMatter(row.affair, row.procedure, language), nameOfAgency(row.requester)];
        return {
          cells: [name, requesterName, grouped(row.queries), grouped(row.outcomes.denied ?? 0), grouped(row.provisions)],
          record: { affair: row.affair, procedure: row.procedure, name, requester: row.requester, requesterName, ...countsOf(row) },
        };
      }),
    },
  };
}

function auditTables(
  statistics: Statistics,
  language: Language,
): Pick<Record<TableName, StatisticsTable>, 'grants' | 'unanswered' | 'refusals' | 'answerTimes'> {
  const say = statisticsTexts(language);
  const why = { used: say.used, unused: say.unused, 'not-open': say.notOpen, 'no-participant': say.noParticipant };
  return {
    grants: {
      head: [say.item, say.affair, say.requester, say.provider, say.information, say.why],
      right: [],
      columns: ['item', 'affair', 'affairName', 'requester', 'provider', 'information', 'informationName', 'versions', 'permits', 'state'],
      rows: [...unusedGrants(statistics), ...statistics.grants.filter(({ state }) => state === 'used')].map((row) => ({
        cells: [
          row.item,
          language === 'ja' ? row.affairName : nameOfAffair(row.affair, language),
          row.requester,
          row.provider,
          nameOfInformation(row.information, language),
          why[row.state],
        ],
        record: { ...row, versions: row.versions.join(' ') },
      })),
    },
    unanswered: {
      head: [say.provider, say.end, say.cause, say.queries],
      right: [3],
      columns: ['provider', 'providerName', 'outcome', 'cause', 'queries'],
      rows: statistics.unanswered.map((row) => {
        const providerName = nameOfAgency(row.provider);
        return { cells: [providerName, endOf(row.outcome, language), row.cause, grouped(row.queries)], record: { ...row, providerName } };
      }),
    },
    refusals: {
      head: [say.reason, say.article, say.exception, say.queries],
      right: [3],
      columns: ['reason', 'article', 'exception', 'queries'],
      rows: statistics.refusals.map((row) => ({
        cells: [reasonIn(row.reason, language), row.article, row.exception ? say.yes : '', grouped(row.queries)],
        record: { ...row },
      })),
    },
    answerTimes: {
      head: [say.of, say.provisions, say.median, say.p90, say.p99, say.longest, say.mean],
      right: [1, 2, 3, 4, 5, 6],
      columns: ['of', 'affair', 'procedure', 'information', 'provider', 'name', 'provisions', 'medianMs', 'p90Ms', 'p99Ms', 'longestMs', 'meanMs'],
      rows: statistics.answerTimes.map((row) => {
        const name = groupOf(row, language);
        const times = [row.medianMs, row.p90Ms, row.p99Ms, row.longestMs, row.meanMs].map((ms) => duration(ms, language));
        return { cells: [name, grouped(row.provisions), ...times], record: { ...row, name } };
      }),
    },
  };
}
