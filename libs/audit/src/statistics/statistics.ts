import type { AgencyClass, AgencyEvent } from '#libs/domain';
import { plusDays } from '#libs/kernel';
import type { Recorded } from '../replay/recorded.js';
import { coreEvents } from '../replay/recorded.js';
import { grantsInForce, type GrantUse, lawOf } from './grants.js';
import { type Durations, percentileMs } from './histogram.js';
import { type Outcome, type OutcomeCounts, OUTCOMES, provided, queries } from './outcome.js';
import type { CountPeriod } from './range-count.js';
import { type CountsByKey, OTHERS, partsOf, type Tally } from './tally.js';

/** How the exchanges of a row came out. `provisions`: those whose data went to the requester. */
export interface Counted {
  readonly queries: number;
  readonly provisions: number;
  readonly outcomes: OutcomeCounts;
}
export interface MonthRow extends Counted {
  readonly month: string;
  /** Provisions of the period up to this month. */
  readonly cumulated: number;
}
/** `procedure` is empty where queries named none. */
export interface ProcedureRow extends Counted {
  readonly affair: string;
  readonly procedure: string;
}
export interface UseRow extends ProcedureRow {
  readonly requester: string;
}
export interface InformationRow extends Counted {
  readonly information: string;
}
/** Institutions and holders of identifiers of one class, how many of them asked and were asked in the period, and what they asked. */
export interface ClassRow extends Counted {
  readonly class: AgencyClass | '';
  readonly institutions: number;
  readonly codeHolders: number;
  readonly asking: number;
  readonly asked: number;
  /** Provisions that institutions of the class made. */
  readonly provided: number;
}
/** Permitted, and no data came: by whom was asked, how it ended (`permitted` and `held`: not yet), and what the record gives as cause. */
export interface UnansweredRow {
  readonly provider: string;
  readonly outcome: Exclude<Outcome, 'denied' | 'provided' | 'received'>;
  readonly cause: string;
  readonly queries: number;
}
export interface RefusalRow {
  readonly reason: string;
  readonly article: string;
  /** An exception of art. 21(2) applied. */
  readonly exception: boolean;
  readonly queries: number;
}
/** From the request to the provision, in ms. Percentiles within PERCENTILE_ERROR; mean and longest exact. */
export interface AnswerTimeRow {
  readonly of: 'all' | 'automatic' | 'official' | 'procedure' | 'information' | 'provider';
  readonly affair?: string;
  readonly procedure?: string;
  readonly information?: string;
  readonly provider?: string;
  readonly provisions: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly meanMs: number;
}

/** A record counted. Rows of each table: most first; months in order, grants in the table's order. */
export interface Statistics {
  readonly period: CountPeriod;
  /** First and last legal day of a request in the whole record; left out where there is none. */
  readonly record: { readonly first?: string; readonly last?: string; readonly events: number; readonly decisions: number };
  readonly total: Counted;
  /** Provisions that came after the query had lapsed or was withdrawn. */
  readonly late: number;
  readonly months: readonly MonthRow[];
  readonly procedures: readonly ProcedureRow[];
  readonly informations: readonly InformationRow[];
  readonly classes: readonly ClassRow[];
  readonly uses: readonly UseRow[];
  readonly grants: readonly GrantUse[];
  readonly unanswered: readonly UnansweredRow[];
  readonly refusals: readonly RefusalRow[];
  readonly answerTimes: readonly AnswerTimeRow[];
}

/** No day comes after it. */
const FOREVER = '9999-12-31';

export function statisticsOf(tally: Tally, period: CountPeriod): Statistics {
  const { first, last, events, decisions } = tally;
  const uses = rowsOf(tally.uses, ([affair = '', procedure = '', requester = '']) => ({ affair, procedure, requester }));
  const { from = first ?? '', to = last === undefined ? FOREVER : plusDays(last, 1) } = period;
  return {
    period,
    record: { ...(first === undefined ? {} : { first }), ...(last === undefined ? {} : { last }), events, decisions },
    total: countedOf(sumOf([...tally.months.values()])),
    late: tally.late,
    months: monthsOf(tally.months),
    procedures: grouped(tally.uses, ([affair = '', procedure = '']) => ({ affair, procedure })),
    informations: rowsOf(tally.informations, ([information = '']) => ({ information })),
    classes: classesOf(tally),
    uses,
    grants: grantsInForce(lawOf(tally.law), { from, to }, tally.grants),
    unanswered: sorted(
      [...tally.unanswered].map(([key, count]) => {
        const [provider = '', outcome = '', cause = ''] = partsOf(key);
        return { provider, outcome: outcome as UnansweredRow['outcome'], cause, queries: count };
      }),
    ),
    refusals: sorted(
      [...tally.refusals].map(([key, count]) => {
        const [reason = '', article = '', exception = ''] = partsOf(key);
        return { reason, article, exception: exception === 'true', queries: count };
      }),
    ),
    answerTimes: answerTimesOf(tally.times),
  };
}

