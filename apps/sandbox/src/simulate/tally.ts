import { type DenialKind, type Outcome, OUTCOMES, type SimulatedExchange } from './exchanges.js';
import { PENSION_DAY } from './seed-figures.js';

/** Counts by a key. Plain data: the same for the same seed. */
export type Counts = Readonly<Record<string, number>>;
export interface TallyReport {
  readonly exchanges: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Provided: at once or released. What follows counts these, as the source does, but for `denials`. */
  readonly provisions: number;
  readonly beforePension: number;
  readonly sincePension: number;
  readonly procedures: Counts;
  readonly information: Counts;
  readonly requesterClasses: Counts;
  readonly providerClasses: Counts;
  readonly months: Counts;
  readonly denials: Counts;
}

/** Counts exchanges as they are made; memory does not grow with their number. */
export class Tally {
  readonly #outcomes = new Map<string, number>();
  readonly #denials = new Map<string, number>();
  readonly #procedures = new Map<string, number>();
  readonly #information = new Map<string, number>();
  readonly #requesters = new Map<string, number>();
  readonly #providers = new Map<string, number>();
  readonly #months = new Map<string, number>();
  #exchanges = 0;
  #provisions = 0;
  #before = 0;

  add({ outcome, denial, item, information, requester, provider, day }: SimulatedExchange): void {
    this.#exchanges += 1;
    count(this.#outcomes, outcome);
    if (denial !== undefined) count(this.#denials, denial satisfies DenialKind);
    if (outcome !== 'provided' && outcome !== 'released') return;
    this.#provisions += 1;
    if (day < PENSION_DAY) this.#before += 1;
    count(this.#procedures, item);
    count(this.#information, information);
    count(this.#requesters, (requester.institution ?? requester.holder).registration.class);
    count(this.#providers, (provider.institution ?? provider.holder).registration.class);
    count(this.#months, day.slice(0, 7));
  }

  get exchanges(): number {
    return this.#exchanges;
  }

  report(): TallyReport {
    return {
      exchanges: this.#exchanges,
      outcomes: Object.fromEntries(OUTCOMES.map((outcome) => [outcome, this.#outcomes.get(outcome) ?? 0])) as Record<Outcome, number>,
      provisions: this.#provisions,
      beforePension: this.#before,
      sincePension: this.#provisions - this.#before,
      procedures: inOrder(this.#procedures),
      information: inOrder(this.#information),
      requesterClasses: inOrder(this.#requesters),
      providerClasses: inOrder(this.#providers),
      months: inOrder(this.#months),
      denials: inOrder(this.#denials),
    };
  }
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
const inOrder = (counts: ReadonlyMap<string, number>): Counts => Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)));
