import { describe, expect, it } from '@jest/globals';
import { AGENCY_CLASSES, isLocalGovernmentCode, isReservedCode, parseAgencyCode, PARTICIPATING_CLASSES } from '#libs/domain';
import { agencyClasses } from './agency-classes.js';
import { designatedCities, referenceAgencies, referenceServers } from './agencies.js';
import {
  affairs,
  articleOn,
  articles,
  informationByWords,
  informationKinds,
  layoutOn,
  layoutVersions,
  localGovernments,
  procedures,
} from './codes-and-names.js';
import { resolvedWords } from './resolution.js';
import { sourceItems } from './table-words.js';
import { Row } from './tables.js';

const agencies = referenceAgencies();
const byClass = (name: string): typeof agencies => agencies.filter(({ registration }) => registration.class === name);

describe('agencies', () => {
  it('are 5,375 institutions and 3,627 code holders; the portal is one more holder, not counted', () => {
    expect(agencies.filter(({ registration }) => registration.institution)).toHaveLength(5_375);
    expect(agencies.filter(({ registration }) => registration.codeHolder && registration.class !== 'disclosure-portal')).toHaveLength(3_627);
    expect(byClass('disclosure-portal').map(({ registration }) => [registration.codeHolder, registration.institution, registration.role])).toEqual([
      [true, false, 'non-participant'],
    ]);
  });

  it('have the counts of each class', () => {
    const counted = agencyClasses().map((entry) => [
      entry.class,
      byClass(entry.class).filter(({ registration }) => registration.institution).length,
      byClass(entry.class).filter(({ registration }) => registration.codeHolder && registration.class !== 'disclosure-portal').length,
    ]);
    expect(counted).toEqual(agencyClasses().map(({ class: name, institutions, codeHolders }) => [name, institutions, codeHolders]));
    expect(agencyClasses().reduce((sum, { institutions }) => sum + institutions, 0)).toBe(5_375);
    expect(agencyClasses().reduce((sum, { codeHolders }) => sum + codeHolders, 0)).toBe(3_627);
    const fund = agencyClasses().filter(({ delegatedTo }) => delegatedTo === 'payment-fund');
    expect(fund.reduce((sum, { institutions }) => sum + institutions, 0)).toBe(1_683);
  });

  it('each have a code of their own; a board does not share its municipality’s', () => {
    const codes = agencies.map(({ registration }) => parseAgencyCode(registration.code));
    expect(new Set(codes).size).toBe(agencies.length);
    for (const { registration } of agencies) {
      expect(isReservedCode(registration.code)).toBe(!registration.official);
      expect(registration.official).toBe(registration.localGovernment !== undefined);
    }
  });

  it('are real where the sources name them, placeholders elsewhere', () => {
    const setagaya = agencies.find(({ registration }) => registration.localGovernment === '131121');
    expect(setagaya?.registration).toMatchObject({
      code: '0220113112101700',
      name: '世田谷区',
      class: 'municipality',
      placeholder: false,
      welfareOffice: true,
      healthCentre: true,
    });
    expect(byClass('health-insurance-society')[0]?.registration).toMatchObject({ name: '健康保険組合 0001', placeholder: true, official: false });
    expect(byClass('pension-service')[0]?.registration).toMatchObject({ name: '日本年金機構', placeholder: false });
    expect(byClass('municipality-board').every(({ registration }) => registration.placeholder)).toBe(true);
  });

  it('have a welfare office in every city and special ward, in a town or village by exception only', () => {
    for (const { registration } of byClass('municipality')) expect(registration.welfareOffice).toBe(/[市区]$/.test(registration.name));
  });

  it('act through a holder that is registered before them', () => {
    const seen = new Set<string>();
    for (const { registration, delegatedTo } of agencies) {
      if (delegatedTo !== undefined) expect(seen.has(delegatedTo)).toBe(true);
      expect(registration.institution && !registration.codeHolder).toBe(delegatedTo !== undefined);
      if (registration.codeHolder) seen.add(registration.code);
    }
  });

  it('are spoken for by a server and its interface system, but for the portal and the tax agency', () => {
    const behind = new Map(referenceServers().map(({ id, behind: system }) => [id, system]));
    const alone = agencies.filter(({ intermediateServer }) => intermediateServer === undefined);
    expect(alone.map(({ registration }) => registration.class)).toEqual(['disclosure-portal', 'national-tax-agency']);
    for (const { intermediateServer, interfaceSystem } of agencies) {
      if (intermediateServer !== undefined) expect(behind.get(intermediateServer)).toBe(interfaceSystem);
    }
  });

  it('put local governments on an eastern and a western server behind one interface system', () => {
    const municipalities = byClass('municipality');
    expect(new Set(municipalities.map(({ intermediateServer }) => intermediateServer))).toEqual(new Set(['is-east', 'is-west']));
    expect(new Set(municipalities.map(({ interfaceSystem }) => interfaceSystem))).toEqual(new Set(['ifs-local']));
    expect(referenceServers().map(({ id }) => id)).toEqual([
      ...['ifs-local', 'ifs-fund', 'ifs-pension', 'ifs-ministries', 'ifs-others'],
      ...['is-east', 'is-west', 'is-fund', 'is-pension', 'is-ministries', 'is-others'],
    ]);
  });

  it('know the tax agency as one that takes no part', () =>
    expect(byClass('national-tax-agency').map(({ registration }) => registration.role)).toEqual(['non-participant']));
});

describe('local governments', () => {
  it('are 47 prefectures and 1,741 municipalities, and all 1,788 codes satisfy the check digit', () => {
    const all = localGovernments();
    expect(all).toHaveLength(1_788);
    expect(all.filter(({ kind }) => kind === 'prefecture')).toHaveLength(47);
    expect(all.every(({ code }) => isLocalGovernmentCode(code))).toBe(true);
    expect(new Set(all.map(({ code }) => code)).size).toBe(1_788);
  });
  it('hold twenty designated cities', () => expect(designatedCities()).toHaveLength(20));
});

