/** `POST /queries`: one query, i.e. one exchange about one person. */
export interface SubmitQueryLine {
  /** UUIDv7, made by the client: the same line sent again is the same exchange. */
  readonly exchangeId: string;
  /** Groups the exchanges of one application (several persons, years, informations, providers). */
  readonly applicationId?: string;
  /** The agency's own number of the person (団体内統合宛名番号). */
  readonly inAgencyNumber: string;
  /** The institution that the agency asks for (委任元), where that is another than itself. */
  readonly institution?: string;
  readonly provider: string;
  readonly providerInstitution?: string;
  readonly affair: string;
  readonly procedure?: string;
  readonly information: string;
  /** One of several data sets of the information; all of them where it is left out. */
  readonly dataset?: string;
  /** `2020`, or `2019-04-01/2020-03-31`. For local tax the tax year. */
  readonly period?: string;
  /** Code of the requesting department. */
  readonly department: string;
  /** 照会側不開示 (art. 23(2)): seals the fact at all three parties. */
  readonly nonDisclosure: boolean;
  /** The bulk that the line belongs to, and its number there, from 1: both or none. */
  readonly bulkId?: string;
  readonly line?: number;
}
export interface SubmitQueriesRequest {
  readonly lines: readonly SubmitQueryLine[];
  /** How long the answer may wait for outcomes, milliseconds (0 to 10,000); 0 answers as soon as the queries are durable. */
  readonly waitMs?: number;
}

/**
 * submitted: no decision yet · permitted: the provider's answer is awaited · denied · received: the data is in the mailbox
 * (or was acknowledged) · withdrawn · ended: without data, `end.reason` says why.
 */
export type QueryStatus = 'submitted' | 'permitted' | 'denied' | 'received' | 'withdrawn' | 'ended';
export const isOpen = (status: QueryStatus): boolean => status === 'submitted' || status === 'permitted';

/** Durable when answered. */
export interface SubmittedQuery {
  readonly exchangeId: string;
  readonly status: QueryStatus;
}

export interface Sentence {
  readonly ja: string;
  readonly en: string;
}
/** The core's recorded decision. */
export interface QueryDecision {
  readonly permitted: boolean;
  /** Version and item of the table that it rests on. */
  readonly table?: string;
  readonly item?: string;
  /** On a permit: after this instant nothing is provided any more. */
  readonly validUntil?: string;
  /** On a denial. */
  readonly reason?: string;
  readonly article?: string;
  readonly sentence?: Sentence;
  /** True where an exception of art. 21(2) applied. */
  readonly exceptionApplied: boolean;
}
/** What was received; the data itself is fetched by `GET /results/:exchangeId`. */
export interface QueryResult {
  readonly providedAt: string;
  readonly receivedAt: string;
  /** `<information>/<dataset>/<period>` */
  readonly items: readonly string[];
  readonly nonDisclosure: boolean;
  /** Until when the mailbox keeps it. */
  readonly keptUntil: string;
}
export interface QueryEnd {
  readonly endedAt: string;
  readonly reason: string;
}
/** What the network says of an open query. */
export interface NetworkState {
  readonly status: string;
  /** How often the provider's side was tried, and what stood in the way last. */
  readonly attempts?: number;
  readonly lastObstacle?: string;
}

/** Where a query stands. */
export interface QueryState {
  readonly exchangeId: string;
  readonly applicationId?: string;
  readonly status: QueryStatus;
  readonly provider: string;
  readonly affair: string;
  readonly information: string;
  readonly dataset?: string;
  readonly period?: string;
  readonly requestedAt: string;
  readonly decision?: QueryDecision;
  readonly result?: QueryResult;
  readonly end?: QueryEnd;
  /** On `GET /queries/:exchangeId` of an open query; left out where the network can't be asked just now. */
  readonly network?: NetworkState;
}

/** `POST /queries/statuses` */
export interface QueryStatusLine {
  readonly exchangeId: string;
}
/** `POST /queries/:exchangeId/withdrawal` */
export interface WithdrawQueryRequest {
  readonly department: string;
}

/** `POST /holders`: who has it? (通知先の問合せ) */
export interface AskHoldersRequestLine {
  readonly inAgencyNumber: string;
  readonly institution?: string;
  readonly affair: string;
  readonly information: string;
  readonly department: string;
}
export interface Holders {
  /** Agency codes. */
  readonly holders: readonly string[];
  /** Why there are none to be told. */
  readonly reason?: string;
}
