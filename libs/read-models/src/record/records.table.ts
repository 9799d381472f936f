import { factColumns } from '../exchange/exchanges.table.js';
import { code, codeOf, codes, fixed, hash, instant, optional, type RowIn, table, uuid, whole, yesNo } from '../table.js';

export type RecordRole = 'requester' | 'provider';
export type RequesterStatus = 'submitted' | 'permitted' | 'denied' | 'received' | 'withdrawn' | 'ended';
export type ProviderStatus = 'demanded' | 'held' | 'provided' | 'not-provided';

/** One row a record: an exchange as one agency of this server, in one role, has recorded it (domain.md §5.7). */
export const records = table({
  name: 'records',
  key: 'recordId',
  columns: {
    /** Exchange id in hexadecimal, then `00` for the requester's record, `01` for the provider's. */
    recordId: fixed(hash),
    exchangeId: fixed(uuid),
    /** Whose record it is: every question names it. */
    agency: fixed(code),
    role: fixed(codeOf<RecordRole>()),
    counterpart: fixed(code),
    ...factColumns,
    /** Stream id of the person: `HmacNames.subject`. */
    subject: fixed(optional(hash)),
    recordKey: fixed(code),
    /** When this agency recorded the query, or the demand came in. */
    recordedAt: fixed(instant),
    status: codeOf<RequesterStatus | ProviderStatus>(),
    /** Of a denial, an end without data, a hold. */
    reason: optional(code),
    article: optional(code),
    table: optional(code),
    item: optional(code),
    exceptionApplied: yesNo,
    sealed: yesNo,
    automatic: optional(yesNo),
    /** Requester: neither denied, received, withdrawn nor ended. Provider: held. */
    open: yesNo,
    items: optional(codes),
    decidedAt: optional(instant),
    validUntil: optional(instant),
    heldAt: optional(instant),
    providedAt: optional(instant),
    receivedAt: optional(instant),
    endedAt: optional(instant),
    revision: whole,
  },
  indexes: [
    { name: 'by_agency', columns: ['agency', 'requestedAt', 'recordId'] },
    { name: 'by_subject', columns: ['subject', 'requestedAt', 'recordId'] },
    { name: 'open_ones', columns: ['role', 'recordId', 'agency'], where: 'open' },
  ],
});
export type RecordRow = RowIn<typeof records>;
