import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AgencyClass } from '../agency/agency-class.js';
import type { DenialCode } from './denial.js';
import { denialArticle, DENIAL_CODES, denialSentence, isDenialCode, isStatutoryException } from './denial.js';
import { diffRows, explain, explainUnder, listRows } from './explain.js';
import { affairsToAssess } from './assessments.js';
import type { ClassRule, MatrixEvent, MatrixInformation, MatrixItem, OpeningEvent } from './matrix.events.js';
import { MatrixHistory } from './matrix-history.js';
import { type MatrixQuestion, type PartyFacts, PermissionMatrix } from './permission-matrix.js';

const rule = (agencyClass: AgencyClass, more: Partial<ClassRule> = {}): ClassRule => ({ class: agencyClass, takesPart: true, ...more });
const information = (code: string, ...providers: ClassRule[]): MatrixInformation => ({
  code,
  words: `words of ${code}`,
  holdingAffair: `held ${code}`,
  providers,
  certainty: 'verified',
});
const item = (number: string, affair: string, requesters: ClassRule[], ...grants: MatrixInformation[]): MatrixItem => ({
  version: 'v1',
  item: number,
  affair,
  affairName: affair,
  requesterWords: requesters.map((one) => one.class).join(),
  requesters,
  grants: grants.map((one) => ({ providerWords: one.providers.map((provider) => provider.class).join(), information: [one] })),
  certainty: 'verified',
  source: 'test',
});
const enactment = (version: string, effectiveFrom: string, itemCount: number, draft = false) => ({
  version,
  effectiveFrom,
  itemCount,
  itemsDigest: '',
  draft,
  certainty: 'verified' as const,
  source: 'test',
});
const compile = (...items: MatrixItem[]): PermissionMatrix => PermissionMatrix.compile(enactment('v1', '2017-07-18', items.length), items);
const ask = (requester: PartyFacts | AgencyClass, affair: string, provider: PartyFacts | AgencyClass, code: string): MatrixQuestion => ({
  requester: typeof requester === 'string' ? { class: requester } : requester,
  affair,
  provider: typeof provider === 'string' ? { class: provider } : provider,
  information: code,
});

describe('one version of the table', () => {
  const table = compile(
    item('1', 'tax', [rule('municipality')], information('income', rule('municipality')), information('pension', rule('pension-service'))),
    item('2', 'tax', [rule('prefecture')], information('income', rule('municipality')), information('relief', rule('health-ministry', { takesPart: false }))),
    item('3', 'welfare', [rule('prefecture'), rule('municipality', { condition: 'welfare-office' })], information('income', rule('municipality'))),
    item('4', 'loans', [rule('social-welfare-council', { takesPart: false })], information('income', rule('municipality'))),
    item('5', 'bomb', [rule('municipality', { localGovernments: ['341002'] })], information('income', rule('prefecture', { condition: 'health-centre' }))),
  );
  const refused = (question: MatrixQuestion): DenialCode | 'permitted' => {
    const verdict = table.decide(question);
    return verdict.permitted ? 'permitted' : verdict.code;
  };

  it('cites version, item, grant and the affair under which the provider holds it', () =>
    expect(table.decide(ask('municipality', 'tax', 'pension-service', 'pension'))).toEqual({
      permitted: true,
      version: 'v1',
      item: '1',
      grant: 1,
      holdingAffair: 'held pension',
    }));
  it('tells items with the same affair apart by requester', () =>
    expect(table.decide(ask('prefecture', 'tax', 'municipality', 'income'))).toMatchObject({ permitted: true, item: '2' }));
  it('denies what only two items together would hold', () => {
    expect(table.decide(ask('prefecture', 'tax', 'pension-service', 'pension'))).toEqual({
      permitted: false,
      code: 'INFORMATION_NOT_IN_ITEM',
      version: 'v1',
      item: '2',
    });
    expect(refused(ask('municipality', 'tax', 'prefecture', 'income'))).toBe('PROVIDER_NOT_IN_ITEM');
  });
  it('denies an affair that is not in the table', () =>
    expect(table.decide(ask('prefecture', 'other', 'municipality', 'income'))).toEqual({ permitted: false, code: 'AFFAIR_NOT_IN_TABLE', version: 'v1' }));
  it('denies a requester of another kind', () =>
    expect(table.decide(ask('pension-service', 'tax', 'municipality', 'income'))).toMatchObject({ code: 'REQUESTER_NOT_IN_ITEM', item: '1' }));
  it('says so where the law names only kinds that take no part', () => {
    expect(refused(ask('prefecture', 'tax', 'pension-service', 'relief'))).toBe('NO_SUCH_INSTITUTION');
    expect(refused(ask('prefecture', 'tax', 'health-ministry', 'relief'))).toBe('NO_SUCH_INSTITUTION');
    expect(refused(ask('social-welfare-council', 'loans', 'municipality', 'income'))).toBe('NO_SUCH_INSTITUTION');
    expect(refused(ask('municipality', 'loans', 'municipality', 'income'))).toBe('NO_SUCH_INSTITUTION');
  });
  it('asks for a welfare office, a health centre, a named city where the table does', () => {
    expect(refused(ask('municipality', 'welfare', 'municipality', 'income'))).toBe('REQUESTER_NOT_IN_ITEM');
    expect(refused(ask({ class: 'municipality', welfareOffice: true }, 'welfare', 'municipality', 'income'))).toBe('permitted');
    const hiroshima: PartyFacts = { class: 'municipality', localGovernment: '341002' };
    expect(refused(ask(hiroshima, 'bomb', { class: 'prefecture', healthCentre: true }, 'income'))).toBe('permitted');
    expect(refused(ask(hiroshima, 'bomb', 'prefecture', 'income'))).toBe('PROVIDER_NOT_IN_ITEM');
    expect(refused(ask({ class: 'municipality', localGovernment: '131121' }, 'bomb', 'prefecture', 'income'))).toBe('REQUESTER_NOT_IN_ITEM');
  });
  it('lists what a class has to assess: what it asks for, and what it holds', () =>
    expect(affairsToAssess(table).get('municipality')).toEqual(['bomb', 'held income', 'tax', 'welfare']));
  it('explains a denial by what the item does name', () =>
    expect(explainUnder(table, ask('municipality', 'tax', 'pension-service', 'income'))).toMatchObject({
      permitted: false,
      code: 'PROVIDER_NOT_IN_ITEM',
      item: '1',
      granted: ['municipality → words of income', 'pension-service → words of pension'],
    }));
});

