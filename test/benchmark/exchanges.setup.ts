import { mkdir } from 'node:fs/promises';
import { type CastAgency, INFORMATION, type NationOptions, Nation, SetUp, TAX_YEAR } from '#apps/sandbox';
import { type LineResult, valueOf } from '#libs/agency-sdk';
import { newExchangeId } from '#libs/cryptography';
import type { LineOutcome } from '#libs/protocol';
import { referenceAgencies } from '#libs/reference-data';

export const LINES_A_CALL = 500;
const CALLS_AT_ONCE = 6;
const LAYOUT = '2019-06';
const ITEM_AFFAIR = 'JM99000000000071'; // item 74, children's allowance
const DEPARTMENT = 'benchmark';

/** How a query is meant to end. Of twenty: sixteen provided, two denied, one without a record, one held for an official. */
export type Meant = 'provided' | 'denied' | 'no-record' | 'held';
const meantOf = (index: number): Meant => {
  const place = index % 20;
  if (place < 16) return 'provided';
  if (place < 18) return 'denied';
  return place === 18 ? 'no-record' : 'held';
};

/** A person whom one city asks another about. */
export interface Subject {
  readonly requester: CastAgency;
  readonly provider: CastAgency;
  readonly meant: Meant;
  readonly residentRecordCode: string;
  readonly requesterNumber: string;
  readonly providerNumber: string;
}

export interface Measured {
  readonly nation: Nation;
  readonly subjects: readonly Subject[];
}
export interface Size {
  readonly agencies: number;
  readonly requesters: number;
  readonly persons: number;
}

const digits = (prefix: number, index: number, length: number): string => `${prefix}${String(index).padStart(length - 1, '0')}`;

/** Municipalities by turns of the eastern and the western server, so that half of the exchanges cross. */
function cities(count: number): CastAgency[] {
  const all = referenceAgencies().flatMap(({ registration, intermediateServer }) =>
    registration.class === 'municipality' && intermediateServer !== undefined
      ? [{ code: registration.code, name: { ja: registration.name, en: registration.name }, server: intermediateServer }]
      : [],
  );
  const east = all.filter(({ server }) => server === 'is-east');
  const west = all.filter(({ server }) => server === 'is-west');
  return Array.from({ length: count }, (_, index) => (index % 2 === 0 ? east : west)[index >> 1] as CastAgency);
}

/** `requesters` cities ask the others, each person once. */
function subjectsOf({ agencies, requesters, persons }: Size): readonly Subject[] {
  const all = cities(agencies);
  const asked = all.slice(requesters);
  return Array.from({ length: persons }, (_, index) => ({
    requester: all[index % requesters] as CastAgency,
    provider: asked[index % asked.length] as CastAgency,
    meant: meantOf(Math.floor(index / requesters)),
    residentRecordCode: digits(2, index, 11),
    requesterNumber: digits(3, index, 15),
    providerNumber: digits(4, index, 15),
  }));
}

function grouped<T>(values: readonly T[], keyOf: (value: T) => CastAgency): (readonly [CastAgency, readonly T[]])[] {
  const groups = new Map<CastAgency, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return [...groups];
}

/** Runs pieces of work, so many at once. */
export async function atOnce<T>(work: readonly T[], most: number, run: (one: T) => Promise<void>): Promise<void> {
  const waiting = work[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: most }, async () => {
      for (let next = waiting.next(); next.done !== true; next = waiting.next()) await run(next.value);
    }),
  );
}

const values = <T>(results: readonly LineResult<T>[]): T[] => results.map((result) => valueOf(result));
function told<T>(outcomes: readonly LineOutcome<T>[]): T[] {
  return outcomes.map((outcome) => {
    if (!outcome.ok) throw new Error(outcome.problem.code);
    return outcome.value;
  });
}

/** Identifiers by the way of the law, but that the registry's part is played by its key alone: it is no part of what is measured. */
async function identify(
  nation: Nation,
  agency: CastAgency,
  persons: readonly { readonly number: string; readonly residentRecordCode: string }[],
): Promise<void> {
  const client = nation.client(agency);
  for (let from = 0; from < persons.length; from += LINES_A_CALL) {
    const page = persons.slice(from, from + LINES_A_CALL);
    const acquired = values(await client.requestAcquisitions(page.map(({ number }) => ({ inAgencyNumber: number }))));
    const numberOf = (index: number): string => acquired[index]?.acquisitionNumber ?? '';
    told(
      await nation.core.service.issueIdentifiers(
        'registry',
        page.map(({ residentRecordCode }, index) => ({ acquisitionNumber: numberOf(index), residentRecordCode })),
      ),
    );
    const collected = await client.collectIdentifiers(page.map(({ number }, index) => ({ acquisitionNumber: numberOf(index), inAgencyNumber: number })));
    if (values(collected).some(({ status }) => status !== 'obtained')) throw new Error('an identifier was not issued');
  }
}

async function registerReplicas(nation: Nation, provider: CastAgency, own: readonly Subject[]): Promise<void> {
  const client = nation.client(provider);
  const content = { totalIncome: 4_120_000, incomeLevy: 247_200, perCapitaLevy: 3_500, dependants: 2, filed: true };
  const replicas = own.flatMap(({ providerNumber, meant }) =>
    meant === 'no-record'
      ? []
      : [{ inAgencyNumber: providerNumber, information: INFORMATION.localTax, dataset: 'assessment', period: TAX_YEAR, layout: LAYOUT, content }],
  );
  if (replicas.length > 0) values(await client.registerReplicas(replicas));
  const blocked = own.flatMap(({ providerNumber, meant }) => (meant === 'held' ? [{ inAgencyNumber: providerNumber, department: DEPARTMENT }] : []));
  if (blocked.length > 0) values(await client.blockAutomaticAnswers(blocked));
}

/** A nation with the whole register and the persons that are asked about; nothing has been asked yet. */
export async function measuredNation(directory: string, size: Size, options: Partial<NationOptions> = {}): Promise<Measured> {
  await mkdir(directory, { recursive: true });
  const nation = await Nation.start({ directory, basePort: 0, logLevel: 'error', between: 'in-process', ...options });
  await new SetUp(nation, undefined, 'en', 'register').run();
  const subjects = subjectsOf(size);
  const asking = grouped(subjects, ({ requester }) => requester).map(([agency, own]) => ({
    agency,
    persons: own.map(({ requesterNumber, residentRecordCode }) => ({ number: requesterNumber, residentRecordCode })),
  }));
  const answering = grouped(subjects, ({ provider }) => provider).map(([agency, own]) => ({
    agency,
    persons: own.map(({ providerNumber, residentRecordCode }) => ({ number: providerNumber, residentRecordCode })),
  }));
  await atOnce([...asking, ...answering], CALLS_AT_ONCE, ({ agency, persons }) => identify(nation, agency, persons));
  await atOnce(
    grouped(subjects, ({ provider }) => provider),
    CALLS_AT_ONCE,
    ([agency, own]) => registerReplicas(nation, agency, own),
  );
  return { nation, subjects };
}

/** The line of a query about a person, under a new exchange id. */
export function lineOf({ requesterNumber, provider, meant }: Subject, atMs: number) {
  return {
    exchangeId: newExchangeId(atMs),
    inAgencyNumber: requesterNumber,
    provider: provider.code,
    affair: ITEM_AFFAIR,
    // livelihood protection is not in item 74
    information: meant === 'denied' ? INFORMATION.livelihood : INFORMATION.localTax,
    ...(meant === 'denied' ? {} : { period: TAX_YEAR }),
    department: DEPARTMENT,
    nonDisclosure: false,
  };
}
