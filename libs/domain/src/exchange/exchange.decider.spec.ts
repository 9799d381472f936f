import { describe, it } from '@jest/globals';
import { clear, scenario } from '#libs/kernel';
import { type DecideQuery, exchangeDecider, type Verdict } from './exchange.decider.js';
import type { ExchangeEvent } from './exchange.events.js';

const query = {
  requester: 'X',
  provider: 'A',
  affair: 'JM99000000000074',
  information: 'TM00000000000002',
  period: '2020',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: '2020-05-08T00:00:00.000Z',
};
const validUntil = '2020-05-08T01:00:00.000Z';
const basis = { requester: 3, provider: 4, matrix: 120 };
const granted: Verdict = { permitted: true, table: '2020-04-01', item: '74', grant: 0 };
const refused: Verdict = {
  permitted: false,
  reason: 'INFORMATION_NOT_IN_ITEM',
  article: '21条2項1号',
  exceptionApplied: true,
  table: '2020-04-01',
  item: '57',
};
const ask = (verdict: Verdict, changes: Partial<DecideQuery['data']> = {}): DecideQuery => ({
  type: 'DecideQuery',
  data: {
    query,
    queryDigest: 'digest',
    queryLeaf: 'leaf',
    requesterSubject: clear('x-1'),
    verdict,
    providerSubject: clear('a-1'),
    validUntil,
    basis,
    ...changes,
  },
});
const common = { ...query, queryDigest: 'digest', queryLeaf: 'leaf', requesterSubject: clear('x-1'), basis };
const permitted: ExchangeEvent = {
  type: 'QueryPermitted',
  data: { ...common, table: '2020-04-01', item: '74', grant: 0, validUntil, providerSubject: clear('a-1') },
};
const unnotified: ExchangeEvent = { type: 'QueryPermitted', data: { ...common, table: '2020-04-01', item: '74', grant: 0, validUntil } };
const impossible: ExchangeEvent = { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } };
const denied: ExchangeEvent = {
  type: 'QueryDenied',
  data: { ...common, reason: 'INFORMATION_NOT_IN_ITEM', article: '21条2項1号', exceptionApplied: true, table: '2020-04-01', item: '57' },
};
const report = {
  providedAt: '2020-05-08T00:00:01.000Z',
  items: ['TM00000000000002/income/2020'],
  digest: 'd',
  nonDisclosure: false,
  automatic: true,
  providerLeaf: 'p',
};
const provided: ExchangeEvent = { type: 'ProvisionRecorded', data: { ...report, late: false } };
const held: ExchangeEvent = { type: 'ProvisionHeldRecorded', data: { heldAt: report.providedAt, providerLeaf: 'h' } };
const none = { endedAt: report.providedAt, reason: 'NO_RECORD', nonDisclosure: false, providerLeaf: 'n' };
const notProvided: ExchangeEvent = { type: 'NoProvisionRecorded', data: { ...none, late: false } };
const receipt = { receivedAt: '2020-05-08T00:00:02.000Z', requesterLeaf: 'r' };
const received: ExchangeEvent = { type: 'ReceiptRecorded', data: receipt };
const lapsed: ExchangeEvent = { type: 'QueryLapsed', data: { validUntil, cause: 'UNANSWERED' } };
const withdrawal = { withdrawnAt: '2020-05-08T00:00:03.000Z', requesterLeaf: 'w' };
const withdrawn: ExchangeEvent = { type: 'QueryWithdrawalRecorded', data: withdrawal };
const provide = { type: 'RecordProvision', data: { reporter: 'A', ...report } } as const;

