import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { valueOf } from '#libs/agency-sdk';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { HttpIntermediateServerPort, type Proven, type RecordTold } from '#libs/protocol';
import { Verified } from '../log/proofs.fixture.js';
import { AFFAIR, CITY_A, CITY_FAR, CITY_X, delivered, IFS, TAX, TestServer } from '../server.fixture.js';

describe('the records that an intermediate server tells of', () => {
  let server: TestServer;
  let exchangeId: string;
  beforeAll(async () => {
    server = await TestServer.open();
    await server.identify(CITY_X, 'X1', 'secret-person');
    await server.identify(CITY_A, 'A1', 'secret-person');
    const content = { totalIncome: 1, incomeLevy: 1, filed: true };
    await server.client(CITY_A).registerReplicas([{ inAgencyNumber: 'A1', information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content }]);
    exchangeId = server.exchangeId();
    await server
      .client(CITY_X)
      .submitQuery({ exchangeId, inAgencyNumber: 'X1', provider: CITY_A, affair: AFFAIR, information: TAX, department: 'child', nonDisclosure: false });
    await server.service.idle();
    const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
    await server.service.receiveProvisions(IFS, [delivered(valueOf(answer as never))]);
  });
  afterAll(() => server.close());

  const typesIn = ({ outcomes }: Proven<RecordTold>) =>
    outcomes.map((outcome) => (outcome.ok ? outcome.value.events.map(({ event }) => (JSON.parse(event) as { type: string }).type) : outcome.problem.code));

  it('are the stored events of the agency, each proved, with nothing of the other agency and nobody named', async () => {
    const lines = [CITY_X, CITY_A].map((agency) => ({ exchangeId, agency }));
    const { keyId, privateKey } = server.keys[IFS];
    const client = new ServiceClient({ address: server.running.url, audience: 'is-east', signer: new TokenSigner({ issuer: IFS, keyId, privateKey }) });
    const http = new HttpIntermediateServerPort((path, body) => client.call({ method: 'POST', path, body, idempotent: true }));
    for (const port of [server.service, http]) {
      const told = await port.tellRecords(IFS, lines);
      expect(typesIn(told)).toEqual([
        ['QuerySubmitted', 'QueryDecisionReceived', 'ProvisionReceived'],
        ['ProvisionDemanded', 'ProvisionMade'],
      ]);
      const verified = new Verified(told, server.running.ledgerKey);
      for (const outcome of told.outcomes)
        for (const event of valueOf(outcome as never as { ok: true; value: RecordTold }).events) expect(verified.includesEvent(event)).toBe(true);
      expect(JSON.stringify(told)).not.toContain('secret-person');
    }
    expect((await http.tellRecords(IFS, [{ exchangeId: 'x', agency: CITY_X }])).outcomes).toMatchObject([{ ok: false, problem: { code: 'INVALID_LINE' } }]);
    await client.close();
  });

  it('are told to the interface system that speaks for the agency, and to nobody else', async () => {
    const refusal = { ok: false, problem: { code: 'AGENCY_NOT_SPOKEN_FOR', kind: 'forbidden', field: 'agency' } };
    expect(await server.service.tellRecords('ifs-other', [{ exchangeId, agency: CITY_X }])).toMatchObject({ outcomes: [refusal] });
    expect(await server.service.tellRecords(IFS, [{ exchangeId, agency: CITY_FAR }])).toMatchObject({ outcomes: [refusal] });
  });

  it('are refused alike where there was no exchange, and where it was that of other agencies', async () => {
    const elsewhere = server.exchangeId();
    await server.client(CITY_X).submitQuery({
      exchangeId: elsewhere,
      inAgencyNumber: 'X1',
      provider: CITY_FAR,
      affair: AFFAIR,
      information: TAX,
      department: 'child',
      nonDisclosure: false,
    });
    const told = await server.service.tellRecords(IFS, [
      { exchangeId: elsewhere, agency: CITY_A },
      { exchangeId: server.exchangeId(), agency: CITY_A },
      { exchangeId, agency: CITY_A },
    ]);
    expect(typesIn(told)).toEqual(['EXCHANGE_NOT_RECORDED', 'EXCHANGE_NOT_RECORDED', ['ProvisionDemanded', 'ProvisionMade']]);
    expect(told.outcomes[0]).toEqual(told.outcomes[1]);
  });

  it('fill an answer so far as it goes; the others are asked for again', async () => {
    const { outcomes } = await server.service.tellRecords(IFS, Array(1_000).fill({ exchangeId, agency: CITY_X }));
    const full = outcomes.findIndex((outcome) => !outcome.ok);
    expect(full).toBeGreaterThan(300);
    for (const outcome of outcomes.slice(full)) expect(outcome).toMatchObject({ ok: false, problem: { code: 'ANSWER_FULL', kind: 'busy' } });
    expect(JSON.stringify(outcomes).length).toBeLessThan(8 * 1_048_576);
  });
});
