import {
  IsAffairCode,
  IsAgencyCode,
  IsFlag,
  IsInformationCode,
  IsInstant,
  IsNested,
  IsOneOf,
  IsProcedureCode,
  IsServerId,
  IsText,
  IsUuidV7,
  MayBeOmitted,
} from '#libs/platform';
import { IsPlace, type Place } from './ledger.messages.js';
import { IsDataset, IsDepartmentCode, IsIdentifier, IsLeafHash, IsPeriod } from './fields.js';

/** Opens one protected field of a stored event: its reader recomputes the commitment (format.md §2). */
export class Disclosure {
  @IsText({ max: 64 }) readonly salt!: string;
  @IsText({ max: 256 }) readonly value!: string;
}

/** A query, as the requester's server asks the core to decide it. Names the person by the requester's identifier only. */
export class DecideQueryLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsIdentifier() readonly requesterIdentifier!: string;
  @IsLeafHash() readonly queryLeaf!: string;
  @MayBeOmitted() @IsText({ max: 64 }) readonly applicationId?: string;
  @IsAgencyCode() readonly requester!: string;
  @MayBeOmitted() @IsAgencyCode() readonly requesterInstitution?: string;
  @IsAgencyCode() readonly provider!: string;
  @MayBeOmitted() @IsAgencyCode() readonly providerInstitution?: string;
  @IsAffairCode() readonly affair!: string;
  @MayBeOmitted() @IsProcedureCode() readonly procedure?: string;
  @IsInformationCode() readonly information!: string;
  @MayBeOmitted() @IsDataset() readonly dataset?: string;
  @MayBeOmitted() @IsPeriod() readonly period?: string;
  @IsDepartmentCode() readonly department!: string;
  @IsFlag() readonly nonDisclosure!: boolean;
  @IsInstant() readonly requestedAt!: string;
}

/** The recorded decision: the stored bytes of QueryPermitted or QueryDenied, as text, opened to the requester's side. */
export interface DecisionAnswer {
  readonly exchangeId: string;
  readonly event: string;
  /** True where NotificationImpossible was recorded with it: the provider holds no identifier for the person. */
  readonly impossible: boolean;
  /** Opens `requesterSubject`. */
  readonly disclosure: Disclosure;
  /** Where `event` stands in the core's log. */
  readonly place?: Place;
}

/** A permit shown to the provider's side: stored bytes of QueryPermitted, opened to the provider. */
export class DemandLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsText({ max: 65_535 }) readonly event!: string;
  /** Opens `providerSubject`. */
  @IsNested(() => Disclosure) readonly disclosure!: Disclosure;
  /** The interface system that speaks for the requester. */
  @IsServerId() readonly requesterInterfaceSystem!: string;
  /** Where `event` stands in the core's log. */
  @MayBeOmitted() @IsPlace() readonly place?: Place;
}

export class WithdrawalNoticeLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly provider!: string;
}

/** What the provider's server recorded for a demand, without the data. */
export class ProvisionReportLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly provider!: string;
  @IsOneOf(['made', 'held', 'not-made']) readonly outcome!: 'made' | 'held' | 'not-made';
  /** When it was provided, held or ended. */
  @IsInstant() readonly at!: string;
  /** Leaf hash of the provider's ProvisionMade, ProvisionHeld or ProvisionNotMade. */
  @IsLeafHash() readonly providerLeaf!: string;
  @IsFlag() readonly nonDisclosure!: boolean;
  /** On `made`. */
  @MayBeOmitted() @IsText({ max: 200, list: { max: 100 } }) readonly items?: readonly string[];
  @MayBeOmitted() @IsLeafHash() readonly digest?: string;
  @MayBeOmitted() @IsFlag() readonly automatic?: boolean;
  /** On `not-made`. */
  @MayBeOmitted() @IsText({ max: 64 }) readonly reason?: string;
}

