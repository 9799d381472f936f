import { AGENCY_CLASSES, CERTAINTIES } from '#libs/domain';
import { IsAffairCode, IsCalendarDay, IsDigits, IsFlag, IsInformationCode, IsNestedList, IsOneOf, IsText, MayBeOmitted } from '#libs/platform';

type AgencyClass = (typeof AGENCY_CLASSES)[number];
type Certainty = (typeof CERTAINTIES)[number];
const IsWords = (): PropertyDecorator => IsText({ max: 2_000 });

export class ClassRuleBody {
  @IsOneOf(AGENCY_CLASSES) readonly class!: AgencyClass;
  @IsFlag() readonly takesPart!: boolean;
  @MayBeOmitted() @IsOneOf(['welfare-office', 'health-centre']) readonly condition?: 'welfare-office' | 'health-centre';
  @MayBeOmitted() @IsDigits(6, { list: { min: 1, max: 2_000 } }) readonly localGovernments?: readonly string[];
}
export class InformationBody {
  @IsInformationCode() readonly code!: string;
  @IsWords() readonly words!: string;
  @IsAffairCode() readonly holdingAffair!: string;
  @IsNestedList(() => ClassRuleBody, { min: 1, max: 200 }) readonly providers!: readonly ClassRuleBody[];
  @IsOneOf(CERTAINTIES) readonly certainty!: Certainty;
}
export class GrantBody {
  @IsWords() readonly providerWords!: string;
  @IsNestedList(() => InformationBody, { min: 1, max: 200 }) readonly information!: readonly InformationBody[];
}
export class ItemBody {
  @IsText({ max: 40 }) readonly version!: string;
  @IsText({ max: 20 }) readonly item!: string;
  @IsAffairCode() readonly affair!: string;
  @IsWords() readonly affairName!: string;
  @IsWords() readonly requesterWords!: string;
  @IsNestedList(() => ClassRuleBody, { min: 1, max: 200 }) readonly requesters!: readonly ClassRuleBody[];
  @IsNestedList(() => GrantBody, { min: 1, max: 200 }) readonly grants!: readonly GrantBody[];
  @IsOneOf(CERTAINTIES) readonly certainty!: Certainty;
  @IsWords() readonly source!: string;
}

/** A whole version of the table; it counts from `effectiveFrom` on, a draft never. */
export class EnactMatrixRequest {
  @IsText({ max: 40 }) readonly version!: string;
  @IsCalendarDay() readonly effectiveFrom!: string;
  @IsNestedList(() => ItemBody, { min: 1, max: 1_000 }) readonly items!: readonly ItemBody[];
  @IsFlag() readonly draft!: boolean;
  @IsOneOf(CERTAINTIES) readonly certainty!: Certainty;
  @IsWords() readonly source!: string;
}
export class RepealMatrixRequest {
  @IsText({ max: 40 }) readonly version!: string;
  @IsCalendarDay() readonly effectiveFrom!: string;
  @IsWords() readonly source!: string;
}
/** From a day on a class of agencies asks and answers under these items (運用開始). */
export class OpeningLine {
  @IsOneOf(AGENCY_CLASSES) readonly class!: AgencyClass;
  @IsText({ max: 20, list: { min: 1, max: 1_000 } }) readonly items!: readonly string[];
  @IsCalendarDay() readonly from!: string;
  @IsOneOf(['trial', 'full']) readonly stage!: 'trial' | 'full';
  @IsOneOf(CERTAINTIES) readonly certainty!: Certainty;
  @IsWords() readonly source!: string;
}
