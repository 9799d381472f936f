import { type EventOf, eventType, flag, integer, list, oneOf, optional, protectedText, record, text } from '#libs/kernel';
import { queryFacts } from '../exchange/query-facts.js';

/** Provider's side, stream `provision-<exchange id>`. */
export const ProvisionDemanded = eventType('ProvisionDemanded', {
  ...queryFacts,
  /** In-agency number of the person at the provider; left out where the provider's server knows no such person. */
  subject: optional(protectedText),
  /** The provider's identifier as the core sent it. */
  identifier: protectedText,
  /** Stream id of the subject, an HMAC; left out where unknown. */
  subjectStream: optional(text),
  validUntil: text,
  /** Leaf hash of the core's QueryPermitted, base64url. */
  decisionLeaf: text,
  table: text,
  item: text,
});

export const ProvisionMade = eventType('ProvisionMade', {
  providedAt: text,
  items: list(text),
  /** The replica events that were given out: what was provided can be rebuilt from them, its values stand in no record. */
  replicas: list(record({ stream: text, revision: integer })),
  /** Last revision of the replica's stream that the answer was checked against. */
  replicaRevision: integer,
  digest: text,
  nonDisclosure: flag,
  automatic: flag,
});

export const ProvisionHeld = eventType('ProvisionHeld', { heldAt: text, reason: oneOf('SUBJECT_BLOCKED', 'RECORD_BLOCKED') });

/** An official let a held provision go; ProvisionMade or ProvisionNotMade follows in the same append. */
export const ProvisionReleased = eventType('ProvisionReleased', { releasedAt: text, department: text });

export const notMadeReasons = ['NO_RECORD', 'NO_REPLICA', 'WRONG_PERSON', 'UNDER_CORRECTION', 'SUBJECT_UNKNOWN', 'WITHDRAWN', 'LAPSED'] as const;
/** There is no statutory discretion to refuse: a non-answer is operational (Act art. 22(1)). */
export const ProvisionNotMade = eventType('ProvisionNotMade', {
  endedAt: text,
  reason: oneOf(...notMadeReasons),
  nonDisclosure: flag,
  department: optional(text),
});

export const provisionEventTypes = [ProvisionDemanded, ProvisionMade, ProvisionHeld, ProvisionReleased, ProvisionNotMade] as const;
export type ProvisionEvent = EventOf<(typeof provisionEventTypes)[number]>;
export type NotMadeReason = (typeof notMadeReasons)[number];
