import { uuidV7 } from '#libs/kernel';
import { procedures, type ReferenceAgency, referenceHistory } from '#libs/reference-data';
import { Calendar } from './calendar.js';
import { Draws, wordsOf } from './draws.js';
import { type Asked, type Asker, Mix, PENSION_ANSWERS_DAY, type Use, USES } from './mix.js';
import { PLACE_FLAGGED, PLACE_RECORDLESS, PLACE_UNKNOWN, PLACE_UNKNOWN_AT_HOME, Population, type SimulatedPerson } from './population.js';
import { FIRST_DAY, LAST_DAY } from './seed-figures.js';

/** How an exchange is meant to end; the deciders say how it ends. */
export type Outcome = 'provided' | 'released' | 'no-record' | 'not-provided' | 'lapsed' | 'impossible' | 'denied';
export const OUTCOMES: readonly Outcome[] = ['provided', 'released', 'no-record', 'not-provided', 'lapsed', 'impossible', 'denied'];
export type DenialKind = 'INFORMATION_NOT_IN_ITEM' | 'AFFAIR_NOT_IN_TABLE' | 'NOT_YET_OPEN' | 'NOT_A_PARTICIPANT';

/**
 * Assumptions: the source tells nothing of what was not provided. Shares of all exchanges; what remains is provided at once.
 * `released`: held for an official and let go; `not-provided`: ended by one; `lapsed`: nobody looked in time; `impossible`: the
 * provider holds no identifier.
 */
export const ASSUMED_SHARES: Readonly<Record<Exclude<Outcome, 'provided'>, number>> = {
  denied: 0.005,
  'no-record': 0.012,
  impossible: 0.004,
  released: 0.003,
  'not-provided': 0.0005,
  lapsed: 0.0005,
};
/** Assumed, of the denied. */
const DENIAL_SHARES: readonly (readonly [DenialKind, number])[] = [
  ['INFORMATION_NOT_IN_ITEM', 0.45],
  ['NOT_YET_OPEN', 0.25],
  ['AFFAIR_NOT_IN_TABLE', 0.2],
  ['NOT_A_PARTICIPANT', 0.1],
];
/** Assumed: the requester seals so many of its queries (照会側不開示). */
const SEALED_SHARE = 0.001;

/** Held answers are let go or ended within this time of the request: before the validity period is over. */
const OFFICIAL_MS_MIN = 4 * 60_000;
const OFFICIAL_MS_MAX = 50 * 60_000;

export const EXCHANGES_MAX = 100_000_000;
/** Asked for under none of USES: notices under the National Health Insurance Act. */
const FOREIGN_TO_ALL = 'TM99000000000059';
/** An affair under which information is held, not one that asks. */
const AFFAIR_OUTSIDE = 'JM99000000001001';
const TAX = 'TM00000000000002';
const PENSION = 'TM00000000000053';
/** A tax year's facts are there from June on (課税). */
const TAX_MONTH = 6;

/** One side of an exchange: the code holder, and the institution that it acts for where that is another. */
export interface Side {
  readonly holder: ReferenceAgency;
  readonly institution?: ReferenceAgency;
}
/** What is asked of whom. */
export interface Question {
  readonly requester: Side;
  readonly provider: Side;
  /** Of the table; what the question was meant to be under, where it is denied. */
  readonly item: string;
  readonly affair: string;
  readonly procedure?: string;
  readonly information: string;
  readonly period?: string;
  readonly department: string;
}
export interface SimulatedExchange extends Question {
  readonly index: number;
  readonly exchangeId: string;
  readonly atMs: number;
  /** Legal day. */
  readonly day: string;
  readonly person: SimulatedPerson;
  readonly nonDisclosure: boolean;
  readonly outcome: Outcome;
  readonly denial?: DenialKind;
  /** How long an official takes, where one answers. */
  readonly officialMs: number;
}
/** Data set under which everything simulated is held. */
export const DATASET = 'record';
/** Its provider holds a replica of what is asked for. */
export const isAnswered = ({ outcome }: SimulatedExchange): boolean => outcome === 'provided' || isOfficial(outcome);
/** Its answer waits for an official. */
export const isHeld = ({ outcome }: SimulatedExchange): boolean => isOfficial(outcome);
const isOfficial = (outcome: Outcome): boolean => outcome === 'released' || outcome === 'not-provided' || outcome === 'lapsed';

export interface WorkloadOptions {
  readonly exchanges: number;
  readonly seed: string;
  /** Legal days, both included; FIRST_DAY and LAST_DAY where left out. */
  readonly from?: string;
  readonly to?: string;
}

const DEPARTMENTS: Readonly<Record<string, string>> = { '27': 'tax', '113': 'tuition', '74': 'child-welfare', '116': 'nursery', '57': 'child-welfare' };
const DEPARTMENT = 'benefits';

/** Exchanges that follow from a seed, one by one in the order of time; nothing is held of those before. */
export class Workload {
  readonly population: Population;
  readonly calendar: Calendar;
  readonly #draws: Draws;
  readonly #mix = new Mix();
  readonly #bits = Buffer.alloc(10);
  readonly #affairs = new Map<string, string>();
  readonly #procedures: ReadonlyMap<string, string>;

  constructor(readonly options: WorkloadOptions) {
    const words = wordsOf(options.seed);
    this.#draws = new Draws(words, 1);
    this.population = new Population(words, options.exchanges);
    this.calendar = new Calendar(options.from ?? FIRST_DAY, options.to ?? LAST_DAY);
    for (const { item, affair } of referenceHistory().on(LAST_DAY)?.items ?? []) this.#affairs.set(item, affair);
    // of an item's procedures the one that the source names
    const ordered = [...procedures()].sort((one, other) => (one.requestsTo20200507 ?? 0) - (other.requestsTo20200507 ?? 0));
    this.#procedures = new Map(ordered.map(({ item, code }) => [item, code]));
  }