describe('an exchange at the core', () => {
  const { given } = scenario(exchangeDecider);

  it('permits what the table grants and cites table, item, grant and basis', () => given().when(ask(granted)).then(permitted));
  it('records a denial with its reason and article', () => given().when(ask(refused)).then(denied));
  it('permits, and says that the provider holds no identifier for the person', () => {
    const { providerSubject: _left, ...data } = ask(granted).data;
    given().when({ type: 'DecideQuery', data }).then(unnotified, impossible);
  });
  it('changes nothing when the same query comes again', () => {
    given(permitted).when(ask(granted)).then();
    given(denied).when(ask(refused)).then();
    given(permitted, provided, received).when(ask(granted)).then();
  });
  it('refuses another query under the same exchange id', () => {
    given(permitted)
      .when(ask(granted, { queryDigest: 'other' }))
      .thenRejects('IDEMPOTENCY_KEY_REUSED');
  });

  it('records a provision once', () => {
    given(permitted).when(provide).then(provided);
    given(permitted, provided).when(provide).then();
    given(permitted, provided, received).when(provide).then();
  });
  it('refuses a second, different answer', () => {
    given(permitted, provided)
      .when({ ...provide, data: { ...provide.data, providerLeaf: 'other' } })
      .thenRejects('EXCHANGE_ANSWERED');
    given(permitted, notProvided).when(provide).thenRejects('EXCHANGE_ANSWERED');
  });
  it('knows no exchange to a provider that was not notified of it', () => {
    given().when(provide).thenRejects('EXCHANGE_NOT_FOUND');
    given(denied).when(provide).thenRejects('EXCHANGE_NOT_FOUND');
    given(unnotified, impossible).when(provide).thenRejects('EXCHANGE_NOT_FOUND');
    given(permitted)
      .when({ ...provide, data: { ...provide.data, reporter: 'B' } })
      .thenRejects('EXCHANGE_NOT_FOUND');
  });
  it('records a hold, and what an official made of it', () => {
    given(permitted)
      .when({ type: 'RecordHold', data: { reporter: 'A', heldAt: report.providedAt, providerLeaf: 'h' } })
      .then(held);
    given(permitted, held).when(provide).then(provided);
    given(permitted, held)
      .when({ type: 'RecordNoProvision', data: { reporter: 'A', ...none } })
      .then(notProvided);
  });
  it('ignores a hold that is reported after the answer', () => {
    given(permitted, provided)
      .when({ type: 'RecordHold', data: { reporter: 'A', heldAt: report.providedAt, providerLeaf: 'h' } })
      .then();
  });
  it('records a non-answer once', () => {
    given(permitted)
      .when({ type: 'RecordNoProvision', data: { reporter: 'A', ...none } })
      .then(notProvided);
    given(permitted, notProvided)
      .when({ type: 'RecordNoProvision', data: { reporter: 'A', ...none } })
      .then();
  });

  it('records the receipt once, from the requester only', () => {
    given(permitted, provided)
      .when({ type: 'RecordReceipt', data: { reporter: 'X', ...receipt } })
      .then(received);
    given(permitted, provided, received)
      .when({ type: 'RecordReceipt', data: { reporter: 'X', ...receipt } })
      .then();
    given(permitted, provided)
      .when({ type: 'RecordReceipt', data: { reporter: 'A', ...receipt } })
      .thenRejects('EXCHANGE_NOT_FOUND');
  });
  it('accepts a receipt that overtook the report of the provision', () => {
    given(permitted)
      .when({ type: 'RecordReceipt', data: { reporter: 'X', ...receipt } })
      .then(received);
    given(permitted, received).when(provide).then(provided);
  });

  it('lapses at its end and not before', () => {
    given(permitted)
      .when({ type: 'Lapse', data: { now: '2020-05-08T00:59:59.999Z', cause: 'UNANSWERED' } })
      .then();
    given(permitted)
      .when({ type: 'Lapse', data: { now: validUntil, cause: 'UNANSWERED' } })
      .then(lapsed);
    given(permitted, lapsed)
      .when({ type: 'Lapse', data: { now: validUntil, cause: 'UNANSWERED' } })
      .then();
  });
  it('says why it lapsed', () => {
    given(permitted, held)
      .when({ type: 'Lapse', data: { now: validUntil, cause: 'UNANSWERED' } })
      .then({ type: 'QueryLapsed', data: { validUntil, cause: 'HELD' } });
    given(permitted)
      .when({ type: 'Lapse', data: { now: validUntil, cause: 'PROVIDER_UNREACHABLE' } })
      .then({ type: 'QueryLapsed', data: { validUntil, cause: 'PROVIDER_UNREACHABLE' } });
  });
  it('never lapses once it was answered, received, denied or impossible', () => {
    const lapse = { type: 'Lapse', data: { now: '2020-06-01T00:00:00.000Z', cause: 'UNANSWERED' } } as const;
    for (const history of [
      [permitted, provided],
      [permitted, received],
      [permitted, notProvided],
      [permitted, withdrawn],
      [denied],
      [unnotified, impossible],
      [],
    ])
      given(...history)
        .when(lapse)
        .then();
  });
  it('records as late what was made in time and came after the lapse', () => {
    given(permitted, lapsed)
      .when(provide)
      .then({ type: 'ProvisionRecorded', data: { ...report, late: true } });
    given(permitted, lapsed)
      .when({ type: 'RecordNoProvision', data: { reporter: 'A', ...none } })
      .then({ type: 'NoProvisionRecorded', data: { ...none, late: true } });
    given(permitted, lapsed)
      .when({ type: 'RecordReceipt', data: { reporter: 'X', ...receipt } })
      .then(received);
  });

  it('records a withdrawal while nothing has come', () => {
    const withdraw = { type: 'RecordWithdrawal', data: { reporter: 'X', ...withdrawal } } as const;
    given(permitted).when(withdraw).then(withdrawn);
    given(permitted, held).when(withdraw).then(withdrawn);
    given(permitted, withdrawn).when(withdraw).then();
    given(permitted, provided).when(withdraw).thenRejects('EXCHANGE_ENDED');
    given(permitted, lapsed).when(withdraw).thenRejects('EXCHANGE_ENDED');
    given(denied).when(withdraw).thenRejects('EXCHANGE_NOT_FOUND');
    given(permitted)
      .when({ ...withdraw, data: { ...withdraw.data, reporter: 'A' } })
      .thenRejects('EXCHANGE_NOT_FOUND');
  });
});
