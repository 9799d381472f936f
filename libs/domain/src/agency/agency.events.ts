import { type EventOf, eventType, flag, list, oneOf, optional, text } from '#libs/kernel';
import { AGENCY_CLASSES, AGENCY_ROLES } from './agency-class.js';

/** Stream `agency-<code>`, at the core. An institution or a code holder (機関コード保有機関) enters the register. */
export const AgencyRegistered = eventType('AgencyRegistered', {
  code: text,
  name: text,
  class: oneOf(...AGENCY_CLASSES),
  /** Counted as an institution (機関数), and as a holder of identifiers (機関コード保有機関数). */
  institution: flag,
  codeHolder: flag,
  /** Two-digit prefecture, and the six-digit code of a local government. */
  prefecture: optional(text),
  localGovernment: optional(text),
  /** Has a welfare office (福祉事務所): always a city or special ward, a town or village by exception. */
  welfareOffice: flag,
  /** Has a health centre of its own (保健所を設置する市). */
  healthCentre: flag,
  /** Numbered for want of a public list. */
  placeholder: flag,
  /** The code is one of the network's own. */
  official: flag,
  role: oneOf(...AGENCY_ROLES),
});

/** The intermediate server and the interface system that speak for it from now on. */
export const AgencyHosted = eventType('AgencyHosted', { intermediateServer: text, interfaceSystem: text });

/** Another code holder acts for it (委任): its identifiers are that holder's. */
export const AgencyDelegated = eventType('AgencyDelegated', { to: text });

/** The key with which the agency's existing systems sign, from now on. */
export const AgencyKeyRotated = eventType('AgencyKeyRotated', { keyId: text, publicKey: text });

/** Privacy impact assessments (特定個人情報保護評価書, art. 27–28) published for the files of these affairs. */
export const AssessmentPublished = eventType('AssessmentPublished', { affairs: list(text) });
export const AssessmentWithdrawn = eventType('AssessmentWithdrawn', { affairs: list(text) });

export const AgencySuspended = eventType('AgencySuspended', { reason: text });
export const AgencyReinstated = eventType('AgencyReinstated', { reason: text });

/** From that legal day on it takes part in another role. */
export const AgencyParticipationChanged = eventType('AgencyParticipationChanged', { role: oneOf(...AGENCY_ROLES), from: text });

export const SERVER_KINDS = ['core', 'interface-system', 'intermediate-server', 'resident-registry', 'disclosure-portal'] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

/** Stream `server-<id>`, at the core. Keys are public, as the cryptography library writes them. */
export const ServerRegistered = eventType('ServerRegistered', {
  id: text,
  kind: oneOf(...SERVER_KINDS),
  url: text,
  signingKeyId: text,
  signingKey: text,
  /** Interface systems only: with it data is sealed for the servers behind it. */
  transportKeyId: optional(text),
  transportKey: optional(text),
});

/** The server is reached at another address. */
export const ServerMoved = eventType('ServerMoved', { url: text });
export const ServerKeyRotated = eventType('ServerKeyRotated', { purpose: oneOf('signing', 'transport'), keyId: text, publicKey: text });

export const agencyEventTypes = [
  AgencyRegistered,
  AgencyHosted,
  AgencyDelegated,
  AgencyKeyRotated,
  AssessmentPublished,
  AssessmentWithdrawn,
  AgencySuspended,
  AgencyReinstated,
  AgencyParticipationChanged,
  ServerRegistered,
  ServerMoved,
  ServerKeyRotated,
] as const;

export type AgencyEvent =
  | EventOf<typeof AgencyRegistered>
  | EventOf<typeof AgencyHosted>
  | EventOf<typeof AgencyDelegated>
  | EventOf<typeof AgencyKeyRotated>
  | EventOf<typeof AssessmentPublished>
  | EventOf<typeof AssessmentWithdrawn>
  | EventOf<typeof AgencySuspended>
  | EventOf<typeof AgencyReinstated>
  | EventOf<typeof AgencyParticipationChanged>;
export type ServerEvent = EventOf<typeof ServerRegistered> | EventOf<typeof ServerMoved> | EventOf<typeof ServerKeyRotated>;
export type AgencyRegistration = EventOf<typeof AgencyRegistered>['data'];
export type ServerRegistration = EventOf<typeof ServerRegistered>['data'];
