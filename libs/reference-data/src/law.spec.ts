import { describe, expect, it } from '@jest/globals';
import {
  affairsToAssess,
  type AgencyClass,
  diffRows,
  explain,
  hasMembers,
  type MatrixItem,
  matrixEventTypes,
  type PartyFacts,
  type PermissionMatrix,
} from '#libs/domain';
import { EventRegistry } from '#libs/kernel';
import fc from 'fast-check';
import { affairs, informationKinds } from './codes-and-names.js';
import { itemsDigest, referenceEnactments, referenceHistory, referenceOpenings, referenceRepeals, unreadOfDraft2026 } from './matrix-versions.js';

const history = referenceHistory();
const MAY_2020 = '2020-05-08';
const affairOf = (item: string): string => affairs().find(({ items }) => items.includes(item))?.code ?? 'missing';
const codeOf = (words: string): string => informationKinds().find((kind) => kind.words.includes(words))?.code ?? 'missing';
const matrix = (version: string): PermissionMatrix => {
  const found = history.version(version);
  if (found === undefined) throw new Error(`no version ${version}`);
  return found;
};

const CITY: PartyFacts = { class: 'municipality', welfareOffice: true };
const TOWN: PartyFacts = { class: 'municipality', welfareOffice: false };
const of = (agencyClass: AgencyClass): PartyFacts => ({ class: agencyClass });
const PENSION = of('pension-service');
const TAX = '地方税関係情報';
const RESIDENT = '住民票関係情報';

/** The item that permits it, or the code of the denial. */
function asked(requester: PartyFacts, item: string, provider: PartyFacts, words: string, day = MAY_2020): string {
  const verdict = history.decide({ requester, affair: affairOf(item), provider, information: codeOf(words) }, day);
  return verdict.permitted ? verdict.item : verdict.code;
}

describe('child allowance (74)', () => {
  it('lets a municipality ask another for tax facts, and since 2018-07-02 for resident facts', () => {
    expect(asked(CITY, '74', CITY, TAX)).toBe('74');
    expect(asked(TOWN, '74', TOWN, TAX)).toBe('74');
    expect(asked(CITY, '74', CITY, RESIDENT)).toBe('74');
    expect(asked(CITY, '74', CITY, RESIDENT, '2018-07-02')).toBe('74');
    expect(asked(CITY, '74', CITY, RESIDENT, '2018-07-01')).toBe('INFORMATION_NOT_IN_ITEM');
    expect(asked(CITY, '74', CITY, TAX, '2018-07-01')).toBe('74');
  });
  it('denies the wrong kind of provider and of requester', () => {
    expect(asked(CITY, '74', PENSION, TAX)).toBe('PROVIDER_NOT_IN_ITEM');
    expect(asked(of('prefecture'), '74', CITY, TAX)).toBe('REQUESTER_NOT_IN_ITEM');
  });
});

describe('single-parent allowance (57)', () => {
  it.each([
    [CITY, RESIDENT],
    [CITY, TAX],
    [of('prefecture'), '障害者関係情報'],
    [of('prefecture'), '特別児童扶養手当関係情報'],
    [PENSION, '児扶手法3条2項の公的年金給付の支給に関する情報'],
  ])('asks %j for %s', (provider, words) => expect(asked(CITY, '57', provider, words)).toBe('57'));
  it('does not hold the allowance’s own certificate, which 26 and 116 do', () => {
    expect(asked(CITY, '57', CITY, '児童扶養手当関係情報')).toBe('INFORMATION_NOT_IN_ITEM');
    expect(asked(CITY, '26', CITY, '児童扶養手当関係情報')).toBe('26');
    expect(asked(CITY, '116', CITY, '児童扶養手当関係情報')).toBe('116');
  });
  it('belongs to prefectures, cities and wards, and to a town with a welfare office', () => {
    expect(asked(of('prefecture'), '57', CITY, TAX)).toBe('57');
    expect(asked(TOWN, '57', CITY, TAX)).toBe('REQUESTER_NOT_IN_ITEM');
    expect(asked({ ...TOWN, welfareOffice: true }, '57', CITY, TAX)).toBe('57');
    expect(asked(CITY, '116', TOWN, '児童扶養手当関係情報')).toBe('PROVIDER_NOT_IN_ITEM');
  });
});

