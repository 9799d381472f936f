/** What holds: verified from the bundle alone. */
export const PROVED = [
  'CHECKPOINT_SIGNED',
  'CHECKPOINT_WITNESSED',
  'ENTRIES_INCLUDED',
  'ENTRIES_WITNESSED',
  'ENTRIES_CANONICAL',
  'REVISIONS_UNIQUE',
  'RECORDS_OF_ONE_LOG',
  'RECORDS_WITHOUT_GAP',
  'REFERENCES_MATCH',
  'FACTS_AGREE',
  'LAW_RECORDED',
  'DECISION_LAWFUL',
  'DISCLOSURES_MATCH',
  'PERSON_AGREES',
  'SUBJECT_MATCHES',
] as const;
/** What does not hold: the bundle contradicts itself, the law in it or what the auditor expects. */
export const FAILED = [
  'CHECKPOINT_MALFORMED',
  'CHECKPOINT_OF_ANOTHER_LOG',
  'DEPLOYMENTS_MIXED',
  'CHECKPOINT_UNSIGNED',
  'KEY_MALFORMED',
  'SIGNATURE_BAD',
  'KEY_NOT_EXPECTED',
  'COSIGNATURE_BAD',
  'COSIGNED_INCONSISTENT',
  'ENTRY_NOT_INCLUDED',
  'ENTRY_NOT_CANONICAL',
  'ENTRY_IN_WRONG_LOG',
  'ENTRY_IN_WRONG_STREAM',
  'REVISION_TWICE',
  'EVENT_ID_TWICE',
  'RECORD_IN_SEVERAL_LOGS',
  'REVISION_MISSING',
  'RECORD_MISSING',
  'REFERENCE_CONFLICTS',
  'FACT_CONFLICTS',
  'RECORD_UNEXPECTED',
  'RECORD_WITHOUT_DECISION',
  'DECISION_UNLAWFUL',
  'DISCLOSURE_MISMATCH',
  'PERSON_CONFLICTS',
  'SUBJECT_MISMATCH',
] as const;
/** What the bundle cannot show, or does not hold. */
export const NOT_PROVED = [
  'KEYS_NOT_PINNED',
  'NOT_WITNESSED',
  'SIGNATURE_OF_UNKNOWN_KEY',
  'ENTRY_NOT_INTERPRETED',
  'RECORD_NOT_IN_BUNDLE',
  'RECORD_STILL_TO_COME',
  'LAW_NOT_IN_BUNDLE',
  'REGISTER_NOT_IN_BUNDLE',
  'DENIAL_NOT_CHECKED',
  'NEWER_LAW_NOT_CHECKED',
  'IDENTIFIER_NOT_CHECKED',
  'COMPLETENESS',
  'VALUES',
  'LAW_CONTENT',
  'TIMES',
  'STATEMENTS',
  'PERSONS',
] as const;

export type ProvedCode = (typeof PROVED)[number];
export type FailedCode = (typeof FAILED)[number];
export type NotProvedCode = (typeof NOT_PROVED)[number];

/** Where a finding is about: a log by its origin, an entry by its index in the bundle, an exchange by its id. Never a personal value. */
export interface Concerning {
  readonly log?: string;
  readonly entry?: number;
  readonly exchange?: string;
  /** A key's or witness's name, a field, a denial code. */
  readonly what?: string;
}
/** Findings of one code about one log (or about none) are counted together where they hold, or cannot be shown. */
export interface Finding<Code extends string> extends Concerning {
  readonly code: Code;
  readonly count: number;
}

/** Failures told one by one; more are counted. */
export const FAILURES_TOLD_MAX = 1_000;

export class Findings {
  readonly #proved = new Map<string, Finding<ProvedCode>>();
  readonly #notProved = new Map<string, Finding<NotProvedCode>>();
  readonly failures: Finding<FailedCode>[] = [];
  failed = 0;

  /** Counted by code, log and `what`. A count of 0 says nothing. */
  proved(code: ProvedCode, count = 1, about: Concerning = {}): void {
    add(this.#proved, code, count, about);
  }
  notProved(code: NotProvedCode, count = 1, about: Concerning = {}): void {
    add(this.#notProved, code, count, about);
  }
  fail(code: FailedCode, about: Concerning = {}): void {
    this.failed += 1;
    if (this.failures.length < FAILURES_TOLD_MAX) this.failures.push({ code, ...about, count: 1 });
  }

  get provedOnes(): readonly Finding<ProvedCode>[] {
    return [...this.#proved.values()];
  }
  get notProvedOnes(): readonly Finding<NotProvedCode>[] {
    return [...this.#notProved.values()];
  }
}

function add<Code extends string>(kept: Map<string, Finding<Code>>, code: Code, count: number, about: Concerning): void {
  if (count === 0) return;
  const key = `${code} ${about.log ?? ''} ${about.what ?? ''}`;
  const found = kept.get(key);
  // the first one stands for all: which entry or exchange is told of one alone
  if (found === undefined) kept.set(key, { code, ...about, count });
  else
    kept.set(key, {
      code,
      ...(about.log === undefined ? {} : { log: about.log }),
      ...(about.what === undefined ? {} : { what: about.what }),
      count: found.count + count,
    });
}
