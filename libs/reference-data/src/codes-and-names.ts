import { parseAffairCode, parseInformationCode, parseLocalGovernmentCode, parseProcedureCode, type LocalGovernmentCode } from '#libs/domain';
import type { AffairCode, InformationCode, ProcedureCode } from '#libs/kernel';
import { DAY, indexed, once, readRows, ReferenceDataInvalid, type Sourced } from './tables.js';

export interface LocalGovernment {
  readonly code: LocalGovernmentCode;
  readonly kind: 'prefecture' | 'municipality';
  /** Two digits. */
  readonly prefecture: string;
  readonly prefectureName: string;
  readonly name: string;
  readonly kana: string;
}

/** 47 prefectures and 1,741 municipalities (全国地方公共団体コード); every check digit holds. */
export const localGovernments = once((): readonly LocalGovernment[] => {
  const file = 'local-governments.tsv';
  const rows = readRows(file, ['code', 'kind', 'prefecture', 'name', 'kana']).map((row) => {
    const kind = row.oneOf('kind', ['prefecture', 'municipality'] as const);
    const code = parseLocalGovernmentCode(row.text('code'), `${file}.code`);
    const prefectureName = row.text('prefecture');
    return {
      code,
      kind,
      prefecture: code.slice(0, 2),
      prefectureName,
      name: kind === 'prefecture' ? prefectureName : row.text('name'),
      kana: row.text('kana'),
    };
  });
  return [...indexed(file, rows, ({ code }) => code).values()];
});

export interface Affair extends Sourced {
  readonly code: AffairCode;
  readonly ja: string;
  readonly en: string;
  /** Items of the table that have this text; none where it is only the affair under which a provider holds information. */
  readonly items: readonly string[];
  readonly official: boolean;
}

/** Affairs (事務): one a distinct text of the table's second column, and those under which providers hold information. */
export const affairs = once((): readonly Affair[] => {
  const file = 'affairs.tsv';
  const rows = readRows(file, ['code', 'ja', 'en', 'items', 'official', 'source', 'certainty']).map((row) => ({
    code: parseAffairCode(row.text('code'), `${file}.code`),
    ja: row.text('ja'),
    en: row.text('en'),
    items: row.optional('items') === undefined ? [] : row.list('items'),
    official: row.flag('official'),
    source: row.source,
    certainty: row.certainty,
  }));
  return [...indexed(file, rows, ({ code }) => code).values()];
});

export interface InformationKind extends Sourced {
  readonly code: InformationCode;
  readonly ja: string;
  readonly en: string;
  /** 特定個人情報番号, where the sources give it. */
  readonly number?: number;
  readonly official: boolean;
  /** Words of the table's fourth column that it stands under; one word may stand for several kinds. */
  readonly words: readonly string[];
  /** Affair of the file that a provider holds it in: its assessment must stand published. */
  readonly holdingAffair: AffairCode;
  /** `tax-year`: held by the municipality where the person lived on 1 January of that year; queries carry the year. */
  readonly keyedBy?: 'tax-year';
  /** Provisions from 2017-07-18 to 2020-05-07, of the five most provided. */
  readonly provisionsTo20200507?: number;
}

/** Kinds of information (特定個人情報名). Five codes are the network's own. */
export const informationKinds = once((): readonly InformationKind[] => {
  const file = 'information-kinds.tsv';
  const columns = ['code', 'ja', 'en', 'number', 'official', 'words', 'holdingAffair', 'keyedBy', 'provisionsTo20200507', 'source', 'certainty'];
  const known = new Set<string>(affairs().map(({ code }) => code));
  const rows = readRows(file, columns).map((row) => {
    const number = row.optionalCount('number');
    const provisions = row.optionalCount('provisionsTo20200507');
    const holdingAffair = parseAffairCode(row.text('holdingAffair'), `${file}.holdingAffair`);
    if (!known.has(holdingAffair)) row.refuse('holdingAffair is not in affairs.tsv');
    return {
      code: parseInformationCode(row.text('code'), `${file}.code`),
      ja: row.text('ja'),
      en: row.text('en'),
      ...(number === undefined ? {} : { number }),
      official: row.flag('official'),
      words: row.list('words', ';'),
      holdingAffair,
      ...(row.optional('keyedBy') === undefined ? {} : { keyedBy: row.oneOf('keyedBy', ['tax-year'] as const) }),
      ...(provisions === undefined ? {} : { provisionsTo20200507: provisions }),
      source: row.source,
      certainty: row.certainty,
    };
  });
  return [...indexed(file, rows, ({ code }) => code).values()];
});

