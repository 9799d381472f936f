import { assertNever, type ClearField, type Decider, DomainError } from '#libs/kernel';
import type { Basis, ExchangeEvent, LapseCause } from './exchange.events.js';
import { factsOf, type QueryFacts } from './query-facts.js';

/** What the law says of a query (see `legality.ts`): computed before, recorded here. */
export type Verdict =
  | { readonly permitted: true; readonly table: string; readonly item: string; readonly grant: number }
  | {
      readonly permitted: false;
      readonly reason: string;
      readonly article: string;
      readonly exceptionApplied: boolean;
      readonly table?: string;
      readonly item?: string;
    };

export interface DecideQuery {
  readonly type: 'DecideQuery';
  readonly data: {
    readonly query: QueryFacts;
    readonly queryDigest: string;
    readonly queryLeaf: string;
    readonly requesterSubject: ClearField;
    readonly verdict: Verdict;
    /** The provider's identifier of the person; left out where the provider has obtained none. */
    readonly providerSubject?: ClearField;
    readonly validUntil: string;
    readonly basis: Basis;
  };
}
interface ProvisionReport {
  readonly reporter: string;
  readonly providerLeaf: string;
}
export type ExchangeCommand =
  | DecideQuery
  | { readonly type: 'RecordHold'; readonly data: ProvisionReport & { readonly heldAt: string } }
  | {
      readonly type: 'RecordProvision';
      readonly data: ProvisionReport & {
        readonly providedAt: string;
        readonly items: readonly string[];
        readonly digest: string;
        readonly nonDisclosure: boolean;
        readonly automatic: boolean;
      };
    }
  | {
      readonly type: 'RecordNoProvision';
      readonly data: ProvisionReport & { readonly endedAt: string; readonly reason: string; readonly nonDisclosure: boolean };
    }
  | { readonly type: 'RecordReceipt'; readonly data: { readonly reporter: string; readonly receivedAt: string; readonly requesterLeaf: string } }
  | { readonly type: 'RecordWithdrawal'; readonly data: { readonly reporter: string; readonly withdrawnAt: string; readonly requesterLeaf: string } }
  | { readonly type: 'Lapse'; readonly data: { readonly now: string; readonly cause: LapseCause } };

interface Known {
  readonly requester: string;
  readonly provider: string;
  readonly queryDigest: string;
}
/** What the provider has said so far. */
export type Answer = { readonly kind: 'awaited' | 'held' | 'not-provided' } | { readonly kind: 'provided'; readonly providerLeaf: string };
export type Exchange =
  | { readonly status: 'none' }
  | ({ readonly status: 'denied' | 'impossible' } & Known)
  | ({
      readonly status: 'notified';
      readonly validUntil: string;
      readonly answer: Answer;
      /** Withdrawn by the requester, or lapsed unanswered; an answer after that is recorded as late. */
      readonly over?: 'withdrawn' | 'lapsed';
      readonly received: boolean;
    } & Known);
type PermittedData = Extract<ExchangeEvent, { type: 'QueryPermitted' }>['data'];
type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
type Notified = Extract<Exchange, { status: 'notified' }>;

/** The exchange that this provider, or requester, was permitted; the same refusal whether it does not exist or is another's. */
function notified(exchange: Exchange, role: 'requester' | 'provider', agency: string): Notified {
  if (exchange.status !== 'notified' || exchange[role] !== agency) {
    throw new DomainError('EXCHANGE_NOT_FOUND', 'not-found', 'no such exchange was permitted to this agency', { field: 'exchangeId' });
  }
  return exchange;
}
const isAnswered = ({ answer }: Notified): boolean => answer.kind === 'provided' || answer.kind === 'not-provided';

function decideQuery({ data }: DecideQuery, exchange: Exchange): readonly ExchangeEvent[] {
  if (exchange.status !== 'none') {
    if (exchange.queryDigest === data.queryDigest) return []; // a repeat: the stored decision is the answer
    throw new DomainError('IDEMPOTENCY_KEY_REUSED', 'conflict', 'this exchange id was used for another query: make a new id', { field: 'exchangeId' });
  }
  const { verdict, query, queryDigest, queryLeaf, requesterSubject, basis } = data;
  if (!verdict.permitted) {
    const { reason, article, exceptionApplied, table, item } = verdict;
    return [
      {
        type: 'QueryDenied',
        data: {
          ...factsOf(query),
          queryDigest,
          queryLeaf,
          requesterSubject,
          basis,
          reason,
          article,
          exceptionApplied,
          ...(table === undefined ? {} : { table }),
          ...(item === undefined ? {} : { item }),
        },
      },
    ];
  }
  const { table, item, grant } = verdict;
  const { validUntil, providerSubject } = data;
  // set one by one: a spread with fields after it costs a hundred times as much, and this is done for every permit
  const permitted = factsOf(query) as Writable<PermittedData>;
  permitted.queryDigest = queryDigest;
  permitted.queryLeaf = queryLeaf;
  permitted.requesterSubject = requesterSubject;
  permitted.basis = basis;
  permitted.table = table;
  permitted.item = item;
  permitted.grant = grant;
  permitted.validUntil = validUntil;
  if (providerSubject) {
    permitted.providerSubject = providerSubject;
    return [{ type: 'QueryPermitted', data: permitted }];
  }
  return [
    { type: 'QueryPermitted', data: permitted },
    { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } },
  ];
}

