import type { AskHoldersRequestLine, QueryStatusLine, SubmitQueryLine, WithdrawQueryRequest } from '#libs/agency-sdk';
import {
  IsAffairCode,
  IsAgencyCode,
  IsFlag,
  IsInAgencyNumber,
  IsInformationCode,
  IsLines,
  IsProcedureCode,
  IsText,
  IsUuidV7,
  IsWholeNumber,
  MayBeOmitted,
} from '#libs/platform';
import { IsDataset, IsDepartmentCode, IsPeriod } from '#libs/protocol';

export const WAIT_MS_MAX = 10_000;
const BULK_LINES_MAX = 100_000_000;

export class SubmitQueryLineRequest implements SubmitQueryLine {
  @IsUuidV7({ description: 'Made by the client: the same line sent again is the same exchange' }) readonly exchangeId!: string;
  @MayBeOmitted() @IsText({ max: 64, description: 'Groups the exchanges of one application' }) readonly applicationId?: string;
  @IsInAgencyNumber({ description: '団体内統合宛名番号' }) readonly inAgencyNumber!: string;
  @MayBeOmitted() @IsAgencyCode({ description: 'Institution that the agency asks for (委任元)' }) readonly institution?: string;
  @IsAgencyCode() readonly provider!: string;
  @MayBeOmitted() @IsAgencyCode() readonly providerInstitution?: string;
  @IsAffairCode() readonly affair!: string;
  @MayBeOmitted() @IsProcedureCode() readonly procedure?: string;
  @IsInformationCode() readonly information!: string;
  @MayBeOmitted() @IsDataset() readonly dataset?: string;
  @MayBeOmitted() @IsPeriod() readonly period?: string;
  @IsDepartmentCode() readonly department!: string;
  @IsFlag({ description: '照会側不開示 (art. 23(2))' }) readonly nonDisclosure!: boolean;
  @MayBeOmitted() @IsText({ max: 64 }) readonly bulkId?: string;
  @MayBeOmitted() @IsWholeNumber({ min: 1, max: BULK_LINES_MAX }) readonly line?: number;
}
export class SubmitQueriesBody {
  @IsLines(() => SubmitQueryLineRequest) readonly lines!: unknown[];
  @MayBeOmitted()
  @IsWholeNumber({ min: 0, max: WAIT_MS_MAX, description: 'How long the answer may wait for outcomes, milliseconds' })
  readonly waitMs?: number;
}
export class QueryStatusLineRequest implements QueryStatusLine {
  @IsUuidV7() readonly exchangeId!: string;
}
export class QueryStatusesBody {
  @IsLines(() => QueryStatusLineRequest) readonly lines!: unknown[];
}
export class ExchangePath {
  @IsUuidV7() readonly exchangeId!: string;
}
export class WithdrawQueryBody implements WithdrawQueryRequest {
  @IsDepartmentCode() readonly department!: string;
}
export class AskHoldersLineRequest implements AskHoldersRequestLine {
  @IsInAgencyNumber() readonly inAgencyNumber!: string;
  @MayBeOmitted() @IsAgencyCode() readonly institution?: string;
  @IsAffairCode() readonly affair!: string;
  @IsInformationCode() readonly information!: string;
  @IsDepartmentCode() readonly department!: string;
}
export class AskHoldersBody {
  @IsLines(() => AskHoldersLineRequest) readonly lines!: unknown[];
}
