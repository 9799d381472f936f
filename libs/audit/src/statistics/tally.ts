import { addDuration, addDurations, type Durations, noDurations } from './histogram.js';
import { type Outcome, OUTCOMES } from './outcome.js';

/** Beyond so many different keys in one table, what is new counts under OTHERS: no record makes memory grow without end. */
const KEYS_MAX = 2_000_000;
/** Groups whose answer times are told apart. */
const GROUPS_MAX = 20_000;
export const OTHERS = '*';

export type CountsByKey = Map<string, number[]>;
const SEPARATOR = '\t';
/** Parts of a key: codes and words of the record, none of which holds a tab. */
export const keyOf = (...parts: readonly (string | undefined)[]): string => parts.map((part) => part ?? '').join(SEPARATOR);
export const partsOf = (key: string): readonly string[] => key.split(SEPARATOR);

const OUTCOME_INDEX = Object.fromEntries(OUTCOMES.map((outcome, index) => [outcome, index])) as Readonly<Record<Outcome, number>>;

/** An event of the law or the register, beside where it stands. */
export interface PlacedText {
  readonly position: number;
  readonly text: string;
}

/** What was counted in some ranges of a record. Plain data: it crosses threads. Nothing of it grows with the number of exchanges. */
export interface Tally {
  events: number;
  /** Decisions of the whole record, whatever the period. */
  decisions: number;
  late: number;
  /** First and last legal day of a request, of the whole record. */
  first: string | undefined;
  last: string | undefined;
  /** Exchanges of the period by outcome, in the order of OUTCOMES. */
  readonly months: CountsByKey;
  /** affair, procedure, requester (the institution that asks) */
  readonly uses: CountsByKey;
  readonly informations: CountsByKey;
  /** provider (the institution that is asked) */
  readonly providers: CountsByKey;
  /** table, item, grant, information → permits */
  readonly grants: Map<string, number>;
  /** reason, article, whether an exception of art. 21(2) applied */
  readonly refusals: Map<string, number>;
  /** provider, outcome, cause: permitted, and no data came */
  readonly unanswered: Map<string, number>;
  /** `all`, `automatic`, `official`, or a kind of group and a name */
  readonly times: Map<string, Durations>;
  readonly law: PlacedText[];
  readonly agencies: PlacedText[];
}

export const noTally = (): Tally => ({
  events: 0,
  decisions: 0,
  late: 0,
  first: undefined,
  last: undefined,
  months: new Map(),
  uses: new Map(),
  informations: new Map(),
  providers: new Map(),
  grants: new Map(),
  refusals: new Map(),
  unanswered: new Map(),
  times: new Map(),
  law: [],
  agencies: [],
});

export function countOutcome(into: CountsByKey, key: string, outcome: Outcome): void {
  const counts = countsOf(into, key);
  const index = OUTCOME_INDEX[outcome];
  counts[index] = (counts[index] as number) + 1;
}

function countsOf(into: CountsByKey, key: string): number[] {
  let counts = into.get(key);
  if (counts !== undefined) return counts;
  const own = into.size < KEYS_MAX ? key : OTHERS;
  counts = into.get(own) ?? OUTCOMES.map(() => 0);
  into.set(own, counts);
  return counts;
}

export function count(into: Map<string, number>, key: string, added = 1): void {
  const own = into.has(key) || into.size < KEYS_MAX ? key : OTHERS;
  into.set(own, (into.get(own) ?? 0) + added);
}

export function countDuration(into: Map<string, Durations>, group: string, ms: number): void {
  addDuration(groupOf(into, group), ms);
}

function groupOf(into: Map<string, Durations>, group: string): Durations {
  let durations = into.get(group);
  if (durations === undefined) {
    const own = into.size < GROUPS_MAX ? group : OTHERS;
    durations = into.get(own) ?? noDurations();
    into.set(own, durations);
  }
  return durations;
}

/** Puts what other ranges came to into the first: sums, in any order. */
export function addTally(into: Tally, other: Tally): void {
  into.events += other.events;
  into.decisions += other.decisions;
  into.late += other.late;
  seenDay(into, other.first);
  seenDay(into, other.last);
  for (const table of ['months', 'uses', 'informations', 'providers'] as const) {
    for (const [key, counts] of other[table]) {
      const sum = countsOf(into[table], key);
      for (const [index, value] of counts.entries()) sum[index] = (sum[index] as number) + value;
    }
  }
  for (const table of ['grants', 'refusals', 'unanswered'] as const) for (const [key, added] of other[table]) count(into[table], key, added);
  for (const [group, durations] of other.times) addDurations(groupOf(into.times, group), durations);
  into.law.push(...other.law);
  into.agencies.push(...other.agencies);
}

export function seenDay(into: Tally, day: string | undefined): void {
  if (day === undefined) return;
  if (into.first === undefined || day < into.first) into.first = day;
  if (into.last === undefined || day > into.last) into.last = day;
}
