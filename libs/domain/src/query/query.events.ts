import { type EventOf, eventType, flag, list, optional, protectedText, text, integer } from '#libs/kernel';
import { queryFacts } from '../exchange/query-facts.js';

/** Requester's side, stream `query-<exchange id>`. Without a decision it is the outbox: the reactor sends it again. */
export const QuerySubmitted = eventType('QuerySubmitted', {
  ...queryFacts,
  /** In-agency number (団体内統合宛名番号). */
  subject: protectedText,
  /** The agency's identifier of the person, as it stood at submission. */
  identifier: protectedText,
  /** HMAC of the query under the server's stream secret: recognises a repeat. */
  queryDigest: text,
  /** Stream id of the subject, an HMAC: lets records be found by person without opening a field. */
  subjectStream: text,
  bulkId: optional(text),
  line: optional(integer),
});

export const QueryDecisionReceived = eventType('QueryDecisionReceived', {
  permitted: flag,
  /** Denial code and article; left out on a permit. */
  reason: optional(text),
  article: optional(text),
  exceptionApplied: flag,
  table: optional(text),
  item: optional(text),
  validUntil: optional(text),
  /** Leaf hash of the core's QueryPermitted or QueryDenied, base64url. */
  decisionLeaf: text,
});

export const ProvisionReceived = eventType('ProvisionReceived', {
  providedAt: text,
  receivedAt: text,
  items: list(text),
  digest: text,
  /** The provider's non-disclosure flag. */
  nonDisclosure: flag,
  /** Leaf hash of the provider's ProvisionMade and of the core's decision, base64url. */
  providerLeaf: text,
  decisionLeaf: text,
  /** Until when the mailbox keeps the data if it is not acknowledged. */
  keptUntil: text,
});

export const QueryWithdrawn = eventType('QueryWithdrawn', { withdrawnAt: text, department: text });

/** Ended without data: why, and whose record says so (leaf hash, where there is one). */
export const QueryEnded = eventType('QueryEnded', {
  endedAt: text,
  reason: text,
  nonDisclosure: flag,
  providerLeaf: optional(text),
  coreLeaf: optional(text),
});

export const queryEventTypes = [QuerySubmitted, QueryDecisionReceived, ProvisionReceived, QueryWithdrawn, QueryEnded] as const;
export type QueryEvent = EventOf<(typeof queryEventTypes)[number]>;
