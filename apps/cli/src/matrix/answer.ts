import { denialArticle, type DenialCode, denialSentence, explain, explainUnder, type Explanation, judge, type PermissionMatrix } from '#libs/domain';
import { plusDays } from '#libs/kernel';
import { type Affair, type InformationKind, referenceHistory } from '#libs/reference-data';
import { holderStanding, type Party, standingOfParty } from '../names/agencies.js';
import { newestInForce } from './which-table.js';

/** May this requester ask that provider, for that affair, for this? */
export interface Asked {
  readonly requester: Party;
  readonly provider: Party;
  readonly affair: Affair;
  readonly information: InformationKind;
}

export interface Openings {
  /** Days; undefined where it was never opened. */
  readonly requester?: string;
  readonly provider?: string;
}

export interface Answer {
  readonly explanation: Explanation;
  readonly day: string;
  /** Under this version alone. */
  readonly under?: PermissionMatrix;
  /** From when both classes take part under the cited item. */
  readonly openings?: Openings;
  /** Where no table is in force that day: how it stood on the last day that one was. */
  readonly lastDay?: { readonly day: string; readonly explanation: Explanation };
  /** Where the day is before the first table. */
  readonly firstDay?: string;
}

/** What is refused because of who they are, before any table is read. */
const OF_PARTIES: ReadonlySet<DenialCode> = new Set<DenialCode>(['NOT_A_PARTICIPANT', 'ANSWER_ONLY', 'SAME_AGENCY', 'NOT_DELEGATED']);

function refusedParties({ requester, provider, affair, information }: Asked, day: string): DenialCode | undefined {
  const [requesterHolder, providerHolder] = [holderStanding(requester), holderStanding(provider)];
  const verdict = judge(referenceHistory(), {
    requester: standingOfParty(requester, 'requester'),
    provider: standingOfParty(provider, 'provider'),
    ...(requesterHolder === undefined ? {} : { requesterHolder }),
    ...(providerHolder === undefined ? {} : { providerHolder }),
    affair: affair.code,
    information: information.code,
    day,
  });
  return !verdict.permitted && OF_PARTIES.has(verdict.code) ? verdict.code : undefined;
}

function explained(asked: Asked, day: string, under?: PermissionMatrix): Explanation {
  const refused = refusedParties(asked, day);
  if (refused !== undefined) {
    return {
      permitted: false,
      code: refused,
      article: denialArticle(refused, day),
      sentence: { ja: denialSentence(refused, 'ja'), en: denialSentence(refused, 'en') },
      granted: [],
    };
  }
  const question = { requester: asked.requester.facts, affair: asked.affair.code, provider: asked.provider.facts, information: asked.information.code };
  return under === undefined ? explain(referenceHistory(), question, day) : explainUnder(under, question, day);
}

/** Answers under the law of a day, or under one version alone. */
export function answer(asked: Asked, day: string, under?: PermissionMatrix): Answer {
  const explanation = explained(asked, day, under);
  const told = { explanation, day, ...(under === undefined ? {} : { under }) };
  if (under !== undefined) return told;
  const history = referenceHistory();
  if (explanation.code === 'NO_TABLE_IN_FORCE') {
    const { until } = newestInForce();
    const first = history.list()[0]?.matrix.effectiveFrom;
    if (first !== undefined && day < first) return { ...told, firstDay: first };
    if (until === undefined) return told;
    const last = plusDays(until, -1);
    return { ...told, lastDay: { day: last, explanation: explained(asked, last) } };
  }
  const { item } = explanation;
  if (item === undefined) return told;
  const [requester, provider] = [history.openFrom(asked.requester.facts.class, item), history.openFrom(asked.provider.facts.class, item)];
  return { ...told, openings: { ...(requester === undefined ? {} : { requester }), ...(provider === undefined ? {} : { provider }) } };
}
