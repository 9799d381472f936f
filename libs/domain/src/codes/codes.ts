import { type AffairCode, type AgencyCode, type InformationCode, invalid, type ProcedureCode, type ServerId } from '#libs/kernel';

/** 6 digits: 全国地方公共団体コード, the last one a check digit. */
export type LocalGovernmentCode = string & { readonly localGovernment: true };

const FIVE_DIGITS = /^\d{5}$/;
const SIX_DIGITS = /^\d{6}$/;
const SIXTEEN_DIGITS = /^\d{16}$/;
/** Agency codes of local governments: `02201` + local-government code + `01700` (the split is inferred from real codes). */
const LOCAL_GOVERNMENT_AGENCY = /^02201(\d{6})01700$/;
const SERVER_ID = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const SERVER_ID_CHARACTERS_MAX = 40;

const NETWORK_CODES = {
  JM: { kind: 'affair code', pattern: /^JM\d{14}$/ },
  JT: { kind: 'procedure code', pattern: /^JT\d{14}$/ },
  TM: { kind: 'information code', pattern: /^TM\d{14}$/ },
} as const;

/** Check digit of a local-government code: weights 6 5 4 3 2; last digit of 11 − (sum mod 11). Throws INVALID_INPUT. */
export function localGovernmentCheckDigit(fiveDigits: string): number {
  if (!FIVE_DIGITS.test(fiveDigits)) throw invalid('localGovernment', 'five digits', 'the body of a local-government code is five digits');
  const sum = [6, 5, 4, 3, 2].reduce((total, weight, index) => total + weight * Number(fiveDigits[index]), 0);
  return (11 - (sum % 11)) % 10;
}

export function isLocalGovernmentCode(text: string): text is LocalGovernmentCode {
  return SIX_DIGITS.test(text) && localGovernmentCheckDigit(text.slice(0, 5)) === Number(text[5]);
}

/** Throws INVALID_INPUT naming the field where the text is not six digits, CHECK_DIGIT_WRONG where the last one is not right. */
export function parseLocalGovernmentCode(text: string, field = 'localGovernment'): LocalGovernmentCode {
  if (!SIX_DIGITS.test(text)) throw invalid(field, 'six digits', 'a local-government code is six digits');
  if (!isLocalGovernmentCode(text)) throw invalid(field, 'check digit', 'the check digit of the local-government code is wrong', 'CHECK_DIGIT_WRONG');
  return text;
}

/** 機関コード: 16 digits; where it has the form of a local government's, the code inside must hold too. */
export function parseAgencyCode(text: string, field = 'agency'): AgencyCode {
  if (!SIXTEEN_DIGITS.test(text)) throw invalid(field, 'sixteen digits', 'an agency code is sixteen digits');
  const inner = LOCAL_GOVERNMENT_AGENCY.exec(text)?.[1];
  if (inner !== undefined) parseLocalGovernmentCode(inner, field);
  return text as AgencyCode;
}

function parseNetworkCode(text: string, prefix: keyof typeof NETWORK_CODES, field: string): string {
  const { kind, pattern } = NETWORK_CODES[prefix];
  if (!pattern.test(text)) throw invalid(field, `${prefix} and fourteen digits`, `an ${kind} is ${prefix} followed by fourteen digits`);
  return text;
}

/** 事務コード. */
export const parseAffairCode = (text: string, field = 'affair'): AffairCode => parseNetworkCode(text, 'JM', field) as AffairCode;
/** 事務手続コード. */
export const parseProcedureCode = (text: string, field = 'procedure'): ProcedureCode => parseNetworkCode(text, 'JT', field) as ProcedureCode;
/** 特定個人情報名コード. */
export const parseInformationCode = (text: string, field = 'information'): InformationCode => parseNetworkCode(text, 'TM', field) as InformationCode;

/** A server's name: lower-case words joined by hyphens, e.g. `is-east`. */
export function parseServerId(text: string, field = 'server'): ServerId {
  if (text.length > SERVER_ID_CHARACTERS_MAX || !SERVER_ID.test(text)) throw invalid(field, 'lower-case words joined by hyphens', 'not the name of a server');
  return text as ServerId;
}

/** A local government's own agency code. */
export const agencyCodeOfLocalGovernment = (code: LocalGovernmentCode): AgencyCode => `02201${code}01700` as AgencyCode;

/** The local-government code inside an agency code, where it has one. */
export function localGovernmentOfAgencyCode(code: string): LocalGovernmentCode | undefined {
  const inner = LOCAL_GOVERNMENT_AGENCY.exec(code)?.[1];
  return inner !== undefined && isLocalGovernmentCode(inner) ? inner : undefined;
}

/** True for codes of the ranges that this ledger reserves for what has no published code: `99…`, `JM99…`, `JT99…`, `TM99…`. */
export const isReservedCode = (code: string): boolean => /^(?:JM|JT|TM)?99/.test(code);