describe('sickness allowance (3) and workers’ compensation (7)', () => {
  const society = of('health-insurance-society');
  it('asks the pension service and, under art. 55, the accident fund; not for workers’ compensation facts', () => {
    expect(asked(society, '3', PENSION, '年金給付関係情報')).toBe('3');
    expect(asked(society, '3', of('local-accident-fund'), '健保法55条の他法令給付の支給に関する情報')).toBe('3');
    expect(asked(society, '3', of('labour-standards-bureau'), '労働者災害補償関係情報')).toBe('INFORMATION_NOT_IN_ITEM');
  });
  it('lets the labour standards bureau ask the pension service', () =>
    expect(asked(of('labour-standards-bureau'), '7', PENSION, '国民年金法その他法令の年金給付の支給に関する情報')).toBe('7'));
  it('is not the fund’s: it acts for insurers, and is none', () =>
    expect(asked(of('payment-fund'), '3', PENSION, '年金給付関係情報')).toBe('REQUESTER_NOT_IN_ITEM'));
});

describe('nursery fees (116), livelihood protection (26), bulk affairs', () => {
  it.each<[string, PartyFacts, PartyFacts, string]>([
    ['116', TOWN, CITY, TAX],
    ['116', TOWN, CITY, RESIDENT],
    ['116', TOWN, CITY, '生活保護関係情報'],
    ['116', TOWN, of('prefecture'), '障害者関係情報'],
    ['116', TOWN, of('prefecture'), '特別児童扶養手当関係情報'],
    ['26', CITY, of('employment-security-bureau'), '失業等給付関係情報'],
    ['26', CITY, of('labour-standards-bureau'), '労働者災害補償関係情報'],
    ['27', CITY, CITY, TAX],
    ['28', of('prefecture'), CITY, TAX],
    ['94', CITY, CITY, TAX],
    ['113', of('prefecture'), CITY, TAX],
    ['113', of('education-ministry'), CITY, TAX],
    ['117', PENSION, CITY, TAX],
    ['106', of('student-services'), CITY, TAX],
    ['37', of('prefecture-board'), CITY, '生活保護関係情報'],
    ['108', CITY, of('prefecture'), '障害者関係情報'],
    ['108', CITY, PENSION, '障害基礎年金の支給に関する情報'],
    ['92', of('japan-railway-mutual-aid'), CITY, TAX],
  ])('item %s lets %j ask %j for %s', (item, requester, provider, words) => expect(asked(requester, item, provider, words)).toBe(item));

  it('what 2020 added is not there in 2019', () => {
    expect(asked(of('prefecture-board'), '37', CITY, '生活保護関係情報', '2020-03-31')).toBe('INFORMATION_NOT_IN_ITEM');
    expect(asked(CITY, '108', of('prefecture'), '障害者関係情報', '2020-03-31')).toBe('INFORMATION_NOT_IN_ITEM');
    expect(asked(CITY, '16の2', CITY, '予防接種の実施に関する情報', '2020-03-31')).toBe('AFFAIR_NOT_IN_TABLE');
    expect(asked(CITY, '16の2', CITY, '予防接種の実施に関する情報', '2020-04-01')).toBe('16の2');
  });
});

