import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  agencyCodeOfLocalGovernment,
  isLocalGovernmentCode,
  isReservedCode,
  localGovernmentCheckDigit,
  localGovernmentOfAgencyCode,
  parseAffairCode,
  parseAgencyCode,
  parseInformationCode,
  parseLocalGovernmentCode,
  parseProcedureCode,
  parseServerId,
} from './codes.js';

const fiveDigits = fc.integer({ min: 0, max: 99_999 }).map((number) => String(number).padStart(5, '0'));

describe('local-government codes', () => {
  it.each([
    ['13112', 1],
    ['01000', 6],
    ['14130', 5],
    ['27100', 4],
  ])('ends %s with %i', (body, digit) => expect(localGovernmentCheckDigit(body)).toBe(digit));

  it('agrees with the published rule: last digit of 11 − (sum mod 11), and 11 − sum below 11', () => {
    fc.assert(
      fc.property(fiveDigits, (body) => {
        const [a, b, c, d, e] = [...body].map(Number) as [number, number, number, number, number];
        const sum = 6 * a + 5 * b + 4 * c + 3 * d + 2 * e;
        const published = sum < 11 ? String(11 - sum).slice(-1) : String(11 - (sum % 11)).slice(-1);
        expect(String(localGovernmentCheckDigit(body))).toBe(published);
      }),
    );
  });

  it('takes one last digit of ten', () => {
    fc.assert(fc.property(fiveDigits, (body) => expect([...'0123456789'].filter((digit) => isLocalGovernmentCode(body + digit))).toHaveLength(1)));
  });

  it('refuses a wrong check digit, another length and other characters', () => {
    expect(() => parseLocalGovernmentCode('131122')).toThrow(expect.objectContaining({ code: 'CHECK_DIGIT_WRONG', kind: 'invalid' }));
    for (const text of ['', '13112', '1311211', '13112a', '１３１１２１']) {
      expect(() => parseLocalGovernmentCode(text, 'city')).toThrow(
        expect.objectContaining({ code: 'INVALID_INPUT', at: { field: 'city', rule: 'six digits' } }),
      );
    }
    expect(() => localGovernmentCheckDigit('123456')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('codes of the network', () => {
  it('makes an agency code of a local government and finds it again', () => {
    const code = agencyCodeOfLocalGovernment(parseLocalGovernmentCode('131121'));
    expect(code).toBe('0220113112101700');
    expect(parseAgencyCode(code)).toBe(code);
    expect(localGovernmentOfAgencyCode(code)).toBe('131121');
    expect(localGovernmentOfAgencyCode('9900120000010000')).toBeUndefined();
  });

  it('refuses an agency code that is not sixteen digits, or holds a wrong local-government code', () => {
    for (const text of ['', '022011311210170', '02201131121017000', '02201131121O1700']) {
      expect(() => parseAgencyCode(text, 'provider')).toThrow(expect.objectContaining({ at: { field: 'provider', rule: 'sixteen digits' } }));
    }
    expect(() => parseAgencyCode('0220113112201700')).toThrow(expect.objectContaining({ code: 'CHECK_DIGIT_WRONG' }));
  });

  it.each([
    ['affair', parseAffairCode, 'JM99000000000001'],
    ['procedure', parseProcedureCode, 'JT99000000000001'],
    ['information', parseInformationCode, 'TM00000000000002'],
  ])('takes an %s code of its own kind only', (field, parse, code) => {
    expect(parse(code)).toBe(code);
    for (const text of ['', code.slice(0, 15), `${code}0`, `XX${code.slice(2)}`, code.toLowerCase()]) {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT', at: expect.objectContaining({ field }) }));
    }
  });

  it('never repeats the input in a refusal', () => {
    expect(() => parseAgencyCode('123456789012')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('123456789012') }));
  });

  it('tells reserved codes from the network’s own', () => {
    expect(['9900120000010000', 'TM99000000000001', 'JM99000000000001', 'JT99000000000001'].map(isReservedCode)).toEqual([true, true, true, true]);
    expect(['0220113112101700', 'TM00000000000002'].map(isReservedCode)).toEqual([false, false]);
  });

  it('names servers by lower-case words', () => {
    expect(parseServerId('is-east')).toBe('is-east');
    for (const text of ['', 'IS-east', 'is--east', '-east', 'is_east', 'a'.repeat(41)]) {
      expect(() => parseServerId(text)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    }
  });
});
