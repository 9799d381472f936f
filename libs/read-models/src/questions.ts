import type { ExchangeRow, ExchangeStatus } from './exchange/exchanges.table.js';
import type { IdentifierRow, IdentifierStatus } from './identifier/identifiers.projection.js';
import type { ProviderStatus, RecordRole, RecordRow, RequesterStatus } from './record/records.table.js';

/** Rows of one page at most. */
export const PAGE_ROWS_MAX = 500;
/** Keys of one lookup at most. */
export const LOOKUP_KEYS_MAX = 1_000;
/** Groups of one statistics page at most. */
export const COUNT_ROWS_MAX = 5_000;

/** `limit` is 1 to PAGE_ROWS_MAX; `cursor` is the `next` of the page before, of the same question. */
export interface Paged {
  readonly limit: number;
  readonly cursor?: string | undefined;
}
/** A page may hold fewer rows than asked for, even none, and still have a `next`: a filter looks at a bounded number of rows a page. */
export interface Page<T> {
  readonly rows: readonly T[];
  readonly next?: string;
}
/** Instants of the request, ISO 8601 UTC: from (inclusive) to (exclusive). */
export interface TimeRange {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

type Defined<T> = { readonly [K in keyof T]: T[K] };
export type ExchangeRecord = Defined<Omit<ExchangeRow, 'person' | 'recordKey' | 'open' | 'answer' | 'over' | 'disclosableFrom'>>;
export interface ExchangesQuestion extends Paged, TimeRange {
  readonly requester?: string | undefined;
  readonly provider?: string | undefined;
  readonly affair?: string | undefined;
  readonly information?: string | undefined;
  readonly outcomes?: readonly ExchangeStatus[] | undefined;
  /** See `personKey`. */
  readonly person?: string | undefined;
}

/** Those that the core still has to drive: neither received, withdrawn nor lapsed. In the order of their ids, which is about that of their time; ask on with the last id. */
export interface OpenExchangesQuestion {
  readonly after?: string | undefined;
  readonly limit: number;
}
export type OpenExchange = Pick<ExchangeRow, 'exchangeId' | 'requester' | 'provider' | 'status' | 'validUntil' | 'decidedAt' | 'revision'>;

/** What a person is shown of an exchange (domain.md §5.8). */
export type DisclosedExchange = Pick<
  ExchangeRow,
  | 'exchangeId'
  | 'requestedAt'
  | 'decidedAt'
  | 'providedAt'
  | 'requester'
  | 'requesterInstitution'
  | 'provider'
  | 'providerInstitution'
  | 'affair'
  | 'procedure'
  | 'information'
  | 'dataset'
  | 'period'
  | 'items'
  | 'status'
  | 'reason'
  | 'article'
>;
export interface DisclosureQuestion extends Paged {
  /** See `personKey`. */
  readonly person: string;
  /** The present business instant, ISO 8601 UTC. */
  readonly now: string;
}

export type CountDimension = 'month' | 'procedure' | 'information' | 'requesterClass' | 'outcome';
export interface StatisticsQuestion {
  /** `YYYY-MM`, both inclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** What to tell apart; the rest is summed up. At least one. */
  readonly by: readonly CountDimension[];
  /** 1 to COUNT_ROWS_MAX. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}
/** `''` stands for no procedure, and for a class that is not known. */
export type ExchangeCount = { readonly [K in CountDimension]?: string } & { readonly exchanges: number };

export type AgencyRecord = Defined<Omit<RecordRow, 'recordId' | 'recordKey' | 'open' | 'agency'>>;
export interface RecordsQuestion extends Paged, TimeRange {
  /** The wall: no question sees another agency's records. */
  readonly agency: string;
  readonly role?: RecordRole | undefined;
  /** Stream id of the person: `HmacNames.subject(agency, in-agency number)`. */
  readonly subject?: string | undefined;
  readonly counterpart?: string | undefined;
  readonly affair?: string | undefined;
  readonly information?: string | undefined;
  readonly outcomes?: readonly (RequesterStatus | ProviderStatus)[] | undefined;
}
/** Provisions that wait for an official of this agency, by exchange id. */
export interface HeldProvisionsQuestion extends Paged {
  readonly agency: string;
}
/** Of all agencies of the server: for recovery at start, never for an agency. Undecided ones are the outbox (format.md §7). */
export interface OpenQueriesQuestion {
  readonly after?: string | undefined;
  readonly limit: number;
}
export type OpenQuery = Pick<RecordRow, 'exchangeId' | 'agency' | 'counterpart' | 'status' | 'validUntil' | 'revision'>;

export interface ReplicaLookup {
  readonly agency: string;
  /** Id of the `replica-` stream: `HmacNames.subject(agency, in-agency number)`. */
  readonly subject: string;
  readonly information: string;
  /** Every one where they are left out. */
  readonly dataset?: string | undefined;
  readonly period?: string | undefined;
}
export interface ReplicaFound {
  /** Revision of the person's stream that this answer has folded: it holds only while the stream is there (format.md §7). */
  readonly revision: number;
  readonly blocked?: 'SUBJECT_BLOCKED' | 'RECORD_BLOCKED';
  readonly nonDisclosure: boolean;
  /** Events to read, in the stream `replica-<subject>`. */
  readonly replicas: readonly { readonly dataset: string; readonly period?: string; readonly revision: number; readonly layout: string }[];
}

export interface SubjectLookup {
  readonly agency: string;
  /** See `identifierKey`. */
  readonly identifierKey: string;
}
export interface SubjectFound {
  /** Id of the person's `subject-` and `replica-` streams. */
  readonly subject: string;
  /** Revision of the event in `subject-<subject>` whose `subject` field holds the in-agency number, sealed. */
  readonly fieldRevision: number;
  /** Revision of that stream that this answer has folded. */
  readonly revision: number;
  /** False where it is the identifier before the one in force, or was revoked. */
  readonly inForce: boolean;
}

export interface IdentifiersQuestion extends Paged, TimeRange {
  /** `from` and `to` are of the issue. */
  readonly holder: string;
  readonly status?: IdentifierStatus | undefined;
}
export interface IdentifierCountsQuestion {
  /** All of them where it is left out. */
  readonly holder?: string | undefined;
  /** 1 to COUNT_ROWS_MAX. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}
export interface IdentifierCount {
  readonly holder: string;
  readonly status: IdentifierStatus;
  readonly identifiers: number;
}

/** An agency's feed, in the store's order: where its events stand. */
export interface FeedQuestion extends Paged {
  /** The wall: no question sees another agency's feed. */
  readonly agency: string;
  /** Wall clock, ISO 8601 UTC: what was recorded before it is told no more. */
  readonly recordedFrom: string;
}
export interface FeedPlace {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  /** Asks on after this event. */
  readonly cursor: string;
}
export interface FeedAnswer {
  readonly rows: readonly FeedPlace[];
  /** Always there: ask on from here, now or later. */
  readonly next: string;
}

/** Names of the streams of the core's register (agencies, servers, table versions, openings), in their order; ask on with the last. */
export interface RegisterStreamsQuestion {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What can be asked, by name: the question, and what answers it. */
export interface Questions {
  exchanges: { ask: ExchangesQuestion; answer: Page<ExchangeRecord> };
  openExchanges: { ask: OpenExchangesQuestion; answer: readonly OpenExchange[] };
  disclosure: { ask: DisclosureQuestion; answer: Page<DisclosedExchange> };
  statistics: { ask: StatisticsQuestion; answer: Page<ExchangeCount> };
  identifiers: { ask: IdentifiersQuestion; answer: Page<IdentifierRow> };
  identifierCounts: { ask: IdentifierCountsQuestion; answer: Page<IdentifierCount> };
  registerStreams: { ask: RegisterStreamsQuestion; answer: readonly string[] };
  records: { ask: RecordsQuestion; answer: Page<AgencyRecord> };
  heldProvisions: { ask: HeldProvisionsQuestion; answer: Page<AgencyRecord> };
  openQueries: { ask: OpenQueriesQuestion; answer: readonly OpenQuery[] };
  /** Throws CURSOR_EXPIRED where events after the cursor are told no more. */
  feed: { ask: FeedQuestion; answer: FeedAnswer };
  /** In the order asked; undefined where the person has no replica stream at this agency. */
  replicas: { ask: { readonly keys: readonly ReplicaLookup[] }; answer: readonly (ReplicaFound | undefined)[] };
  /** In the order asked; undefined where no person of this agency has, or had last, that identifier. */
  subjects: { ask: { readonly keys: readonly SubjectLookup[] }; answer: readonly (SubjectFound | undefined)[] };
}
export type QuestionName = keyof Questions;
export type Ask<N extends QuestionName> = Questions[N]['ask'];
export type Answer<N extends QuestionName> = Questions[N]['answer'];