describe('pensions (35, 48)', () => {
  it.each(['35', '48'])('item %s is not open to the pension service before 2019-06-17', (item) => {
    expect(asked(PENSION, item, CITY, RESIDENT, '2019-06-16')).toBe('NOT_YET_OPEN');
    expect(asked(PENSION, item, CITY, RESIDENT, '2019-06-17')).toBe(item);
    expect(asked(PENSION, item, CITY, RESIDENT)).toBe(item);
  });
  it('opens the pension service as provider with the extension of 2019-10-30', () => {
    expect(asked(CITY, '75', PENSION, '年金給付関係情報', '2019-10-29')).toBe('NOT_YET_OPEN');
    expect(asked(CITY, '75', PENSION, '年金給付関係情報', '2019-10-30')).toBe('75');
  });
  it('leaves nothing of the 2020 table closed to a class that stands in it, but 69の2', () => {
    const closed = matrix('2020-04-01').items.flatMap(({ item, requesters, grants }) =>
      [...requesters, ...grants.flatMap((grant) => grant.information.flatMap((one) => one.providers))].flatMap((rule) => {
        const from = history.openFrom(rule.class, item);
        return rule.takesPart && (from === undefined || from > MAY_2020) ? [`${rule.class} ${item}`] : [];
      }),
    );
    expect(new Set(closed)).toEqual(new Set(['municipality 69の2']));
  });
  it('names the pension service wherever pensions are asked of the minister', () => {
    const items = ['1', '4', '29', '35', '46', '47', '48', '49', '50', '83', '84', '91', '95', '101', '107', '111', '112', '117'];
    const asks = matrix('2020-04-01').items.filter(({ requesters }) => requesters.some((rule) => rule.class === 'pension-service'));
    expect(asks.map(({ item }) => item)).toEqual(items);
    expect(referenceOpenings().find(({ from }) => from === '2019-06-17')?.items).toEqual(items);
  });
});

describe('refusals', () => {
  it('says not yet open for maternal and child health (69の2) until June 2020', () => {
    expect(asked(CITY, '69の2', CITY, '母子保健法 健康診査等に関する情報')).toBe('NOT_YET_OPEN');
    expect(asked(CITY, '69の2', CITY, '母子保健法 健康診査等に関する情報', '2020-06-15')).toBe('69の2');
  });
  it('denies an affair that no item has', () => {
    const verdict = history.decide({ requester: CITY, affair: affairOf('missing'), provider: CITY, information: codeOf(TAX) }, MAY_2020);
    expect(verdict).toMatchObject({ permitted: false, code: 'AFFAIR_NOT_IN_TABLE' });
  });
  it('has no table in force before the trial and after the repeal', () => {
    expect(asked(CITY, '74', CITY, TAX, '2017-07-17')).toBe('NO_TABLE_IN_FORCE');
    expect(asked(CITY, '74', CITY, TAX, '2017-07-18')).toBe('74');
    expect(asked(CITY, '74', CITY, TAX, '2024-05-26')).toBe('74');
    expect(asked(CITY, '74', CITY, TAX, '2024-05-27')).toBe('NO_TABLE_IN_FORCE');
    expect(asked(CITY, '74', CITY, TAX, '2026-07-01')).toBe('NO_TABLE_IN_FORCE');
  });
  it('says lawful but no such institution where the provider’s kind has no members', () => {
    expect(asked(CITY, '26', of('labour-standards-bureau'), '戦傷病者戦没者遺族等援護関係情報')).toBe('NO_SUCH_INSTITUTION');
    expect(asked(CITY, '26', of('social-welfare-council'), '生活福祉資金（生計困難者への無利子・低利貸付）の実施に関する情報')).toBe('NO_SUCH_INSTITUTION');
  });
  it('says so for the items whose requesters take no part, and no others', () => {
    const none = matrix('2020-04-01').items.filter(({ requesters }) => requesters.every((rule) => !rule.takesPart));
    const expected = ['21', '30', '32', '51', '52', '73', '86', '88', '98', '99', '100', '102', '104', '105', '115', '118', '119'];
    expect(none.map(({ item }) => item)).toEqual(expected);
    for (const item of expected) expect(asked(CITY, item, CITY, TAX)).toBe('NO_SUCH_INSTITUTION');
  });
  it('does not know the tax agency or the portal in any item', () => {
    expect(asked(of('national-tax-agency'), '27', CITY, TAX)).toBe('REQUESTER_NOT_IN_ITEM');
    expect(asked(CITY, '27', of('national-tax-agency'), TAX)).toBe('PROVIDER_NOT_IN_ITEM');
  });
  it('lets only Hiroshima and Nagasaki ask what is theirs', () => {
    expect(asked({ class: 'municipality', localGovernment: '341002' }, '89', CITY, RESIDENT)).toBe('89');
    expect(asked({ class: 'municipality', localGovernment: '422011' }, '89', CITY, RESIDENT)).toBe('89');
    expect(asked({ class: 'municipality', localGovernment: '131121' }, '89', CITY, RESIDENT)).toBe('REQUESTER_NOT_IN_ITEM');
  });
});

