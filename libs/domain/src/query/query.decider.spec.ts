import { describe, it } from '@jest/globals';
import { clear, scenario } from '#libs/kernel';
import { type Decision, type QueryCommand, queryDecider } from './query.decider.js';
import type { QueryEvent } from './query.events.js';

const query = {
  requester: 'X',
  provider: 'A',
  affair: 'JM99000000000074',
  information: 'TM00000000000002',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: '2020-05-08T00:00:00.000Z',
};
const rest = { subject: clear('1'), identifier: clear('x-1'), subjectStream: 's', queryDigest: 'digest' };
const submit = (changes: Partial<typeof rest & { query: typeof query }> = {}): QueryCommand => ({ type: 'SubmitQuery', data: { query, ...rest, ...changes } });
const submitted: QueryEvent = { type: 'QuerySubmitted', data: { ...query, ...rest } };
const now = '2020-05-08T00:00:01.000Z';
const permit: Decision = { permitted: true, table: '2020-04-01', item: '74', validUntil: '2020-05-08T01:00:00.000Z', decisionLeaf: 'd', impossible: false };
const denial: Decision = { permitted: false, reason: 'AFFAIR_NOT_IN_TABLE', article: '21条2項1号', exceptionApplied: true, decisionLeaf: 'd' };
const permitted: QueryEvent = {
  type: 'QueryDecisionReceived',
  data: { permitted: true, exceptionApplied: false, table: '2020-04-01', item: '74', validUntil: '2020-05-08T01:00:00.000Z', decisionLeaf: 'd' },
};
const denied: QueryEvent = {
  type: 'QueryDecisionReceived',
  data: { permitted: false, reason: 'AFFAIR_NOT_IN_TABLE', article: '21条2項1号', exceptionApplied: true, decisionLeaf: 'd' },
};
const data = {
  providedAt: now,
  receivedAt: now,
  items: ['TM00000000000002/income/2020'],
  digest: 'v',
  nonDisclosure: false,
  providerLeaf: 'p',
  decisionLeaf: 'd',
  keptUntil: '2020-05-22T00:00:00.000Z',
};
const received: QueryEvent = { type: 'ProvisionReceived', data };
const ending = { endedAt: now, reason: 'LAPSED', nonDisclosure: false, coreLeaf: 'c' };
const ended: QueryEvent = { type: 'QueryEnded', data: ending };
const withdrawn: QueryEvent = { type: 'QueryWithdrawn', data: { withdrawnAt: now, department: 'child-welfare' } };
const receive = { type: 'ReceiveDecision', data: { decision: permit, now } } as const;
const take = { type: 'ReceiveProvision', data } as const;
const withdraw = { type: 'WithdrawQuery', data: { agency: 'X', withdrawnAt: now, department: 'child-welfare' } } as const;

describe('a query at the requester', () => {
  const { given } = scenario(queryDecider);

  it('is submitted once', () => {
    given().when(submit()).then(submitted);
    given(submitted).when(submit()).then();
    given(submitted, denied).when(submit()).then();
  });
  it('refuses another query, or another agency, under the same id', () => {
    given(submitted)
      .when(submit({ queryDigest: 'other' }))
      .thenRejects('IDEMPOTENCY_KEY_REUSED');
    given(submitted)
      .when(submit({ query: { ...query, requester: 'Y' } }))
      .thenRejects('IDEMPOTENCY_KEY_REUSED');
  });
  it('keeps the decision, once', () => {
    given(submitted).when(receive).then(permitted);
    given(submitted, permitted).when(receive).then();
    given(submitted)
      .when({ type: 'ReceiveDecision', data: { decision: denial, now } })
      .then(denied);
  });
  it('ends at once where the provider holds no identifier', () => {
    given(submitted)
      .when({ type: 'ReceiveDecision', data: { decision: { ...permit, impossible: true }, now } })
      .then(permitted, { type: 'QueryEnded', data: { endedAt: now, reason: 'PROVIDER_HOLDS_NO_IDENTIFIER', nonDisclosure: false, coreLeaf: 'd' } });
  });
  it('takes data in once', () => {
    given(submitted, permitted).when(take).then(received);
    given(submitted, permitted, received).when(take).then();
    given(submitted, permitted, received)
      .when({ ...take, data: { ...data, digest: 'other' } })
      .thenRejects('PROVISION_CONFLICT');
  });
  it('takes data in that overtook the decision, and the decision after it', () => {
    given(submitted).when(take).then(received);
    given(submitted, received).when(receive).then(permitted);
  });
  it('takes data in that was made in time and came after the lapse', () => given(submitted, permitted, ended).when(take).then(received));
  it('takes no data in after a denial or a withdrawal', () => {
    given(submitted, denied).when(take).thenRejects('QUERY_DENIED');
    given(submitted, permitted, withdrawn).when(take).thenRejects('QUERY_WITHDRAWN');
    given().when(take).thenRejects('QUERY_NOT_FOUND');
  });
  it('is withdrawn by its agency while nothing has come', () => {
    given(submitted).when(withdraw).then(withdrawn);
    given(submitted, permitted).when(withdraw).then(withdrawn);
    given(submitted, permitted, withdrawn).when(withdraw).then();
    given(submitted, permitted, received).when(withdraw).thenRejects('QUERY_ENDED');
    given(submitted, denied).when(withdraw).thenRejects('QUERY_ENDED');
    given(submitted)
      .when({ ...withdraw, data: { ...withdraw.data, agency: 'Y' } })
      .thenRejects('QUERY_NOT_FOUND');
  });
  it('ends without data, once, and never after it had data', () => {
    given(submitted, permitted).when({ type: 'EndQuery', data: ending }).then(ended);
    given(submitted, permitted, ended).when({ type: 'EndQuery', data: ending }).then();
    given(submitted, permitted, received).when({ type: 'EndQuery', data: ending }).then();
    given(submitted, denied).when({ type: 'EndQuery', data: ending }).then();
    given().when({ type: 'EndQuery', data: ending }).thenRejects('QUERY_NOT_FOUND');
  });
});
