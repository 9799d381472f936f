import { parseAffairCode, parseInformationCode, type PermissionMatrix } from '#libs/domain';
import { type Affair, affairs, type InformationKind, informationKinds } from '#libs/reference-data';
import type { Language } from '#libs/terminal';
import { UsageError } from '../command-line/failures.js';
import { lookUp, type Named } from './lookup.js';
import { nameTexts } from './names.texts.js';
import { parseText } from './parse.js';

/** `57`, `69の2`, also written 第57の項 or ５７. */
const ITEM = /^第?(\d+(?:の\d+)*)(?:の?項)?$/;

/** The item that a text names, if it has the form of one. */
export const itemNamed = (text: string): string | undefined => ITEM.exec(text.normalize('NFKC').trim())?.[1];

function found<T>(option: string, text: string, entries: readonly Named<T>[], language: Language): T {
  const say = nameTexts(language);
  const result = lookUp(text, entries);
  switch (result.status) {
    case 'found':
      return result.entry.value;
    case 'ambiguous':
      throw new UsageError(option, 'one of them', say.ambiguous(option, text, result.count), result.candidates);
    case 'unknown':
      throw new UsageError(option, 'known', say.unknown(option, text), result.candidates);
  }
}

/** An affair by its code, by an item of that table, or by its name or a part of it. */
export function findAffair(option: string, given: string, matrix: PermissionMatrix | undefined, language: Language): Affair {
  const text = parseText(option, given, language);
  const item = itemNamed(text);
  if (item !== undefined && matrix !== undefined) {
    const code = matrix.items.find((candidate) => candidate.item === item)?.affair;
    const affair = affairs().find((candidate) => candidate.code === code);
    if (affair === undefined) throw new UsageError(option, 'an item of the table', nameTexts(language).unknownItem(option, item, matrix.version));
    return affair;
  }
  const entries = affairs().map((affair) => ({
    code: affair.code,
    name: language === 'ja' ? affair.ja : affair.en,
    alsoNamed: [affair.ja, affair.en],
    value: affair,
  }));
  if (/^JM/i.test(text)) return found(option, wellFormed(option, text, parseAffairCode), entries, language);
  return found(option, text, entries, language);
}

/** A kind of information by its code, its number, its name or a part of it, or the table's words. */
export function findInformation(option: string, given: string, language: Language): InformationKind {
  const text = parseText(option, given, language);
  const entries = informationKinds().map((kind) => ({
    code: kind.code,
    name: language === 'ja' ? kind.ja : kind.en,
    alsoNamed: [kind.ja, kind.en, ...kind.words, ...(kind.number === undefined ? [] : [String(kind.number)])],
    value: kind,
  }));
  if (/^TM/i.test(text)) return found(option, wellFormed(option, text, parseInformationCode), entries, language);
  const numbered = /^\[?(\d{1,3})\]?$/.exec(text.normalize('NFKC'))?.[1];
  const byNumber = numbered === undefined ? undefined : informationKinds().find(({ number }) => number === Number(numbered));
  return byNumber ?? found(option, text, entries, language);
}

/** The code in capitals; refuses one that has not the form. */
function wellFormed(option: string, text: string, parse: (code: string) => string): string {
  try {
    return parse(text.toUpperCase());
  } catch (error) {
    throw new UsageError(option, 'two letters and fourteen digits', `${option}: ${error instanceof Error ? error.message : ''}`);
  }
}
