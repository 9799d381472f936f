import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { valueOf } from '#libs/agency-sdk';
import { AFFAIR, CITY_A, CITY_X, IFS, TAX, TestServer } from '../server.fixture.js';

describe("the identifiers of an agency's persons", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open();
  });
  afterAll(() => server.close());

  it('are asked for once while a number is pending, and anew when it has expired', async () => {
    const x = server.client(CITY_X);
    const line = { inAgencyNumber: 'P1' };
    const [first] = await x.requestAcquisitions([line]);
    expect(await x.requestAcquisitions([line])).toEqual([first]);
    const { acquisitionNumber } = valueOf(first as never) as { acquisitionNumber: string };
    expect(server.network.acquisitions.get(acquisitionNumber)).toMatchObject({ holder: CITY_X, reference: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(await x.collectIdentifiers([{ acquisitionNumber, ...line }])).toEqual([{ ok: true, value: { acquisitionNumber, status: 'pending' } }]);
    server.clock.set('2020-05-09T00:00:00.000Z');
    const [second] = await x.requestAcquisitions([line]);
    expect(second).toMatchObject({ ok: true });
    expect(second).not.toEqual(first);
    server.clock.set('2020-05-08T00:00:00.000Z');
  });

  it('are collected once, never shown, and not asked for again', async () => {
    const x = server.client(CITY_X);
    const line = { inAgencyNumber: 'P2' };
    const { acquisitionNumber } = valueOf((await x.requestAcquisitions([line]))[0] as never) as { acquisitionNumber: string };
    server.network.acquisitions.set(acquisitionNumber, { holder: CITY_X, reference: '', identifier: 'secret-identifier' });
    const collected = await x.collectIdentifiers([{ acquisitionNumber, ...line }]);
    expect(collected).toEqual([{ ok: true, value: { acquisitionNumber, status: 'obtained' } }]);
    const calls = server.network.calls;
    expect(await x.collectIdentifiers([{ acquisitionNumber, ...line }])).toEqual(collected);
    expect(server.network.calls).toBe(calls);
    expect(await x.requestAcquisitions([line])).toMatchObject([{ ok: false, problem: { code: 'IDENTIFIER_HELD', kind: 'conflict' } }]);
    expect(await x.collectIdentifiers([{ acquisitionNumber: 'AQ-OTHER', ...line }])).toMatchObject([
      { ok: false, problem: { code: 'ACQUISITION_NOT_REQUESTED' } },
    ]);
  });

  it('that were revoked let no query be made, those reissued do, and a demand under the former one still finds the person', async () => {
    await server.identify(CITY_X, 'P3', 'r');
    await server.identify(CITY_A, 'P3', 'r');
    const x = server.client(CITY_X);
    const query = () => ({
      exchangeId: server.exchangeId(),
      inAgencyNumber: 'P3',
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      department: 'd',
      nonDisclosure: false,
    });
    const before = query();
    await x.submitQuery(before);
    const change = (holder: string, identifier?: string) => ({
      holder,
      previous: `${holder}:r`,
      changedAt: identifier === undefined ? '2020-05-08T01:00:00.000Z' : '2020-05-08T02:00:00.000Z',
      ...(identifier === undefined ? {} : { identifier }),
    });
    const done = [{ ok: true, value: true }];
    expect(await server.service.changeIdentifiers(IFS, [change(CITY_X)])).toEqual(done);
    expect(await server.service.changeIdentifiers(IFS, [change(CITY_X)])).toEqual(done);
    await expect(x.submitQuery(query())).rejects.toMatchObject({ code: 'SUBJECT_IDENTIFIER_REVOKED' });
    expect(await x.submitQuery(before)).toMatchObject({ exchangeId: before.exchangeId });
    expect(await server.service.changeIdentifiers(IFS, [change(CITY_X, `${CITY_X}:r2`), change(CITY_A, `${CITY_A}:r2`)])).toEqual([...done, ...done]);
    expect(await server.service.changeIdentifiers(IFS, [change(CITY_X, `${CITY_X}:r2`)])).toEqual(done);
    expect(await x.submitQuery(query())).toMatchObject({ status: 'submitted' });
    await server.service.idle();
    const [former] = await server.service.answerDemands(IFS, [server.network.demandOf(before.exchangeId)]);
    expect(former).toMatchObject({ ok: true, value: { outcome: 'not-made', reason: 'NO_RECORD' } });
  });

  it('of a person that the agency does not have change without a trace', async () => {
    const position = await server.running.party.store.lastPosition();
    expect(await server.service.changeIdentifiers(IFS, [{ holder: CITY_X, previous: 'unknown', changedAt: '2020-05-08T00:00:00.000Z' }])).toEqual([
      { ok: true, value: true },
    ]);
    expect(await server.running.party.store.lastPosition()).toBe(position);
  });
});
