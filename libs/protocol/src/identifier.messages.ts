import { IsAgencyCode, IsDigits, IsInstant, IsOneOf, IsText, MayBeOmitted } from '#libs/platform';
import { IsAcquisitionNumber, IsIdentifier } from './fields.js';

/** A code holder asks the core for an acquisition number (取得番号): single use, it expires. `reference` makes a retry the same request. */
export class AcquisitionLine {
  @IsAgencyCode() readonly holder!: string;
  /** The holder's own reference of the person (an HMAC, never a number), ≤ 64 characters. */
  @IsText({ max: 64 }) readonly reference!: string;
}
export interface AcquisitionAnswer {
  readonly acquisitionNumber: string;
  readonly expiresAt: string;
}

/** From an agency's terminal to the registry. */
export class ForwardAcquisitionLine {
  @IsAcquisitionNumber() readonly acquisitionNumber!: string;
  @IsDigits(12) readonly individualNumber!: string;
}
/** From the registry to the core: never the individual number. */
export class IssueIdentifierLine {
  @IsAcquisitionNumber() readonly acquisitionNumber!: string;
  @IsDigits(11) readonly residentRecordCode!: string;
}
/** Tells the registry that it was done; never the identifier. */
export interface IssueIdentifierAnswer {
  readonly acquisitionNumber: string;
}

export class CollectIdentifierLine {
  @IsAgencyCode() readonly holder!: string;
  @IsAcquisitionNumber() readonly acquisitionNumber!: string;
}
export interface CollectIdentifierAnswer {
  readonly acquisitionNumber: string;
  readonly status: 'pending' | 'issued' | 'already-held' | 'refused' | 'expired';
  readonly identifier?: string;
  readonly reason?: string;
}

/** The core tells a holder's server that an identifier was revoked, or replaced by another (`identifier`). */
export class IdentifierChangeLine {
  @IsAgencyCode() readonly holder!: string;
  @IsIdentifier() readonly previous!: string;
  @MayBeOmitted() @IsIdentifier() readonly identifier?: string;
  @IsInstant() readonly changedAt!: string;
}

export class AssignNumberLine {
  @IsDigits(11) readonly residentRecordCode!: string;
}
export interface AssignNumberAnswer {
  readonly individualNumber: string;
}
export class ChangeNumberLine {
  /** The number that may be misused; a repeat with it is answered with the number made in its place. */
  @IsDigits(12) readonly individualNumber!: string;
  @IsOneOf(['AT_REQUEST', 'BY_AUTHORITY']) readonly reason!: 'AT_REQUEST' | 'BY_AUTHORITY';
}
