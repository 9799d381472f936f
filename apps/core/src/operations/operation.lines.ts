import { AGENCY_CLASSES, AGENCY_ROLES, SERVER_KINDS } from '#libs/domain';
import { IsAffairCode, IsAgencyCode, IsCalendarDay, IsFlag, IsHttpAddress, IsOneOf, IsServerId, IsText, MayBeOmitted } from '#libs/platform';
import { IsIdentifier } from '#libs/protocol';

/** What an operation answers: false where it had been done before. */
export interface Changed {
  readonly changed: boolean;
}

/** A key id or a public key, as the cryptography library writes them. */
const IsKeyText = (): PropertyDecorator => IsText({ max: 128 });
const IsReason = (): PropertyDecorator => IsText({ max: 400 });

export class RegisterServerLine {
  @IsServerId() readonly id!: string;
  @IsOneOf(SERVER_KINDS) readonly kind!: (typeof SERVER_KINDS)[number];
  @IsHttpAddress() readonly url!: string;
  @IsKeyText() readonly signingKeyId!: string;
  @IsKeyText() readonly signingKey!: string;
  @MayBeOmitted() @IsKeyText() readonly transportKeyId?: string;
  @MayBeOmitted() @IsKeyText() readonly transportKey?: string;
}
export class RotateServerKeyLine {
  @IsServerId() readonly id!: string;
  @IsOneOf(['signing', 'transport']) readonly purpose!: 'signing' | 'transport';
  @IsKeyText() readonly keyId!: string;
  @IsKeyText() readonly publicKey!: string;
}

export class RegisterAgencyLine {
  @IsAgencyCode() readonly code!: string;
  @IsText({ max: 120 }) readonly name!: string;
  @IsOneOf(AGENCY_CLASSES) readonly class!: (typeof AGENCY_CLASSES)[number];
  @IsFlag() readonly institution!: boolean;
  @IsFlag() readonly codeHolder!: boolean;
  @MayBeOmitted() @IsText({ max: 2 }) readonly prefecture?: string;
  @MayBeOmitted() @IsText({ max: 6 }) readonly localGovernment?: string;
  @IsFlag() readonly welfareOffice!: boolean;
  @IsFlag() readonly healthCentre!: boolean;
  @IsFlag() readonly placeholder!: boolean;
  @IsFlag() readonly official!: boolean;
  @IsOneOf(AGENCY_ROLES) readonly role!: (typeof AGENCY_ROLES)[number];
}
export class HostAgencyLine {
  @IsAgencyCode() readonly code!: string;
  @IsServerId() readonly intermediateServer!: string;
  @IsServerId() readonly interfaceSystem!: string;
}
export class DelegateAgencyLine {
  @IsAgencyCode() readonly code!: string;
  /** Code holder that acts for it. */
  @IsAgencyCode() readonly to!: string;
}
export class RotateAgencyKeyLine {
  @IsAgencyCode() readonly code!: string;
  @IsKeyText() readonly keyId!: string;
  @IsKeyText() readonly publicKey!: string;
}
export class AssessmentLine {
  @IsAgencyCode() readonly code!: string;
  @IsAffairCode({ list: { min: 1, max: 1_000 } }) readonly affairs!: readonly string[];
}
export class StandingLine {
  @IsAgencyCode() readonly code!: string;
  @IsReason() readonly reason!: string;
}
export class ParticipationLine {
  @IsAgencyCode() readonly code!: string;
  @IsOneOf(AGENCY_ROLES) readonly role!: (typeof AGENCY_ROLES)[number];
  @IsCalendarDay() readonly from!: string;
}

/** A log that the core shall go on to cosign: a key that nobody vouched for, or the epoch after a restore. */
export class AcceptLogKeyLine {
  @IsServerId() readonly server!: string;
  /** Verifier key (C2SP signed-note) of that log; its name is the origin, `<deployment>/<server>/<epoch>`. */
  @IsText({ max: 512 }) readonly key!: string;
}

export class ChangeIdentifierLine {
  @IsAgencyCode() readonly holder!: string;
  @IsIdentifier() readonly identifier!: string;
  @IsReason() readonly reason!: string;
}
