import { describe, expect, it } from '@jest/globals';
import { parseLocalGovernmentCode } from './codes.js';
import { actingMunicipality } from './wards.js';

const designated = ['141003', '141305', '141500', '271004', '271403'].map((code) => parseLocalGovernmentCode(code));

describe('the municipality that acts for a ward', () => {
  it.each([
    ['14101', '141003', 'the first ward of Yokohama'],
    ['14118', '141003', 'the last'],
    ['14131', '141305', 'a ward of Kawasaki'],
    ['14153', '141500', 'a ward of Sagamihara'],
    ['27128', '271004', 'a ward of Osaka'],
    ['27141', '271403', 'a ward of Sakai'],
    ['141003', '141003', 'the city itself'],
    ['142018', '142018', 'another city'],
    ['131016', '131016', 'a special ward of Tokyo, a municipality of its own'],
    ['011002', '011002', 'a city'],
  ])('%s → %s: %s', (code, city) => expect(actingMunicipality(code, code === '011002' ? [parseLocalGovernmentCode(code)] : designated)).toBe(city));

  it('refuses a ward of a prefecture that has no designated city at or below it', () => {
    expect(() => actingMunicipality('02101', designated)).toThrow(expect.objectContaining({ code: 'UNKNOWN_WARD' }));
  });

  it('refuses a wrong check digit', () => {
    expect(() => actingMunicipality('141004', designated)).toThrow(expect.objectContaining({ code: 'CHECK_DIGIT_WRONG' }));
  });
});
