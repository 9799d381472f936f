import { type CastAgency, theCast } from './agencies.js';
import { INFORMATION, type Information } from './law.js';
import { type BulkResident, bulkResidents, NURSERY_HOUSEHOLDS, type Person, theOthers, thePeople } from './people.js';

/** A replica (副本) that an agency registers of a person: invented, the same in every sandbox. */
export interface CastReplica {
  readonly agency: CastAgency;
  readonly person: Person;
  readonly information: Information;
  readonly dataset: string;
  readonly period?: string;
  readonly layout: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Layout in use in May 2020, and one from before: what was registered under it is still read. */
const LAYOUT = '2019-06';
const OLD_LAYOUT = '2018-10';
/** Tax of this year is levied by the municipality where the person lived on 1 January. */
export const TAX_YEAR = '2020';
export const TAX_YEAR_BEFORE = '2019';

type Content = CastReplica['content'];
const tax = (income: number, dependants = 0): Content => ({
  totalIncome: income,
  incomeLevy: Math.round(income * 0.06),
  perCapitaLevy: 3_500,
  dependants,
  filed: true,
});
const register = (addressCode: string, relationCode: string, householdSize: number): Content => ({ addressCode, relationCode, householdSize });
const allowance = (monthlyAmount: number, since: string, children: number): Content => ({ monthlyAmount, since, children });

function replica(
  agency: CastAgency,
  person: Person,
  information: Information,
  dataset: string,
  content: Content,
  more: { period?: string; layout?: string } = {},
): CastReplica {
  const { period, layout = LAYOUT } = more;
  return { agency, person, information, dataset, content, layout, ...(period === undefined ? {} : { period }) };
}

const localTax = (agency: CastAgency, person: Person, income: number, period = TAX_YEAR, dependants = 0): CastReplica =>
  replica(agency, person, INFORMATION.localTax, 'assessment', tax(income, dependants), { period });

function ofPeople(): CastReplica[] {
  const cast = theCast();
  const { kenta, misaki, haruto, yuko, sora, daisuke, aya, naomi } = thePeople();
  return [
    localTax(cast.tokorozawa, kenta, 4_120_000, TAX_YEAR, 2),
    localTax(cast.tokorozawa, misaki, 980_000),
    localTax(cast.kawagoe, kenta, 3_890_000, TAX_YEAR_BEFORE, 2),
    // registered under the layout of 2018-10, which has no field yet for whether a return was filed
    replica(cast.matsumoto, haruto, INFORMATION.residents, 'household', { addressCode: '20202', relationCode: '31', householdSize: 3 }, { layout: OLD_LAYOUT }),

    replica(cast.akita, yuko, INFORMATION.residents, 'household', register('05201', '02', 2)),
    localTax(cast.akita, yuko, 1_340_000, TAX_YEAR, 1),
    replica(cast.akita, yuko, INFORMATION.childRearing, 'allowance', allowance(43_160, '2018-04-01', 1)),
    replica(cast.akitaPrefecture, sora, INFORMATION.disability, 'certificate', { certificateCode: 'physical', grade: '4', issuedOn: '2016-09-12' }),
    replica(cast.akitaPrefecture, yuko, INFORMATION.specialChildRearing, 'allowance', allowance(34_970, '2017-01-01', 1)),
    replica(cast.pension, yuko, INFORMATION.pension, 'payment', {
      pensionCode: 'survivor',
      annualAmount: 1_005_600,
      entitledOn: '2018-02-10',
      suspended: false,
    }),

    replica(cast.pension, daisuke, INFORMATION.pension, 'payment', {
      pensionCode: 'disability',
      annualAmount: 781_700,
      entitledOn: '2019-11-01',
      suspended: false,
      grade: '2',
    }),
    replica(cast.accidentFund, daisuke, INFORMATION.otherBenefits, 'benefit', { summary: '休業補償 支給なし', statusCode: 'none', applies: false }),

    replica(cast.utsunomiya, aya, INFORMATION.childRearing, 'allowance', allowance(43_160, '2019-05-01', 1)),
    replica(cast.utsunomiya, naomi, INFORMATION.childRearing, 'allowance', allowance(53_350, '2017-11-01', 2)),
    ...theOthers().flatMap((person, index) => [
      localTax(person.municipality, person, 2_000_000 + 137_000 * index),
      replica(person.municipality, person, INFORMATION.residents, 'household', register(person.municipality.code.slice(5, 10), '02', 1 + (index % 4))),
    ]),
  ];
}

/** Which of the five kinds of information of case 4 a household has: some have none of an allowance. */
export const nurseryHas = {
  livelihood: ({ index }: BulkResident): boolean => index % 10 === 3,
  childRearing: ({ index }: BulkResident): boolean => index % 5 === 1,
  specialChildRearing: ({ index }: BulkResident): boolean => index % 20 === 7,
  disability: ({ index }: BulkResident): boolean => index % 8 === 5,
} as const;

function ofResident(person: BulkResident): CastReplica[] {
  const { city, prefecture } = person.home;
  const { index } = person;
  const income = 600_000 + ((index * 7_919) % 5_000) * 1_000;
  const common = [
    localTax(city, person, income),
    localTax(city, person, Math.round(income * 0.97), TAX_YEAR_BEFORE),
    replica(city, person, INFORMATION.residents, 'household', register(city.code.slice(5, 10), '02', 1 + (index % 5))),
  ];
  if (index >= NURSERY_HOUSEHOLDS) return common;
  return [
    ...common,
    ...(nurseryHas.livelihood(person)
      ? [replica(city, person, INFORMATION.livelihood, 'protection', { since: '2019-10-01', monthlyAmount: 118_000, householdSize: 3 })]
      : []),
    ...(nurseryHas.childRearing(person) ? [replica(city, person, INFORMATION.childRearing, 'allowance', allowance(43_160, '2019-04-01', 1))] : []),
    ...(nurseryHas.specialChildRearing(person)
      ? [replica(prefecture, person, INFORMATION.specialChildRearing, 'allowance', allowance(52_500, '2018-08-01', 1))]
      : []),
    ...(nurseryHas.disability(person)
      ? [replica(prefecture, person, INFORMATION.disability, 'certificate', { certificateCode: 'mental', grade: '2', issuedOn: '2018-03-05' })]
      : []),
  ];
}

/** Everything that is registered at set-up. */
export const castReplicas = (): readonly CastReplica[] => [...ofPeople(), ...bulkResidents().flatMap(ofResident)];

/** Who obtains identifiers of whom, beyond those for whom it holds replicas. */
function alsoIdentified(): readonly (readonly [CastAgency, readonly Person[]])[] {
  const cast = theCast();
  const { kenta, misaki, haruto, yuko, sora, daisuke, aya, naomi } = thePeople();
  const bulk = bulkResidents();
  const nursery = bulk.slice(0, NURSERY_HOUSEHOLDS);
  return [
    [cast.toyonaka, [kenta, misaki, haruto, daisuke]],
    [cast.kurume, [yuko, sora]],
    [cast.akita, [sora]],
    [cast.akitaPrefecture, [yuko]],
    [cast.himeji, [aya, naomi]],
    [cast.fund, [daisuke]],
    [cast.labour, [daisuke]],
    [cast.pension, [...bulk, daisuke, kenta]],
    [cast.farmersFund, [kenta, daisuke]],
    [cast.unionUnassessed, [kenta]],
    [cast.unionSuspended, [kenta]],
    [cast.kawasaki, nursery],
    [cast.osaka, bulk],
    [cast.hamamatsu, bulk],
    [cast.hokkaido, bulk],
    ...nursery.map((person) => [person.home.prefecture, [person]] as const),
  ];
}

/** For each agency the persons whose identifiers it obtains: everybody of whom it asks, or is asked. The portal's are the named persons. */
export function identifiersWanted(): ReadonlyMap<CastAgency, readonly Person[]> {
  const wanted = new Map<string, { readonly agency: CastAgency; readonly persons: Map<string, Person> }>();
  const add = (agency: CastAgency, persons: readonly Person[]): void => {
    const entry = wanted.get(agency.code) ?? { agency, persons: new Map<string, Person>() };
    for (const one of persons) entry.persons.set(one.id, one);
    wanted.set(agency.code, entry);
  };
  for (const { agency, person } of castReplicas()) add(agency, [person]);
  for (const [agency, persons] of alsoIdentified()) add(agency, persons);
  return new Map([...wanted.values()].map(({ agency, persons }) => [agency, [...persons.values()]]));
}
