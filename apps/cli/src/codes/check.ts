import {
  actingMunicipality,
  agencyCodeOfLocalGovernment,
  localGovernmentCheckDigit,
  parseAffairCode,
  parseAgencyCode,
  parseIndividualNumber,
  parseInformationCode,
  parseLocalGovernmentCode,
  parseProcedureCode,
  parseResidentRecordCode,
} from '#libs/domain';
import { DomainError, isUuidV7, timeOfUuidV7 } from '#libs/kernel';
import { affairs, designatedCities, informationKinds, procedures } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { agencyOfCode, wholeNameOf } from '../names/agencies.js';

export type CodeKind = 'agency' | 'local-government' | 'affair' | 'procedure' | 'information' | 'individual-number' | 'resident-record-code' | 'exchange';

export interface CodeVerdict {
  readonly kind: CodeKind;
  readonly valid: boolean;
  /** What is wrong, where it is not valid. */
  readonly rule?: string;
  /** What it names, where it is known here. */
  readonly name?: string;
  /** Of five digits: with the check digit. */
  readonly withCheckDigit?: string;
  /** Instant that an exchange id carries. */
  readonly madeAt?: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which code a text may be, by its form. */
export function kindOf(text: string): CodeKind | undefined {
  if (/^\d{16}$/.test(text)) return 'agency';
  if (/^\d{5,6}$/.test(text)) return 'local-government';
  if (/^\d{12}$/.test(text)) return 'individual-number';
  if (/^\d{11}$/.test(text)) return 'resident-record-code';
  if (/^JM/.test(text)) return 'affair';
  if (/^JT/.test(text)) return 'procedure';
  if (/^TM/.test(text)) return 'information';
  return UUID.test(text) ? 'exchange' : undefined;
}

export const isOfPerson = (kind: CodeKind): boolean => kind === 'individual-number' || kind === 'resident-record-code';

/** The name of a local government, or of the city that acts for a ward. */
function localGovernmentNamed(six: string): string | undefined {
  try {
    const agency = agencyOfCode(agencyCodeOfLocalGovernment(actingMunicipality(six, designatedCities())));
    return agency && wholeNameOf(agency);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}

const titled = <T extends { readonly code: string; readonly ja: string; readonly en: string }>(entries: readonly T[], code: string, language: Language) =>
  entries.find((entry) => entry.code === code)?.[language];

/** Parses it, throwing DomainError where it is not well formed, and says what it names. */
function examine(kind: CodeKind, text: string, language: Language): Omit<CodeVerdict, 'kind' | 'valid' | 'name'> & { readonly name?: string | undefined } {
  switch (kind) {
    case 'agency': {
      const agency = agencyOfCode(parseAgencyCode(text));
      return { name: agency && wholeNameOf(agency) };
    }
    case 'local-government': {
      const six = text.length === 5 ? `${text}${localGovernmentCheckDigit(text)}` : text;
      return { name: localGovernmentNamed(parseLocalGovernmentCode(six)), ...(text.length === 5 ? { withCheckDigit: six } : {}) };
    }
    case 'affair':
      return { name: titled(affairs(), parseAffairCode(text), language) };
    case 'procedure':
      return { name: titled(procedures(), parseProcedureCode(text), language) };
    case 'information':
      return { name: titled(informationKinds(), parseInformationCode(text), language) };
    case 'individual-number':
      parseIndividualNumber(text);
      return {};
    case 'resident-record-code':
      parseResidentRecordCode(text);
      return {};
    case 'exchange': {
      const id = text.toLowerCase();
      if (!isUuidV7(id)) throw new DomainError('INVALID_INPUT', 'invalid', 'a UUID of version 7', { rule: 'UUIDv7' });
      return { madeAt: new Date(timeOfUuidV7(id)).toISOString() };
    }
  }
}

/** Whether a code of this kind is well formed. The verdict repeats nothing of the code but what it names. */
export function checkCode(kind: CodeKind, text: string, language: Language): CodeVerdict {
  try {
    const { name, ...rest } = examine(kind, text, language);
    return { kind, valid: true, ...(name === undefined ? {} : { name }), ...rest };
  } catch (error) {
    if (error instanceof DomainError) return { kind, valid: false, rule: error.at.rule ?? error.message };
    throw error;
  }
}
