import { assertNever, type ClearField, type Decider, DomainError } from '#libs/kernel';
import { factsOf, type QueryFacts } from '../exchange/query-facts.js';
import type { QueryEvent } from './query.events.js';

export type Decision =
  | {
      readonly permitted: true;
      readonly table: string;
      readonly item: string;
      readonly validUntil: string;
      readonly decisionLeaf: string;
      readonly impossible: boolean;
    }
  | {
      readonly permitted: false;
      readonly reason: string;
      readonly article: string;
      readonly exceptionApplied: boolean;
      readonly table?: string;
      readonly item?: string;
      readonly decisionLeaf: string;
    };

export type QueryCommand =
  | {
      readonly type: 'SubmitQuery';
      readonly data: {
        readonly query: QueryFacts;
        readonly subject: ClearField;
        readonly identifier: ClearField;
        readonly subjectStream: string;
        readonly queryDigest: string;
        readonly bulkId?: string;
        readonly line?: number;
      };
    }
  | { readonly type: 'ReceiveDecision'; readonly data: { readonly decision: Decision; readonly now: string } }
  | {
      readonly type: 'ReceiveProvision';
      readonly data: {
        readonly providedAt: string;
        readonly receivedAt: string;
        readonly items: readonly string[];
        readonly digest: string;
        readonly nonDisclosure: boolean;
        readonly providerLeaf: string;
        readonly decisionLeaf: string;
        readonly keptUntil: string;
      };
    }
  | { readonly type: 'WithdrawQuery'; readonly data: { readonly agency: string; readonly withdrawnAt: string; readonly department: string } }
  | {
      readonly type: 'EndQuery';
      readonly data: {
        readonly endedAt: string;
        readonly reason: string;
        readonly nonDisclosure: boolean;
        readonly providerLeaf?: string;
        readonly coreLeaf?: string;
      };
    };

export type Query =
  | { readonly status: 'none' }
  | {
      readonly status: 'submitted';
      readonly requester: string;
      readonly queryDigest: string;
      /** The core's decision, as far as it has come. */
      readonly decision: 'awaited' | 'permitted' | 'denied';
      readonly validUntil?: string;
      /** How it ended; a withdrawn query takes nothing in any more. */
      readonly end: 'open' | 'received' | 'withdrawn' | 'ended';
      /** Digest of what was received. */
      readonly digest?: string;
    };
type Submitted = Extract<Query, { status: 'submitted' }>;

/** The query, where this agency (if one is named) submitted it: another's is not found either. */
function submitted(query: Query, agency?: string): Submitted {
  if (query.status === 'none' || (agency !== undefined && query.requester !== agency)) {
    throw new DomainError('QUERY_NOT_FOUND', 'not-found', 'no such query was submitted by this agency', { field: 'exchangeId' });
  }
  return query;
}

function submit({ query, ...rest }: Extract<QueryCommand, { type: 'SubmitQuery' }>['data'], state: Query): readonly QueryEvent[] {
  if (state.status === 'none') return [{ type: 'QuerySubmitted', data: { ...factsOf(query), ...rest } }];
  if (state.requester === query.requester && state.queryDigest === rest.queryDigest) return [];
  throw new DomainError('IDEMPOTENCY_KEY_REUSED', 'conflict', 'this exchange id was used for another query: make a new id', { field: 'exchangeId' });
}

function receiveDecision({ decision, now }: Extract<QueryCommand, { type: 'ReceiveDecision' }>['data'], state: Query): readonly QueryEvent[] {
  const query = submitted(state);
  if (query.decision !== 'awaited') return [];
  const { decisionLeaf } = decision;
  if (!decision.permitted) {
    const { permitted, reason, article, exceptionApplied, table, item } = decision;
    return [
      {
        type: 'QueryDecisionReceived',
        data: {
          permitted,
          reason,
          article,
          exceptionApplied,
          decisionLeaf,
          ...(table === undefined ? {} : { table }),
          ...(item === undefined ? {} : { item }),
        },
      },
    ];
  }
  const { permitted, table, item, validUntil } = decision;
  const received: QueryEvent = { type: 'QueryDecisionReceived', data: { permitted, exceptionApplied: false, table, item, validUntil, decisionLeaf } };
  if (!decision.impossible || query.end !== 'open') return [received];
  return [received, { type: 'QueryEnded', data: { endedAt: now, reason: 'PROVIDER_HOLDS_NO_IDENTIFIER', nonDisclosure: false, coreLeaf: decisionLeaf } }];
}

function receiveProvision(data: Extract<QueryCommand, { type: 'ReceiveProvision' }>['data'], state: Query): readonly QueryEvent[] {
  const query = submitted(state);
  switch (query.end) {
    case 'received':
      if (query.digest === data.digest) return [];
      throw new DomainError('PROVISION_CONFLICT', 'conflict', 'other data was received for this exchange already');
    case 'withdrawn':
      throw new DomainError('QUERY_WITHDRAWN', 'conflict', 'the query was withdrawn: the data is not taken in');
    case 'open':
    case 'ended': // lapsed here, but provided in time: accepted
      if (query.decision === 'denied') throw new DomainError('QUERY_DENIED', 'conflict', 'the query was denied: the data is not taken in');
      return [{ type: 'ProvisionReceived', data }];
    default:
      return assertNever(query.end);
  }
}

function decide(command: QueryCommand, state: Query): readonly QueryEvent[] {
  switch (command.type) {
    case 'SubmitQuery':
      return submit(command.data, state);
    case 'ReceiveDecision':
      return receiveDecision(command.data, state);
    case 'ReceiveProvision':
      return receiveProvision(command.data, state);
    case 'WithdrawQuery': {
      const { agency, ...data } = command.data;
      const query = submitted(state, agency);
      if (query.end === 'withdrawn') return [];
      if (query.end !== 'open' || query.decision === 'denied') {
        throw new DomainError('QUERY_ENDED', 'conflict', 'the query has ended: there is nothing to withdraw');
      }
      return [{ type: 'QueryWithdrawn', data }];
    }
    case 'EndQuery': {
      const query = submitted(state);
      return query.end === 'open' && query.decision !== 'denied' ? [{ type: 'QueryEnded', data: command.data }] : [];
    }
    default:
      return assertNever(command);
  }
}

function evolve(state: Query, event: QueryEvent): Query {
  if (event.type === 'QuerySubmitted') {
    const { requester, queryDigest } = event.data;
    return { status: 'submitted', requester, queryDigest, decision: 'awaited', end: 'open' };
  }
  if (state.status === 'none') return state;
  switch (event.type) {
    case 'QueryDecisionReceived':
      return {
        ...state,
        decision: event.data.permitted ? 'permitted' : 'denied',
        ...(event.data.validUntil === undefined ? {} : { validUntil: event.data.validUntil }),
      };
    case 'ProvisionReceived':
      return { ...state, end: 'received', digest: event.data.digest };
    case 'QueryWithdrawn':
      return { ...state, end: 'withdrawn' };
    case 'QueryEnded':
      return { ...state, end: 'ended' };
    default:
      return assertNever(event);
  }
}

/** One query at the requester's intermediate server, stream `query-<exchange id>`. */
export const queryDecider: Decider<Query, QueryCommand, QueryEvent> = { decide, evolve, initialState: { status: 'none' } };
