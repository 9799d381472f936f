import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { individualNumberCheckDigit, individualNumberOf, isIndividualNumber, parseIndividualNumber, parseResidentRecordCode } from './numbers.js';

const elevenDigits = fc.integer({ min: 0, max: 99_999_999_999 }).map((number) => String(number).padStart(11, '0'));

/** The rule as it is published: P_n the n-th digit from the right, Q_n = n + 1 up to 6, n − 5 from 7 on. */
function published(body: string): number {
  let sum = 0;
  for (let n = 1; n <= 11; n += 1) sum += Number(body[11 - n]) * (n <= 6 ? n + 1 : n - 5);
  return sum % 11 <= 1 ? 0 : 11 - (sum % 11);
}
const refusalOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    const { code, at, message } = error as { code: unknown; at: { field?: string }; message: string };
    expect(message).not.toMatch(/\d/);
    return [code, at.field];
  }
};

describe('the check digit of an individual number', () => {
  it('follows the published rule for every body', () => {
    fc.assert(
      fc.property(elevenDigits, (body) => void expect(individualNumberCheckDigit(body)).toBe(published(body))),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['00000000000', 0, 'remainder 0'],
    ['00000000006', 0, 'remainder 1'],
    ['00000000001', 9, 'remainder 2'],
    ['00000000005', 1, 'remainder 10'],
    ['12345678901', 8, 'all digits'],
  ])('of %s is %i (%s)', (body, digit) => {
    expect(individualNumberCheckDigit(body)).toBe(digit);
  });

  it('is one digit, so that of ten endings exactly one is right', () => {
    fc.assert(
      fc.property(elevenDigits, (body) => {
        const right = Array.from({ length: 10 }, (_, digit) => `${body}${digit}`).filter(isIndividualNumber);
        expect(right).toEqual([individualNumberOf(body)]);
      }),
    );
  });

  it('finds nearly every single mistyped digit: only a remainder of 1 beside 0 can hide one', () => {
    fc.assert(
      fc.property(elevenDigits, fc.integer({ min: 0, max: 10 }), fc.integer({ min: 1, max: 9 }), (body, place, by) => {
        const number = individualNumberOf(body);
        const digit = (Number(body[place]) + by) % 10;
        const mistyped = `${number.slice(0, place)}${digit}${number.slice(place + 1)}`;
        if (number.endsWith('0')) return;
        expect(isIndividualNumber(mistyped)).toBe(false);
      }),
    );
  });
});

describe('an individual number', () => {
  it('is refused by field and rule, without being repeated', () => {
    expect(parseIndividualNumber('123456789018')).toBe('123456789018');
    expect(refusalOf(() => parseIndividualNumber('123456789019'))).toEqual(['CHECK_DIGIT_WRONG', 'individualNumber']);
    for (const wrong of ['', '12345678901', '1234567890188', '12345678901x', '１２３４５６７８９０１８', ' 123456789018']) {
      expect(refusalOf(() => parseIndividualNumber(wrong, 'number'))).toEqual(['INVALID_INPUT', 'number']);
    }
  });
});

describe('a resident record code', () => {
  it('is eleven digits; its check digit is not examined', () => {
    expect(parseResidentRecordCode('12345678901')).toBe('12345678901');
    for (const wrong of ['', '1234567890', '123456789012', '1234567890a', '１２３４５６７８９０１']) {
      expect(refusalOf(() => parseResidentRecordCode(wrong))).toEqual(['INVALID_INPUT', 'residentRecordCode']);
    }
  });
});