const CLASSES = ['prefecture', 'municipality', 'pension-service', 'health-ministry'] as const;
const AFFAIRS = ['a', 'b', 'c'] as const;
const CODES = ['x', 'y', 'z'] as const;
const anyRule = fc
  .record({ class: fc.constantFrom(...CLASSES), condition: fc.option(fc.constantFrom('welfare-office', 'health-centre'), { nil: undefined }) })
  .map(({ class: agencyClass, condition }): ClassRule => ({
    class: agencyClass,
    takesPart: agencyClass !== 'health-ministry',
    ...(condition === undefined ? {} : { condition }),
  }));
const anyItem = fc
  .tuple(
    fc.constantFrom(...AFFAIRS),
    fc.array(anyRule, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...CODES), fc.array(anyRule, { minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 4 }),
  )
  .map(([affair, requesters, grants]) => item('1', affair, requesters, ...grants.map(([code, providers]) => information(code, ...providers))));
const anyTable = fc.array(anyItem, { minLength: 1, maxLength: 6 }).map((items) => items.map((one, index): MatrixItem => ({ ...one, item: String(index + 1) })));
const anyParty = fc.record({ class: fc.constantFrom(...CLASSES), welfareOffice: fc.boolean(), healthCentre: fc.boolean() });
const anyQuestion = fc.record({
  requester: anyParty,
  provider: anyParty,
  affair: fc.constantFrom(...AFFAIRS, 'd'),
  information: fc.constantFrom(...CODES, 'w'),
});

const lets = (rules: readonly ClassRule[], party: PartyFacts): boolean =>
  rules.some(
    (one) =>
      one.takesPart &&
      one.class === party.class &&
      (one.condition === undefined || (one.condition === 'welfare-office' ? party.welfareOffice === true : party.healthCentre === true)),
  );

/** Straight from the law's sentence: some item holds requester, affair, provider and information. */
const naive = (items: readonly MatrixItem[], { requester, affair, provider, information: code }: MatrixQuestion): boolean =>
  items.some(
    (one) =>
      one.affair === affair &&
      lets(one.requesters, requester) &&
      one.grants.some((grant) => grant.information.some((entry) => entry.code === code && lets(entry.providers, provider))),
  );

