import { type Branded, invalid } from '#libs/kernel';

/** 12 digits, the last one a check digit (個人番号). */
export type IndividualNumber = Branded<'IndividualNumber'>;
/** 11 digits (住民票コード). */
export type ResidentRecordCode = Branded<'ResidentRecordCode'>;

const ELEVEN_DIGITS = /^\d{11}$/;
const TWELVE_DIGITS = /^\d{12}$/;
/** For the digits from the left; the published Q_n counts them from the right (domain.md §7). */
const WEIGHTS = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2] as const;

/**
 * Check digit of an individual number's first eleven digits (平成26年総務省令第85号5条): r = Σ digit × weight mod 11; 0 where
 * r ≤ 1, otherwise 11 − r. Throws INVALID_INPUT.
 */
export function individualNumberCheckDigit(elevenDigits: string): number {
  if (!ELEVEN_DIGITS.test(elevenDigits)) throw invalid('individualNumber', 'eleven digits', 'the body of an individual number is eleven digits');
  const remainder = WEIGHTS.reduce((sum, weight, index) => sum + weight * Number(elevenDigits[index]), 0) % 11;
  return remainder <= 1 ? 0 : 11 - remainder;
}

/** The number with this body: how the registry makes one from eleven random digits. Throws INVALID_INPUT. */
export const individualNumberOf = (elevenDigits: string): IndividualNumber => `${elevenDigits}${individualNumberCheckDigit(elevenDigits)}` as IndividualNumber;

export function isIndividualNumber(text: string): text is IndividualNumber {
  return TWELVE_DIGITS.test(text) && individualNumberCheckDigit(text.slice(0, 11)) === Number(text[11]);
}

/** Throws INVALID_INPUT naming the field where the text is not twelve digits, CHECK_DIGIT_WRONG where the last one is not right. */
export function parseIndividualNumber(text: string, field = 'individualNumber'): IndividualNumber {
  if (!TWELVE_DIGITS.test(text)) throw invalid(field, 'twelve digits', 'an individual number is twelve digits');
  if (!isIndividualNumber(text)) throw invalid(field, 'check digit', 'the check digit of the individual number is wrong', 'CHECK_DIGIT_WRONG');
  return text;
}

/**
 * Eleven digits. The last is a check digit by a formula that is not public here (住民基本台帳法施行規則1条), so length and
 * digits are all that is examined: a mistyped code may pass. Throws INVALID_INPUT naming the field.
 */
export function parseResidentRecordCode(text: string, field = 'residentRecordCode'): ResidentRecordCode {
  if (!ELEVEN_DIGITS.test(text)) throw invalid(field, 'eleven digits', 'a resident record code is eleven digits (its check digit is not examined)');
  return text as ResidentRecordCode;
}
