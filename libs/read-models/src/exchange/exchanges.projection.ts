import {
  type AgencyEvent,
  agencyEventTypes,
  type ExchangeEvent,
  exchangeEventTypes,
  type QueryFacts,
  type RetentionEvent,
  retentionEventTypes,
} from '#libs/domain';
import { assertNever, isSealed, legalMonth, plusMs, type Protected } from '#libs/kernel';
import { anyFold, type Draft, type FoldContext, type Projection, type Recorded, type RowFold, type Secrets } from '../projection.js';
import type { RowOf } from '../table.js';
import { agencyClasses, exchangeCounts, type ExchangeRow, exchanges, type ExchangeStatus, type factColumns } from './exchanges.table.js';

type CoreEvent = ExchangeEvent | AgencyEvent | RetentionEvent;
type Decided = Extract<Recorded<ExchangeEvent>, { type: 'QueryPermitted' | 'QueryDenied' }>;

/**
 * A provision made before the exchange lapsed or was withdrawn may be reported late, and bring a seal. So long after its
 * validity period an unanswered exchange stays out of the person's view.
 */
export const LATE_ANSWER_GRACE_MS = 30 * 24 * 60 * 60 * 1000;

export const factsAsColumns = (facts: QueryFacts): RowOf<typeof factColumns> => ({
  applicationId: facts.applicationId,
  requester: facts.requester,
  requesterInstitution: facts.requesterInstitution,
  provider: facts.provider,
  providerInstitution: facts.providerInstitution,
  affair: facts.affair,
  procedure: facts.procedure,
  information: facts.information,
  dataset: facts.dataset,
  period: facts.period,
  department: facts.department,
  requestedAt: facts.requestedAt,
});

/** Id of the key that a stored field is sealed under. */
export const keyIdOf = (field: Protected): string => (isSealed(field) ? field.key : '');

export const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

function begun(event: Decided, context: FoldContext): ExchangeRow {
  const { data, at } = event;
  const denied = event.type === 'QueryDenied';
  return {
    exchangeId: idOf(event.stream),
    ...factsAsColumns(data),
    requesterClass: context.find(agencyClasses, data.requesterInstitution ?? data.requester)?.agencyClass,
    person: context.derived(event.id),
    recordKey: keyIdOf(data.requesterSubject),
    decidedAt: at,
    table: data.table,
    item: data.item,
    article: denied ? event.data.article : undefined,
    exceptionApplied: denied && event.data.exceptionApplied,
    validUntil: denied ? undefined : event.data.validUntil,
    status: denied ? 'denied' : 'permitted',
    reason: denied ? event.data.reason : undefined,
    open: !denied,
    answer: 'awaited',
    over: undefined,
    sealed: data.nonDisclosure,
    automatic: undefined,
    late: undefined,
    items: undefined,
    heldAt: undefined,
    providedAt: undefined,
    receivedAt: undefined,
    endedAt: denied ? at : undefined,
    disclosableFrom: denied ? at : undefined,
    revision: event.revision,
  };
}

/** What one later event changes, before the status is drawn from it. */
function changed(row: ExchangeRow, event: Exclude<Recorded<ExchangeEvent>, Decided>): Partial<ExchangeRow> {
  const { at } = event;
  switch (event.type) {
    case 'NotificationImpossible':
      return { status: 'impossible', reason: event.data.reason, endedAt: at, disclosableFrom: at };
    case 'ProvisionHeldRecorded':
      return { answer: 'held', heldAt: event.data.heldAt };
    case 'ProvisionRecorded': {
      const { providedAt, items, automatic, late, nonDisclosure } = event.data;
      return { answer: 'provided', reason: undefined, providedAt, items, automatic, late, sealed: row.sealed || nonDisclosure, ...answeredAt(row, at) };
    }
    case 'NoProvisionRecorded': {
      const { reason, late, nonDisclosure } = event.data;
      return { answer: 'not-provided', reason: row.over ? row.reason : reason, late, sealed: row.sealed || nonDisclosure, ...answeredAt(row, at) };
    }
    case 'ReceiptRecorded':
      return { receivedAt: event.data.receivedAt };
    case 'QueryWithdrawalRecorded':
      return { over: 'withdrawn', ...overAt(row, at) };
    case 'QueryLapsed':
      return { over: 'lapsed', reason: event.data.cause, ...overAt(row, at) };
    default:
      return assertNever(event);
  }
}