describe('any table, any question', () => {
  it('is decided as a naive scan of the items decides it', () => {
    fc.assert(
      fc.property(anyTable, anyQuestion, (items, question) => expect(compile(...items).decide(question).permitted).toBe(naive(items, question))),
      { numRuns: 2_000 },
    );
  });

  it('cites an item and a grant that hold all four', () => {
    fc.assert(
      fc.property(anyTable, anyQuestion, (items, question) => {
        const verdict = compile(...items).decide(question);
        fc.pre(verdict.permitted);
        const cited = items.find((one) => one.item === verdict.item);
        const entry = cited?.grants[verdict.grant]?.information.find((one) => one.code === question.information && lets(one.providers, question.provider));
        expect([cited?.affair, lets(cited?.requesters ?? [], question.requester), entry?.holdingAffair]).toEqual([
          question.affair,
          true,
          verdict.holdingAffair,
        ]);
      }),
    );
  });

  it('opens nothing that is not open, and denies it only for that', () => {
    fc.assert(
      fc.property(anyTable, anyQuestion, (items, question) => {
        const closed = compile(...items).decide(question, () => false);
        expect(closed.permitted).toBe(false);
        expect(!closed.permitted && closed.code === 'NOT_YET_OPEN').toBe(naive(items, question));
      }),
    );
  });

  it('gives the same reason whatever stands in other affairs', () => {
    fc.assert(
      fc.property(anyTable, anyQuestion, (items, question) => {
        const own = items.filter((one) => one.affair === question.affair);
        fc.pre(own.length > 0);
        expect(compile(...items).decide(question)).toEqual(compile(...own).decide(question));
      }),
    );
  });
});

describe('the table over time', () => {
  const first = item('1', 'a', [rule('prefecture')], information('x', rule('municipality')));
  const added = item('2', 'b', [rule('prefecture')], information('x', rule('municipality')));
  const enact = (version: string, from: string, items: readonly MatrixItem[], draft = false): MatrixEvent[] => [
    ...items.map((one) => ({ type: 'PermissionItemEnacted' as const, data: { ...one, version } })),
    { type: 'PermissionMatrixEnacted', data: enactment(version, from, items.length, draft) },
  ];
  const open = (agencyClass: AgencyClass, from: string, ...items: string[]): OpeningEvent => ({
    type: 'OperationOpened',
    data: { class: agencyClass, items, from, stage: 'full', certainty: 'verified', source: 'test' },
  });
  const events = [
    ...enact('v2', '2018-07-02', [first, added]),
    ...enact('v1', '2017-07-18', [first]),
    ...enact('draft', '2026-06-26', [added], true),
    { type: 'PermissionMatrixRepealed' as const, data: { version: 'v2', effectiveFrom: '2024-05-27', source: 'test' } },
    open('prefecture', '2017-07-18', '1', '2'),
    open('municipality', '2017-11-13', '1'),
    open('municipality', '2019-01-01', '2'),
    open('municipality', '2019-06-01', '2'),
  ];
  const history = MatrixHistory.from(events);
  const codeOn = (affair: string, day: string): string => {
    const verdict = history.decide(ask('prefecture', affair, 'municipality', 'x'), day);
    return verdict.permitted ? verdict.version : verdict.code;
  };

  it.each([
    ['2017-07-17', undefined],
    ['2017-07-18', 'v1'],
    ['2018-07-01', 'v1'],
    ['2018-07-02', 'v2'],
    ['2024-05-26', 'v2'],
    ['2024-05-27', undefined],
    ['2026-06-26', undefined],
  ])('on %s version %s is in force', (day, version) => expect(history.on(day)?.version).toBe(version));

  it('decides by the version of the day and by what is open on it', () => {
    expect(codeOn('a', '2017-07-17')).toBe('NO_TABLE_IN_FORCE');
    expect(codeOn('a', '2017-11-12')).toBe('NOT_YET_OPEN');
    expect(codeOn('a', '2017-11-13')).toBe('v1');
    expect(codeOn('b', '2018-07-01')).toBe('AFFAIR_NOT_IN_TABLE');
    expect(codeOn('b', '2018-12-31')).toBe('NOT_YET_OPEN');
    expect(codeOn('b', '2019-01-01')).toBe('v2');
    expect(codeOn('b', '2024-05-27')).toBe('NO_TABLE_IN_FORCE');
  });

  it('does not count a version that is not closed, or lacks an item', () => {
    expect(MatrixHistory.from(enact('v1', '2017-07-18', [first, added]).slice(0, 2)).list()).toEqual([]);
    expect(MatrixHistory.from(enact('v1', '2017-07-18', [first, added]).slice(1)).list()).toEqual([]);
  });

  it('keeps drafts out of force, and at hand', () => {
    expect(history.version('draft')?.draft).toBe(true);
    expect(history.list().map(({ matrix, until }) => [matrix.version, until])).toEqual([
      ['v1', '2018-07-02'],
      ['v2', '2024-05-27'],
      ['draft', undefined],
    ]);
  });

  it('tells the revisions that a decision rests on', () => {
    expect([history.matrixRevision('v1'), history.matrixRevision('v2'), history.matrixRevision('none')]).toEqual([1, 3, -1]);
    expect([history.openingRevision('municipality'), history.openingRevision('prefecture'), history.openingRevision('union')]).toEqual([2, 0, -1]);
  });

  it('is the same read at once or piece by piece', () => {
    const pieces = [events.slice(0, 3), events.slice(3, 7), events.slice(7)].reduce((known, part) => known.with(part), MatrixHistory.empty);
    expect(pieces.list().map(({ matrix }) => matrix.items)).toEqual(history.list().map(({ matrix }) => matrix.items));
    for (const day of ['2017-07-18', '2018-07-02', '2019-01-01', '2024-05-27']) {
      expect(pieces.decide(ask('prefecture', 'b', 'municipality', 'x'), day)).toEqual(history.decide(ask('prefecture', 'b', 'municipality', 'x'), day));
    }
  });

  it('takes, of two versions from the same day, the one recorded later', () => {
    const twice = MatrixHistory.from([...enact('v1', '2017-07-18', [first]), ...enact('v1b', '2017-07-18', [added])]);
    expect(twice.on('2017-07-18')?.version).toBe('v1b');
  });

  it('explains in both languages with the article of the day', () => {
    expect(explain(history, ask('prefecture', 'a', 'municipality', 'x'), '2018-07-02')).toMatchObject({
      permitted: true,
      code: 'PERMITTED',
      article: '番号法19条7号',
      item: '1',
      providerWords: 'municipality',
      informationWords: 'words of x',
    });
    expect(explain(history, ask('prefecture', 'a', 'municipality', 'x'), '2021-09-01').article).toBe('番号法19条8号');
    expect(explain(history, ask('prefecture', 'a', 'municipality', 'x'), '2017-07-18')).toMatchObject({
      permitted: false,
      code: 'NOT_YET_OPEN',
      sentence: { ja: expect.stringContaining('運用'), en: expect.stringContaining('not yet open') },
    });
  });

  it('lists rows and tells two versions apart', () => {
    const [v1, v2] = [history.version('v1'), history.version('v2')];
    if (v1 === undefined || v2 === undefined) throw new Error('missing');
    expect(listRows(v2).map((row) => row.item)).toEqual(['1', '2']);
    expect(diffRows(v1, v2)).toMatchObject([{ change: 'added', item: '2', informationCode: 'x' }]);
    expect(diffRows(v2, v1)).toMatchObject([{ change: 'removed', item: '2' }]);
    expect(diffRows(v1, v1)).toEqual([]);
  });
});

