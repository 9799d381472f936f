/**
 * The source document's figures of the network's use, 2017-07-18 to 2020-05-07 (情報連携の現状): what a simulated history is
 * held against. Millions stand written out; what is derived from them, or assumed, says so.
 */
export const FIRST_DAY = '2017-07-18';
export const LAST_DAY = '2020-05-07';
/** Revision of the layout since which about 1.15 million a week are provided: the pension service begins. */
export const PENSION_DAY = '2019-06-17';

export const PROVISIONS = 63_645_570;
/** Derived: 46.4 weeks at 1.15 million, and what remains. */
export const PROVISIONS_SINCE_PENSION = 53_400_000;
export const PROVISIONS_BEFORE_PENSION = 10_300_000;

export interface SeedFigure {
  /** Item of the table for a procedure, code for an information. */
  readonly key: string;
  readonly ja: string;
  readonly en: string;
  readonly count: number;
}

/** The five procedures that ask most, by item; nothing is told of the others but how much remains. */
export const TOP_PROCEDURES: readonly SeedFigure[] = [
  { key: '48', ja: '年金給付関係手続（国民年金法）', en: 'pensions, National Pension Act', count: 27_350_706 },
  { key: '35', ja: '年金給付関係手続（厚生年金法）', en: "pensions, Employees' Pension Act", count: 6_621_809 },
  { key: '113', ja: '高等学校等就学支援金支給関係手続', en: 'high-school tuition support', count: 5_717_311 },
  { key: '117', ja: '年金生活者支援給付金支給関係手続', en: 'pensioner support benefit', count: 5_058_012 },
  { key: '27', ja: '地方税の賦課徴収関係手続', en: 'local tax', count: 3_176_698 },
];

/** The five informations that are provided most, by code. */
export const TOP_INFORMATION: readonly SeedFigure[] = [
  { key: 'TM00000000000001', ja: '住民基本台帳関係情報', en: 'resident register [1]', count: 32_507_125 },
  { key: 'TM00000000000002', ja: '地方税の課税情報', en: 'local tax [2]', count: 27_655_688 },
  { key: 'TM00000000000053', ja: '年金給付支給関係情報', en: 'pension payment [53]', count: 1_269_687 },
  { key: 'TM00000000000031', ja: '医療保険資格関係情報', en: 'medical insurance eligibility [31]', count: 792_325 },
  { key: 'TM00000000000064', ja: '年金給付支給・徴収関係情報', en: 'pension payment and collection [64]', count: 692_214 },
];

const sumOf = (figures: readonly SeedFigure[]): number => figures.reduce((sum, { count }) => sum + count, 0);
export const OTHER_PROCEDURES = PROVISIONS - sumOf(TOP_PROCEDURES);
export const OTHER_INFORMATION = PROVISIONS - sumOf(TOP_INFORMATION);
