import { createHash } from 'node:crypto';
import type { Language } from '#libs/terminal';
import { type CastAgency, theCast, theHomes, type Home } from './agencies.js';

/** A person of the sandbox: invented, the same in every sandbox. The name is shown to whoever runs it and goes to no system. */
export interface Person {
  readonly id: string;
  readonly name: Readonly<Record<Language, string>>;
  /** 11 digits. */
  readonly residentRecordCode: string;
  /** Municipality that had the number assigned. */
  readonly municipality: CastAgency;
}

/** Digits that follow from a text, always the same, and look like nothing. */
function digitsOf(text: string, length: number): string {
  const number = BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
  return number.toString().slice(-length).padStart(length, '0');
}

/** An agency's own number of a person (団体内統合宛名番号), 15 digits; each agency has another. */
export const inAgencyNumber = (agency: { readonly code: string }, person: { readonly id: string }): string =>
  digitsOf(`number/${agency.code}/${person.id}`, 15);

const person = (id: string, ja: string, en: string, municipality: CastAgency): Person => ({
  id,
  name: { ja, en },
  residentRecordCode: digitsOf(`resident/${id}`, 11),
  municipality,
});

function people() {
  const cast = theCast();
  return {
    // the family that moved from A to X; their child stays with its grandparents
    kenta: person('sato-kenta', '佐藤 健太', 'SATO Kenta', cast.tokorozawa),
    misaki: person('sato-misaki', '佐藤 美咲', 'SATO Misaki', cast.tokorozawa),
    haruto: person('sato-haruto', '佐藤 陽翔', 'SATO Haruto', cast.matsumoto),
    // a mother and her child, who moved from B to C
    yuko: person('suzuki-yuko', '鈴木 裕子', 'SUZUKI Yuko', cast.akita),
    sora: person('suzuki-sora', '鈴木 空', 'SUZUKI Sora', cast.akita),
    // an employee who fell ill
    daisuke: person('tanaka-daisuke', '田中 大輔', 'TANAKA Daisuke', cast.toyonaka),
    // shelters in G; her former city must not learn where
    aya: person('takahashi-aya', '高橋 彩', 'TAKAHASHI Aya', cast.utsunomiya),
    // asks for livelihood protection too; her former city's officials look at each answer about her themselves
    naomi: person('ito-naomi', '伊藤 直美', 'ITO Naomi', cast.utsunomiya),
  } satisfies Readonly<Record<string, Person>>;
}
export type People = ReturnType<typeof people>;

/** More residents of the cast's cities, so that there is somebody to try things with. */
const OTHERS = [
  ['watanabe-shota', '渡辺 翔太', 'WATANABE Shota'],
  ['yamamoto-ai', '山本 愛', 'YAMAMOTO Ai'],
  ['nakamura-ken', '中村 健', 'NAKAMURA Ken'],
  ['kobayashi-mei', '小林 芽衣', 'KOBAYASHI Mei'],
  ['kato-ren', '加藤 蓮', 'KATO Ren'],
  ['yoshida-yui', '吉田 結衣', 'YOSHIDA Yui'],
  ['yamada-taro', '山田 太郎', 'YAMADA Taro'],
  ['sasaki-rin', '佐々木 凛', 'SASAKI Rin'],
  ['yamaguchi-jun', '山口 潤', 'YAMAGUCHI Jun'],
  ['matsumoto-emi', '松本 恵美', 'MATSUMOTO Emi'],
  ['inoue-kaito', '井上 海斗', 'INOUE Kaito'],
  ['kimura-saki', '木村 咲', 'KIMURA Saki'],
  ['hayashi-goro', '林 五郎', 'HAYASHI Goro'],
  ['shimizu-hana', '清水 花', 'SHIMIZU Hana'],
  ['saito-takumi', '斎藤 匠', 'SAITO Takumi'],
  ['mori-chika', '森 千佳', 'MORI Chika'],
  ['ikeda-shun', '池田 駿', 'IKEDA Shun'],
  ['hashimoto-mio', '橋本 澪', 'HASHIMOTO Mio'],
  ['abe-yuji', '阿部 雄二', 'ABE Yuji'],
  ['ishikawa-nana', '石川 奈々', 'ISHIKAWA Nana'],
  ['maeda-itsuki', '前田 樹', 'MAEDA Itsuki'],
  ['fujita-kaori', '藤田 香', 'FUJITA Kaori'],
  ['ogawa-makoto', '小川 誠', 'OGAWA Makoto'],
  ['goto-sumire', '後藤 菫', 'GOTO Sumire'],
  ['okada-ryo', '岡田 涼', 'OKADA Ryo'],
  ['hasegawa-yuna', '長谷川 由奈', 'HASEGAWA Yuna'],
  ['murakami-hiro', '村上 宏', 'MURAKAMI Hiro'],
  ['kondo-asahi', '近藤 旭', 'KONDO Asahi'],
  ['endo-kanon', '遠藤 花音', 'ENDO Kanon'],
  ['aoki-wataru', '青木 渉', 'AOKI Wataru'],
  ['sakamoto-tsumugi', '坂本 紬', 'SAKAMOTO Tsumugi'],
  ['fukuda-minato', '福田 湊', 'FUKUDA Minato'],
] as const;

/** Residents of the bulk cases. */
export const BULK_RESIDENTS = 500;
/** Of these, the first so many have a child in a nursery (case 4). */
export const NURSERY_HOUSEHOLDS = 100;

export interface BulkResident extends Person {
  readonly home: Home;
  readonly index: number;
}

let made: { readonly people: People; readonly others: readonly Person[]; readonly bulk: readonly BulkResident[] } | undefined;
function load() {
  if (made !== undefined) return made;
  const { tokorozawa, toyonaka, kurume, himeji } = theCast();
  const towns = [tokorozawa, toyonaka, kurume, himeji];
  const homes = theHomes();
  made = {
    people: people(),
    others: OTHERS.map(([id, ja, en], index) => person(id, ja, en, towns[index % towns.length] as CastAgency)),
    bulk: Array.from({ length: BULK_RESIDENTS }, (_, index) => {
      const home = homes[index % homes.length] as Home;
      const number = String(index + 1).padStart(4, '0');
      return { ...person(`resident-${number}`, `住民${number}`, `resident ${number}`, home.city), home, index };
    }),
  };
  return made;
}

export const thePeople = (): People => load().people;
export const theOthers = (): readonly Person[] => load().others;
export const bulkResidents = (): readonly BulkResident[] => load().bulk;
/** Everybody with a name. */
export const namedPersons = (): readonly Person[] => [...Object.values(thePeople()), ...theOthers()];
