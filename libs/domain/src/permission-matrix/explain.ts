import { denialArticle, type DenialCode, denialSentence, permitArticle } from './denial.js';
import type { MatrixHistory } from './matrix-history.js';
import type { Certainty, MatrixGrant, MatrixInformation, MatrixItem } from './matrix.events.js';
import type { MatrixQuestion, MatrixVerdict, PermissionMatrix } from './permission-matrix.js';

/** A yes or no with its reasons, for people; `certainty` is that of the item cited. */
export interface Explanation {
  readonly permitted: boolean;
  readonly code: DenialCode | 'PERMITTED';
  readonly article: string;
  readonly sentence: { readonly ja: string; readonly en: string };
  readonly version?: string;
  readonly item?: string;
  readonly affair?: string;
  readonly requesterWords?: string;
  readonly providerWords?: string;
  readonly informationWords?: string;
  readonly certainty?: Certainty;
  readonly source?: string;
  /** What the cited item does name: `provider → information`, in the table's words. */
  readonly granted: readonly string[];
}

const rowsOf = (item: MatrixItem): readonly string[] =>
  item.grants.map((grant) => `${grant.providerWords} → ${[...new Set(grant.information.map(({ words }) => words))].join('、')}`);

const PERMITTED = {
  ja: '情報連携ができます。照会者・事務・提供者・特定個人情報のすべてが同じ項に定められています。',
  en: 'Permitted: one item of the table names requester, affair, provider and information.',
} as const;

function explainVerdict(verdict: MatrixVerdict, matrix: PermissionMatrix | undefined, question: MatrixQuestion, day: string): Explanation {
  const item = verdict.item === undefined ? undefined : matrix?.items.find((candidate) => candidate.item === verdict.item);
  const cited = verdict.permitted ? item?.grants[verdict.grant] : undefined;
  const information = cited?.information.find(({ code }) => code === question.information);
  return {
    permitted: verdict.permitted,
    code: verdict.permitted ? 'PERMITTED' : verdict.code,
    article: verdict.permitted ? permitArticle(day) : denialArticle(verdict.code, day),
    sentence: verdict.permitted ? PERMITTED : { ja: denialSentence(verdict.code, 'ja'), en: denialSentence(verdict.code, 'en') },
    ...(verdict.version === undefined ? {} : { version: verdict.version }),
    ...(item === undefined
      ? {}
      : {
          item: item.item,
          affair: item.affairName,
          requesterWords: item.requesterWords,
          certainty: information?.certainty ?? item.certainty,
          source: item.source,
        }),
    ...(cited === undefined ? {} : { providerWords: cited.providerWords }),
    ...(information === undefined ? {} : { informationWords: information.words }),
    granted: item === undefined ? [] : rowsOf(item),
  };
}

/** May a requester of this kind ask that provider for this, on that legal day, and why (`renkei matrix explain`). */
export const explain = (history: MatrixHistory, question: MatrixQuestion, day: string): Explanation =>
  explainVerdict(history.decide(question, day), history.on(day), question, day);

/** The same under one version, a draft too, whatever was open. */
export const explainUnder = (matrix: PermissionMatrix, question: MatrixQuestion, day = matrix.effectiveFrom): Explanation =>
  explainVerdict(matrix.decide(question), matrix, question, day);

/** One permitted combination in the table's words. */
export interface MatrixRow {
  readonly item: string;
  readonly requesterWords: string;
  readonly affair: string;
  readonly affairName: string;
  readonly providerWords: string;
  readonly informationWords: string;
  readonly informationCode: string;
  readonly providerClasses: readonly string[];
  readonly certainty: Certainty;
}

const row = (item: MatrixItem, grant: MatrixGrant, information: MatrixInformation): MatrixRow => ({
  item: item.item,
  requesterWords: item.requesterWords,
  affair: item.affair,
  affairName: item.affairName,
  providerWords: grant.providerWords,
  informationWords: information.words,
  informationCode: information.code,
  providerClasses: information.providers.map((rule) => (rule.condition === undefined ? rule.class : `${rule.class} (${rule.condition})`)),
  certainty: information.certainty,
});

/** Every row of a version in the table's order (`renkei matrix list`). */
export const listRows = (matrix: PermissionMatrix): readonly MatrixRow[] =>
  matrix.items.flatMap((item) => item.grants.flatMap((grant) => grant.information.map((information) => row(item, grant, information))));

export interface MatrixDifference extends MatrixRow {
  readonly change: 'added' | 'removed';
}

const keyOf = ({ requesterWords, affairName, providerWords, informationCode }: MatrixRow): string =>
  [requesterWords, affairName, providerWords, informationCode].join('\u0000');

/**
 * What one version permits that the other does not (`renkei matrix diff`): removals, then additions, each in the table's
 * order. Rows are compared by their words, not by item number: numbers move between texts.
 */
export function diffRows(before: PermissionMatrix, after: PermissionMatrix): readonly MatrixDifference[] {
  const [old, fresh] = [listRows(before), listRows(after)];
  const [oldKeys, freshKeys] = [new Set(old.map(keyOf)), new Set(fresh.map(keyOf))];
  return [
    ...old.filter((entry) => !freshKeys.has(keyOf(entry))).map((entry) => ({ ...entry, change: 'removed' as const })),
    ...fresh.filter((entry) => !oldKeys.has(keyOf(entry))).map((entry) => ({ ...entry, change: 'added' as const })),
  ];
}