function recordProvision({ reporter, ...report }: Extract<ExchangeCommand, { type: 'RecordProvision' }>['data'], exchange: Exchange): readonly ExchangeEvent[] {
  const known = notified(exchange, 'provider', reporter);
  if (known.answer.kind === 'provided' && known.answer.providerLeaf === report.providerLeaf) return [];
  if (isAnswered(known)) throw new DomainError('EXCHANGE_ANSWERED', 'conflict', 'another answer of this provider is recorded already');
  return [{ type: 'ProvisionRecorded', data: { ...report, late: known.over !== undefined } }];
}

function recordWithdrawal(
  { reporter, ...report }: Extract<ExchangeCommand, { type: 'RecordWithdrawal' }>['data'],
  exchange: Exchange,
): readonly ExchangeEvent[] {
  const known = notified(exchange, 'requester', reporter);
  if (known.over === 'withdrawn') return [];
  if (known.over || known.received || isAnswered(known)) {
    throw new DomainError('EXCHANGE_ENDED', 'conflict', 'the exchange has ended: there is nothing to withdraw');
  }
  return [{ type: 'QueryWithdrawalRecorded', data: report }];
}

function decide(command: ExchangeCommand, exchange: Exchange): readonly ExchangeEvent[] {
  switch (command.type) {
    case 'DecideQuery':
      return decideQuery(command, exchange);
    case 'RecordHold': {
      const { reporter, ...report } = command.data;
      const known = notified(exchange, 'provider', reporter);
      return known.answer.kind === 'awaited' && !known.over ? [{ type: 'ProvisionHeldRecorded', data: report }] : [];
    }
    case 'RecordProvision':
      return recordProvision(command.data, exchange);
    case 'RecordNoProvision': {
      const { reporter, ...report } = command.data;
      const known = notified(exchange, 'provider', reporter);
      return isAnswered(known) ? [] : [{ type: 'NoProvisionRecorded', data: { ...report, late: known.over !== undefined } }];
    }
    case 'RecordReceipt': {
      // may overtake the provider's own report, or follow a lapse: what was provided in time is accepted
      const { reporter, ...report } = command.data;
      return notified(exchange, 'requester', reporter).received ? [] : [{ type: 'ReceiptRecorded', data: report }];
    }
    case 'RecordWithdrawal':
      return recordWithdrawal(command.data, exchange);
    case 'Lapse': {
      if (exchange.status !== 'notified' || exchange.over || exchange.received || isAnswered(exchange)) return [];
      if (command.data.now < exchange.validUntil) return [];
      const cause = exchange.answer.kind === 'held' ? 'HELD' : command.data.cause;
      return [{ type: 'QueryLapsed', data: { validUntil: exchange.validUntil, cause } }];
    }
    default:
      return assertNever(command);
  }
}

function evolve(exchange: Exchange, event: ExchangeEvent): Exchange {
  switch (event.type) {
    case 'QueryDenied': {
      const { requester, provider, queryDigest } = event.data;
      return { status: 'denied', requester, provider, queryDigest };
    }
    case 'QueryPermitted': {
      const { requester, provider, queryDigest, validUntil } = event.data;
      return { status: 'notified', requester, provider, queryDigest, validUntil, answer: { kind: 'awaited' }, received: false };
    }
    case 'NotificationImpossible': {
      if (exchange.status === 'none') return exchange;
      const { requester, provider, queryDigest } = exchange;
      return { status: 'impossible', requester, provider, queryDigest };
    }
    default:
      return exchange.status === 'notified' ? { ...exchange, ...followed(event) } : exchange;
  }
}

function followed(event: Exclude<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' | 'NotificationImpossible' }>): Partial<Notified> {
  switch (event.type) {
    case 'ProvisionHeldRecorded':
      return { answer: { kind: 'held' } };
    case 'ProvisionRecorded':
      return { answer: { kind: 'provided', providerLeaf: event.data.providerLeaf } };
    case 'NoProvisionRecorded':
      return { answer: { kind: 'not-provided' } };
    case 'ReceiptRecorded':
      return { received: true };
    case 'QueryWithdrawalRecorded':
      return { over: 'withdrawn' };
    case 'QueryLapsed':
      return { over: 'lapsed' };
    default:
      return assertNever(event);
  }
}

/** One exchange at the core, stream `exchange-<exchange id>`: decided once, then followed to its end. */
export const exchangeDecider: Decider<Exchange, ExchangeCommand, ExchangeEvent> = { decide, evolve, initialState: { status: 'none' } };
