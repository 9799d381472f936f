import { denialSentence, isAgencyClass, isDenialCode } from '#libs/domain';
import { affairs, informationKinds, procedures } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { agencyOfCode, nameOfClass } from '../names/agencies.js';
import { statisticsTexts } from './statistics.texts.js';

const named = (entry: { readonly ja: string; readonly en: string } | undefined, code: string, language: Language): string =>
  entry === undefined ? code : language === 'ja' ? entry.ja : entry.en;

/** A procedure where one is named, otherwise the affair. */
export function nameOfMatter(affair: string, procedure: string, language: Language): string {
  if (procedure === '') return nameOfAffair(affair, language);
  return named(
    procedures().find(({ code }) => code === procedure),
    procedure,
    language,
  );
}
export const nameOfAffair = (affair: string, language: Language): string =>
  named(
    affairs().find(({ code }) => code === affair),
    affair,
    language,
  );
export const nameOfInformation = (information: string, language: Language): string =>
  named(
    informationKinds().find(({ code }) => code === information),
    information,
    language,
  );
/** Names are in Japanese alone. */
export const nameOfAgency = (code: string): string => agencyOfCode(code)?.registration.name ?? code;
export const nameOfClassIn = (name: string, language: Language): string =>
  name === '' ? statisticsTexts(language).unknownClass : isAgencyClass(name) ? nameOfClass(name, language) : name;
export const sentenceOf = (reason: string, language: Language): string => (isDenialCode(reason) ? denialSentence(reason, language) : reason);
export const reasonIn = (reason: string, language: Language): string => (isDenialCode(reason) ? `${sentenceOf(reason, language)} (${reason})` : reason);

const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1_000, 60_000, 3_600_000, 86_400_000];
/** 1234 as `1.2 s`. */
export function duration(ms: number, language: Language): string {
  const say = statisticsTexts(language);
  const told = (value: number, unit: string): string => `${value.toFixed(1)} ${unit}`;
  if (ms < SECOND_MS) return `${ms} ${say.ms}`;
  if (ms < MINUTE_MS) return told(ms / SECOND_MS, say.seconds);
  if (ms < HOUR_MS) return told(ms / MINUTE_MS, say.minutes);
  return ms < DAY_MS ? told(ms / HOUR_MS, say.hours) : told(ms / DAY_MS, say.days);
}
