import { type EventOf, eventType, flag, integer, list, oneOf, optional, protectedText, record, text } from '#libs/kernel';
import { queryFacts } from './query-facts.js';

/**
 * The revisions that a decision was made on (format.md §5): replay decides on them again and must agree. A stream that
 * did not exist stands at −1; a field is left out where the decision did not come to it.
 */
export const basis = record({
  /** Last revision of `agency-<requester>` and `agency-<provider>`. */
  requester: integer,
  provider: integer,
  /** The same of the institutions that a holder acts for (委任元), where those are others: their assessments and roles decide. */
  requesterInstitution: optional(integer),
  providerInstitution: optional(integer),
  /** Last revision of the table version's stream, and of the openings that were read. */
  matrix: optional(integer),
  openings: optional(list(record({ stream: text, revision: integer }))),
  /** Stream and last revision of both identifiers. */
  requesterIdentifier: optional(record({ stream: text, revision: integer })),
  providerIdentifier: optional(record({ stream: text, revision: integer })),
});

/** Digest of the query for recognising a repeat (HMAC under the core's stream secret) and the requester's own record. */
const submission = {
  queryDigest: text,
  /** Leaf hash of the requester's QuerySubmitted, base64url. */
  queryLeaf: text,
} as const;

export const QueryPermitted = eventType('QueryPermitted', {
  ...queryFacts,
  ...submission,
  /** The requester's identifier of the person; opened to the requester's side only. */
  requesterSubject: protectedText,
  /** The provider's identifier of the same person; left out where NotificationImpossible follows. */
  providerSubject: optional(protectedText),
  table: text,
  item: text,
  grant: integer,
  /** Business instant after which the demand has lapsed. */
  validUntil: text,
  basis,
});

export const QueryDenied = eventType('QueryDenied', {
  ...queryFacts,
  ...submission,
  /** What the requester sent as identifier, whether it held or not. */
  requesterSubject: protectedText,
  reason: text,
  article: text,
  /** True where an exception of art. 21(2) applied: not in the table (i), or the assessment article breached (ii). */
  exceptionApplied: flag,
  table: optional(text),
  item: optional(text),
  basis,
});

/** The provider has obtained no identifier for this person; the requester is told so (Cabinet Order art. 26(2) today). */
export const NotificationImpossible = eventType('NotificationImpossible', { reason: oneOf('PROVIDER_HOLDS_NO_IDENTIFIER') });

export const ProvisionHeldRecorded = eventType('ProvisionHeldRecorded', { heldAt: text, providerLeaf: text });

export const ProvisionRecorded = eventType('ProvisionRecorded', {
  providedAt: text,
  /** Information items provided, `<information>/<dataset>/<period>`. */
  items: list(text),
  /** SHA-256(32 random bytes ‖ payload), base64url; the random bytes went to the requester inside the sealed payload. */
  digest: text,
  /** The provider's non-disclosure flag (提供側不開示). */
  nonDisclosure: flag,
  automatic: flag,
  /** Made in time, but it reached the core after the query had lapsed or was withdrawn. */
  late: flag,
  providerLeaf: text,
});

export const NoProvisionRecorded = eventType('NoProvisionRecorded', {
  endedAt: text,
  reason: text,
  nonDisclosure: flag,
  late: flag,
  providerLeaf: text,
});

/** The requester has the data in its mailbox. */
export const ReceiptRecorded = eventType('ReceiptRecorded', { receivedAt: text, requesterLeaf: text });

export const QueryWithdrawalRecorded = eventType('QueryWithdrawalRecorded', { withdrawnAt: text, requesterLeaf: text });

/** Unanswered within its validity period (ministerial order art. 41(3)); `cause` is what the core saw last. */
export const QueryLapsed = eventType('QueryLapsed', {
  validUntil: text,
  cause: oneOf('UNANSWERED', 'PROVIDER_UNREACHABLE', 'HELD'),
});

export const exchangeEventTypes = [
  QueryPermitted,
  QueryDenied,
  NotificationImpossible,
  ProvisionHeldRecorded,
  ProvisionRecorded,
  NoProvisionRecorded,
  ReceiptRecorded,
  QueryWithdrawalRecorded,
  QueryLapsed,
] as const;
export type ExchangeEvent = EventOf<(typeof exchangeEventTypes)[number]>;
export type Basis = EventOf<typeof QueryDenied>['data']['basis'];
export type LapseCause = EventOf<typeof QueryLapsed>['data']['cause'];
