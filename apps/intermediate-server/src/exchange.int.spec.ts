import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { valueOf } from '#libs/agency-sdk';
import { AFFAIR, CITY_A, CITY_X, delivered, IFS, TAX, TestServer } from './server.fixture.js';

describe('an exchange between two agencies of one server', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open();
    await server.identify(CITY_X, 'X1', 'person-1');
    await server.identify(CITY_A, 'A1', 'person-1');
  });
  afterAll(() => server.close());

  it('goes from the query to the acknowledged result', async () => {
    const [x, a] = [server.client(CITY_X), server.client(CITY_A)];
    const content = { totalIncome: 1_200_000, incomeLevy: 30_000, filed: true };
    const [registered] = await a.registerReplicas([{ inAgencyNumber: 'A1', information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content }]);
    expect(registered).toEqual({ ok: true, value: { recorded: true } });

    const exchangeId = server.exchangeId();
    const query = {
      exchangeId,
      inAgencyNumber: 'X1',
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      period: '2019',
      department: 'child',
      nonDisclosure: false,
    };
    expect(await x.submitQuery(query)).toEqual({ exchangeId, status: 'submitted' });
    await server.service.idle();
    const permitted = await x.query(exchangeId);
    expect(permitted).toMatchObject({ status: 'permitted', decision: { permitted: true, item: '74' }, network: { status: 'notified' } });

    const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
    const made = valueOf(answer as never) as Parameters<typeof delivered>[0];
    expect(made).toMatchObject({ outcome: 'made', items: [`${TAX}/income/2019`], automatic: true });
    expect(await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)])).toEqual([answer]);

    const {
      outcomes: [receipt],
    } = await server.service.receiveProvisions(IFS, [delivered(made)]);
    expect(receipt).toMatchObject({ ok: true, value: { exchangeId, requester: CITY_X } });
    expect((await server.service.receiveProvisions(IFS, [delivered(made)])).outcomes).toEqual([receipt]);

    const { results } = await x.results();
    expect(results.map((result) => result.exchangeId)).toEqual([exchangeId]);
    const result = await x.result(exchangeId);
    expect(result).toMatchObject({ inAgencyNumber: 'X1', replicas: [{ information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content }] });
    expect(await x.acknowledgeResults([{ exchangeId }])).toEqual([{ ok: true, value: true }]);
    await expect(x.result(exchangeId)).rejects.toMatchObject({ code: 'RESULT_GONE' });

    const asked = await x.searchRecords({ role: 'requester', inAgencyNumber: 'X1' });
    expect(asked.records).toMatchObject([{ exchangeId, outcome: 'received', inAgencyNumber: 'X1', provider: CITY_A, department: 'child' }]);
    const provided = await a.searchRecords({ role: 'provider', inAgencyNumber: 'A1' });
    expect(provided.records).toMatchObject([{ exchangeId, outcome: 'provided', requester: CITY_X, items: [`${TAX}/income/2019`] }]);
  });
});
