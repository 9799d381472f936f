export const RECORD_ROLES = ['requester', 'provider'] as const;
export type RecordRole = (typeof RECORD_ROLES)[number];
export const RECORD_OUTCOMES = ['submitted', 'permitted', 'denied', 'received', 'withdrawn', 'ended', 'demanded', 'held', 'provided', 'not-provided'] as const;
/** As requester: submitted, permitted, denied, received, withdrawn, ended. As provider: demanded, held, provided, not-provided. */
export type RecordOutcome = (typeof RECORD_OUTCOMES)[number];

/** `POST /records/search`: the agency's own record (Act art. 23), as requester or as provider; newest first. */
export interface SearchRecordsRequest {
  readonly role: RecordRole;
  readonly inAgencyNumber?: string;
  /** The other agency. */
  readonly counterpart?: string;
  readonly affair?: string;
  readonly information?: string;
  readonly outcome?: RecordOutcome;
  /** Instants of the request: from (included) to (excluded). */
  readonly from?: string;
  readonly to?: string;
  /** 1 to 500. */
  readonly limit?: number;
  /** `next` of the page before, of the same search. */
  readonly cursor?: string;
}

/** What the law has recorded of one exchange: names, times, items, department, affair, exception, seal. No provided value. */
export interface ExchangeRecord {
  readonly exchangeId: string;
  readonly applicationId?: string;
  readonly role: RecordRole;
  /** Left out where the server knows no such person, or its key was destroyed. */
  readonly inAgencyNumber?: string;
  readonly requester: string;
  readonly requesterInstitution?: string;
  readonly provider: string;
  readonly providerInstitution?: string;
  readonly affair: string;
  readonly procedure?: string;
  readonly information: string;
  readonly dataset?: string;
  readonly period?: string;
  readonly department: string;
  readonly requestedAt: string;
  readonly providedAt?: string;
  readonly receivedAt?: string;
  readonly endedAt?: string;
  readonly items?: readonly string[];
  readonly outcome: RecordOutcome;
  readonly reason?: string;
  readonly article?: string;
  readonly table?: string;
  readonly item?: string;
  /** True where an exception of art. 21(2) applied. */
  readonly exceptionApplied: boolean;
  /** True where either side flagged the fact as not to be disclosed (art. 23(2)). */
  readonly nonDisclosure: boolean;
}
/** A page may be short, even empty, and still have a `next`. */
export interface RecordPage {
  readonly records: readonly ExchangeRecord[];
  readonly next?: string;
}