describe('the versions', () => {
  it('have 120 live items in 2017 and 126 from 2020-04-01; item 36 is deleted', () => {
    expect(referenceEnactments().map(({ version, items }) => [version, items.length])).toEqual([
      ['2017-07-18', 120],
      ['2018-07-02', 120],
      ['2020-04-01', 126],
      ['draft-2026-06-26', 99],
    ]);
    expect(matrix('2020-04-01').items.some(({ item }) => item === '36')).toBe(false);
    expect(referenceRepeals()).toEqual([expect.objectContaining({ version: '2020-04-01', effectiveFrom: '2024-05-27' })]);
  });
  it('differ by what their changes say', () => {
    const added = (before: string, after: string): string[] =>
      diffRows(matrix(before), matrix(after)).map(({ change, item, informationWords }) => `${change} ${item} ${informationWords}`);
    expect(added('2017-07-18', '2018-07-02')).toEqual([`added 74 ${RESIDENT}`]);
    expect(added('2018-07-02', '2020-04-01').filter((row) => !row.includes('の'))).toEqual(['added 37 生活保護関係情報', 'added 108 障害者関係情報']);
    expect(added('2018-07-02', '2020-04-01')).toContain('added 108 障害基礎年金の支給に関する情報');
    expect(diffRows(matrix('2018-07-02'), matrix('2020-04-01')).every(({ change }) => change === 'added')).toBe(true);
  });
  it('keep the draft of 2026 out of force, and say what could not be read', () => {
    const draft = matrix('draft-2026-06-26');
    expect([draft.draft, history.on('2026-06-26')]).toEqual([true, undefined]);
    expect(unreadOfDraft2026()).toContainEqual({ item: '87', text: '26と同様の増減' });
    expect(draft.items.some(({ affairName }) => affairName.includes('社会福祉法による生計困難者'))).toBe(false);
    const verdict = draft.decide({
      requester: of('health-insurance-society'),
      affair: affairOf('3'),
      provider: of('employment-security-bureau'),
      information: codeOf('失業等給付関係情報'),
    });
    expect(verdict).toMatchObject({ permitted: true, version: 'draft-2026-06-26', item: '3' });
  });
  it('are digested over what is recorded', () => {
    for (const { items, itemsDigest: digest } of referenceEnactments()) expect(itemsDigest(items)).toBe(digest);
    const [first] = referenceEnactments();
    const altered = first?.items.map((item, index): MatrixItem => (index === 0 ? { ...item, source: 'x' } : item)) ?? [];
    expect(itemsDigest(altered)).not.toBe(first?.itemsDigest);
  });
  it('fit into one append, each item into one event', () => {
    const registry = new EventRegistry(matrixEventTypes);
    for (const { version, items } of referenceEnactments()) {
      const sizes = items.map((data, revision) =>
        Buffer.byteLength(registry.encode(envelope(`matrix-${version}`, revision), { type: 'PermissionItemEnacted', data })),
      );
      expect(Math.max(...sizes)).toBeLessThan(32_768);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(524_288);
    }
  });
  it('grant to classes of the domain, each marked as taking part or not', () => {
    for (const { items } of referenceEnactments()) {
      const rules = items.flatMap((item) => [...item.requesters, ...item.grants.flatMap((grant) => grant.information.flatMap((one) => one.providers))]);
      for (const rule of rules) expect(rule.takesPart).toBe(hasMembers(rule.class));
    }
  });
  it('tell each class what to assess', () => {
    const assess = affairsToAssess(matrix('2020-04-01'));
    expect(assess.get('municipality')).toEqual(expect.arrayContaining([affairOf('74'), affairOf('27')]));
    expect(assess.get('employment-security-bureau')).toContain(affairOf('76'));
    expect(assess.has('payment-fund')).toBe(false);
  });
});

