import { affairs, informationKinds, procedures } from '#libs/reference-data';
import type { Language } from '#libs/terminal';

/** Kinds of information that the cases ask for (特定個人情報名). */
export const INFORMATION = {
  residents: 'TM00000000000001',
  localTax: 'TM00000000000002',
  pension: 'TM00000000000053',
  otherBenefits: 'TM99000000000004',
  labourAccident: 'TM99000000000006',
  livelihood: 'TM99000000000008',
  childRearing: 'TM99000000000011',
  disability: 'TM99000000000015',
  specialChildRearing: 'TM99000000000019',
  welfareLoan: 'TM99000000000044',
  careInsurance: 'TM99000000000002',
  healthCheck: 'TM99000000000073',
} as const;
export type Information = (typeof INFORMATION)[keyof typeof INFORMATION];

/** An affair that the table knows only as one under which residents are registered: nobody may ask for it. */
export const AFFAIR_OUTSIDE_TABLE = 'JM99000000001001';

/** The affair (事務) of an item of the table. */
export function affairOf(item: string): string {
  const found = affairs().find(({ items }) => items.includes(item));
  if (found === undefined) throw new Error(`no affair for item ${item}`);
  return found.code;
}

/** The procedure (事務手続) of an item: one that the source document names, if there is one. */
export function procedureOf(item: string): string | undefined {
  const own = procedures().filter((procedure) => procedure.item === item);
  return (own.find(({ requestsTo20200507 }) => requestsTo20200507 !== undefined) ?? own[0])?.code;
}

const kinds = (): ReadonlyMap<string, Readonly<Record<Language, string>>> =>
  (names ??= new Map(informationKinds().map(({ code, ja, en }) => [code, { ja, en }])));
let names: ReadonlyMap<string, Readonly<Record<Language, string>>> | undefined;
export const informationName = (code: string, language: Language): string => kinds().get(code)?.[language] ?? code;
