import { type EventOf, eventType, oneOf, optional, protectedText, text } from '#libs/kernel';

/**
 * An agency's intermediate server, stream `subject-<HMAC of agency and in-agency number>`, sealed under the subject's key:
 * which identifier the agency has of its person. The individual number is in none of them.
 */
export const AcquisitionRequested = eventType('AcquisitionRequested', {
  /** In-agency number (団体内統合宛名番号). */
  subject: protectedText,
  acquisitionNumber: protectedText,
  /** HMAC of the acquisition number under this server's secret. */
  acquisition: text,
  expiresAt: text,
});

export const IdentifierObtained = eventType('IdentifierObtained', {
  subject: protectedText,
  identifier: protectedText,
  acquisition: text,
});

/** The core reissued the identifier, or revoked it. */
export const SubjectIdentifierChanged = eventType('SubjectIdentifierChanged', {
  subject: protectedText,
  /** The identifier in force from now on; the former one where `change` is REVOKED. */
  identifier: protectedText,
  change: oneOf('REISSUED', 'REVOKED'),
  /** Business instant of the core's event: tells one notice from another. */
  changedAt: text,
  /** Leaf hash of the core's event, base64url, where the notice carried it. */
  coreLeaf: optional(text),
});

/** The subject's key is destroyed, and with it the content of all that is recorded under it: every projection deletes its rows. */
export const SubjectKeyDestroyed = eventType('SubjectKeyDestroyed', {
  /** Id of the key (format.md §2). */
  key: text,
  reason: text,
});

export const subjectEventTypes = [AcquisitionRequested, IdentifierObtained, SubjectIdentifierChanged, SubjectKeyDestroyed] as const;
export type SubjectEvent = EventOf<(typeof subjectEventTypes)[number]>;