const envelope = (stream: string, revision: number): Parameters<EventRegistry['encode']>[0] => ({
  id: '018f0000-0000-7000-8000-000000000000',
  stream,
  revision,
  recordedAt: '2020-05-08T00:00:00.000Z',
  at: '2020-05-08T00:00:00.000Z',
  actor: 'operator',
  correlationId: '018f0000-0000-7000-8000-000000000000',
  causationId: '018f0000-0000-7000-8000-000000000000',
});

describe('any question to the table of 2020', () => {
  const table = matrix('2020-04-01');
  const classes = [
    ...new Set(
      table.items.flatMap(({ requesters, grants }) =>
        [...requesters, ...grants.flatMap((grant) => grant.information.flatMap((one) => one.providers))].map((rule) => rule.class),
      ),
    ),
  ];
  const party = (likely: readonly AgencyClass[]): fc.Arbitrary<PartyFacts> =>
    fc.record({
      class: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...likely) }, { weight: 1, arbitrary: fc.constantFrom(...classes) }),
      welfareOffice: fc.boolean(),
      healthCentre: fc.boolean(),
      localGovernment: fc.constantFrom('341002', '131121'),
    });
  const row = fc.constantFrom(...table.items).chain((item) => {
    const granted = item.grants.flatMap((grant) => grant.information);
    return fc.record({
      requester: party(item.requesters.map((rule) => rule.class)),
      provider: party(granted.flatMap(({ providers }) => providers.map((rule) => rule.class))),
      affair: fc.constant(item.affair),
      information: fc.constantFrom(...granted.map(({ code }) => code), codeOf(TAX), 'TM99999999999999'),
    });
  });
  const lets = (rules: MatrixItem['requesters'], who: PartyFacts): boolean =>
    rules.some(
      (rule) =>
        rule.takesPart &&
        rule.class === who.class &&
        (rule.condition !== 'welfare-office' || who.welfareOffice === true) &&
        (rule.condition !== 'health-centre' || who.healthCentre === true) &&
        (rule.localGovernments === undefined || rule.localGovernments.includes(who.localGovernment ?? '')),
    );
  it('is decided as a scan of its items decides it, and cites one that holds all four', () => {
    let permits = 0;
    fc.assert(
      fc.property(row, (question) => {
        const holding = table.items.filter(
          (item) =>
            item.affair === question.affair &&
            lets(item.requesters, question.requester) &&
            item.grants.some((grant) => grant.information.some((one) => one.code === question.information && lets(one.providers, question.provider))),
        );
        const verdict = table.decide(question);
        expect(verdict.permitted).toBe(holding.length > 0);
        if (verdict.permitted) {
          permits += 1;
          expect(holding.map(({ item }) => item)).toContain(verdict.item);
        }
      }),
      { numRuns: 5_000 },
    );
    expect(permits).toBeGreaterThan(500);
  });
});

describe('an explanation', () => {
  it('cites item, words, article and certainty', () =>
    expect(explain(history, { requester: CITY, affair: affairOf('74'), provider: CITY, information: codeOf(RESIDENT) }, MAY_2020)).toMatchObject({
      permitted: true,
      article: '番号法19条7号',
      version: '2020-04-01',
      item: '74',
      providerWords: '市町村長',
      informationWords: RESIDENT,
      certainty: 'inferred',
    }));
  it('tells what a denied item does name', () => {
    const explanation = explain(history, { requester: CITY, affair: affairOf('57'), provider: CITY, information: codeOf('児童扶養手当関係情報') }, MAY_2020);
    expect(explanation).toMatchObject({ permitted: false, code: 'INFORMATION_NOT_IN_ITEM', item: '57', article: '番号法19条7号・21条2項1号、別表第二' });
    expect(explanation.granted).toContain('市町村長 → 地方税関係情報、住民票関係情報、療養介護・施設入所支援に関する情報');
  });
});
