/** What a desk knows of one person of an application, once the person's tax facts have come. */
export interface TaxFacts {
  /** 総所得金額等, yen. */
  readonly totalIncome: number;
  /** 扶養親族等の数. */
  readonly dependants: number;
}
/** How one query about a person of an application came out: facts, or why there are none. */
export type Finding = { readonly facts: TaxFacts } | { readonly missing: string };

export const DECISIONS = ['allowance', 'special-benefit', 'to-a-clerk'] as const;
export interface Decision {
  /** allowance: 児童手当 · special-benefit: 特例給付 (income over the limit) · to-a-clerk: facts are missing. */
  readonly decision: (typeof DECISIONS)[number];
  /** Yen a month for all children; 0 where a clerk decides. */
  readonly monthlyAmount: number;
  /** On to-a-clerk: the first code that stands in the way. */
  readonly reason?: string;
}

/** Limits of May 2020 (児童手当法施行令第1条), yen; simplified: deductions are taken as made. */
const INCOME_LIMIT = 6_220_000;
const LIMIT_A_DEPENDANT = 380_000;
const ALLOWANCE_A_CHILD = 10_000;
const SPECIAL_BENEFIT_A_CHILD = 5_000;

/** Decides an application: the parent with the higher income counts (児童手当法第4条第3項). Pure. */
export function decideAllowance(children: number, findings: readonly Finding[]): Decision {
  const missing = findings.find((finding) => 'missing' in finding);
  if (missing) return { decision: 'to-a-clerk', monthlyAmount: 0, reason: missing.missing };
  const facts = findings.flatMap((finding) => ('facts' in finding ? [finding.facts] : []));
  const [highest] = [...facts].sort((one, other) => other.totalIncome - one.totalIncome);
  if (highest === undefined) return { decision: 'to-a-clerk', monthlyAmount: 0, reason: 'NO_FACTS' };
  const over = highest.totalIncome >= INCOME_LIMIT + LIMIT_A_DEPENDANT * highest.dependants;
  return over
    ? { decision: 'special-benefit', monthlyAmount: SPECIAL_BENEFIT_A_CHILD * children }
    : { decision: 'allowance', monthlyAmount: ALLOWANCE_A_CHILD * children };
}

/** Tax facts in what was provided; undefined where they are not there as the layout says. */
export function taxFactsOf(content: Readonly<Record<string, unknown>> | undefined): TaxFacts | undefined {
  const { totalIncome, dependants = 0 } = content ?? {};
  return typeof totalIncome === 'number' && typeof dependants === 'number' ? { totalIncome, dependants } : undefined;
}