  *exchanges(): Generator<SimulatedExchange, void, void> {
    for (let index = 0; index < this.options.exchanges; index += 1) yield this.exchange(index);
  }

  /** The exchange with an index; instants never fall as it grows. */
  exchange(index: number): SimulatedExchange {
    const draws = this.#draws.at(index);
    const { atMs, day } = this.calendar.at((index + draws.unit()) / this.options.exchanges);
    for (let at = 2; at < 10; at += 4) this.#bits.writeUInt32BE(draws.next(), at);
    this.#bits.writeUInt16BE(draws.next() & 0xffff, 0);
    const exchangeId = uuidV7(atMs, this.#bits);
    const use = USES[draws.byWeight(this.#mix.on(day))] as Use;
    const outcome = outcomeOf(draws.unit());
    const person = this.population.person(this.#personOf(draws, use, outcome));
    const nonDisclosure = draws.unit() < SEALED_SHARE;
    const officialMs = OFFICIAL_MS_MIN + draws.below(OFFICIAL_MS_MAX - OFFICIAL_MS_MIN);
    const asked = this.#asked(use, person, day);
    const common = { index, exchangeId, atMs, day, person, nonDisclosure, outcome, officialMs };
    if (outcome !== 'denied') return { ...common, ...asked };
    return { ...common, ...this.#denied(asked, person, day, draws.unit()) };
  }

  #personOf(draws: Draws, { welfare, asker }: Use, outcome: Outcome): number {
    switch (outcome) {
      case 'released':
      case 'not-provided':
      case 'lapsed':
        return this.population.special(draws, PLACE_FLAGGED);
      case 'no-record':
        return this.population.special(draws, PLACE_RECORDLESS);
      case 'impossible':
        return this.population.special(draws, asker === 'municipality' ? PLACE_UNKNOWN : PLACE_UNKNOWN_AT_HOME);
      case 'provided':
      case 'denied':
        return this.population.ordinary(draws, welfare);
    }
  }

  #asked({ item, information, asker, asked }: Use, person: SimulatedPerson, day: string): Question {
    const procedure = this.#procedures.get(item);
    return {
      requester: this.#asker(asker, person),
      provider: this.#askedSide(asked, person),
      item,
      affair: this.#affairs.get(item) ?? '',
      information,
      department: DEPARTMENTS[item] ?? DEPARTMENT,
      ...(procedure === undefined ? {} : { procedure }),
      ...(information === TAX ? { period: taxYearOn(day) } : {}),
    };
  }

  #asker(asker: Asker, { home, insurer }: SimulatedPerson): Side {
    const { agencies } = this.population;
    switch (asker) {
      case 'municipality':
        return { holder: home.municipality };
      case 'prefecture':
        return { holder: home.prefecture };
      case 'prefecture-board':
        return { holder: home.board };
      case 'pension-service':
      case 'student-services':
        return { holder: agencies.one(asker) };
      case 'employment-bureau':
        return { holder: agencies.one('employment-security-bureau') };
      case 'society':
        // item 3 is the societies' own: who is with the association is asked about by the first of them
        return this.#behind(insurer.registration.class === 'health-insurance-society' ? insurer : agencies.one('health-insurance-society'));
    }
  }

  #askedSide(asked: Asked, { home, former, insurer }: SimulatedPerson): Side {
    switch (asked) {
      case 'municipality':
        return { holder: home.municipality };
      case 'former-municipality':
        return { holder: former.municipality };
      case 'former-prefecture':
        return { holder: former.prefecture };
      case 'pension-service':
        return { holder: this.population.agencies.one('pension-service') };
      case 'insurer':
        return this.#behind(insurer);
    }
  }

  #behind(institution: ReferenceAgency): Side {
    const holder = this.population.agencies.holderOf(institution);
    return holder === institution ? { holder } : { holder, institution };
  }

  /** The same question with a fault in it, such as are made. */
  #denied(asked: Question, person: SimulatedPerson, day: string, share: number): Question & { readonly denial: DenialKind } {
    const drawn = denialOf(share);
    // until the pension service began it could be asked nothing, and could ask nothing
    const denial = drawn === 'NOT_YET_OPEN' && day >= PENSION_ANSWERS_DAY ? 'INFORMATION_NOT_IN_ITEM' : drawn;
    const { period: _period, procedure: _procedure, ...rest } = asked;
    switch (denial) {
      case 'AFFAIR_NOT_IN_TABLE':
        return { ...rest, affair: AFFAIR_OUTSIDE, denial };
      case 'INFORMATION_NOT_IN_ITEM':
        return { ...asked, information: FOREIGN_TO_ALL, denial };
      case 'NOT_A_PARTICIPANT':
        return { ...asked, provider: { holder: this.population.agencies.one('national-tax-agency') }, denial };
      case 'NOT_YET_OPEN': {
        const use = USES.find(({ item, information }) => item === '94' && information === PENSION) as Use;
        return { ...this.#asked(use, person, day), denial };
      }
    }
  }
}

export const taxYearOn = (day: string): string => String(Number(day.slice(0, 4)) - (Number(day.slice(5, 7)) >= TAX_MONTH ? 0 : 1));

function outcomeOf(share: number): Outcome {
  let sum = 0;
  for (const [outcome, part] of Object.entries(ASSUMED_SHARES) as [Outcome, number][]) if (share < (sum += part)) return outcome;
  return 'provided';
}

function denialOf(share: number): DenialKind {
  let sum = 0;
  for (const [denial, part] of DENIAL_SHARES) if (share < (sum += part)) return denial;
  return 'INFORMATION_NOT_IN_ITEM';
}
