import { describe, expect, it } from '@jest/globals';
import { layoutVersions } from '#libs/reference-data';
import { illustrativeLayouts } from './illustrative-layouts.js';
import { canonicalJson, checkContent } from './layout.js';
import { exampleContentOf, layoutFor, layoutInUse, upcast } from './layouts.js';

const LAST_DAY = '2026-01-01';
const INFORMATIONS = [...Object.keys(illustrativeLayouts), 'TM99000000000077'];
const versions = layoutVersions().map(({ version }) => version);

describe('the illustrative layouts', () => {
  it('take the content of every older version into every newer one', () => {
    for (const information of INFORMATIONS) {
      for (const [at, from] of versions.entries()) {
        for (const to of versions.slice(at)) {
          const content = upcast(information, exampleContentOf(information, from), from, to);
          expect(() => checkContent(content, layoutFor(information, to, LAST_DAY))).not.toThrow();
        }
      }
    }
  });

  it('are in use from their day on', () => {
    expect(layoutInUse('2019-06-30')).toBe('2018-10');
    expect(layoutInUse('2019-07-01')).toBe('2019-06');
    expect(() => layoutFor('TM00000000000002', '2019-06', '2019-06-30')).toThrow(expect.objectContaining({ code: 'LAYOUT_NOT_YET_IN_USE' }));
    expect(() => layoutFor('TM00000000000002', '2019', '2019-07-01')).toThrow(expect.objectContaining({ code: 'LAYOUT_UNKNOWN' }));
  });

  it('refuse days that do not exist', () => {
    const layout = layoutFor('TM00000000000031', '2019-06', '2020-05-08');
    expect(() => checkContent({ insurerCode: '1', acquiredOn: '2019-02-29' }, layout)).toThrow(expect.objectContaining({ code: 'CONTENT_NOT_IN_LAYOUT' }));
    expect(() => checkContent({ insurerCode: '1', acquiredOn: '2020-02-29' }, layout)).not.toThrow();
  });

  it('are written with the names of every object in order', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: { z: 'あ', y: true } })).toBe('{"a":{"y":true,"z":"あ"},"b":[{"c":2,"d":1}]}');
  });
});