describe('codes of affairs, information and procedures', () => {
  it('are reserved ones but for the five that are known', () => {
    expect(informationKinds().flatMap(({ code, official }) => (official ? [code] : []))).toEqual(
      ['01', '02', '31', '53', '64'].map((number) => `TM000000000000${number}`),
    );
    for (const { code, official } of [...informationKinds(), ...affairs(), ...procedures()]) expect(isReservedCode(code)).toBe(!official);
  });
  it('have one affair a distinct text of the table, and every item one', () => {
    const texts = new Set(sourceItems().map(({ affair }) => affair));
    expect(affairs().filter(({ items }) => items.length > 0)).toHaveLength(texts.size);
    expect(
      affairs()
        .flatMap(({ items }) => items)
        .sort(),
    ).toEqual(
      sourceItems()
        .map(({ item }) => item)
        .sort(),
    );
  });
  it('have a procedure for every item', () => expect(new Set(procedures().map(({ item }) => item))).toEqual(new Set(sourceItems().map(({ item }) => item))));
  it('carry the figures of the most frequent', () => {
    const requests = procedures().flatMap(({ item, requestsTo20200507 }) => (requestsTo20200507 === undefined ? [] : [[item, requestsTo20200507]]));
    expect(requests).toEqual([
      ['48', 27_350_706],
      ['35', 6_621_809],
      ['113', 5_717_311],
      ['117', 5_058_012],
      ['27', 3_176_698],
    ]);
    expect(informationKinds().flatMap(({ provisionsTo20200507 }) => provisionsTo20200507 ?? [])).toEqual([32_507_125, 27_655_688, 792_325, 1_269_687, 692_214]);
  });
  it('let one word of the table stand for several kinds', () => {
    const codes = (words: string): readonly string[] => (informationByWords().get(words) ?? []).map(({ code }) => code);
    expect(codes('年金給付関係情報')).toEqual(['TM00000000000053', 'TM00000000000064']);
    expect(codes('住民票関係情報')).toEqual(['TM00000000000001']);
    expect(codes('医療保険給付関係情報')).toHaveLength(2);
  });
  it('know that local tax goes by tax year', () =>
    expect(informationKinds().flatMap(({ ja, keyedBy }) => (keyedBy === undefined ? [] : [ja]))).toEqual(['地方税の課税情報']));
});

describe('the table’s words', () => {
  it('are 126 live items in 41 kinds of requester, 47 of provider and 95 of information', () => {
    const items = sourceItems();
    const grants = items.flatMap((item) => item.grants);
    expect(items).toHaveLength(126);
    expect(new Set(items.map(({ requester }) => requester)).size).toBe(41);
    expect(new Set(grants.map(({ provider }) => provider)).size).toBe(47);
    const words = new Set(grants.flatMap(({ information }) => information.map((one) => one.words)));
    expect(words.size).toBe(95);
    expect(new Set(informationByWords().keys())).toEqual(words);
  });
  it('are all resolved, and nothing else is', () => {
    expect(resolvedWords('requester')).toEqual(new Set(sourceItems().map(({ requester }) => requester)));
    expect(resolvedWords('provider')).toEqual(new Set(sourceItems().flatMap(({ grants }) => grants.map(({ provider }) => provider))));
  });
});

describe('data layouts and articles', () => {
  it('are those of the day', () => {
    expect(['2017-07-18', '2018-10-08', '2018-10-09', '2019-06-30', '2019-07-01', '2020-05-08'].map((day) => layoutOn(day).version)).toEqual([
      '2017-07',
      '2017-07',
      '2018-10',
      '2018-10',
      '2019-06',
      '2019-06',
    ]);
    expect(layoutVersions().every(({ from, inUseFrom }) => from <= inUseFrom)).toBe(true);
    expect(() => layoutOn('2017-01-01')).toThrow(expect.objectContaining({ name: 'ReferenceDataInvalid' }));
    expect(articleOn('exchange', '2020-05-08')?.article).toBe('番号法19条7号');
    expect(articleOn('exchange', '2021-09-01')?.article).toBe('番号法19条8号');
    expect(articleOn('exchange', '2016-01-01')).toBeUndefined();
  });
});

describe('every line', () => {
  it('says where it comes from and how sure it is', () => {
    const lines = [...agencyClasses(), ...affairs(), ...informationKinds(), ...procedures(), ...layoutVersions(), ...articles()];
    for (const line of lines)
      expect([line.source, line.certainty]).toEqual([expect.stringMatching(/./), expect.stringMatching(/^(verified|inferred|recalled|assumed)$/)]);
  });
  it('covers every class of the domain', () => {
    expect(
      agencyClasses()
        .map((entry) => entry.class)
        .sort(),
    ).toEqual([...AGENCY_CLASSES].sort());
    for (const name of PARTICIPATING_CLASSES) expect(byClass(name).length).toBeGreaterThan(0);
  });
  it('is refused by file, line and rule where it is not of its kind', () => {
    const row = new Row(
      'x.tsv',
      7,
      new Map([
        ['count', 'many'],
        ['flag', 'yes'],
        ['empty', ''],
        ['certainty', 'sure'],
      ]),
    );
    const rules = [
      () => row.count('count'),
      () => row.flag('flag'),
      () => row.text('empty'),
      () => row.text('missing'),
      () => row.certainty,
      () => row.matching('count', /^\d$/),
    ];
    for (const read of rules) expect(read).toThrow(/^x\.tsv, line 7: /);
  });
});