/** What was provided: `digest` = SHA-256(random ‖ payload). */
export class ProvisionData {
  /** 32 random bytes, base64url. */
  @IsLeafHash() readonly random!: string;
  /** JSON text: `{"replicas":[{information,dataset,period?,layout,content}]}` in the current layout. */
  @IsText({ max: 1_048_576 }) readonly payload!: string;
}
/** The provider's answer inside its own server and interface system; `data` is there on `made` only. */
export class ProvisionAnswer extends ProvisionReportLine {
  @IsAgencyCode() readonly requester!: string;
  /** Interface system that speaks for the requester. */
  @IsServerId() readonly requesterInterfaceSystem!: string;
  @IsLeafHash() readonly decisionLeaf!: string;
  @MayBeOmitted() @IsNested(() => ProvisionData) readonly data?: ProvisionData;
}

/** A provider's answer on its way to the requester. `digest` and `items` are there on `made`, `reason` on `not-made`; a hold is not sent. */
class ProvisionOnItsWay {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly requester!: string;
  @IsAgencyCode() readonly provider!: string;
  @IsOneOf(['made', 'not-made']) readonly outcome!: 'made' | 'not-made';
  @IsInstant() readonly at!: string;
  @IsLeafHash() readonly providerLeaf!: string;
  @IsLeafHash() readonly decisionLeaf!: string;
  @IsFlag() readonly nonDisclosure!: boolean;
  @MayBeOmitted() @IsText({ max: 200, list: { max: 100 } }) readonly items?: readonly string[];
  @MayBeOmitted() @IsLeafHash() readonly digest?: string;
  @MayBeOmitted() @IsText({ max: 64 }) readonly reason?: string;
}
/** From the provider's interface system to the requester's. */
export class ProvisionLine extends ProvisionOnItsWay {
  @MayBeOmitted() @IsText({ max: 1_048_576 }) readonly sealed?: string;
}
/** The same, opened, from the requester's interface system to its intermediate server. */
export class DeliveredProvisionLine extends ProvisionOnItsWay {
  @MayBeOmitted() @IsText({ max: 1_048_576 }) readonly payload?: string;
}

/** The requester's server has recorded it (ProvisionReceived, or QueryEnded where nothing came: then `received` is false). */
export class ReceiptLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly requester!: string;
  @IsInstant() readonly receivedAt!: string;
  @IsLeafHash() readonly requesterLeaf!: string;
  /** Where the record with `requesterLeaf` stands in the log of the requester's server. Not sent on to the core. */
  @MayBeOmitted() @IsPlace() readonly place?: Place;
}

/** What the core recorded of a report or a receipt. */
export interface RecordedAnswer {
  /** Leaf hash of the core's event, base64url, and where it stands in the core's log. */
  readonly leaf: string;
  readonly place?: Place;
}

/** Asks a party for its own record of one exchange, for reconciliation. */
export class TellRecordLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly agency!: string;
}
/** The stored events of `query-<exchange>` and `provision-<exchange>` of that agency, as text, each with its place in the server's log. */
export interface RecordTold {
  readonly exchangeId: string;
  readonly events: readonly { readonly event: string; readonly place?: Place }[];
}

export class WithdrawQueryLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly requester!: string;
  @IsInstant() readonly withdrawnAt!: string;
  @IsLeafHash() readonly requesterLeaf!: string;
}

export class ExchangeStatusLine {
  @IsUuidV7() readonly exchangeId!: string;
  @IsAgencyCode() readonly requester!: string;
}

/** Where an exchange stands at the core, for its requester. */
export interface ExchangeStatusAnswer {
  readonly exchangeId: string;
  readonly status: 'unknown' | 'denied' | 'impossible' | 'notified' | 'held' | 'provided' | 'not-provided' | 'received' | 'withdrawn' | 'lapsed';
  readonly validUntil?: string;
  /** On `lapsed` and `not-provided`. */
  readonly reason?: string;
  /** Leaf hash of the core's event that ended it. */
  readonly coreLeaf?: string;
  /** While nothing has come: how often the provider's side was tried, and what stood in the way last. */
  readonly attempts?: number;
  readonly lastObstacle?: string;
}

export class AskHoldersLine {
  @IsAgencyCode() readonly requester!: string;
  @MayBeOmitted() @IsAgencyCode() readonly requesterInstitution?: string;
  @IsIdentifier() readonly requesterIdentifier!: string;
  @IsAffairCode() readonly affair!: string;
  @IsInformationCode() readonly information!: string;
  @IsDepartmentCode() readonly department!: string;
}
export interface HoldersAnswer {
  readonly holders: readonly string[];
  readonly reason?: string;
}
