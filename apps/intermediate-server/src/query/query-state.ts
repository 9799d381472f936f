import type { QueryState, QueryStatus } from '#libs/agency-sdk';
import type { Stored } from '#libs/commands';
import { denialSentence, isDenialCode, type Query, queryDecider, type QueryEvent } from '#libs/domain';
import { DomainError, fold } from '#libs/kernel';

type Submitted = Extract<QueryEvent, { type: 'QuerySubmitted' }>['data'];
export type QueryHistory = readonly Stored<QueryEvent>[];

const eventsOf = (history: QueryHistory): readonly QueryEvent[] => history.map(({ event }) => event as unknown as QueryEvent);
export const queryOf = (history: QueryHistory): Query => fold(queryDecider, eventsOf(history));

export const queryNotFound = (): DomainError =>
  new DomainError('QUERY_NOT_FOUND', 'not-found', 'no such query was submitted by this agency', { field: 'exchangeId' });

/** What was submitted. Throws QUERY_NOT_FOUND where the stream is missing, or is another agency's. */
export function submittedOf(history: QueryHistory, agency?: string): Submitted {
  const first = eventsOf(history)[0];
  if (first?.type !== 'QuerySubmitted' || (agency !== undefined && first.data.requester !== agency)) throw queryNotFound();
  return first.data;
}

export function statusOf(query: Query): QueryStatus {
  if (query.status === 'none') throw queryNotFound();
  if (query.end !== 'open') return query.end;
  return query.decision === 'awaited' ? 'submitted' : query.decision;
}

/** Where a query stands, from its stream alone. Throws QUERY_NOT_FOUND. */
export function stateOf(exchangeId: string, history: QueryHistory, agency: string): QueryState {
  const { applicationId, provider, affair, information, dataset, period, requestedAt } = submittedOf(history, agency);
  const state: QueryState = {
    exchangeId,
    status: statusOf(queryOf(history)),
    provider,
    affair,
    information,
    requestedAt,
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(dataset === undefined ? {} : { dataset }),
    ...(period === undefined ? {} : { period }),
  };
  return eventsOf(history).reduce(withEvent, state);
}

function withEvent(state: QueryState, event: QueryEvent): QueryState {
  switch (event.type) {
    case 'QueryDecisionReceived': {
      const { decisionLeaf: _leaf, ...decision } = event.data;
      const { reason } = decision;
      const sentence = reason !== undefined && isDenialCode(reason) ? { ja: denialSentence(reason, 'ja'), en: denialSentence(reason, 'en') } : undefined;
      return { ...state, decision: { ...decision, ...(sentence ? { sentence } : {}) } };
    }
    case 'ProvisionReceived': {
      const { providedAt, receivedAt, items, nonDisclosure, keptUntil } = event.data;
      const { end: _lapsedBefore, ...rest } = state;
      return { ...rest, result: { providedAt, receivedAt, items, nonDisclosure, keptUntil } };
    }
    case 'QueryWithdrawn':
      return { ...state, end: { endedAt: event.data.withdrawnAt, reason: 'WITHDRAWN' } };
    case 'QueryEnded':
      return { ...state, end: { endedAt: event.data.endedAt, reason: event.data.reason } };
    case 'QuerySubmitted':
      return state;
  }
}
