import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { valueOf } from '#libs/agency-sdk';
import type { DeliveredProvisionLine } from '#libs/protocol';
import { AFFAIR, CITY_A, CITY_X, delivered, DENIED_AFFAIR, IFS, TAX, TestServer, VALIDITY_MS } from '../server.fixture.js';

const DAY_MS = 24 * 3_600_000;

describe('results', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open();
    await server.identify(CITY_X, 'X1', 'p');
    await server.identify(CITY_A, 'A1', 'p');
    const content = { totalIncome: 4_711, incomeLevy: 1, filed: true };
    await server.client(CITY_A).registerReplicas([{ inAgencyNumber: 'A1', information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content }]);
  });
  afterAll(() => server.close());

  async function asked(affair = AFFAIR): Promise<string> {
    const exchangeId = server.exchangeId();
    await server
      .client(CITY_X)
      .submitQuery({ exchangeId, inAgencyNumber: 'X1', provider: CITY_A, affair, information: TAX, department: 'child', nonDisclosure: false });
    await server.service.idle();
    return exchangeId;
  }
  async function made(exchangeId: string): Promise<DeliveredProvisionLine> {
    const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
    return delivered(valueOf(answer as never));
  }
  const receive = async (line: DeliveredProvisionLine) => (await server.service.receiveProvisions(IFS, [line])).outcomes[0];

  it('wait in the mailbox in the order of arrival, over a restart, page by page', async () => {
    const ids = [await asked(), await asked(), await asked()];
    for (const exchangeId of [...ids].reverse()) await receive(await made(exchangeId));
    await server.restart();
    const x = server.client(CITY_X);
    const first = await x.results({ limit: 2 });
    expect(first.results.map(({ exchangeId }) => exchangeId)).toEqual([ids[2], ids[1]]);
    const second = await x.results({ limit: 2, after: first.next as string });
    expect(second).toMatchObject({ results: [{ exchangeId: ids[0], items: [`${TAX}/income/2019`] }] });
    expect(second.next).toBeUndefined();
    expect(JSON.stringify([first, second])).not.toContain('4711');
    await expect(x.results({ after: 'nonsense' })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    await expect(x.results({ limit: 501 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const acknowledged = ids.map((exchangeId) => ({ exchangeId }));
    expect(await x.acknowledgeResults(acknowledged)).toEqual(Array(3).fill({ ok: true, value: true }));
    expect(await x.acknowledgeResults(acknowledged)).toEqual(Array(3).fill({ ok: true, value: true }));
    expect(await x.results()).toEqual({ results: [] });
  });

  it('stay acknowledged when they are delivered again', async () => {
    const exchangeId = await asked();
    const line = await made(exchangeId);
    const receipt = await receive(line);
    await server.client(CITY_X).acknowledgeResults([{ exchangeId }]);
    expect(await receive(line)).toEqual(receipt);
    expect(await server.client(CITY_X).results()).toEqual({ results: [] });
  });

  it('are deleted after fourteen days', async () => {
    const exchangeId = await asked();
    await receive(await made(exchangeId));
    const x = server.client(CITY_X);
    server.clock.advance(14 * DAY_MS - 1);
    await server.running.tick();
    expect((await x.result(exchangeId)).replicas).toHaveLength(1);
    server.clock.advance(1);
    await server.running.tick();
    await expect(x.result(exchangeId)).rejects.toMatchObject({ code: 'RESULT_GONE', kind: 'not-found' });
    expect(await x.results()).toEqual({ results: [] });
    expect(await x.query(exchangeId)).toMatchObject({ status: 'received' });
  });

  it('are taken in before their decision, and the decision after them', async () => {
    const exchangeId = server.exchangeId();
    const x = server.client(CITY_X);
    await asked();
    const query = { exchangeId, inAgencyNumber: 'X1', provider: CITY_A, affair: AFFAIR, information: TAX, department: 'child', nonDisclosure: false };
    await x.submitQuery(query);
    await server.service.idle();
    expect(await receive(await made(exchangeId))).toMatchObject({ ok: true });
    expect(await x.submitQuery(query, { waitMs: 2_000 })).toMatchObject({ status: 'received' });
  });

  it('are not taken in after a withdrawal, which the core is told of again; nor after a denial', async () => {
    const exchangeId = await asked();
    const line = await made(exchangeId);
    await server.client(CITY_X).withdrawQuery(exchangeId, 'child');
    await server.service.idle();
    const told = server.network.withdrawn.length;
    expect(await receive(line)).toMatchObject({ ok: false, problem: { code: 'QUERY_WITHDRAWN' } });
    await server.service.idle();
    expect(server.network.withdrawn).toHaveLength(told + 1);
    await expect(server.client(CITY_X).result(exchangeId)).rejects.toMatchObject({ code: 'RESULT_NOT_FOUND' });
    const denied = await asked(DENIED_AFFAIR);
    expect(await receive({ ...line, exchangeId: denied })).toMatchObject({ ok: false, problem: { code: 'PROVISION_OF_ANOTHER_DECISION' } });
    const { results } = await server.client(CITY_X).results();
    expect(results.map((result) => result.exchangeId)).not.toContain(exchangeId);
  });

  it('that were provided in time and come after the lapse are taken in; what was provided after it is not', async () => {
    const exchangeId = await asked();
    const line = await made(exchangeId);
    server.clock.advance(VALIDITY_MS + 10_000);
    server.network.statusAnswers.set(exchangeId, { status: 'lapsed', reason: 'UNANSWERED' });
    await server.running.tick();
    const x = server.client(CITY_X);
    expect(await x.query(exchangeId)).toMatchObject({ status: 'ended', end: { reason: 'LAPSED_UNANSWERED' } });
    expect(await receive({ ...line, at: server.clock.now() })).toMatchObject({ ok: false, problem: { code: 'PROVISION_TOO_LATE' } });
    expect(await receive(line)).toMatchObject({ ok: true });
    const state = await x.query(exchangeId);
    expect(state).toMatchObject({ status: 'received', result: { items: [`${TAX}/income/2019`] } });
    expect(state.end).toBeUndefined();
    expect(await x.result(exchangeId)).toMatchObject({ replicas: [{ content: { totalIncome: 4_711 } }] });
  });

  it('need their data and their digest', async () => {
    const exchangeId = await asked();
    const { payload: _payload, ...bare } = await made(exchangeId);
    expect(await receive(bare)).toMatchObject({ ok: false, problem: { code: 'PROVISION_WITHOUT_DATA' } });
    expect(await receive({ ...bare, exchangeId: server.exchangeId() })).toMatchObject({ ok: false, problem: { code: 'QUERY_NOT_FOUND' } });
  });
});
