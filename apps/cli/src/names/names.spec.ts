import { describe, expect, it } from '@jest/globals';
import { shellWord } from '../token/token.command.js';
import { findAgency, findParty } from './agencies.js';
import { parseInstant } from './instant.js';
import { likeness, lookUp } from './lookup.js';
import { findAffair, findInformation, itemNamed } from './matter.js';
import { newestInForce } from '../matrix/which-table.js';

const named = (name: string, ...alsoNamed: string[]) => ({ code: name, name, alsoNamed, value: name });
const codeOf = (text: string): string => findAgency('--who', text, 'en').registration.code;

describe('names', () => {
  it('are found whole before in part, and only where one entry fits', () => {
    const entries = [named('child allowance'), named('special child allowance'), named('pension', '年金')];
    expect(lookUp('Child  Allowance', entries)).toMatchObject({ status: 'found', entry: { code: 'child allowance' } });
    expect(lookUp('allowance', entries)).toMatchObject({ status: 'ambiguous', count: 2 });
    expect(lookUp('special', entries)).toMatchObject({ status: 'found' });
    expect(lookUp('年', entries)).toMatchObject({ status: 'found', entry: { code: 'pension' } });
    expect(lookUp('pensoin', entries)).toMatchObject({ status: 'unknown', candidates: [{ code: 'pension' }] });
    expect(lookUp('', entries)).toEqual({ status: 'unknown', candidates: [] });
  });

  it('are alike by their neighbouring characters', () => {
    expect(likeness('札幌市', '札幌市')).toBe(1);
    expect(likeness('札幌市', '札幌')).toBeCloseTo(2 / 3);
    expect(likeness('札幌市', '青森県')).toBe(0);
    expect(likeness('', '')).toBe(0);
  });

  it.each([
    ['its code', '0220113206301700'],
    ['its local-government code', '132063'],
    ['five digits', '13206'],
    ['full-width digits', '１３２０６３'],
    ['its name with the prefecture', '東京都府中市'],
  ])('lead to an agency by %s', (_what, text) => {
    expect(codeOf(text)).toBe('0220113206301700');
  });

  it('of a ward lead to its city', () => {
    expect(codeOf('01101')).toBe(codeOf('札幌市'));
  });

  it.each([
    ['a wrong check digit', '132064'],
    ['no agency', '0220199999901700'],
    ['two cities', '府中市'],
    ['nothing', ''],
  ])('are refused for %s', (_what, text) => {
    expect(() => codeOf(text)).toThrow(expect.objectContaining({ name: 'UsageError', option: '--who' }));
  });

  it('of a class stand for all of it, with what they have', () => {
    expect(findParty('--who', 'municipality', 'en')).toMatchObject({ facts: { class: 'municipality', welfareOffice: false } });
    expect(findParty('--who', '市区町村:welfare-office,health-centre', 'ja')).toMatchObject({ facts: { welfareOffice: true, healthCentre: true } });
    expect(findParty('--who', 'pension-service', 'en')).toMatchObject({ agency: { registration: { name: '日本年金機構' } } });
    expect(() => findParty('--who', 'municipality:hospital', 'en')).toThrow(expect.objectContaining({ name: 'UsageError' }));
  });
});

describe('what is asked', () => {
  const { matrix } = newestInForce();

  it.each([
    ['57', '57'],
    ['69の2', '69の2'],
    ['第５７の項', '57'],
    ['16の3の項', '16の3'],
    ['JM99000000000053', undefined],
    ['児童手当', undefined],
  ])('%s names the item %s', (text, item) => {
    expect(itemNamed(text)).toBe(item);
  });

  it('is an affair by item, code and name', () => {
    const affair = findAffair('--affair', '57', matrix, 'ja');
    expect(findAffair('--affair', affair.code.toLowerCase(), matrix, 'ja')).toBe(affair);
    expect(findAffair('--affair', affair.ja, matrix, 'en')).toBe(affair);
    expect(findAffair('--affair', affair.en, matrix, 'en')).toBe(affair);
    expect(() => findAffair('--affair', '900', matrix, 'en')).toThrow('has no item 900');
  });

  it('is information by code, number, name and the words of the table', () => {
    for (const text of ['TM00000000000002', 'tm00000000000002', '2', '[2]', '地方税の課税情報', '地方税関係情報', 'local tax']) {
      expect(findInformation('--information', text, 'en').code).toBe('TM00000000000002');
    }
    expect(() => findInformation('--information', 'TM2', 'en')).toThrow(expect.objectContaining({ name: 'UsageError' }));
    expect(() => findInformation('--information', '児童扶養手当', 'en')).toThrow(
      expect.objectContaining({ candidates: expect.arrayContaining([expect.anything()]) }),
    );
  });
});

describe('instants', () => {
  it.each([
    ['2020-05-08', '2020-05-07T15:00:00.000Z'],
    ['2020-05-08T00:00Z', '2020-05-08T00:00:00.000Z'],
    ['2020-05-08T00:00:00.120Z', '2020-05-08T00:00:00.120Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseInstant('--from', text, 'x')).toBe(instant);
  });
  it.each(['2020-02-30', '2020-02-30T00:00Z', 'yesterday', '2020', '2020-05-08T25:00Z'])('%s is none', (text) => {
    expect(() => parseInstant('--from', text, 'no instant')).toThrow('no instant');
  });
});

describe('words of a shell', () => {
  it.each([
    ['plain-1.json', 'plain-1.json'],
    ['a b', "'a b'"],
    ["it's", "'it'\\''s'"],
    ['$(x)', "'$(x)'"],
    ['', "''"],
  ])('%s is written %s', (text, word) => {
    expect(shellWord(text)).toBe(word);
  });
});
