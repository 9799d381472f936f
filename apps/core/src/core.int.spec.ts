import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verifyDisclosure } from '#libs/cryptography';
import { AFFAIR, CITY_A, CITY_X, LEAF, TAX, TestCore } from './core.fixture.js';

describe('an exchange at the core', () => {
  let core: TestCore;
  let identifier: string;
  beforeEach(async () => {
    core = await TestCore.open();
    await core.setUp();
    identifier = await core.identifier(CITY_X, '12345678901');
    await core.identifier(CITY_A, '12345678901');
  });
  afterEach(() => core.close());

  it('is permitted, demanded, provided and received, and each told what was recorded', async () => {
    const query = core.query(identifier);
    const {
      outcomes: [answer],
    } = await core.service.decideQueries('ifs-east', [query]);
    if (!answer?.ok) throw new Error(JSON.stringify(answer));
    const event = JSON.parse(answer.value.event) as { type: string; data: Record<string, never>; stream: string };
    expect(event).toMatchObject({
      type: 'QueryPermitted',
      stream: `exchange-${query.exchangeId}`,
      data: { table: '2020-04-01', item: '74', grant: 0, validUntil: '2020-05-08T01:00:00.000Z', affair: AFFAIR, information: TAX },
    });
    expect(answer.value.impossible).toBe(false);
    expect(answer.value.disclosure.value).toBe(identifier);
    expect(verifyDisclosure(event.data['requesterSubject'] as never, answer.value.disclosure)).toBe(true);
    await core.until(() => core.west.demands.length > 0);
    const [demand] = core.west.demands;
    expect(demand).toMatchObject({ exchangeId: query.exchangeId, event: answer.value.event, requesterInterfaceSystem: 'ifs-east' });
    expect(verifyDisclosure(event.data['providerSubject'] as never, demand?.disclosure as never)).toBe(true);

    const report = {
      exchangeId: query.exchangeId,
      provider: CITY_A,
      outcome: 'made' as const,
      at: core.clock.now(),
      providerLeaf: LEAF,
      nonDisclosure: false,
      items: ['x'],
      digest: LEAF,
      automatic: true,
    };
    const { outcomes: reported } = await core.service.reportProvisions('ifs-west', [report, report]);
    expect(reported[0]).toMatchObject({ ok: true, value: { leaf: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) } });
    expect(reported[1]).toEqual(reported[0]);
    const status = async () => (await core.service.exchangeStatuses('ifs-east', [{ exchangeId: query.exchangeId, requester: CITY_X }]))[0];
    expect(await status()).toMatchObject({ ok: true, value: { status: 'provided' } });
    const receipt = { exchangeId: query.exchangeId, requester: CITY_X, receivedAt: core.clock.now(), requesterLeaf: LEAF };
    expect((await core.service.recordReceipts('ifs-east', [receipt])).outcomes).toMatchObject([{ ok: true, value: { leaf: expect.any(String) } }]);
    // a report that is repeated later is told the record of itself, not of what came after
    expect((await core.service.reportProvisions('ifs-west', [report])).outcomes).toMatchObject([
      { value: { leaf: reported[0]?.ok ? reported[0].value.leaf : '' } },
    ]);
    expect(await status()).toMatchObject({ ok: true, value: { status: 'received' } });
  });
});