/** The kinds that a word of the table stands for. */
export const informationByWords = once((): ReadonlyMap<string, readonly InformationKind[]> => {
  const byWords = new Map<string, InformationKind[]>();
  for (const kind of informationKinds()) for (const words of kind.words) byWords.set(words, [...(byWords.get(words) ?? []), kind]);
  return byWords;
});

export interface Procedure extends Sourced {
  readonly code: ProcedureCode;
  readonly item: string;
  readonly affair: AffairCode;
  readonly ja: string;
  readonly en: string;
  readonly official: boolean;
  /** Queries from 2017-07-18 to 2020-05-07, of the five most asked. */
  readonly requestsTo20200507?: number;
}

/** Procedures (事務手続): one an item, and those that the sources name. No public list exists. */
export const procedures = once((): readonly Procedure[] => {
  const file = 'procedures.tsv';
  const byItem = new Map(affairs().flatMap((affair) => affair.items.map((item) => [item, affair.code] as const)));
  const rows = readRows(file, ['code', 'item', 'affair', 'ja', 'en', 'official', 'requestsTo20200507', 'source', 'certainty']).map((row) => {
    const requests = row.optionalCount('requestsTo20200507');
    const affair = parseAffairCode(row.text('affair'), `${file}.affair`);
    if (byItem.get(row.text('item')) !== affair) row.refuse('the affair is not that of the item');
    return {
      code: parseProcedureCode(row.text('code'), `${file}.code`),
      item: row.text('item'),
      affair,
      ja: row.text('ja'),
      en: row.text('en'),
      official: row.flag('official'),
      ...(requests === undefined ? {} : { requestsTo20200507: requests }),
      source: row.source,
      certainty: row.certainty,
    };
  });
  return [...indexed(file, rows, ({ code }) => code).values()];
});

export interface LayoutVersion extends Sourced {
  readonly version: string;
  readonly from: string;
  readonly inUseFrom: string;
  readonly ja: string;
}

/** Versions of the data standard layout (データ標準レイアウト), oldest first. */
export const layoutVersions = once((): readonly LayoutVersion[] =>
  readRows('layout-versions.tsv', ['version', 'from', 'inUseFrom', 'ja', 'source', 'certainty']).map((row) => ({
    version: row.text('version'),
    from: row.matching('from', DAY),
    inUseFrom: row.matching('inUseFrom', DAY),
    ja: row.text('ja'),
    source: row.source,
    certainty: row.certainty,
  })),
);

/** The layout in use on a legal day. Throws ReferenceDataInvalid for a day before the first. */
export function layoutOn(day: string): LayoutVersion {
  const found = layoutVersions().findLast(({ inUseFrom }) => inUseFrom <= day);
  if (found === undefined) throw new ReferenceDataInvalid('layout-versions.tsv', 2, 'no layout was in use on that day');
  return found;
}

export interface Article extends Sourced {
  readonly concept: string;
  readonly from: string;
  readonly article: string;
  readonly en: string;
}

/** Where the law says what, by date. */
export const articles = once((): readonly Article[] =>
  readRows('articles.tsv', ['concept', 'from', 'article', 'en', 'source', 'certainty']).map((row) => ({
    concept: row.text('concept'),
    from: row.matching('from', DAY),
    article: row.text('article'),
    en: row.text('en'),
    source: row.source,
    certainty: row.certainty,
  })),
);

export const articleOn = (concept: string, day: string): Article | undefined => articles().findLast((entry) => entry.concept === concept && entry.from <= day);
