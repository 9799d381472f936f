import type { QueryState } from '#libs/agency-sdk';
import type { DenialCode } from '#libs/domain';
import type { CastAgency } from '../cast/agencies.js';
import type { Information } from '../cast/law.js';
import type { Person } from '../cast/people.js';

/** What the law says must come out of a query. */
export type Expected =
  /** Permitted under this item, provided and received. */
  | { readonly outcome: 'received'; readonly item: string }
  | { readonly outcome: 'denied'; readonly reason: DenialCode }
  /** Permitted under this item, and ended without data. */
  | { readonly outcome: 'ended'; readonly reason: string; readonly item: string }
  /** Permitted under this item, and still without an answer. */
  | { readonly outcome: 'permitted'; readonly item: string };

export interface Ask {
  readonly requester: CastAgency;
  /** The institution that the requester acts for (委任元). */
  readonly institution?: CastAgency;
  readonly provider: CastAgency;
  readonly providerInstitution?: CastAgency;
  readonly person: Person;
  /** Item of the table whose affair is asked under; or an affair that no item has. */
  readonly item?: string;
  readonly affair?: string;
  readonly information: Information;
  readonly period?: string;
  readonly department: string;
  readonly nonDisclosure?: boolean;
  readonly expected: Expected;
}

export const received = (item: string): Expected => ({ outcome: 'received', item });
export const denied = (reason: DenialCode): Expected => ({ outcome: 'denied', reason });
export const ended = (item: string, reason: string): Expected => ({ outcome: 'ended', reason, item });

/** The outcome in a word or two: `received`, `denied NOT_YET_OPEN`. */
export const wordOf = (expected: Expected): string => ('reason' in expected ? `${expected.outcome} ${expected.reason}` : expected.outcome);
export function outcomeOf({ status, decision, end }: QueryState): string {
  const reason = status === 'denied' ? decision?.reason : status === 'ended' ? end?.reason : undefined;
  return reason === undefined ? status : `${status} ${reason}`;
}

/** How the outcome differs from what was declared; undefined where it does not. */
export function deviationOf(expected: Expected, state: QueryState | undefined): string | undefined {
  if (state === undefined) return 'the query is not in the requester’s record';
  const outcome = outcomeOf(state);
  if (outcome !== wordOf(expected)) return `expected ${wordOf(expected)}, came out ${outcome}`;
  if ('item' in expected && state.decision?.item !== expected.item)
    return `expected item ${expected.item}, decided under item ${state.decision?.item ?? 'none'}`;
  if (expected.outcome === 'denied' && (state.decision?.article ?? '') === '') return 'the denial cites no article';
  return undefined;
}
