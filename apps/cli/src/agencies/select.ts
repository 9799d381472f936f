import type { AgencyClass } from '#libs/domain';
import { agencyClasses, localGovernments, type ReferenceAgency, referenceAgencies } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { classNamed, nameOfClass, wholeNameOf } from '../names/agencies.js';
import { normalized } from '../names/lookup.js';
import { parseText } from '../names/parse.js';
import { agencyTexts } from './agencies.texts.js';

export interface AgencyFilter {
  readonly search?: string;
  readonly prefecture?: string;
  readonly class?: string;
}

function prefectureNamed(given: string, language: Language): string {
  const text = parseText('--prefecture', given, language).normalize('NFKC');
  const prefectures = localGovernments().filter(({ kind }) => kind === 'prefecture');
  const found = prefectures.find(({ prefecture, name }) => prefecture === text.padStart(2, '0') || name === text || name.replace(/[都府県]$/, '') === text);
  if (found === undefined) throw new UsageError('--prefecture', 'a prefecture', agencyTexts(language).unknownPrefecture(text));
  return found.prefecture;
}

function classGiven(given: string, language: Language): AgencyClass {
  const found = classNamed(given);
  if (found !== undefined) return found;
  const known = agencyClasses().map((entry) => ({ code: entry.class, name: nameOfClass(entry.class, language) }));
  throw new UsageError('--class', 'a class', agencyTexts(language).unknownClass(given), known);
}

/** The agencies that fit, in the register's order. Throws UsageError for a prefecture or class that there is not. */
export function selectAgencies(filter: AgencyFilter, language: Language): readonly ReferenceAgency[] {
  const prefecture = filter.prefecture === undefined ? undefined : prefectureNamed(filter.prefecture, language);
  const agencyClass = filter.class === undefined ? undefined : classGiven(filter.class, language);
  const wanted = filter.search === undefined ? undefined : normalized(parseText('--search', filter.search, language));
  return referenceAgencies().filter(
    (agency) =>
      (prefecture === undefined || agency.registration.prefecture === prefecture) &&
      (agencyClass === undefined || agency.registration.class === agencyClass) &&
      (wanted === undefined || agency.registration.code.includes(wanted) || normalized(wholeNameOf(agency)).includes(wanted)),
  );
}

export interface ClassCount {
  readonly class: AgencyClass;
  readonly ja: string;
  readonly en: string;
  readonly institutions: number;
  readonly codeHolders: number;
}

/** Every class that counts, and the sums over the register itself: 5,375 institutions and 3,627 code holders. */
export function countClasses(): { readonly classes: readonly ClassCount[]; readonly institutions: number; readonly codeHolders: number } {
  const classes = agencyClasses().flatMap((entry) => {
    const members = referenceAgencies().filter(({ registration }) => registration.class === entry.class);
    const institutions = members.filter(({ registration }) => registration.institution).length;
    // the disclosure portal holds codes, but is not counted among the institutions' holders
    const codeHolders = entry.class === 'disclosure-portal' ? 0 : members.filter(({ registration }) => registration.codeHolder).length;
    return institutions + codeHolders === 0 ? [] : [{ class: entry.class, ja: entry.ja, en: entry.en, institutions, codeHolders }];
  });
  const sum = (of: (entry: ClassCount) => number): number => classes.reduce((total, entry) => total + of(entry), 0);
  return { classes, institutions: sum((entry) => entry.institutions), codeHolders: sum((entry) => entry.codeHolders) };
}
