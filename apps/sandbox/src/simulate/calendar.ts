import { indexIn, runningSums } from './draws.js';
import { FIRST_DAY, LAST_DAY, PENSION_DAY, PROVISIONS_BEFORE_PENSION, PROVISIONS_SINCE_PENSION } from './seed-figures.js';

const DAY_MS = 86_400_000;
const JAPAN_MS = 9 * 3_600_000;
/** Offices work from half past eight to half past five. */
const OPENS_MS = 8.5 * 3_600_000;
const OPEN_MS = 9 * 3_600_000;

/** Assumed, for the source's month-by-month chart is lost: how busy days are beside each other, within what is known of each period. */
const PEAK_MONTHS: ReadonlySet<number> = new Set([6, 7]);
const PEAK_FACTOR = 1.8;
const SATURDAY_FACTOR = 0.08;
const SUNDAY_FACTOR = 0.04;
/** By the number of procedures: a trial, then about 850, then about 1,200. */
const GROWTH: readonly (readonly [from: string, factor: number])[] = [
  ['2018-10-09', 1.2],
  ['2017-11-13', 0.85],
  [FIRST_DAY, 0.15],
];

const msOf = (day: string): number => Date.parse(`${day}T00:00:00.000Z`);
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function busyness(day: string): number {
  const date = new Date(msOf(day));
  const week = date.getUTCDay();
  const ofWeek = week === 0 ? SUNDAY_FACTOR : week === 6 ? SATURDAY_FACTOR : 1;
  const ofYear = PEAK_MONTHS.has(date.getUTCMonth() + 1) ? PEAK_FACTOR : 1;
  const growth = day < PENSION_DAY ? (GROWTH.find(([from]) => day >= from)?.[1] ?? 0) : 1;
  return ofWeek * ofYear * growth;
}

/** Expected provisions of every day from FIRST_DAY to LAST_DAY: each period sums to what the source tells of it. */
function provisionsByDay(): readonly (readonly [day: string, provisions: number])[] {
  const days: string[] = [];
  for (let ms = msOf(FIRST_DAY); ms <= msOf(LAST_DAY); ms += DAY_MS) days.push(dayOf(ms));
  const massOf = (isBefore: boolean): number => days.reduce((sum, day) => sum + (day < PENSION_DAY === isBefore ? busyness(day) : 0), 0);
  const [before, since] = [PROVISIONS_BEFORE_PENSION / massOf(true), PROVISIONS_SINCE_PENSION / massOf(false)];
  return days.map((day) => [day, busyness(day) * (day < PENSION_DAY ? before : since)]);
}

/** When exchanges happen: the legal days of a span, each with its share. */
export class Calendar {
  readonly #days: readonly string[];
  readonly #sums: Float64Array;

  /** Both days included; they lie within FIRST_DAY and LAST_DAY. */
  constructor(from: string = FIRST_DAY, to: string = LAST_DAY) {
    const chosen = provisionsByDay().filter(([day]) => day >= from && day <= to);
    this.#days = chosen.map(([day]) => day);
    this.#sums = runningSums(chosen.map(([, provisions]) => provisions));
  }

  /** Provisions that the span would have had. */
  get provisions(): number {
    return this.#sums.at(-1) as number;
  }
  /** The same of the days from `from` on, before `until`. */
  between(from: string, until: string): number {
    let sum = 0;
    for (const [index, day] of this.#days.entries()) {
      if (day >= from && day < until) sum += (this.#sums[index] as number) - (this.#sums[index - 1] ?? 0);
    }
    return sum;
  }

  /** The instant before which a share of all, in [0, 1), has happened: grows with the share. Milliseconds since 1970, and the legal day. */
  at(share: number): { readonly atMs: number; readonly day: string } {
    const value = share * this.provisions;
    const index = indexIn(this.#sums, value);
    const before = this.#sums[index - 1] ?? 0;
    const within = (value - before) / ((this.#sums[index] as number) - before);
    const day = this.#days[index] as string;
    return { day, atMs: Math.floor(msOf(day) - JAPAN_MS + OPENS_MS + Math.min(within, 0.999_999) * OPEN_MS) };
  }
}
