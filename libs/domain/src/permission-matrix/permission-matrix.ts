import type { AgencyClass } from '../agency/agency-class.js';
import type { DenialCode } from './denial.js';
import type { ClassRule, MatrixInformation, MatrixItem, MatrixVersion } from './matrix.events.js';

/** What a rule asks about an institution. An AgencyStanding is one. */
export interface PartyFacts {
  readonly class: AgencyClass;
  readonly localGovernment?: string;
  readonly welfareOffice?: boolean;
  readonly healthCentre?: boolean;
}

/** Who asks whom, for which affair, for what. */
export interface MatrixQuestion {
  readonly requester: PartyFacts;
  readonly affair: string;
  readonly provider: PartyFacts;
  readonly information: string;
}

export interface Grant {
  readonly version: string;
  readonly item: string;
  /** Index in the item's grants, in the table's order. */
  readonly grant: number;
  /** Affair under whose file the provider holds the information. */
  readonly holdingAffair: string;
}

export type MatrixVerdict =
  ({ readonly permitted: true } & Grant) | { readonly permitted: false; readonly code: DenialCode; readonly version?: string; readonly item?: string };

/** Whether operation is open to requester and provider under an item. */
export type IsOpen = (requester: AgencyClass, provider: AgencyClass, item: string) => boolean;
const ALWAYS_OPEN: IsOpen = () => true;

type RulesByClass = ReadonlyMap<AgencyClass, readonly ClassRule[]>;

interface CompiledGrant {
  readonly grant: number;
  readonly holdingAffair: string;
  readonly providers: RulesByClass;
  readonly someTakePart: boolean;
}
interface CompiledItem {
  readonly item: string;
  readonly requesters: RulesByClass;
  readonly someTakePart: boolean;
  readonly information: ReadonlyMap<string, readonly CompiledGrant[]>;
}

/** How far a question came in one item; the item that it came furthest in gives the reason. */
const PROGRESS = { requester: 1, noRequester: 2, information: 3, provider: 4, noProvider: 5, lawful: 6, closed: 7 } as const;
interface Shortfall {
  readonly progress: number;
  readonly code: DenialCode;
}

function fits(rule: ClassRule, party: PartyFacts): boolean {
  if (rule.condition === 'welfare-office' && party.welfareOffice !== true) return false;
  if (rule.condition === 'health-centre' && party.healthCentre !== true) return false;
  return rule.localGovernments === undefined || (party.localGovernment !== undefined && rule.localGovernments.includes(party.localGovernment));
}

/** The rule that lets an institution in, one that takes part before one that does not. */
function ruleFor(rules: RulesByClass, party: PartyFacts): ClassRule | undefined {
  const ofClass = rules.get(party.class);
  if (ofClass !== undefined) for (const rule of ofClass) if (fits(rule, party)) return rule;
  return undefined;
}

/** Rules by class, those that take part first. */
function rulesByClass(rules: readonly ClassRule[]): RulesByClass {
  const byClass = new Map<AgencyClass, ClassRule[]>();
  for (const takesPart of [true, false]) {
    for (const rule of rules) if (rule.takesPart === takesPart) byClass.set(rule.class, [...(byClass.get(rule.class) ?? []), rule]);
  }
  return byClass;
}

function compileGrant(information: MatrixInformation, grant: number): CompiledGrant {
  const { holdingAffair, providers } = information;
  return { grant, holdingAffair, providers: rulesByClass(providers), someTakePart: providers.some((rule) => rule.takesPart) };
}

function compileItem(item: MatrixItem): CompiledItem {
  const information = new Map<string, CompiledGrant[]>();
  item.grants.forEach((grant, index) => {
    for (const entry of grant.information) information.set(entry.code, [...(information.get(entry.code) ?? []), compileGrant(entry, index)]);
  });
  return { item: item.item, requesters: rulesByClass(item.requesters), someTakePart: item.requesters.some((rule) => rule.takesPart), information };
}

/** One version of the table (別表第二), compiled once: a question is answered by a few look-ups, without a scan. */
export class PermissionMatrix {
  readonly version: string;
  readonly effectiveFrom: string;
  readonly draft: boolean;
  readonly #byAffair = new Map<string, CompiledItem[]>();

  private constructor(
    readonly enactment: MatrixVersion,
    readonly items: readonly MatrixItem[],
  ) {
    this.version = enactment.version;
    this.effectiveFrom = enactment.effectiveFrom;
    this.draft = enactment.draft;
    for (const item of items) this.#byAffair.set(item.affair, [...(this.#byAffair.get(item.affair) ?? []), compileItem(item)]);
  }

  static compile(enactment: MatrixVersion, items: readonly MatrixItem[]): PermissionMatrix {
    return new PermissionMatrix(enactment, items);
  }

  /**
   * Whether one item holds all four: requester, affair, provider, information – and is open. Where none does, the reason
   * of the item that came furthest, the first in the table among equals.
   */
  decide(question: MatrixQuestion, isOpen: IsOpen = ALWAYS_OPEN): MatrixVerdict {
    const candidates = this.#byAffair.get(question.affair);
    if (candidates === undefined) return { permitted: false, code: 'AFFAIR_NOT_IN_TABLE', version: this.version };
    let best: (Shortfall & { item: string }) | undefined;
    for (const candidate of candidates) {
      const outcome = this.#decideItem(candidate, question, isOpen);
      if ('permitted' in outcome) return outcome;
      if (best === undefined || outcome.progress > best.progress) best = { ...outcome, item: candidate.item };
    }
    return { permitted: false, code: best?.code ?? 'AFFAIR_NOT_IN_TABLE', version: this.version, ...(best === undefined ? {} : { item: best.item }) };
  }

  #decideItem(candidate: CompiledItem, question: MatrixQuestion, isOpen: IsOpen): ({ readonly permitted: true } & Grant) | Shortfall {
    const asks = ruleFor(candidate.requesters, question.requester);
    if (asks === undefined) {
      return candidate.someTakePart
        ? { progress: PROGRESS.requester, code: 'REQUESTER_NOT_IN_ITEM' }
        : { progress: PROGRESS.noRequester, code: 'NO_SUCH_INSTITUTION' };
    }
    const grants = candidate.information.get(question.information);
    if (grants === undefined) return { progress: PROGRESS.information, code: 'INFORMATION_NOT_IN_ITEM' };
    let lawful = false;
    for (const { grant, holdingAffair, providers } of grants) {
      const answers = ruleFor(providers, question.provider);
      if (answers === undefined) continue;
      if (!asks.takesPart || !answers.takesPart) lawful = true;
      else if (!isOpen(question.requester.class, question.provider.class, candidate.item)) return { progress: PROGRESS.closed, code: 'NOT_YET_OPEN' };
      else return { permitted: true, version: this.version, item: candidate.item, grant, holdingAffair };
    }
    if (lawful) return { progress: PROGRESS.lawful, code: 'NO_SUCH_INSTITUTION' };
    return grants.some((grant) => grant.someTakePart)
      ? { progress: PROGRESS.provider, code: 'PROVIDER_NOT_IN_ITEM' }
      : { progress: PROGRESS.noProvider, code: 'NO_SUCH_INSTITUTION' };
  }
}
