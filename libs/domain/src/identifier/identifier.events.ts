import { type EventOf, eventType, integer, oneOf, protectedText, text } from '#libs/kernel';

/** Core, stream `acquisition-<HMAC of the acquisition number>` (取得番号). Sealed under a key of (holder, that HMAC). */
export const AcquisitionNumberIssued = eventType('AcquisitionNumberIssued', {
  /** Agency code of the code holder that may use it. */
  holder: text,
  acquisitionNumber: protectedText,
  /** The holder's own reference of the request: a request that is repeated gets the same number. Points to nobody. */
  reference: text,
  expiresAt: text,
});

/** The number was used, once and for all, for the person of this identifier stream. What came of it stands there. */
export const AcquisitionNumberUsed = eventType('AcquisitionNumberUsed', {
  /** `identifier-<HMAC of holder and link>`. */
  identifierStream: text,
});

export const ISSUANCE_REFUSALS = ['ACQUISITION_NUMBER_EXPIRED', 'ACQUISITION_NUMBER_USED', 'IDENTIFIER_REVOKED'] as const;
export type IssuanceRefusal = (typeof ISSUANCE_REFUSALS)[number];

/** In the acquisition's stream where the number does not hold, in the identifier's where that was revoked. */
export const IdentifierIssuanceRefused = eventType('IdentifierIssuanceRefused', {
  reason: oneOf(...ISSUANCE_REFUSALS),
  /** The person, as `identifier-<HMAC of holder and link>`: an attempt that is repeated is refused, not recorded again. */
  identifierStream: text,
  /** HMAC of the acquisition number under the core's secret. */
  acquisition: text,
});

/** Core, stream `identifier-<HMAC of holder and link>`: one a code holder and person (機関別符号). Sealed under a key of the two. */
export const IdentifierIssued = eventType('IdentifierIssued', {
  holder: text,
  epoch: integer,
  generation: integer,
  identifier: protectedText,
  acquisition: text,
});

/** The holder had obtained it before and is told it again: it is not made anew. */
export const IdentifierAlreadyHeld = eventType('IdentifierAlreadyHeld', {
  holder: text,
  epoch: integer,
  generation: integer,
  identifier: protectedText,
  acquisition: text,
});

export const IdentifierRevoked = eventType('IdentifierRevoked', { holder: text, generation: integer, reason: text });

/** A new identifier in place of the old one, of the next generation; reaches the holder as SubjectIdentifierChanged. */
export const IdentifierReissued = eventType('IdentifierReissued', {
  holder: text,
  epoch: integer,
  generation: integer,
  identifier: protectedText,
  reason: text,
});

export const identifierEventTypes = [
  AcquisitionNumberIssued,
  AcquisitionNumberUsed,
  IdentifierIssuanceRefused,
  IdentifierIssued,
  IdentifierAlreadyHeld,
  IdentifierRevoked,
  IdentifierReissued,
] as const;

export type AcquisitionEvent = EventOf<typeof AcquisitionNumberIssued> | EventOf<typeof AcquisitionNumberUsed> | EventOf<typeof IdentifierIssuanceRefused>;
export type IdentifierEvent =
  | EventOf<typeof IdentifierIssued>
  | EventOf<typeof IdentifierAlreadyHeld>
  | EventOf<typeof IdentifierIssuanceRefused>
  | EventOf<typeof IdentifierRevoked>
  | EventOf<typeof IdentifierReissued>;
