/**
 * Why a query is refused: each reason with the article that stands behind it on the day, and a sentence in both
 * languages. Article numbers moved in 2021 (item 7 of art. 19 became item 8) and in 2024 (the appended table became an
 * order of its own); where a number is recalled only, the README of this folder says so.
 */
export const DENIAL_CODES = [
  'NOT_A_PARTICIPANT',
  'ANSWER_ONLY',
  'SAME_AGENCY',
  'NOT_DELEGATED',
  'NO_TABLE_IN_FORCE',
  'AFFAIR_NOT_IN_TABLE',
  'REQUESTER_NOT_IN_ITEM',
  'INFORMATION_NOT_IN_ITEM',
  'PROVIDER_NOT_IN_ITEM',
  'NO_SUCH_INSTITUTION',
  'NOT_YET_OPEN',
  'AGENCY_SUSPENDED_REQUESTER',
  'AGENCY_SUSPENDED_PROVIDER',
  'ASSESSMENT_UNPUBLISHED_REQUESTER',
  'ASSESSMENT_UNPUBLISHED_PROVIDER',
  'IDENTIFIER_NOT_VALID',
] as const;
export type DenialCode = (typeof DENIAL_CODES)[number];

/** A text that holds from a legal day on; oldest first. */
type Dated = readonly (readonly [from: string, text: string])[];

const EXCHANGE: Dated = [
  ['', '番号法19条7号'],
  ['2021-09-01', '番号法19条8号'],
];
const TABLE: Dated = [
  ['', '番号法19条7号・21条2項1号、別表第二'],
  ['2021-09-01', '番号法19条8号・21条2項1号、別表第二'],
  ['2024-05-27', '番号法19条8号、令和6年デジタル庁・総務省令第9号2条の表'],
];
const ASSESSMENT: Dated = [
  ['', '番号法21条2項2号・27条'],
  ['2017-05-30', '番号法21条2項2号・28条'],
];
const IDENTIFIER: Dated = [
  ['', '番号法施行令20条'],
  ['2024-05-27', '番号法21条の2、番号法施行令27条'],
];
const OPENING: Dated = [
  ['', '番号法19条7号・附則1条5号・附則3条の2'],
  ['2017-12-01', '番号法19条7号・附則1条5号'],
  ['2021-09-01', '番号法19条8号・附則1条5号'],
];
const SAFETY: Dated = [['', '番号法21条1項・24条']];
const DELEGATION = EXCHANGE;

interface Reason {
  readonly article: Dated;
  /** True where the denial is one of the two exceptions of art. 21(2): recorded as such by all (art. 23). */
  readonly exception: boolean;
  readonly ja: string;
  readonly en: string;
}

const REASONS: Readonly<Record<DenialCode, Reason>> = {
  NOT_A_PARTICIPANT: {
    article: EXCHANGE,
    exception: true,
    ja: '照会者又は提供者は、この日に情報連携を行う機関ではありません。',
    en: 'The requester or the provider is not an institution that takes part in the exchange on that day.',
  },
  ANSWER_ONLY: {
    article: EXCHANGE,
    exception: true,
    ja: 'この機関は情報提供のみを行い、照会はできません。',
    en: 'This institution only answers; it may not ask.',
  },
  SAME_AGENCY: {
    article: EXCHANGE,
    exception: false,
    ja: '照会者と提供者が同じ機関です。自らの情報は情報連携の対象ではありません。',
    en: 'Requester and provider are the same agency; what it holds itself is no matter of the exchange.',
  },
  NOT_DELEGATED: {
    article: DELEGATION,
    exception: false,
    ja: 'この機関コード保有機関は、当該機関から委任を受けていません。',
    en: 'This code holder does not act for that institution.',
  },
  NO_TABLE_IN_FORCE: {
    article: TABLE,
    exception: true,
    ja: 'この日に施行されている別表がありません。',
    en: 'No version of the table is in force on that day.',
  },
  AFFAIR_NOT_IN_TABLE: {
    article: TABLE,
    exception: true,
    ja: 'この事務は別表にありません。',
    en: 'The affair is not in the table.',
  },
  REQUESTER_NOT_IN_ITEM: {
    article: TABLE,
    exception: true,
    ja: 'この照会者は、当該事務の項の情報照会者ではありません。',
    en: 'The item of this affair does not name an institution of the requester’s kind as requester.',
  },
  INFORMATION_NOT_IN_ITEM: {
    article: TABLE,
    exception: true,
    ja: 'この特定個人情報は、当該事務の項にありません。',
    en: 'The item of this affair does not name the information.',
  },
  PROVIDER_NOT_IN_ITEM: {
    article: TABLE,
    exception: true,
    ja: 'この提供者は、当該事務の項でこの特定個人情報の情報提供者とされていません。',
    en: 'The item of this affair does not name an institution of the provider’s kind as provider of the information.',
  },
  NO_SUCH_INSTITUTION: {
    article: TABLE,
    exception: false,
    ja: '別表には定めがありますが、該当する機関は情報連携に参加していません。',
    en: 'Lawful, but no such institution takes part.',
  },
  NOT_YET_OPEN: {
    article: OPENING,
    exception: false,
    ja: '別表には定めがありますが、この機関のこの項による情報連携はまだ運用を開始していません。',
    en: 'Lawful, but operation under this item is not yet open to an institution of this kind on that day.',
  },
  AGENCY_SUSPENDED_REQUESTER: {
    article: SAFETY,
    exception: false,
    ja: '照会者の情報連携は停止されています。',
    en: 'The requester is suspended from the exchange.',
  },
  AGENCY_SUSPENDED_PROVIDER: {
    article: SAFETY,
    exception: false,
    ja: '提供者の情報連携は停止されています。',
    en: 'The provider is suspended from the exchange.',
  },
  ASSESSMENT_UNPUBLISHED_REQUESTER: {
    article: ASSESSMENT,
    exception: true,
    ja: '照会者のこの事務に係る特定個人情報保護評価書が公表されていません。',
    en: 'The requester’s privacy impact assessment for this affair is not published.',
  },
  ASSESSMENT_UNPUBLISHED_PROVIDER: {
    article: ASSESSMENT,
    exception: true,
    ja: '提供者のこの特定個人情報を保有する事務に係る特定個人情報保護評価書が公表されていません。',
    en: 'The provider’s privacy impact assessment for the file that holds this information is not published.',
  },
  IDENTIFIER_NOT_VALID: {
    article: IDENTIFIER,
    exception: false,
    ja: '情報提供用個人識別符号が、この照会者に対して有効ではありません。',
    en: 'The identifier is not valid for this requester.',
  },
};

export const isDenialCode = (text: string): text is DenialCode => Object.hasOwn(REASONS, text);

function textOn(dated: Dated, day: string): string {
  let found = '';
  for (const [from, text] of dated) if (from <= day) found = text;
  return found;
}

/** The article that a denial cites on a legal day. */
export const denialArticle = (code: DenialCode, day: string): string => textOn(REASONS[code].article, day);

/** The article under which a permit stands on a legal day. */
export const permitArticle = (day: string): string => textOn(EXCHANGE, day);

/** True where the denial is an exception of art. 21(2), which all three records note. */
export const isStatutoryException = (code: DenialCode): boolean => REASONS[code].exception;

/** The sentence for people. */
export const denialSentence = (code: DenialCode, language: 'ja' | 'en'): string => REASONS[code][language];
