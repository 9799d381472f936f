import { describe, expect, it } from '@jest/globals';
import { referenceEnactments } from '#libs/reference-data';
import { AFFAIR, item, RESIDENT, standardItems, TAX } from './history.fixture.js';
import { readTable } from './table-file.js';

const table = { version: 'draft-1', effectiveFrom: '2026-06-26', certainty: 'assumed', source: 'test', items: standardItems('draft-1') };
const read = (changed: object): unknown => readTable(JSON.stringify({ ...table, ...changed }));
const [first] = table.items;

describe('a table from a file', () => {
  it('is every version that is shipped, with the digest that its enactment cites', () => {
    for (const enactment of referenceEnactments()) expect(readTable(JSON.stringify(enactment))).toEqual(enactment);
  });

  it('is a draft where nothing else is said', () => {
    expect(readTable(JSON.stringify(table))).toMatchObject({ draft: true, version: 'draft-1', items: table.items });
  });

  it.each([
    ['no JSON', 'nothing', 'the file'],
    ['no object', '[]', 'the file'],
    ['no items', JSON.stringify({ ...table, items: undefined }), 'items'],
    ['an unknown field', JSON.stringify({ ...table, titel: 'x' }), 'titel'],
    ['a day that is none', JSON.stringify({ ...table, effectiveFrom: '2026-02-30' }), 'effectiveFrom'],
    ['a version that is no name', JSON.stringify({ ...table, version: '別表' }), 'version'],
    ['an item without a field', JSON.stringify({ ...table, items: [{ ...first, affair: undefined }] }), 'items[0].affair'],
    ['an item of another version', JSON.stringify({ ...table, items: standardItems('draft-2') }), 'items.74'],
    ['an affair that has no code', JSON.stringify({ ...table, items: [{ ...first, affair: 'JM1' }] }), 'items.74.affair'],
  ])('is refused with %s, by the field', (_, text, field) => {
    expect(() => readTable(text)).toThrow(
      expect.objectContaining({ code: 'TABLE_MALFORMED', kind: 'invalid', at: expect.objectContaining({ field }) as never }),
    );
  });

  it('is refused where it grants to a class that is not known', () => {
    const requesters = [{ class: 'ministry-of-magic', takesPart: true }];
    const at = { field: 'items[0].requesters[0].class' };
    expect(() => read({ items: [{ ...first, requesters }] })).toThrow(
      expect.objectContaining({ code: 'TABLE_CLASS_UNKNOWN', at: expect.objectContaining(at) as never }),
    );
    const providers = JSON.parse(
      JSON.stringify(first).replace('"class":"municipality","takesPart":true}],"certainty"', '"class":"guild","takesPart":true}],"certainty"'),
    ) as object;
    expect(() => read({ items: [providers] })).toThrow(expect.objectContaining({ code: 'TABLE_CLASS_UNKNOWN' }));
  });

  it('is refused where it overlaps: an item, a requester, or a grant twice', () => {
    const overlaps = expect.objectContaining({ code: 'TABLE_OVERLAPS', kind: 'invalid' }) as never;
    expect(() => read({ items: [first, first] })).toThrow(expect.objectContaining({ code: 'TABLE_OVERLAPS' }));
    expect(() => read({ items: [{ ...first, requesters: [...(first?.requesters ?? []), ...(first?.requesters ?? [])] }] })).toThrow(overlaps);
    expect(() => read({ items: [{ ...first, grants: [...(first?.grants ?? []), ...(first?.grants ?? [])] }] })).toThrow(overlaps);
    expect(() =>
      read({ items: [item('draft-1', '74', AFFAIR, 'municipality', [TAX, RESIDENT]), item('draft-1', '75', AFFAIR, 'municipality', [TAX])] }),
    ).toThrow(overlaps);
    expect(read({ items: [item('draft-1', '74', AFFAIR, 'municipality', [RESIDENT]), item('draft-1', '75', AFFAIR, 'municipality', [TAX])] })).toMatchObject({
      items: [{ item: '74' }, { item: '75' }],
    });
  });
});
