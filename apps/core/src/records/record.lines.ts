import { IsAffairCode, IsAgencyCode, IsCalendarMonth, IsInformationCode, IsInstant, IsOneOf, IsText, IsWholeNumber, MayBeOmitted } from '#libs/platform';
import { IsIdentifier } from '#libs/protocol';
import { COUNT_ROWS_MAX, type CountDimension, type ExchangeStatus, PAGE_ROWS_MAX } from '#libs/read-models';

const STATUSES = [
  'permitted',
  'denied',
  'impossible',
  'held',
  'provided',
  'received',
  'not-provided',
  'withdrawn',
  'lapsed',
] as const satisfies readonly ExchangeStatus[];
const DIMENSIONS = ['month', 'procedure', 'information', 'requesterClass', 'outcome'] as const satisfies readonly CountDimension[];
const IsCursor = (): PropertyDecorator => IsText({ max: 512 });

/** A person's own view (情報提供等記録開示), asked for by the portal with its own identifier of the person. */
export class DisclosureRequest {
  /** The portal's agency code. */
  @IsAgencyCode() readonly holder!: string;
  @IsIdentifier() readonly identifier!: string;
  @IsWholeNumber({ min: 1, max: PAGE_ROWS_MAX }) readonly limit!: number;
  @MayBeOmitted() @IsCursor() readonly cursor?: string;
}

/** The central record, for operators and auditors. */
export class RecordSearchRequest {
  @MayBeOmitted() @IsAgencyCode() readonly requester?: string;
  @MayBeOmitted() @IsAgencyCode() readonly provider?: string;
  @MayBeOmitted() @IsAffairCode() readonly affair?: string;
  @MayBeOmitted() @IsInformationCode() readonly information?: string;
  @MayBeOmitted() @IsOneOf(STATUSES, { list: { min: 1, max: STATUSES.length } }) readonly outcomes?: readonly ExchangeStatus[];
  /** Of the request: from (inclusive) to (exclusive). */
  @MayBeOmitted() @IsInstant() readonly from?: string;
  @MayBeOmitted() @IsInstant() readonly to?: string;
  @IsWholeNumber({ min: 1, max: PAGE_ROWS_MAX }) readonly limit!: number;
  @MayBeOmitted() @IsCursor() readonly cursor?: string;
}

export class StatisticsRequest {
  /** What to tell apart; the rest is summed up. */
  @IsOneOf(DIMENSIONS, { list: { min: 1, max: DIMENSIONS.length } }) readonly by!: readonly CountDimension[];
  /** `YYYY-MM`, both inclusive. */
  @MayBeOmitted() @IsCalendarMonth() readonly from?: string;
  @MayBeOmitted() @IsCalendarMonth() readonly to?: string;
  @IsWholeNumber({ min: 1, max: COUNT_ROWS_MAX }) readonly limit!: number;
  @MayBeOmitted() @IsCursor() readonly cursor?: string;
}
