import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RegisterReplicaLine, valueOf } from '#libs/agency-sdk';
import type { ProvisionAnswer } from '#libs/protocol';
import { AFFAIR, CITY_A, CITY_X, delivered, IFS, TAX, TestServer, VALIDITY_MS } from '../server.fixture.js';

const TAX_2019 = { information: TAX, dataset: 'income', period: '2019' } as const;

describe('demands of a provider', () => {
  let server: TestServer;
  let persons = 0;
  beforeAll(async () => {
    server = await TestServer.open();
  });
  afterAll(() => server.close());

  /** A person known to both cities under a number of its own, `X<n>` and `A<n>`. */
  async function person(): Promise<string> {
    persons += 1;
    await server.identify(CITY_X, `X${persons}`, `person-${persons}`);
    await server.identify(CITY_A, `A${persons}`, `person-${persons}`);
    return String(persons);
  }
  const tax = (id: string, totalIncome: number, changes: Partial<RegisterReplicaLine> = {}): RegisterReplicaLine => ({
    inAgencyNumber: `A${id}`,
    ...TAX_2019,
    layout: '2019-06',
    content: { totalIncome, incomeLevy: 0, filed: true },
    ...changes,
  });
  async function asked(id: string, changes: { period?: string } = { period: '2019' }): Promise<string> {
    const exchangeId = server.exchangeId();
    const query = {
      exchangeId,
      inAgencyNumber: `X${id}`,
      provider: CITY_A,
      affair: AFFAIR,
      information: TAX,
      department: 'child',
      nonDisclosure: false,
      ...changes,
    };
    await server.client(CITY_X).submitQuery(query);
    await server.service.idle();
    return exchangeId;
  }
  async function demanded(exchangeId: string): Promise<ProvisionAnswer> {
    const [outcome] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
    return valueOf(outcome as never);
  }
  const payloadOf = (answer: ProvisionAnswer): { replicas: { layout: string; period: string; content: object }[] } =>
    JSON.parse(answer.data?.payload ?? '') as never;

  it('are answered with every replica of the information, or the one of the period asked for', async () => {
    const id = await person();
    await server.client(CITY_A).registerReplicas([tax(id, 1), tax(id, 2, { period: '2018' })]);
    expect(payloadOf(await demanded(await asked(id, {}))).replicas.map(({ period }) => period)).toEqual(['2019', '2018']);
    expect(payloadOf(await demanded(await asked(id, { period: '2018' }))).replicas).toMatchObject([{ period: '2018', content: { totalIncome: 2 } }]);
  });

  it('are answered again with the very same bytes, also after a correction, a withdrawal and a restart', async () => {
    const id = await person();
    const a = server.client(CITY_A);
    await a.registerReplicas([tax(id, 1)]);
    const exchangeId = await asked(id);
    const first = await demanded(exchangeId);
    expect(first).toMatchObject({ outcome: 'made', automatic: true, nonDisclosure: false, requester: CITY_X, requesterInterfaceSystem: IFS });
    await a.registerReplicas([tax(id, 2)]);
    expect(await demanded(exchangeId)).toEqual(first);
    await a.withdrawReplicas([{ inAgencyNumber: `A${id}`, ...TAX_2019 }]);
    await server.restart();
    expect(await demanded(exchangeId)).toEqual(first);
    expect(await demanded(await asked(id))).toMatchObject({ outcome: 'not-made', reason: 'NO_RECORD' });
  });

  it('of an old registration are answered in the layout in use', async () => {
    const id = await person();
    await server.client(CITY_A).registerReplicas([tax(id, 0, { layout: '2017-07', content: { income: 500, tax: 20, dependants: 1 } })]);
    const [replica] = payloadOf(await demanded(await asked(id))).replicas;
    expect(replica).toMatchObject({ layout: '2019-06', content: { totalIncome: 500, incomeLevy: 20, dependants: 1, filed: true } });
  });

  it('end without data where the person is not known, or has no such record', async () => {
    persons += 1;
    await server.identify(CITY_X, `X${persons}`, 'a stranger to A');
    expect(await demanded(await asked(String(persons)))).toMatchObject({ outcome: 'not-made', reason: 'SUBJECT_UNKNOWN' });
    expect(await demanded(await asked(await person()))).toMatchObject({ outcome: 'not-made', reason: 'NO_RECORD' });
  });

  it('end without data once the validity period is nearly over', async () => {
    const id = await person();
    await server.client(CITY_A).registerReplicas([tax(id, 1)]);
    const exchangeId = await asked(id);
    server.clock.advance(VALIDITY_MS - 20_000);
    expect(await demanded(exchangeId)).toMatchObject({ outcome: 'not-made', reason: 'LAPSED' });
  });

  it('carry the seal of the provider, set for the person or the information, until it is lifted', async () => {
    const id = await person();
    const a = server.client(CITY_A);
    const scope = { inAgencyNumber: `A${id}`, department: 'tax' };
    await a.registerReplicas([tax(id, 1)]);
    await a.setNonDisclosures([scope]);
    const exchangeId = await asked(id);
    const sealed = await demanded(exchangeId);
    expect(sealed.nonDisclosure).toBe(true);
    await server.service.receiveProvisions(IFS, [delivered(sealed)]);
    const { records } = await server.client(CITY_X).searchRecords({ role: 'requester', inAgencyNumber: `X${id}` });
    expect(records).toMatchObject([{ exchangeId, nonDisclosure: true }]);
    await a.liftNonDisclosures([scope]);
    expect((await demanded(await asked(id))).nonDisclosure).toBe(false);
  });

  it('show no permit that is not one, is opened wrongly, or is of another exchange', async () => {
    const id = await person();
    const exchangeId = await asked(id);
    const demand = server.network.demandOf(exchangeId);
    const other = server.network.demandOf(await asked(id));
    const wrong = [
      { ...demand, event: '{"v":1}' },
      { ...demand, disclosure: other.disclosure },
      { ...demand, exchangeId: other.exchangeId },
      { ...demand, event: demand.event.replace(CITY_A, CITY_X) },
    ];
    const outcomes = await server.service.answerDemands(IFS, wrong);
    expect(outcomes.slice(0, 3).map((outcome) => !outcome.ok && outcome.problem.code)).toEqual(Array(3).fill('DECISION_NOT_VALID'));
    expect(await server.running.party.store.revisions([`provision-${exchangeId}`])).not.toEqual([0]);
  });

  describe('that are held for an official', () => {
    async function held(): Promise<{ id: string; exchangeId: string }> {
      const id = await person();
      const a = server.client(CITY_A);
      await a.registerReplicas([tax(id, 7)]);
      await a.blockAutomaticAnswers([{ inAgencyNumber: `A${id}`, department: 'tax' }]);
      const exchangeId = await asked(id);
      expect(await demanded(exchangeId)).toMatchObject({ outcome: 'held', reason: 'SUBJECT_BLOCKED' });
      return { id, exchangeId };
    }

    it('stand in the work list, are released once and sent on', async () => {
      const { id, exchangeId } = await held();
      const a = server.client(CITY_A);
      const { provisions } = await a.heldProvisions();
      expect(provisions).toContainEqual(
        expect.objectContaining({ exchangeId, inAgencyNumber: `A${id}`, requester: CITY_X, reason: 'SUBJECT_BLOCKED', period: '2019' }),
      );
      expect(await a.releaseProvision(exchangeId, { department: 'tax' })).toEqual({ exchangeId, outcome: 'made' });
      await server.service.idle();
      const sent = server.network.sent.find((answer) => answer.exchangeId === exchangeId);
      expect(sent).toMatchObject({ outcome: 'made', automatic: false });
      expect(await demanded(exchangeId)).toEqual(sent);
      expect(await a.releaseProvision(exchangeId, { department: 'tax' })).toEqual({ exchangeId, outcome: 'made' });
      expect((await a.heldProvisions()).provisions.map((provision) => provision.exchangeId)).not.toContain(exchangeId);
      await expect(a.endProvision(exchangeId, { department: 'tax', reason: 'WRONG_PERSON' })).rejects.toMatchObject({ code: 'PROVISION_MADE' });
    });

    it('are ended without data, for an operational reason only', async () => {
      const { exchangeId } = await held();
      const a = server.client(CITY_A);
      await expect(a.endProvision(exchangeId, { department: 'tax', reason: 'REFUSED' as never })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      expect(await a.endProvision(exchangeId, { department: 'tax', reason: 'UNDER_CORRECTION' })).toEqual({
        exchangeId,
        outcome: 'not-made',
        reason: 'UNDER_CORRECTION',
      });
      await expect(a.releaseProvision(exchangeId, { department: 'tax' })).rejects.toMatchObject({ code: 'PROVISION_ENDED' });
      await server.service.idle();
      const ended = server.network.sent.find((answer) => answer.exchangeId === exchangeId);
      await server.service.receiveProvisions(IFS, [delivered(ended as ProvisionAnswer)]);
      expect(await server.client(CITY_X).query(exchangeId)).toMatchObject({ status: 'ended', end: { reason: 'UNDER_CORRECTION' } });
    });

    it('are ended when the requester withdraws; a notice that comes again reports the same', async () => {
      const { exchangeId } = await held();
      const notice = { exchangeId, provider: CITY_A };
      const [ended] = await server.service.endWithdrawn(IFS, [notice]);
      expect(ended).toMatchObject({ ok: true, value: { outcome: 'not-made', reason: 'WITHDRAWN', provider: CITY_A } });
      expect(await server.service.endWithdrawn(IFS, [notice])).toEqual([ended]);
      expect(await server.service.endWithdrawn(IFS, [{ exchangeId: server.exchangeId(), provider: CITY_A }])).toEqual([{ ok: true, value: null }]);
    });

    it('are not released after their time, and leave the work list', async () => {
      const { exchangeId } = await held();
      server.clock.advance(VALIDITY_MS);
      const a = server.client(CITY_A);
      await expect(a.releaseProvision(exchangeId, { department: 'tax' })).rejects.toMatchObject({ code: 'PROVISION_LAPSED' });
      expect((await a.heldProvisions()).provisions.map((provision) => provision.exchangeId)).not.toContain(exchangeId);
    });

    it('are sent again while the way is down', async () => {
      const { exchangeId } = await held();
      const a = server.client(CITY_A);
      server.network.down = true;
      await a.releaseProvision(exchangeId, { department: 'tax' });
      await new Promise((resolve) => setTimeout(resolve, 30));
      server.network.down = false;
      await server.service.idle();
      expect(server.network.sent.some((answer) => answer.exchangeId === exchangeId)).toBe(true);
    });
  });
});
