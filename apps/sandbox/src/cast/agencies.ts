import { agencyClasses, localGovernments, type ReferenceAgency, referenceAgencies } from '#libs/reference-data';
import type { AgencyClass } from '#libs/domain';
import type { Language } from '#libs/terminal';

/** An agency that plays a part: its code, its name in both languages, and the letter that the source document gives its role. */
export interface CastAgency {
  readonly code: string;
  readonly name: Readonly<Record<Language, string>>;
  readonly letter?: string;
  /** Intermediate server that it is on. */
  readonly server: string;
}

const byCode = (): ReadonlyMap<string, ReferenceAgency> => (codes ??= new Map(referenceAgencies().map((agency) => [agency.registration.code, agency])));
let codes: ReadonlyMap<string, ReferenceAgency> | undefined;

/** The register's entry of a code. Throws where there is none: the cast is part of the register. */
export function registered(code: string): ReferenceAgency {
  const found = byCode().get(code);
  if (found === undefined) throw new Error(`no agency ${code} in the reference data`);
  return found;
}

const part = (agency: ReferenceAgency, en: string, letter?: string): CastAgency => ({
  code: agency.registration.code,
  name: { ja: agency.registration.name, en },
  server: agency.intermediateServer ?? '',
  ...(letter === undefined ? {} : { letter }),
});

/** A local government by its name; municipalities of one name in two prefectures are told apart by the prefecture. */
function local(prefecture: string, name: string, en: string, letter?: string): CastAgency {
  const government = localGovernments().find((one) => one.prefectureName === prefecture && one.name === name);
  if (government === undefined) throw new Error(`no local government ${prefecture}${name}`);
  const agency = referenceAgencies().find(({ registration }) => registration.localGovernment === government.code);
  if (agency === undefined) throw new Error(`${prefecture}${name} is not registered`);
  return part(agency, en, letter);
}

/** The n-th agency of a class, by its number there; 0 is the holder that acts for its class. */
function ofClass(agencyClass: AgencyClass, number = 1): CastAgency {
  const members = referenceAgencies().filter(({ registration }) => registration.class === agencyClass);
  const hasHolderBeside = members.some(({ registration }) => !registration.institution && registration.codeHolder && members.length > 1);
  const agency = members[hasHolderBeside ? number : number - 1];
  const entry = agencyClasses().find((one) => one.class === agencyClass);
  if (agency === undefined || entry === undefined) throw new Error(`no agency ${number} of class ${agencyClass}`);
  const serial = members.length > 1 && number > 0 ? ` ${/\d+$/.exec(agency.registration.name)?.[0] ?? ''}` : '';
  return part(agency, `${entry.en}${serial}`);
}

function cast() {
  return {
    // 1: child allowance
    tokorozawa: local('埼玉県', '所沢市', 'Tokorozawa', 'A'),
    toyonaka: local('大阪府', '豊中市', 'Toyonaka', 'X'),
    matsumoto: local('長野県', '松本市', 'Matsumoto'),
    kawagoe: local('埼玉県', '川越市', 'Kawagoe'),
    kanazawa: local('石川県', '金沢市', 'Kanazawa'),
    // 2: single-parent allowance
    akita: local('秋田県', '秋田市', 'Akita', 'B'),
    kurume: local('福岡県', '久留米市', 'Kurume', 'C'),
    akitaPrefecture: local('秋田県', '秋田県', 'Akita Prefecture'),
    // 4: nursery fees
    kawasaki: local('神奈川県', '川崎市', 'Kawasaki', 'D'),
    // 5: livelihood protection
    himeji: local('兵庫県', '姫路市', 'Himeji', 'G'),
    utsunomiya: local('栃木県', '宇都宮市', 'Utsunomiya'),
    // 8: bulk
    osaka: local('大阪府', '大阪市', 'Osaka'),
    hamamatsu: local('静岡県', '浜松市', 'Hamamatsu'),
    hokkaido: local('北海道', '北海道', 'Hokkaido'),
    // other bodies
    pension: ofClass('pension-service'),
    fund: ofClass('payment-fund'),
    society: ofClass('health-insurance-society'),
    accidentFund: ofClass('local-accident-fund', 0),
    accidentBranch: ofClass('local-accident-fund', 1),
    labour: ofClass('labour-standards-bureau'),
    unionUnassessed: ofClass('union', 38),
    unionSuspended: ofClass('union', 37),
    farmersFund: ofClass('farmers-pension-fund'),
    portal: ofClass('disclosure-portal'),
    taxAgency: ofClass('national-tax-agency'),
  } satisfies Readonly<Record<string, CastAgency>>;
}
export type Cast = ReturnType<typeof cast>;

