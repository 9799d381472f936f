import { type ReferenceAgency, referenceAgencies } from '#libs/reference-data';
import { Draws, runningSums } from './draws.js';

/** Persons come in groups of so many; a person's place in its group says what is special about it. */
const GROUP = 20;
/** The person's former agencies look at each answer about it themselves (自動応答不可). */
export const PLACE_FLAGGED = 0;
/** Nothing is held of the person where it is asked for. */
export const PLACE_RECORDLESS = 1;
/** Who is asked about it has obtained no identifier for it: where it lived before, and where it lives (which then asks about it nowhere). */
export const PLACE_UNKNOWN = 2;
export const PLACE_UNKNOWN_AT_HOME = 3;
/** Of each group the last live in towns and villages, the others in cities: nine of ten do. */
const FIRST_TOWN_PLACE = 18;
const FIRST_ORDINARY_PLACE = 4;

/** Assumed: a person is asked about so often over the whole span. */
const EXCHANGES_A_PERSON = 20;
const PERSONS_MIN = 2 * GROUP;
/** Bounds what is held in memory: about a kilobyte a person. */
const PERSONS_MAX = 100_000;

const LETTERS_OF_NUMBER = 15;

export interface Place {
  readonly municipality: ReferenceAgency;
  readonly prefecture: ReferenceAgency;
  readonly board: ReferenceAgency;
}
export interface SimulatedPerson {
  readonly index: number;
  /** 住民票コード, 11 digits. */
  readonly residentRecordCode: string;
  readonly home: Place;
  readonly former: Place;
  readonly insurer: ReferenceAgency;
}

/** Assumed: designated cities are far more, wards and cities more populous than the weight of one that a town has among towns. */
const weightOf = ({ registration: { healthCentre, name } }: ReferenceAgency): number => (name.endsWith('区') ? 3 : healthCentre ? 8 : 1);

/** Agencies by the part that they play. */
class Agencies {
  readonly cities: readonly Place[];
  readonly towns: readonly Place[];
  readonly citySums: Float64Array;
  readonly insurers: readonly ReferenceAgency[];
  readonly #byClass = new Map<string, ReferenceAgency[]>();
  readonly #byCode = new Map<string, ReferenceAgency>();

  constructor() {
    for (const agency of referenceAgencies()) {
      const { class: name, code } = agency.registration;
      this.#byCode.set(code, agency);
      this.#byClass.set(name, [...(this.#byClass.get(name) ?? []), agency]);
    }
    const ofPrefecture = (name: string): ReadonlyMap<string, ReferenceAgency> =>
      new Map(this.ofClass(name).map((agency) => [agency.registration.prefecture ?? '', agency]));
    const [prefectures, boards] = [ofPrefecture('prefecture'), ofPrefecture('prefecture-board')];
    const places = this.ofClass('municipality').map((municipality): Place => {
      const number = municipality.registration.prefecture ?? '';
      return { municipality, prefecture: prefectures.get(number) as ReferenceAgency, board: boards.get(number) as ReferenceAgency };
    });
    this.cities = places.filter(({ municipality }) => municipality.registration.welfareOffice);
    this.towns = places.filter(({ municipality }) => !municipality.registration.welfareOffice);
    this.citySums = runningSums(this.cities.map(({ municipality }) => weightOf(municipality)));
    this.insurers = ['health-insurance-association', 'health-insurance-society'].flatMap((name) => this.ofClass(name));
  }

  ofClass(name: string): readonly ReferenceAgency[] {
    return this.#byClass.get(name) ?? [];
  }
  one(name: string): ReferenceAgency {
    return this.ofClass(name)[0] as ReferenceAgency;
  }
  /** Who asks and answers for it: itself, or the holder that acts for it. */
  holderOf(agency: ReferenceAgency): ReferenceAgency {
    return agency.delegatedTo === undefined ? agency : (this.#byCode.get(agency.delegatedTo) as ReferenceAgency);
  }
}

/** Persons that follow from a seed; none is held, each is made when it is asked for. */
export class Population {
  readonly size: number;
  readonly agencies = new Agencies();
  readonly #draws: Draws;

  constructor(words: Uint32Array, exchanges: number) {
    const wanted = Math.ceil(exchanges / EXCHANGES_A_PERSON / GROUP) * GROUP;
    this.size = Math.min(PERSONS_MAX, Math.max(PERSONS_MIN, wanted));
    this.#draws = new Draws(words, 2);
  }

  person(index: number): SimulatedPerson {
    const draws = this.#draws.at(index);
    const isOfTown = index % GROUP >= FIRST_TOWN_PLACE;
    const place = (): Place => {
      if (isOfTown) return this.agencies.towns[draws.below(this.agencies.towns.length)] as Place;
      return this.agencies.cities[draws.byWeight(this.agencies.citySums)] as Place;
    };
    const home = place();
    let former = place();
    while (former.municipality === home.municipality) former = place();
    const { insurers } = this.agencies;
    // half are with the association, which is one insurer among many
    const insurer = (draws.unit() < 0.5 ? insurers[0] : insurers[draws.below(insurers.length)]) as ReferenceAgency;
    return { index, residentRecordCode: `7${String(index).padStart(10, '0')}`, home, former, insurer };
  }

  /** A person with nothing special; of a city only, where a welfare office is needed. */
  ordinary(draws: Draws, ofCity: boolean): number {
    const places = (ofCity ? FIRST_TOWN_PLACE : GROUP) - FIRST_ORDINARY_PLACE;
    return draws.below(this.size / GROUP) * GROUP + FIRST_ORDINARY_PLACE + draws.below(places);
  }
  special(draws: Draws, place: number): number {
    return draws.below(this.size / GROUP) * GROUP + place;
  }
}

/** An agency's own number of a person (団体内統合宛名番号): its code's middle and the person's index, mixed so that two agencies' differ. */
export function numberAt(agency: string, person: number): string {
  const mixed = Math.imul(person + 1, 0x9e3779b1) >>> 0;
  return `${agency.slice(5, 10)}${String(mixed).padStart(LETTERS_OF_NUMBER - 5, '0')}`;
}
