import {
  actingMunicipality,
  type AgencyClass,
  agencyCodeOfLocalGovernment,
  type AgencyStanding,
  isAgencyClass,
  isLocalGovernmentCode,
  parseAgencyCode,
  type PartyFacts,
  standingOf,
} from '#libs/domain';
import { affairs, agencyClasses, designatedCities, localGovernments, type ReferenceAgency, referenceAgencies } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { lookUp, type Named, normalized } from './lookup.js';
import { nameTexts } from './names.texts.js';
import { parseText } from './parse.js';

const CONDITIONS = ['welfare-office', 'health-centre'] as const;

/** Who stands on one side of a question: one agency, or all of a class. */
export interface Party {
  readonly facts: PartyFacts;
  readonly name: string;
  /** Undefined for a whole class. */
  readonly agency?: ReferenceAgency;
}

let named: readonly Named<ReferenceAgency>[] | undefined;
const namedAgencies = (): readonly Named<ReferenceAgency>[] => (named ??= nameAgencies());

function nameAgencies(): readonly Named<ReferenceAgency>[] {
  const governments = new Map<string, { readonly kana: string; readonly whole: string }>(
    localGovernments().map(({ code, kana, kind, prefectureName, name }) => [
      code,
      { kana, whole: kind === 'municipality' ? `${prefectureName}${name}` : name },
    ]),
  );
  return referenceAgencies().map((agency) => {
    const { code, name, localGovernment } = agency.registration;
    const government = localGovernment === undefined ? undefined : governments.get(localGovernment);
    return {
      code,
      name: government?.whole ?? name,
      alsoNamed: [name, ...(localGovernment === undefined ? [] : [localGovernment]), ...(government === undefined ? [] : [government.kana])],
      value: agency,
    };
  });
}

/** Name of an agency with its prefecture: 府中市 is two. */
export const wholeNameOf = (agency: ReferenceAgency): string =>
  namedAgencies().find(({ value }) => value.registration.code === agency.registration.code)?.name ?? agency.registration.name;

export const agencyOfCode = (code: string): ReferenceAgency | undefined => referenceAgencies().find(({ registration }) => registration.code === code);

/** An agency by its 16 digits, its local-government code (5 or 6 digits, wards act as their city), or its name. */
export function findAgency(option: string, given: string, language: Language): ReferenceAgency {
  const say = nameTexts(language);
  const text = parseText(option, given, language).normalize('NFKC');
  if (/^\d{16}$/.test(text)) return byCode(option, text, language);
  if (/^\d{5,6}$/.test(text)) {
    if (text.length === 6 && !isLocalGovernmentCode(text)) throw new UsageError(option, 'local-government code', say.badLocalGovernment(option));
    return byCode(option, agencyCodeOfLocalGovernment(actingAs(option, text, language)), language);
  }
  const found = lookUp(text, namedAgencies());
  switch (found.status) {
    case 'found':
      return found.entry.value;
    case 'ambiguous':
      throw new UsageError(option, 'one agency', say.ambiguous(option, text, found.count), found.candidates);
    case 'unknown':
      throw new UsageError(option, 'a known agency', say.unknown(option, text), found.candidates);
  }
}

function actingAs(option: string, digits: string, language: Language): ReturnType<typeof actingMunicipality> {
  try {
    return actingMunicipality(digits, designatedCities());
  } catch {
    throw new UsageError(option, 'local-government code', nameTexts(language).badLocalGovernment(option));
  }
}

function byCode(option: string, code: string, language: Language): ReferenceAgency {
  const say = nameTexts(language);
  try {
    parseAgencyCode(code);
  } catch {
    throw new UsageError(option, 'agency code', say.badAgencyCode(option));
  }
  const found = agencyOfCode(code);
  if (found === undefined) throw new UsageError(option, 'a known agency', say.unknownAgency(option, code));
  return found;
}

/** A class by its name in code, in Japanese or in English. */
export function classNamed(text: string): AgencyClass | undefined {
  const wanted = normalized(text);
  if (isAgencyClass(wanted)) return wanted;
  return agencyClasses().find(({ ja, en }) => normalized(ja) === wanted || normalized(en) === wanted)?.class;
}

export function nameOfClass(agencyClass: AgencyClass, language: Language): string {
  const entry = agencyClasses().find((candidate) => candidate.class === agencyClass);
  return entry === undefined ? agencyClass : language === 'ja' ? entry.ja : entry.en;
}

/** `municipality`, `municipality:welfare-office`: a class with what those meant have. */
function classParty(option: string, text: string, language: Language): Party | undefined {
  const say = nameTexts(language);
  const [name = '', conditions] = text.split(':');
  const agencyClass = classNamed(name);
  if (agencyClass === undefined) return undefined;
  const ofClass = referenceAgencies().filter(({ registration }) => registration.class === agencyClass);
  const [single] = ofClass;
  if (conditions === undefined && ofClass.length === 1 && single !== undefined) return partyOf(single);
  const wanted = conditions === undefined ? [] : conditions.split(',');
  const known = CONDITIONS.filter((condition) => wanted.includes(condition));
  if (known.length !== wanted.length) throw new UsageError(option, 'welfare-office, health-centre', say.badCondition(option));
  const whole = say.ofClass(nameOfClass(agencyClass, language));
  return {
    facts: { class: agencyClass, welfareOffice: known.includes('welfare-office'), healthCentre: known.includes('health-centre') },
    name: known.length === 0 ? whole : `${whole} ${say.alone(known.map((condition) => say[condition]).join(', '))}`,
  };
}

function partyOf(agency: ReferenceAgency): Party {
  const { class: agencyClass, localGovernment, welfareOffice, healthCentre } = agency.registration;
  return {
    facts: { class: agencyClass, welfareOffice, healthCentre, ...(localGovernment === undefined ? {} : { localGovernment }) },
    name: wholeNameOf(agency),
    agency,
  };
}

/** Who is meant by CODE, NAME or CLASS. */
export function findParty(option: string, text: string, language: Language): Party {
  return classParty(option, text.normalize('NFKC'), language) ?? partyOf(findAgency(option, text, language));
}

/**
 * An agency as the core would know it, taking every assessment as published: what stands in the way besides the table is
 * known to the core alone. A class stands for one of its institutions.
 */
export function standingOfParty(party: Party, side: string): AgencyStanding {
  const assessed: ReadonlySet<string> = new Set(affairs().map(({ code }) => code));
  const { agency, facts } = party;
  if (agency !== undefined) {
    return { ...standingOf(agency.registration), ...(agency.delegatedTo === undefined ? {} : { delegatedTo: agency.delegatedTo }), assessed };
  }
  const standing = standingOf({
    code: side,
    name: party.name,
    class: facts.class,
    institution: true,
    codeHolder: true,
    welfareOffice: facts.welfareOffice === true,
    healthCentre: facts.healthCentre === true,
    placeholder: true,
    official: false,
    role: 'participant',
  });
  return { ...standing, assessed };
}

/** The holder that acts for an agency, where another does. */
export function holderStanding(party: Party): AgencyStanding | undefined {
  const holder = party.agency?.delegatedTo === undefined ? undefined : agencyOfCode(party.agency.delegatedTo);
  return holder === undefined ? undefined : standingOf(holder.registration);
}
