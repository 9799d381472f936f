import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AgencyClient, valueOf } from '#libs/agency-sdk';
import { AFFAIR, CITY_A, CITY_FAR, CITY_X, delivered, IFS, RESIDENT, TAX, TestServer } from './server.fixture.js';

const CONTENT = { totalIncome: 1, incomeLevy: 1, filed: true };

describe('the walls between the agencies of one server', () => {
  let server: TestServer;
  let exchangeId: string;
  let heldId: string;
  beforeAll(async () => {
    server = await TestServer.open();
    for (const agency of [CITY_X, CITY_A] as const) {
      await server.identify(agency, '100', `${agency}-only`);
      await server.identify(agency, `${agency.slice(5, 9)}1`, 'shared');
    }
    const a = server.client(CITY_A);
    const inAgencyNumber = `${CITY_A.slice(5, 9)}1`;
    await a.registerReplicas([
      { inAgencyNumber, information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content: CONTENT },
      { inAgencyNumber, information: RESIDENT, dataset: 'main', layout: '2019-06', content: { addressCode: '1', relationCode: '01' } },
    ]);
    await a.blockAutomaticAnswers([{ inAgencyNumber, information: RESIDENT, department: 'resident' }]);
    exchangeId = await exchange(TAX);
    heldId = await exchange(RESIDENT);
  });
  afterAll(() => server.close());

  async function exchange(information: string): Promise<string> {
    const id = server.exchangeId();
    const inAgencyNumber = `${CITY_X.slice(5, 9)}1`;
    await server
      .client(CITY_X)
      .submitQuery({ exchangeId: id, inAgencyNumber, provider: CITY_A, affair: AFFAIR, information, department: 'child', nonDisclosure: false });
    await server.service.idle();
    const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(id)]);
    const made = valueOf(answer as never) as Parameters<typeof delivered>[0];
    if (made.outcome !== 'held') await server.service.receiveProvisions(IFS, [delivered(made)]);
    return id;
  }

  it("hide another agency's query, result and record", async () => {
    const a = server.client(CITY_A);
    await expect(a.query(exchangeId)).rejects.toMatchObject({ code: 'QUERY_NOT_FOUND' });
    expect(await a.queryStatuses([{ exchangeId }])).toMatchObject([{ ok: false, problem: { code: 'QUERY_NOT_FOUND' } }]);
    await expect(a.withdrawQuery(exchangeId, 'x')).rejects.toMatchObject({ code: 'QUERY_NOT_FOUND' });
    expect(await a.results()).toEqual({ results: [] });
    await expect(a.result(exchangeId)).rejects.toMatchObject({ code: 'RESULT_NOT_FOUND' });
    expect(await a.acknowledgeResults([{ exchangeId }])).toMatchObject([{ ok: false, problem: { code: 'RESULT_NOT_FOUND' } }]);
    expect((await server.client(CITY_X).result(exchangeId)).replicas).toHaveLength(1);
    expect((await a.searchRecords({ role: 'requester' })).records).toEqual([]);
    expect((await server.client(CITY_X).searchRecords({ role: 'provider' })).records).toEqual([]);
  });

  it('tell the same of a query that another agency made and of one that nobody made', async () => {
    const a = server.client(CITY_A);
    const refusals = await Promise.all(
      [exchangeId, server.exchangeId()].map((id) => a.query(id).catch((error: unknown) => ({ ...(error as object), stack: '' }))),
    );
    expect(refusals[0]).toEqual(refusals[1]);
  });

  it("hide another agency's persons, replicas and held provisions", async () => {
    const x = server.client(CITY_X);
    expect(await x.searchReplicas({ inAgencyNumber: `${CITY_A.slice(5, 9)}1` })).toEqual({ replicas: [], blocked: [], nonDisclosed: [] });
    expect(await x.heldProvisions()).toEqual({ provisions: [] });
    await expect(x.releaseProvision(heldId, { department: 'x' })).rejects.toMatchObject({ code: 'PROVISION_NOT_FOUND' });
    await expect(x.endProvision(heldId, { department: 'x', reason: 'WRONG_PERSON' })).rejects.toMatchObject({ code: 'PROVISION_NOT_FOUND' });
    const a = server.client(CITY_A);
    expect((await a.heldProvisions()).provisions).toMatchObject([{ exchangeId: heldId, information: RESIDENT, reason: 'RECORD_BLOCKED' }]);
  });

  it('keep two persons of the same number apart', async () => {
    const [x, a] = [server.client(CITY_X), server.client(CITY_A)];
    await a.registerReplicas([
      { inAgencyNumber: '100', information: TAX, dataset: 'income', period: '2018', layout: '2018-10', content: { totalIncome: 1, incomeLevy: 1 } },
    ]);
    expect((await x.searchReplicas({ inAgencyNumber: '100' })).replicas).toEqual([]);
    expect((await a.searchReplicas({ inAgencyNumber: '100' })).replicas).toHaveLength(1);
    const [foreign] = await x.collectIdentifiers([{ acquisitionNumber: [...server.network.acquisitions.keys()][2] as string, inAgencyNumber: '100' }]);
    expect(foreign).toMatchObject({ ok: false, problem: { code: 'ACQUISITION_NOT_REQUESTED' } });
  });

  it('refuse tokens of an agency of another server, under a foreign key, for another agency, and for another server', async () => {
    await expect(server.client(CITY_FAR).results()).rejects.toMatchObject({ kind: 'unauthenticated', code: 'TOKEN_UNKNOWN_ISSUER' });
    await expect(server.client(CITY_X, server.keys[CITY_A]).results()).rejects.toMatchObject({ kind: 'unauthenticated' });
    const { keyId, privateKey } = server.keys[CITY_X];
    const elsewhere = new AgencyClient({ baseUrl: server.running.url, server: 'is-west', agency: CITY_X, keyId, privateKey, attemptsMax: 1 });
    await expect(elsewhere.results()).rejects.toMatchObject({ code: 'TOKEN_FOREIGN_AUDIENCE' });
    const asAgency = new AgencyClient({
      baseUrl: server.running.url,
      server: 'is-east',
      agency: IFS,
      keyId: server.keys[IFS].keyId,
      privateKey: server.keys[IFS].privateKey,
      attemptsMax: 1,
    });
    await expect(asAgency.results()).rejects.toMatchObject({ kind: 'forbidden' });
    await Promise.all([elsewhere.close(), asAgency.close()]);
  });

  it('let no server speak for an agency that it does not serve', async () => {
    const demand = server.network.demandOf(exchangeId);
    const refusal = { ok: false, problem: { code: 'AGENCY_NOT_SPOKEN_FOR', kind: 'forbidden' } };
    expect(await server.service.answerDemands('ifs-other', [demand])).toMatchObject([refusal]);
    expect(await server.service.endWithdrawn('ifs-other', [{ exchangeId: heldId, provider: CITY_A }])).toMatchObject([refusal]);
    expect(await server.service.changeIdentifiers('ifs-other', [{ holder: CITY_A, previous: 'x', changedAt: '2020-05-08T00:00:00.000Z' }])).toMatchObject([
      refusal,
    ]);
    expect(await server.service.changeIdentifiers(IFS, [{ holder: CITY_FAR, previous: 'x', changedAt: '2020-05-08T00:00:00.000Z' }])).toMatchObject([refusal]);
    const [answer] = await server.service.answerDemands(IFS, [demand]);
    const line = delivered(valueOf(answer as never));
    expect((await server.service.receiveProvisions('ifs-other', [line])).outcomes).toMatchObject([refusal]);
    expect((await server.service.receiveProvisions(IFS, [{ ...line, requester: CITY_A }])).outcomes).toMatchObject([
      { ok: false, problem: { code: 'QUERY_NOT_FOUND' } },
    ]);
  });

  it('take in no data from another provider, of another decision, or of another digest', async () => {
    const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
    const line = delivered(valueOf(answer as never));
    const tampered = [
      { ...line, provider: CITY_X },
      { ...line, decisionLeaf: 'B'.repeat(43) },
      { ...line, digest: 'B'.repeat(43) },
    ];
    const { outcomes } = await server.service.receiveProvisions(IFS, tampered);
    expect(outcomes.map((outcome) => !outcome.ok && outcome.problem.code)).toEqual([
      'PROVISION_OF_ANOTHER_PROVIDER',
      'PROVISION_OF_ANOTHER_DECISION',
      'PROVISION_CONFLICT',
    ]);
  });
});
