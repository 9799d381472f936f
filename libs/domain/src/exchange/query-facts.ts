import { type DataOf, flag, optional, text } from '#libs/kernel';

/**
 * What a query asks, in the words that all three records keep (Act art. 23(1): names, time of request, items, and by
 * ministerial order department and affair). Holds nothing that points to the person.
 */
export const queryFacts = {
  /** Groups the exchanges of one application: several persons, years, informations, providers. */
  applicationId: optional(text),
  /** Code holder that asks; `requesterInstitution` is the institution it asks for (委任元), where that is another. */
  requester: text,
  requesterInstitution: optional(text),
  provider: text,
  providerInstitution: optional(text),
  affair: text,
  procedure: optional(text),
  information: text,
  /** Which of several data sets of one information; every one where it is left out. */
  dataset: optional(text),
  /** `2020` (a year; for local tax the tax year) or `2019-04-01/2020-03-31`; left out where the information has none. */
  period: optional(text),
  /** Requesting department's code. */
  department: text,
  /** Requester's non-disclosure flag (照会側不開示, art. 23(2)): seals the fact at all three. */
  nonDisclosure: flag,
  /** Business instant of the request, ISO 8601 UTC. */
  requestedAt: text,
} as const;
export type QueryFacts = DataOf<typeof queryFacts>;

/** The facts alone, from an event or message that holds more. Written out, for every decision makes one. */
export function factsOf(source: QueryFacts): QueryFacts {
  const { requester, provider, affair, information, department, nonDisclosure, requestedAt } = source;
  const { applicationId, requesterInstitution, providerInstitution, procedure, dataset, period } = source;
  const facts: { -readonly [Name in keyof QueryFacts]: QueryFacts[Name] } = {
    requester,
    provider,
    affair,
    information,
    department,
    nonDisclosure,
    requestedAt,
  };
  if (applicationId !== undefined) facts.applicationId = applicationId;
  if (requesterInstitution !== undefined) facts.requesterInstitution = requesterInstitution;
  if (providerInstitution !== undefined) facts.providerInstitution = providerInstitution;
  if (procedure !== undefined) facts.procedure = procedure;
  if (dataset !== undefined) facts.dataset = dataset;
  if (period !== undefined) facts.period = period;
  return facts;
}