describe('denials', () => {
  it.each(DENIAL_CODES)('%s cites an article on every day and has a sentence in both languages', (code) => {
    for (const day of ['2017-01-01', '2017-07-18', '2020-05-08', '2021-09-01', '2024-05-27', '2026-06-26']) expect(denialArticle(code, day)).toMatch(/番号法/);
    expect(denialSentence(code, 'ja')).toMatch(/。$/);
    expect(denialSentence(code, 'en')).toMatch(/^[A-Z].*\.$/);
    expect(isDenialCode(code)).toBe(true);
  });
  it('cite the articles of their day', () => {
    expect(['2020-05-08', '2021-09-01', '2024-05-27'].map((day) => denialArticle('AFFAIR_NOT_IN_TABLE', day))).toEqual([
      '番号法19条7号・21条2項1号、別表第二',
      '番号法19条8号・21条2項1号、別表第二',
      '番号法19条8号、令和6年デジタル庁・総務省令第9号2条の表',
    ]);
    expect(denialArticle('ASSESSMENT_UNPUBLISHED_PROVIDER', '2020-05-08')).toBe('番号法21条2項2号・28条');
  });
  it('are exceptions of art. 21(2) only where it names them', () => {
    expect(DENIAL_CODES.filter(isStatutoryException)).toEqual([
      'NOT_A_PARTICIPANT',
      'ANSWER_ONLY',
      'NO_TABLE_IN_FORCE',
      'AFFAIR_NOT_IN_TABLE',
      'REQUESTER_NOT_IN_ITEM',
      'INFORMATION_NOT_IN_ITEM',
      'PROVIDER_NOT_IN_ITEM',
      'ASSESSMENT_UNPUBLISHED_REQUESTER',
      'ASSESSMENT_UNPUBLISHED_PROVIDER',
    ]);
    expect(isDenialCode('toString')).toBe(false);
  });
});
