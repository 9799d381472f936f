import { type ProvisionEvent, provisionEventTypes, type QueryEvent, queryEventTypes, type RetentionEvent, retentionEventTypes } from '#libs/domain';
import { assertNever } from '#libs/kernel';
import { factsAsColumns, idOf, keyIdOf } from '../exchange/exchanges.projection.js';
import { anyFold, type Draft, type Projection, type Recorded, type RowFold } from '../projection.js';
import { type RecordRole, type RecordRow, records, type RequesterStatus } from './records.table.js';

type ServerEvent = QueryEvent | ProvisionEvent | RetentionEvent;
type RecordDraft = Draft<(typeof records)['columns']>;
type Begun = Extract<Recorded<ServerEvent>, { type: 'QuerySubmitted' | 'ProvisionDemanded' }>;

const ROLE_SUFFIX: Readonly<Record<RecordRole, string>> = { requester: '00', provider: '01' };
export const recordIdOf = (exchangeId: string, role: RecordRole): string => exchangeId.replaceAll('-', '') + ROLE_SUFFIX[role];

function begun(event: Begun): RecordRow {
  const { data } = event;
  const role = event.type === 'QuerySubmitted' ? 'requester' : 'provider';
  const exchangeId = idOf(event.stream);
  const demand = event.type === 'ProvisionDemanded' ? event.data : undefined;
  return {
    recordId: recordIdOf(exchangeId, role),
    exchangeId,
    agency: event.agency ?? data[role],
    role,
    counterpart: role === 'requester' ? data.provider : data.requester,
    ...factsAsColumns(data),
    subject: data.subjectStream,
    recordKey: keyIdOf(data.identifier),
    recordedAt: event.at,
    status: role === 'requester' ? 'submitted' : 'demanded',
    reason: undefined,
    article: undefined,
    table: demand?.table,
    item: demand?.item,
    exceptionApplied: false,
    sealed: data.nonDisclosure,
    automatic: undefined,
    open: role === 'requester',
    items: undefined,
    decidedAt: undefined,
    validUntil: demand?.validUntil,
    heldAt: undefined,
    providedAt: undefined,
    receivedAt: undefined,
    endedAt: undefined,
    revision: event.revision,
  };
}

/** A decision that comes after the end tells why, but does not open the query again. */
const ENDED: ReadonlySet<string> = new Set<RequesterStatus>(['received', 'withdrawn', 'ended']);

function queried(row: RecordRow, event: Exclude<Recorded<QueryEvent>, { type: 'QuerySubmitted' }>): Partial<RecordRow> {
  switch (event.type) {
    case 'QueryDecisionReceived': {
      const { permitted, reason, article, exceptionApplied, table, item, validUntil } = event.data;
      const decided = { decidedAt: event.at, article, exceptionApplied, table, item, validUntil };
      if (ENDED.has(row.status)) return decided;
      return permitted ? { ...decided, status: 'permitted' } : { ...decided, reason, status: 'denied', open: false, endedAt: event.at };
    }
    case 'ProvisionReceived': {
      const { providedAt, receivedAt, items, nonDisclosure } = event.data;
      const sealed = row.sealed || nonDisclosure;
      return { status: 'received', open: false, reason: undefined, providedAt, receivedAt, items, sealed, endedAt: row.endedAt ?? event.at };
    }
    case 'QueryWithdrawn':
      return { status: 'withdrawn', open: false, endedAt: event.data.withdrawnAt };
    case 'QueryEnded': {
      const { endedAt, reason, nonDisclosure } = event.data;
      return { status: 'ended', open: false, reason, endedAt, sealed: row.sealed || nonDisclosure };
    }
    default:
      return assertNever(event);
  }
}

function provided(row: RecordRow, event: Exclude<Recorded<ProvisionEvent>, { type: 'ProvisionDemanded' }>): Partial<RecordRow> {
  switch (event.type) {
    case 'ProvisionMade': {
      const { providedAt, items, nonDisclosure, automatic } = event.data;
      const sealed = row.sealed || nonDisclosure;
      return { status: 'provided', open: false, reason: undefined, providedAt, items, automatic, sealed, endedAt: event.at };
    }
    case 'ProvisionHeld':
      return { status: 'held', open: true, reason: event.data.reason, heldAt: event.data.heldAt };
    case 'ProvisionReleased':
      return {};
    case 'ProvisionNotMade': {
      const { endedAt, reason, nonDisclosure } = event.data;
      return { status: 'not-provided', open: false, reason, endedAt, sealed: row.sealed || nonDisclosure };
    }
    default:
      return assertNever(event);
  }
}

const advanced = (row: RecordDraft | undefined, changes: (row: RecordRow) => Partial<RecordRow>, revision: number): RecordDraft | undefined =>
  row && Object.assign(row, changes(row), { revision });

function evolve(row: RecordDraft | undefined, event: Recorded<ServerEvent>): RecordDraft | undefined {
  switch (event.type) {
    case 'QuerySubmitted':
    case 'ProvisionDemanded':
      return begun(event);
    case 'RecordKeyDestroyed':
      return row;
    case 'QueryDecisionReceived':
    case 'ProvisionReceived':
    case 'QueryWithdrawn':
    case 'QueryEnded':
      return advanced(row, (known) => queried(known, event), event.revision);
    default:
      return advanced(row, (known) => provided(known, event), event.revision);
  }
}

function keyOf({ stream }: Recorded<ServerEvent>): string | undefined {
  if (stream.startsWith('query-')) return recordIdOf(idOf(stream), 'requester');
  return stream.startsWith('provision-') ? recordIdOf(idOf(stream), 'provider') : undefined;
}

type RecordColumns = (typeof records)['columns'];
const recordFold: RowFold<RecordColumns, ServerEvent> = {
  table: records,
  keyOf,
  begins: ({ revision }) => revision === 0,
  evolve,
  erases: (event) => (event.type === 'RecordKeyDestroyed' ? { column: 'recordKey', value: event.data.key } : undefined),
};

/** The records of all agencies of a server, as requesters and as providers. */
export const recordsProjection: Projection<ServerEvent> = {
  name: 'records',
  version: 1,
  reads: { query: queryEventTypes, provision: provisionEventTypes, ledger: retentionEventTypes },
  folds: [anyFold<RecordColumns, ServerEvent, ServerEvent>(recordFold)],
};
