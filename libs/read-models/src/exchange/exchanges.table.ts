import { code, codeOf, codes, fixed, freeText, hash, instant, optional, type RowIn, table, uuid, whole, yesNo } from '../table.js';

/**
 * Where an exchange stands at the core. `received`: provided, and the requester has it; `impossible`: the provider holds
 * no identifier for the person; `withdrawn` and `lapsed` turn into `provided` where a provision made in time comes late.
 */
export type ExchangeStatus = 'permitted' | 'denied' | 'impossible' | 'held' | 'provided' | 'received' | 'not-provided' | 'withdrawn' | 'lapsed';

/** What a query asks, as columns: the same at all three records. */
export const factColumns = {
  applicationId: fixed(optional(freeText)),
  requester: fixed(code),
  requesterInstitution: fixed(optional(code)),
  provider: fixed(code),
  providerInstitution: fixed(optional(code)),
  affair: fixed(code),
  procedure: fixed(optional(code)),
  information: fixed(code),
  dataset: fixed(optional(code)),
  period: fixed(optional(code)),
  department: fixed(code),
  requestedAt: fixed(instant),
} as const;

/** One row an exchange, all that the core's record holds of it (domain.md §5.7). */
export const exchanges = table({
  name: 'exchanges',
  key: 'exchangeId',
  columns: {
    exchangeId: fixed(uuid),
    ...factColumns,
    requesterClass: fixed(optional(code)),
    /** See `personKey`; none where a denied query's identifier was not the requester's. */
    person: fixed(optional(hash)),
    /** Key that its protected fields are sealed under. */
    recordKey: fixed(code),
    decidedAt: fixed(instant),
    table: fixed(optional(code)),
    item: fixed(optional(code)),
    article: fixed(optional(code)),
    exceptionApplied: fixed(yesNo),
    validUntil: fixed(optional(instant)),
    status: codeOf<ExchangeStatus>(),
    /** Of a denial, a non-provision or a lapse. */
    reason: optional(code),
    /** Neither received, withdrawn nor lapsed: the core has to drive it on. */
    open: yesNo,
    /** What the provider has said. */
    answer: codeOf<'awaited' | 'held' | 'provided' | 'not-provided'>(),
    over: optional(codeOf<'withdrawn' | 'lapsed'>()),
    /** Non-disclosure of requester or provider (art. 23(2)). */
    sealed: yesNo,
    automatic: optional(yesNo),
    late: optional(yesNo),
    items: optional(codes),
    heldAt: optional(instant),
    providedAt: optional(instant),
    receivedAt: optional(instant),
    endedAt: optional(instant),
    /** From when on the person may see it: no seal can come any more. */
    disclosableFrom: optional(instant),
    /** Revision of the stream that the row has folded. */
    revision: whole,
  },
  indexes: [
    { name: 'by_requester', columns: ['requester', 'requestedAt', 'exchangeId'] },
    { name: 'by_provider', columns: ['provider', 'requestedAt', 'exchangeId'] },
    { name: 'by_person', columns: ['person', 'requestedAt', 'exchangeId'] },
    { name: 'by_time', columns: ['requestedAt', 'exchangeId'] },
    { name: 'open_ones', columns: ['exchangeId'], where: 'open' },
  ],
});
export type ExchangeRow = RowIn<typeof exchanges>;

export const agencyClasses = table({
  name: 'agency_classes',
  key: 'agency',
  columns: { agency: fixed(code), agencyClass: code },
  indexes: [],
  resident: true,
});

/** Exchanges by the legal month of the request; `''` where there is no procedure or no class known. */
export const exchangeCounts = { name: 'exchange_counts', dimensions: ['month', 'procedure', 'information', 'requesterClass', 'outcome'] } as const;