/** No seal can come after the provider has answered. */
const answeredAt = ({ endedAt, disclosableFrom }: ExchangeRow, at: string): Partial<ExchangeRow> => ({
  endedAt: endedAt ?? at,
  disclosableFrom: disclosableFrom !== undefined && disclosableFrom < at ? disclosableFrom : at,
});
function overAt({ endedAt, validUntil, answer }: ExchangeRow, at: string): Partial<ExchangeRow> {
  if (answer === 'provided' || answer === 'not-provided') return {};
  const last = validUntil !== undefined && validUntil > at ? validUntil : at;
  return { endedAt: endedAt ?? at, disclosableFrom: plusMs(last, LATE_ANSWER_GRACE_MS) };
}

function statusOf({ status, answer, over, receivedAt }: ExchangeRow): ExchangeStatus {
  if (status === 'denied' || status === 'impossible') return status;
  if (answer === 'provided') return receivedAt === undefined ? 'provided' : 'received';
  if (over) return over;
  if (answer === 'not-provided') return 'not-provided';
  if (receivedAt !== undefined) return 'received'; // the requester's receipt overtook the provider's report
  return answer === 'held' ? 'held' : 'permitted';
}

type ExchangeDraft = Draft<(typeof exchanges)['columns']>;

function evolve(row: ExchangeDraft | undefined, event: Recorded<ExchangeEvent>, context: FoldContext): ExchangeDraft | undefined {
  if (event.type === 'QueryPermitted' || event.type === 'QueryDenied') return begun(event, context);
  if (!row) return undefined;
  Object.assign(row, changed(row, event));
  row.status = statusOf(row);
  row.open = isOpen(row, row.status);
  row.revision = event.revision;
  return row;
}

/** To be driven on: unanswered, or answered without the requester's receipt. */
const isOpen = ({ over, receivedAt }: ExchangeRow, status: ExchangeStatus): boolean =>
  status !== 'denied' && status !== 'impossible' && over === undefined && receivedAt === undefined;

const MONTHS_CACHED_MAX = 10_000;
const months = new Map<string, string>();
/** The legal month of an instant; an hour never lies in two. */
export function monthOf(time: string): string {
  const hour = time.slice(0, 13);
  let month = months.get(hour);
  if (month === undefined) {
    if (months.size >= MONTHS_CACHED_MAX) months.clear();
    month = legalMonth(time);
    months.set(hour, month);
  }
  return month;
}

const exchangeFold: RowFold<(typeof exchanges)['columns'], CoreEvent> = {
  table: exchanges,
  keyOf: ({ stream }) => (stream.startsWith('exchange-') ? idOf(stream) : undefined),
  begins: ({ revision }) => revision === 0,
  evolve: (row, event, context) => evolve(row, event as Recorded<ExchangeEvent>, context),
  erases: (event) => (event.type === 'RecordKeyDestroyed' ? { column: 'recordKey', value: event.data.key } : undefined),
  counted: {
    counter: exchangeCounts,
    bucketOf: ({ requestedAt, procedure, information, requesterClass, status }) => [
      monthOf(requestedAt),
      procedure ?? '',
      information,
      requesterClass ?? '',
      status,
    ],
  },
};

const agencyClassFold: RowFold<(typeof agencyClasses)['columns'], CoreEvent> = {
  table: agencyClasses,
  keyOf: (event) => (event.type === 'AgencyRegistered' ? idOf(event.stream) : undefined),
  begins: () => false,
  evolve: (row, event) => (event.type === 'AgencyRegistered' ? { agency: idOf(event.stream), agencyClass: event.data.class } : row),
};

/** Opens the requester's identifier of each decided query and names its person. */
function derive(events: readonly Recorded<CoreEvent>[], { fields, persons }: Secrets): ReadonlyMap<string, string> {
  const derived = new Map<string, string>();
  const decided = events.filter((event): event is Decided => event.type === 'QueryPermitted' || event.type === 'QueryDenied');
  const sealed = decided.map(({ data }) => data.requesterSubject).filter(isSealed);
  if (!persons || sealed.length !== decided.length) throw new Error('a stored query holds its identifier sealed, and the core has the means to open it');
  for (const [at, field] of fields.openAll(sealed).entries()) {
    const { id, data } = decided[at] as Decided;
    const person = field.erased ? undefined : persons.personOf(data.requester, field.value);
    if (person !== undefined) derived.set(id, person);
  }
  return derived;
}

/** The core's record of exchanges, with its statistics. */
export const exchangesProjection: Projection<CoreEvent> = {
  name: 'exchanges',
  version: 1,
  reads: { exchange: exchangeEventTypes, agency: agencyEventTypes, ledger: retentionEventTypes },
  folds: [
    anyFold<(typeof agencyClasses)['columns'], CoreEvent, CoreEvent>(agencyClassFold),
    anyFold<(typeof exchanges)['columns'], CoreEvent, CoreEvent>(exchangeFold),
  ],
  derive,
};
