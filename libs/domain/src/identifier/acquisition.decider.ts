import { assertNever, type ClearField, type Decider, DomainError, type Message } from '#libs/kernel';
import type { AcquisitionEvent, IssuanceRefusal } from './identifier.events.js';

/** Persons with whom one acquisition number is tried in vain before no more is recorded of it. */
export const REFUSED_PERSONS_MAX = 100;

export type AcquisitionCommand =
  | Message<
      'IssueAcquisitionNumber',
      { readonly holder: string; readonly reference: string; readonly acquisitionNumber: ClearField; readonly expiresAt: string; readonly now: string }
    >
  /** Before anything is issued in the person's stream. `acquisition` is the HMAC of the number. Instants are ISO 8601 UTC. */
  | Message<'UseAcquisitionNumber', { readonly identifierStream: string; readonly acquisition: string; readonly now: string }>;

interface Issued {
  readonly holder: string;
  readonly reference: string;
  readonly expiresAt: string;
  /** Why it was refused, by person. */
  readonly refused: ReadonlyMap<string, IssuanceRefusal>;
}
export type Acquisition =
  { readonly status: 'none' } | ({ readonly status: 'open' } & Issued) | ({ readonly status: 'used'; readonly identifierStream: string } & Issued);

/** `proceed`: go on to the person's identifier stream with IssueIdentifier, be it the first time or again. */
export type AcquisitionAnswer = { readonly proceed: true; readonly holder: string } | { readonly proceed: false; readonly reason: IssuanceRefusal };

function issue(data: Extract<AcquisitionCommand, { type: 'IssueAcquisitionNumber' }>['data'], acquisition: Acquisition): readonly AcquisitionEvent[] {
  const { holder, reference, acquisitionNumber, expiresAt, now } = data;
  if (acquisition.status !== 'none') {
    if (acquisition.holder === holder && acquisition.reference === reference) return []; // asked again: the number stands as it was issued
    throw new DomainError('ACQUISITION_NUMBER_TAKEN', 'conflict', 'this acquisition number was issued before: draw another');
  }
  if (expiresAt <= now) throw new DomainError('ACQUISITION_EXPIRY_PAST', 'invalid', 'an acquisition number expires after it is issued', { field: 'expiresAt' });
  return [{ type: 'AcquisitionNumberIssued', data: { holder, reference, acquisitionNumber, expiresAt } }];
}

function use(data: Extract<AcquisitionCommand, { type: 'UseAcquisitionNumber' }>['data'], acquisition: Acquisition): readonly AcquisitionEvent[] {
  if (acquisition.status === 'none') {
    throw new DomainError('ACQUISITION_NUMBER_UNKNOWN', 'not-found', 'no such acquisition number was issued', { field: 'acquisitionNumber' });
  }
  const { identifierStream, now } = data;
  if (acquisition.status === 'used' && acquisition.identifierStream === identifierStream) return []; // a repeat gets the same answer, also after the expiry
  if (acquisition.refused.has(identifierStream)) return [];
  const refusal = (reason: IssuanceRefusal): readonly AcquisitionEvent[] => {
    if (acquisition.refused.size >= REFUSED_PERSONS_MAX) {
      throw new DomainError('ACQUISITION_NUMBER_TRIED_TOO_OFTEN', 'forbidden', 'this acquisition number was tried with too many persons', {
        field: 'acquisitionNumber',
      });
    }
    return [{ type: 'IdentifierIssuanceRefused', data: { reason, identifierStream, acquisition: data.acquisition } }];
  };
  if (acquisition.status === 'used') return refusal('ACQUISITION_NUMBER_USED');
  if (now >= acquisition.expiresAt) return refusal('ACQUISITION_NUMBER_EXPIRED');
  return [{ type: 'AcquisitionNumberUsed', data: { identifierStream } }];
}

function decide(command: AcquisitionCommand, acquisition: Acquisition): readonly AcquisitionEvent[] {
  switch (command.type) {
    case 'IssueAcquisitionNumber':
      return issue(command.data, acquisition);
    case 'UseAcquisitionNumber':
      return use(command.data, acquisition);
    default:
      return assertNever(command);
  }
}

function evolve(acquisition: Acquisition, event: AcquisitionEvent): Acquisition {
  if (event.type === 'AcquisitionNumberIssued') {
    const { holder, reference, expiresAt } = event.data;
    return { status: 'open', holder, reference, expiresAt, refused: new Map() };
  }
  if (acquisition.status === 'none') return acquisition;
  switch (event.type) {
    case 'AcquisitionNumberUsed':
      return { ...acquisition, status: 'used', identifierStream: event.data.identifierStream };
    case 'IdentifierIssuanceRefused':
      return { ...acquisition, refused: new Map(acquisition.refused).set(event.data.identifierStream, event.data.reason) };
    default:
      return assertNever(event);
  }
}

/** What the recorded stream answers to the use of the number for this person. Throws ACQUISITION_NUMBER_UNKNOWN, ACQUISITION_NOT_USED. */
export function acquisitionAnswer(acquisition: Acquisition, identifierStream: string): AcquisitionAnswer {
  if (acquisition.status === 'none') throw new DomainError('ACQUISITION_NUMBER_UNKNOWN', 'not-found', 'no such acquisition number was issued');
  if (acquisition.status === 'used' && acquisition.identifierStream === identifierStream) return { proceed: true, holder: acquisition.holder };
  const reason = acquisition.refused.get(identifierStream);
  if (!reason) throw new DomainError('ACQUISITION_NOT_USED', 'internal', 'the acquisition number was not used for this person');
  return { proceed: false, reason };
}

/**
 * One acquisition number at the core, stream `acquisition-<HMAC>`: for one code holder, one person, until it expires. It
 * is used before the identifier is issued, since only one stream can be appended to at once: whoever dies in between
 * finds it used for the same person and goes on.
 */
export const acquisitionDecider: Decider<Acquisition, AcquisitionCommand, AcquisitionEvent> = { decide, evolve, initialState: { status: 'none' } };