function countedOf(counts: readonly number[]): Counted {
  const outcomes = Object.fromEntries(OUTCOMES.flatMap((outcome, index) => (counts[index] ? [[outcome, counts[index]]] : []))) as OutcomeCounts;
  return { queries: queries(outcomes), provisions: provided(outcomes), outcomes };
}

const sumOf = (all: readonly (readonly number[])[]): number[] => OUTCOMES.map((_, index) => all.reduce((sum, counts) => sum + (counts[index] ?? 0), 0));

/** Most queries first, then by what the row is about. */
const sorted = <R extends { readonly queries: number }>(rows: readonly R[]): readonly R[] =>
  [...rows].sort((a, b) => b.queries - a.queries || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const rowsOf = <R extends object>(counts: CountsByKey, named: (parts: readonly string[]) => R): readonly (R & Counted)[] =>
  sorted([...counts].map(([key, own]) => ({ ...named(partsOf(key)), ...countedOf(own) })));

/** Rows of what several keys have in common. */
function grouped<R extends object>(counts: CountsByKey, named: (parts: readonly string[]) => R): readonly (R & Counted)[] {
  const groups = new Map<string, { readonly row: R; readonly counts: number[] }>();
  for (const [key, own] of counts) {
    const row = named(partsOf(key));
    const name = JSON.stringify(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { row, counts: [...own] });
    else for (const [index, value] of own.entries()) group.counts[index] = (group.counts[index] as number) + value;
  }
  return sorted([...groups.values()].map(({ row, counts: sum }) => ({ ...row, ...countedOf(sum) })));
}

function monthsOf(counts: CountsByKey): readonly MonthRow[] {
  let cumulated = 0;
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([month, own]) => {
      const counted = countedOf(own);
      cumulated += counted.provisions;
      return { month, ...counted, cumulated };
    });
}

function classesOf({ agencies, uses, providers }: Tally): readonly ClassRow[] {
  interface Sum {
    institutions: number;
    codeHolders: number;
    asking: number;
    asked: number;
    provided: number;
    counts: number[];
  }
  const classes = new Map<AgencyClass | '', Sum>();
  const sumFor = (name: AgencyClass | ''): Sum => {
    const sum = classes.get(name) ?? { institutions: 0, codeHolders: 0, asking: 0, asked: 0, provided: 0, counts: sumOf([]) };
    classes.set(name, sum);
    return sum;
  };
  const classOf = new Map<string, AgencyClass>();
  for (const { text } of agencies) {
    const { data } = coreEvents.decode<Extract<AgencyEvent, { type: 'AgencyRegistered' }>>(text) as Recorded<
      Extract<AgencyEvent, { type: 'AgencyRegistered' }>
    >;
    classOf.set(data.code, data.class);
    const sum = sumFor(data.class);
    if (data.institution) sum.institutions += 1;
    if (data.codeHolder) sum.codeHolders += 1;
  }
  const asking = new Set<string>();
  for (const [key, counts] of uses) {
    const requester = partsOf(key)[2] ?? OTHERS;
    const sum = sumFor(classOf.get(requester) ?? '');
    if (!asking.has(requester)) sum.asking += 1;
    asking.add(requester);
    for (const [index, value] of counts.entries()) sum.counts[index] = (sum.counts[index] as number) + value;
  }
  for (const [provider, counts] of providers) {
    const sum = sumFor(classOf.get(provider) ?? '');
    sum.asked += 1;
    sum.provided += countedOf(counts).provisions;
  }
  return sorted([...classes].map(([name, { counts, ...sum }]) => ({ class: name, ...sum, ...countedOf(counts) })));
}

const ALONE = ['all', 'automatic', 'official'] as const;
function answerTimesOf(times: ReadonlyMap<string, Durations>): readonly AnswerTimeRow[] {
  const rows = [...times].map(([key, durations]): AnswerTimeRow => {
    const [of = '', name = '', more = ''] = partsOf(key);
    const about =
      of === 'procedure' ? { affair: name, procedure: more } : of === 'information' ? { information: name } : of === 'provider' ? { provider: name } : {};
    return { of: of as AnswerTimeRow['of'], ...about, ...timesOf(durations) };
  });
  const rank = ({ of }: AnswerTimeRow): number => [...ALONE, 'procedure', 'information', 'provider'].indexOf(of);
  return rows.sort((a, b) => rank(a) - rank(b) || b.provisions - a.provisions || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

function timesOf(durations: Durations): Omit<AnswerTimeRow, 'of'> {
  const { count, sumMs, maxMs } = durations;
  return {
    provisions: count,
    medianMs: percentileMs(durations, 0.5),
    p90Ms: percentileMs(durations, 0.9),
    p99Ms: percentileMs(durations, 0.99),
    longestMs: maxMs,
    meanMs: count === 0 ? 0 : Math.round(sumMs / count),
  };
}