/** Cities where the residents of the bulk cases lived before: half on each local server. */
const HOME_CITIES = [
  ['青森県', '青森市', 'Aomori'],
  ['岩手県', '盛岡市', 'Morioka'],
  ['宮城県', '仙台市', 'Sendai'],
  ['山形県', '山形市', 'Yamagata'],
  ['茨城県', '水戸市', 'Mito'],
  ['群馬県', '前橋市', 'Maebashi'],
  ['千葉県', '千葉市', 'Chiba'],
  ['新潟県', '新潟市', 'Niigata'],
  ['長野県', '長野市', 'Nagano'],
  ['愛知県', '名古屋市', 'Nagoya'],
  ['三重県', '津市', 'Tsu'],
  ['滋賀県', '大津市', 'Otsu'],
  ['京都府', '京都市', 'Kyoto'],
  ['奈良県', '奈良市', 'Nara'],
  ['和歌山県', '和歌山市', 'Wakayama'],
  ['岡山県', '岡山市', 'Okayama'],
  ['広島県', '広島市', 'Hiroshima'],
  ['香川県', '高松市', 'Takamatsu'],
  ['愛媛県', '松山市', 'Matsuyama'],
  ['熊本県', '熊本市', 'Kumamoto'],
] as const;

/** A city of the bulk cases and the prefecture around it. */
export interface Home {
  readonly city: CastAgency;
  readonly prefecture: CastAgency;
}

let made: { readonly cast: Cast; readonly homes: readonly Home[] } | undefined;
function load() {
  return (made ??= {
    cast: cast(),
    homes: HOME_CITIES.map(([prefecture, name, en]) => ({
      city: local(prefecture, name, en),
      prefecture: local(prefecture, prefecture, `${PREFECTURES_EN[prefecture] ?? en} Prefecture`),
    })),
  });
}
const PREFECTURES_EN: Readonly<Record<string, string>> = {
  岩手県: 'Iwate',
  宮城県: 'Miyagi',
  茨城県: 'Ibaraki',
  群馬県: 'Gunma',
  愛知県: 'Aichi',
  三重県: 'Mie',
  滋賀県: 'Shiga',
  香川県: 'Kagawa',
  愛媛県: 'Ehime',
};

/** Who plays in the cases. The agencies are real, what they do here is invented. */
export const theCast = (): Cast => load().cast;
export const theHomes = (): readonly Home[] => load().homes;

/** `所沢市（A市）`, `Tokorozawa (A)`. */
export function labelOf({ name, letter }: CastAgency, language: Language): string {
  if (letter === undefined) return name[language];
  return language === 'ja' ? `${name.ja}（${letter}市）` : `${name.en} (city ${letter})`;
}

/** Name of any agency: in English the cast's own, the register's Japanese one for the others. */
export function nameOf(code: string, language: Language): string {
  englishNames ??= new Map(
    [...Object.values(theCast()), ...theHomes().flatMap(({ city, prefecture }) => [city, prefecture])].map((one) => [one.code, one.name.en]),
  );
  return (language === 'en' ? englishNames.get(code) : undefined) ?? registered(code).registration.name;
}
let englishNames: ReadonlyMap<string, string> | undefined;
