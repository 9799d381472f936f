import { describe, it } from '@jest/globals';
import { scenario } from '#libs/kernel';
import { matrixDecider, type MatrixCommand } from './matrix.decider.js';
import type { MatrixEvent, MatrixItem } from './matrix.events.js';

const { given } = scenario(matrixDecider);
const item: MatrixItem = {
  version: '2017-07-18',
  item: '74',
  affair: 'JM99000000000001',
  affairName: '児童手当',
  requesterWords: '市町村長',
  requesters: [{ class: 'municipality', takesPart: true }],
  grants: [
    {
      providerWords: '市町村長',
      information: [
        {
          code: 'TM00000000000002',
          words: '地方税関係情報',
          holdingAffair: 'JM99000000000002',
          providers: [{ class: 'municipality', takesPart: true }],
          certainty: 'verified',
        },
      ],
    },
  ],
  certainty: 'inferred',
  source: 'test',
};
const rest = { effectiveFrom: '2017-07-18', itemsDigest: 'd', draft: false, certainty: 'inferred', source: 'test' } as const;
const enact = (changes: Partial<Extract<MatrixCommand, { type: 'EnactPermissionMatrix' }>['data']> = {}): MatrixCommand => ({
  type: 'EnactPermissionMatrix',
  data: { version: '2017-07-18', items: [item], ...rest, ...changes },
});
const second: MatrixItem = { ...item, item: '69の2' };
const enacted: readonly MatrixEvent[] = [
  { type: 'PermissionItemEnacted', data: item },
  { type: 'PermissionMatrixEnacted', data: { version: '2017-07-18', itemCount: 1, ...rest } },
];
const draft: readonly MatrixEvent[] = [{ type: 'PermissionMatrixEnacted', data: { version: '2017-07-18', itemCount: 1, ...rest, draft: true } }];
const repeal = (effectiveFrom: string): MatrixCommand => ({ type: 'RepealPermissionMatrix', data: { version: '2017-07-18', effectiveFrom, source: 'test' } });
const repealed: MatrixEvent = { type: 'PermissionMatrixRepealed', data: { version: '2017-07-18', effectiveFrom: '2024-05-27', source: 'test' } };

describe('enacting a version of the table', () => {
  it('records every item, and closes', () =>
    given()
      .when(enact())
      .then(...enacted));
  it('counts the items', () =>
    given()
      .when(enact({ items: [item, second] }))
      .then(
        { type: 'PermissionItemEnacted', data: item },
        { type: 'PermissionItemEnacted', data: second },
        { type: 'PermissionMatrixEnacted', data: { version: '2017-07-18', itemCount: 2, ...rest } },
      ));
  it('is done once', () =>
    given(...enacted)
      .when(enact())
      .then());
  it('refuses another content under the same version', () =>
    given(...enacted)
      .when(enact({ itemsDigest: 'e' }))
      .thenRejects('MATRIX_ALREADY_ENACTED'));
  it('refuses another day under the same version', () =>
    given(...enacted)
      .when(enact({ effectiveFrom: '2018-01-01' }))
      .thenRejects('MATRIX_ALREADY_ENACTED'));
  it('refuses no items', () =>
    given()
      .when(enact({ items: [] }))
      .thenRejects('INVALID_INPUT'));
  it('refuses an item twice', () =>
    given()
      .when(enact({ items: [item, item] }))
      .thenRejects('INVALID_INPUT'));
  it('refuses a day that is none', () =>
    given()
      .when(enact({ effectiveFrom: '2017-02-29' }))
      .thenRejects('INVALID_INPUT'));
  it('refuses a name that is none', () =>
    given()
      .when(enact({ version: 'Version 1' }))
      .thenRejects('INVALID_INPUT'));
  it.each<[string, Partial<MatrixItem>]>([
    ['an item of another version', { version: '2018-07-02' }],
    ['a number that is none', { item: '0' }],
    ['no requester', { requesters: [] }],
    ['no grants', { grants: [] }],
    ['a grant without information', { grants: [{ providerWords: '市町村長', information: [] }] }],
    ['a wrong affair', { affair: 'TM00000000000001' }],
  ])('refuses %s', (_what, changes) =>
    given()
      .when(enact({ items: [{ ...item, ...changes }] }))
      .thenRejects('INVALID_INPUT'),
  );
});

describe('repealing a version', () => {
  it('ends it from a day on', () =>
    given(...enacted)
      .when(repeal('2024-05-27'))
      .then(repealed));
  it('is done once', () =>
    given(...enacted, repealed)
      .when(repeal('2024-05-27'))
      .then());
  it('refuses another day', () =>
    given(...enacted, repealed)
      .when(repeal('2025-01-01'))
      .thenRejects('MATRIX_ALREADY_REPEALED'));
  it('refuses a day before it was in force', () =>
    given(...enacted)
      .when(repeal('2017-01-01'))
      .thenRejects('INVALID_INPUT'));
  it('refuses what was never enacted', () => given().when(repeal('2024-05-27')).thenRejects('MATRIX_NOT_FOUND'));
  it('refuses a draft', () =>
    given(...draft)
      .when(repeal('2024-05-27'))
      .thenRejects('MATRIX_IS_DRAFT'));
});
