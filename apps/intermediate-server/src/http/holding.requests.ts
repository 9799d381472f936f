import {
  type AcknowledgeResultLine,
  type AcquireIdentifierLine,
  type CollectIdentifierRequestLine,
  END_REASONS,
  type EndProvisionRequest,
  RECORD_OUTCOMES,
  RECORD_ROLES,
  type RecordOutcome,
  type RecordRole,
  type RegisterReplicaLine,
  type ReleaseProvisionRequest,
  type ReplicaScopeLine,
  type SearchRecordsRequest,
  type SearchReplicasRequest,
  type WithdrawReplicaLine,
} from '#libs/agency-sdk';
import { FEED_WAIT_SECONDS_MAX } from '../feed/agency-feed.js';
import { REPLICA_CONTENT_BYTES_MAX } from '#libs/domain';
import {
  IsAffairCode,
  IsAgencyCode,
  IsContent,
  IsInAgencyNumber,
  IsInformationCode,
  IsInstant,
  IsLines,
  IsOneOf,
  IsText,
  IsUuidV7,
  IsWholeNumber,
  MayBeOmitted,
} from '#libs/platform';
import { IsAcquisitionNumber, IsDataset, IsDepartmentCode, IsPeriod } from '#libs/protocol';
import { PAGE_ROWS_MAX } from '#libs/read-models';

const CURSOR_CHARACTERS_MAX = 512;

export class AcknowledgeResultLineRequest implements AcknowledgeResultLine {
  @IsUuidV7() readonly exchangeId!: string;
}
export class AcknowledgeResultsBody {
  @IsLines(() => AcknowledgeResultLineRequest) readonly lines!: unknown[];
}

class ReplicaNameRequest {
  @IsInAgencyNumber({ description: '団体内統合宛名番号' }) readonly inAgencyNumber!: string;
  @IsInformationCode() readonly information!: string;
  @IsDataset() readonly dataset!: string;
  @MayBeOmitted() @IsPeriod() readonly period?: string;
}
export class RegisterReplicaLineRequest extends ReplicaNameRequest implements RegisterReplicaLine {
  @IsText({ max: 32, description: 'Version of the data standard layout (データ標準レイアウト), e.g. 2019-06' }) readonly layout!: string;
  @IsContent({ bytesMax: REPLICA_CONTENT_BYTES_MAX }) readonly content!: Readonly<Record<string, unknown>>;
}
export class RegisterReplicasBody {
  @IsLines(() => RegisterReplicaLineRequest) readonly lines!: unknown[];
}
export class WithdrawReplicaLineRequest extends ReplicaNameRequest implements WithdrawReplicaLine {}
export class WithdrawReplicasBody {
  @IsLines(() => WithdrawReplicaLineRequest) readonly lines!: unknown[];
}
export class ReplicaScopeLineRequest implements ReplicaScopeLine {
  @IsInAgencyNumber() readonly inAgencyNumber!: string;
  @MayBeOmitted() @IsInformationCode({ description: 'The whole person where it is left out' }) readonly information?: string;
  @IsDepartmentCode() readonly department!: string;
}
export class ReplicaScopesBody {
  @IsLines(() => ReplicaScopeLineRequest) readonly lines!: unknown[];
}
export class SearchReplicasBody implements SearchReplicasRequest {
  @IsInAgencyNumber() readonly inAgencyNumber!: string;
  @MayBeOmitted() @IsInformationCode() readonly information?: string;
}

export class ReleaseProvisionBody implements ReleaseProvisionRequest {
  @IsDepartmentCode() readonly department!: string;
}
export class EndProvisionBody implements EndProvisionRequest {
  @IsDepartmentCode() readonly department!: string;
  @IsOneOf(END_REASONS) readonly reason!: (typeof END_REASONS)[number];
}

export class AcquireIdentifierLineRequest implements AcquireIdentifierLine {
  @IsInAgencyNumber() readonly inAgencyNumber!: string;
}
export class AcquireIdentifiersBody {
  @IsLines(() => AcquireIdentifierLineRequest) readonly lines!: unknown[];
}
export class CollectIdentifierLineRequest implements CollectIdentifierRequestLine {
  @IsAcquisitionNumber() readonly acquisitionNumber!: string;
  @IsInAgencyNumber({ description: 'Whom it was asked for' }) readonly inAgencyNumber!: string;
}
export class CollectIdentifiersBody {
  @IsLines(() => CollectIdentifierLineRequest) readonly lines!: unknown[];
}

export class SearchRecordsBody implements SearchRecordsRequest {
  @IsOneOf(RECORD_ROLES) readonly role!: RecordRole;
  @MayBeOmitted() @IsInAgencyNumber() readonly inAgencyNumber?: string;
  @MayBeOmitted() @IsAgencyCode({ description: 'The other agency' }) readonly counterpart?: string;
  @MayBeOmitted() @IsAffairCode() readonly affair?: string;
  @MayBeOmitted() @IsInformationCode() readonly information?: string;
  @MayBeOmitted() @IsOneOf(RECORD_OUTCOMES) readonly outcome?: RecordOutcome;
  @MayBeOmitted() @IsInstant({ description: 'Of the request, included' }) readonly from?: string;
  @MayBeOmitted() @IsInstant({ description: 'Of the request, excluded' }) readonly to?: string;
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: PAGE_ROWS_MAX }) readonly limit?: number;
  @MayBeOmitted() @IsText({ max: CURSOR_CHARACTERS_MAX }) readonly cursor?: string;
}

/** `?limit&after` of a list. */
export class PageQuery {
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: PAGE_ROWS_MAX, description: '100 where it is left out' }) readonly limit?: number;
  @MayBeOmitted() @IsText({ max: CURSOR_CHARACTERS_MAX, description: '`next` of the page before' }) readonly after?: string;
}

/** `?after&limit&wait` of the feed. */
export class FeedQuery {
  @MayBeOmitted()
  @IsText({ max: CURSOR_CHARACTERS_MAX, description: '`next` of an earlier answer; the oldest events that are kept where it is left out' })
  readonly after?: string;
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: PAGE_ROWS_MAX, description: '100 where it is left out' }) readonly limit?: number;
  @MayBeOmitted() @IsWholeNumber({ min: 0, max: FEED_WAIT_SECONDS_MAX, description: 'Seconds that the answer may wait for an event' }) readonly wait?: number;
}
