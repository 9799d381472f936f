import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RegisterReplicaLine } from '#libs/agency-sdk';
import { CITY_A, RESIDENT, TAX, TestServer } from '../server.fixture.js';

const GENERAL = 'TM99000000000077';
const line = (changes: object = {}): RegisterReplicaLine => ({
  inAgencyNumber: 'A1',
  information: TAX,
  dataset: 'income',
  period: '2019',
  layout: '2019-06',
  content: { totalIncome: 1, incomeLevy: 0, filed: true },
  ...changes,
});

describe('the replicas of an agency', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open();
  });
  afterAll(() => server.close());
  const register = async (...lines: readonly object[]) => server.client(CITY_A).registerReplicas(lines as readonly RegisterReplicaLine[]);
  const codes = async (...lines: readonly object[]) =>
    (await register(...lines)).map((result) => (result.ok ? String(result.value.recorded) : result.problem.code));

  it('are registered, corrected and withdrawn, each once, also many of one person in one request', async () => {
    const inAgencyNumber = 'MANY';
    const years = ['2010', '2011', '2012', '2013', '2014', '2015', '2016', '2017', '2018', '2019'];
    expect(await codes(...years.map((period) => line({ inAgencyNumber, period })))).toEqual(years.map(() => 'true'));
    expect(
      await codes(line({ inAgencyNumber }), line({ inAgencyNumber, content: { totalIncome: 2, incomeLevy: 0, filed: true } }), line({ inAgencyNumber })),
    ).toEqual(['false', 'true', 'true']);
    const a = server.client(CITY_A);
    const name = { inAgencyNumber, information: TAX, dataset: 'income', period: '2010' };
    expect(await a.withdrawReplicas([name, name])).toEqual([
      { ok: true, value: { recorded: true } },
      { ok: true, value: { recorded: false } },
    ]);
    const found = await a.searchReplicas({ inAgencyNumber });
    expect(found.replicas).toHaveLength(9);
    expect((await a.searchReplicas({ inAgencyNumber, information: RESIDENT })).replicas).toEqual([]);
  });

  it('are one replica whatever the order of the names in the content', async () => {
    const inAgencyNumber = 'ORDER';
    expect(await codes(line({ inAgencyNumber }), line({ inAgencyNumber, content: { filed: true, incomeLevy: 0, totalIncome: 1 } }))).toEqual(['true', 'false']);
  });

  it('of one information are fifteen of a person at most', async () => {
    const periods = Array.from({ length: 16 }, (_, index) => String(2000 + index));
    expect((await codes(...periods.map((period) => line({ inAgencyNumber: 'FULL', period })))).slice(14)).toEqual(['true', 'TOO_MANY_REPLICAS']);
  });

  it('are refused where the content is not as the layout says, naming the field and never the value', async () => {
    const wrong: [object, string, string][] = [
      [{ totalIncome: 1, filed: true }, 'content.incomeLevy', 'required'],
      [{ totalIncome: 'secret', incomeLevy: 0, filed: true }, 'content.totalIncome', 'yen'],
      [{ totalIncome: 1, incomeLevy: 0, filed: 'yes' }, 'content.filed', 'flag'],
      [{ totalIncome: 1, incomeLevy: 0, filed: true, income: 1 }, 'content.income', 'unknown-field'],
      [{ totalIncome: 1, incomeLevy: 0, filed: true, 'se cret': 1 }, 'content.(unnamed)', 'unknown-field'],
    ];
    const results = await register(...wrong.map(([content]) => line({ content })));
    for (const [index, [, field, rule]] of wrong.entries()) {
      expect(results[index]).toMatchObject({ ok: false, problem: { code: 'CONTENT_NOT_IN_LAYOUT', kind: 'invalid', field, rule } });
    }
    expect(JSON.stringify(results)).not.toMatch(/secret|se cret/);
  });

  it('are refused in a layout that does not exist or is not in use yet, and for a period that has not begun', async () => {
    expect(
      await codes(
        line({ layout: '2019-05' }),
        line({ layout: '2020-06' }),
        line({ period: '2021' }),
        line({ layout: '2017-07', content: { income: 1, tax: 1 } }),
      ),
    ).toEqual(['LAYOUT_UNKNOWN', 'LAYOUT_NOT_YET_IN_USE', 'PERIOD_IN_FUTURE', 'true']);
  });

  it('are refused where the content is too large or cannot be stored; neighbours are taken', async () => {
    const text = 'あ'.repeat(16_000);
    expect(
      await codes(
        line({ information: GENERAL, content: { summary: text } }),
        line({ information: GENERAL, content: { summary: 'x', deep: { n: 1.5 } } }),
        line({ information: GENERAL, dataset: 'a b' }),
        line({ information: GENERAL, inAgencyNumber: 'A2', content: { summary: '例', amountYen: 5 } }),
      ),
    ).toEqual(['INVALID_LINE', 'INVALID_LINE', 'INVALID_LINE', 'true']);
  });

  it('tell which informations an official answers, and which are sealed', async () => {
    const a = server.client(CITY_A);
    const scope = { inAgencyNumber: 'SCOPE', department: 'tax' };
    const once = [{ ok: true, value: { recorded: true } }];
    expect(await a.blockAutomaticAnswers([scope])).toEqual(once);
    expect(await a.blockAutomaticAnswers([scope])).toEqual([{ ok: true, value: { recorded: false } }]);
    expect(await a.blockAutomaticAnswers([{ ...scope, information: TAX }])).toEqual(once);
    expect(await a.setNonDisclosures([{ ...scope, information: TAX }])).toEqual(once);
    expect(await a.searchReplicas({ inAgencyNumber: 'SCOPE' })).toEqual({ replicas: [], blocked: ['*', TAX], nonDisclosed: [TAX] });
    await a.unblockAutomaticAnswers([scope]);
    await a.liftNonDisclosures([{ ...scope, information: TAX }]);
    expect(await a.searchReplicas({ inAgencyNumber: 'SCOPE' })).toEqual({ replicas: [], blocked: [TAX], nonDisclosed: [] });
  });
});
