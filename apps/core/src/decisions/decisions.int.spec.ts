import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newExchangeId } from '#libs/cryptography';
import type { DecideQueryLine, DecisionAnswer, LineOutcome } from '#libs/protocol';
import { AFFAIR, CITY_A, CITY_B, CITY_X, FUND, HELD_UNDER, NOW, SOCIETY, TAX_AGENCY, TestCore } from '../core.fixture.js';

describe('decisions of the core', () => {
  let core: TestCore;
  let x1: string;
  let a1: string;
  beforeAll(async () => {
    core = await TestCore.open();
    await core.setUp();
    x1 = await core.identifier(CITY_X, '10000000001');
    a1 = await core.identifier(CITY_A, '10000000001');
  });
  afterAll(() => core.close());

  const decide = async (line: DecideQueryLine, caller = 'ifs-east') => {
    const {
      outcomes: [outcome],
    } = await core.service.decideQueries(caller, [line]);
    if (outcome === undefined) throw new Error('every line has an outcome');
    return outcome;
  };
  const decided = async (line: DecideQueryLine): Promise<{ type: string; data: Record<string, unknown> }> => {
    const outcome = await decide(line);
    if (!outcome.ok) throw new Error(outcome.problem.code);
    return JSON.parse(outcome.value.event) as { type: string; data: Record<string, unknown> };
  };
  /** An outcome but for its place in the log, whose proof grows with the log. */
  const told = (outcome: LineOutcome<DecisionAnswer> | undefined): unknown => (outcome?.ok ? { ...outcome.value, place: outcome.value.place?.index } : outcome);
  const revisionsOf = (line: DecideQueryLine) => core.running.party.store.revisions([`exchange-${line.exchangeId}`]);

  it('name the revisions that they rest on', async () => {
    const { data } = await decided(core.query(x1));
    expect(data['basis']).toEqual({
      requester: 2,
      provider: 2,
      matrix: 2,
      openings: [{ stream: 'opening-municipality', revision: 0 }],
      requesterIdentifier: { stream: expect.stringMatching(/^identifier-[0-9a-f]{32}$/), revision: 0 },
      providerIdentifier: { stream: expect.stringMatching(/^identifier-[0-9a-f]{32}$/), revision: 0 },
    });
  });

  it.each([
    ['an affair that is not in the table', { affair: 'JM99000000009999' }, 'AFFAIR_NOT_IN_TABLE', true],
    ['an information that is not in the item', { information: 'TM00000000000001' }, 'INFORMATION_NOT_IN_ITEM', true],
    ['a provider that nobody registered', { provider: '9900000000009999' }, 'NOT_A_PARTICIPANT', true],
    ['a provider that does not take part', { provider: TAX_AGENCY }, 'NOT_A_PARTICIPANT', true],
    ['a provider that is no provider of it', { provider: FUND }, 'PROVIDER_NOT_IN_ITEM', true],
    ['itself', { provider: CITY_X }, 'SAME_AGENCY', false],
    ['an institution that it does not act for', { requesterInstitution: SOCIETY }, 'NOT_DELEGATED', false],
    ['an institution that nobody registered', { requesterInstitution: '9900000000009999' }, 'NOT_A_PARTICIPANT', true],
    ['somebody by another holder’s identifier', { requesterIdentifier: 'own' }, 'IDENTIFIER_NOT_VALID', false],
    ['somebody by what is no identifier', { requesterIdentifier: 'rubbish' }, 'IDENTIFIER_NOT_VALID', false],
  ])('deny a query about %s, and record it', async (_what, changes, reason, exceptionApplied) => {
    const line = core.query(x1, 'requesterIdentifier' in changes && changes.requesterIdentifier === 'own' ? { requesterIdentifier: a1 } : changes);
    const event = await decided(line);
    expect(event.type).toBe('QueryDenied');
    expect(event.data).toMatchObject({ reason, exceptionApplied, article: expect.stringContaining('番号法') });
    expect(await revisionsOf(line)).toEqual([0]);
    expect(core.west.demands.map(({ exchangeId }) => exchangeId)).not.toContain(line.exchangeId);
  });

  it('deny while an agency is suspended or its assessment is withdrawn, and permit again after', async () => {
    const { operations } = core.running;
    await operations.suspendAgencies([{ code: CITY_A, reason: 'leak' }]);
    expect((await decided(core.query(x1))).data).toMatchObject({ reason: 'AGENCY_SUSPENDED_PROVIDER' });
    await operations.reinstateAgencies([{ code: CITY_A, reason: 'mended' }]);
    await operations.withdrawAssessments([{ code: CITY_A, affairs: [HELD_UNDER] }]);
    expect((await decided(core.query(x1))).data).toMatchObject({ reason: 'ASSESSMENT_UNPUBLISHED_PROVIDER', exceptionApplied: true });
    await operations.publishAssessments([{ code: CITY_A, affairs: [HELD_UNDER] }]);
    await operations.withdrawAssessments([{ code: CITY_X, affairs: [AFFAIR] }]);
    expect((await decided(core.query(x1))).data).toMatchObject({ reason: 'ASSESSMENT_UNPUBLISHED_REQUESTER' });
    await operations.publishAssessments([{ code: CITY_X, affairs: [AFFAIR] }]);
    expect((await decided(core.query(x1))).type).toBe('QueryPermitted');
  });

  it('let a holder ask for an institution that it acts for', async () => {
    const fund = await core.identifier(FUND, '10000000001');
    const asked = { requester: FUND, requesterInstitution: SOCIETY, affair: 'JM99000000000003' };
    const event = await decided(core.query(fund, asked));
    expect(event).toMatchObject({ type: 'QueryPermitted', data: { item: '3', requester: FUND, requesterInstitution: SOCIETY } });
    expect(event.data['basis']).toMatchObject({ requester: 1, requesterInstitution: 2 });
  });

  it('say that notification is impossible where the provider holds no identifier of the person', async () => {
    const x2 = await core.identifier(CITY_X, '10000000002');
    const line = core.query(x2);
    const outcome = await decide(line);
    if (!outcome.ok) throw new Error(outcome.problem.code);
    expect(outcome.value.impossible).toBe(true);
    expect(JSON.parse(outcome.value.event)).not.toHaveProperty('data.providerSubject');
    expect(await core.service.exchangeStatuses('ifs-east', [{ exchangeId: line.exchangeId, requester: CITY_X }])).toMatchObject([
      { value: { status: 'impossible', reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } },
    ]);
  });

  it('are told again, byte for byte, whoever repeats the query', async () => {
    const line = core.query(x1);
    const {
      outcomes: [first, second],
    } = await core.service.decideQueries('ifs-east', [line, line]);
    expect(second).toEqual(first);
    expect(told(await decide({ ...line, queryLeaf: 'B'.repeat(43) }))).toEqual(told(first));
    expect(await revisionsOf(line)).toEqual([0]);
  });

  it('keep silent about an exchange whose id is used for another query, be it of another requester', async () => {
    const line = core.query(x1);
    await decide(line);
    const b1 = await core.identifier(CITY_B, '10000000001');
    const others = [{ period: '2019' }, { nonDisclosure: true }, { provider: CITY_B }, { requester: CITY_B, requesterIdentifier: b1 }];
    for (const other of others) {
      const outcome = await decide({ ...line, ...other });
      expect(outcome).toEqual({ ok: false, problem: expect.objectContaining({ code: 'IDEMPOTENCY_KEY_REUSED', kind: 'conflict', field: 'exchangeId' }) });
      expect(JSON.stringify(outcome)).not.toContain(CITY_A);
    }
  });

  it('refuse a line of an agency that the caller does not speak for, and record nothing', async () => {
    for (const [line, caller] of [
      [core.query(x1), 'ifs-west'],
      [core.query(x1, { requester: CITY_A }), 'ifs-east'],
      [core.query(x1, { requester: '9900000000009999' }), 'ifs-east'],
    ] as const) {
      expect(await decide(line, caller)).toMatchObject({ ok: false, problem: { code: 'AGENCY_NOT_SPOKEN_FOR', kind: 'forbidden', field: 'requester' } });
      expect(await revisionsOf(line)).toEqual([-1]);
    }
  });

  it('refuse what was requested in the future or too long ago, but tell an old decision again', async () => {
    const ahead = core.query(x1, { requestedAt: '2020-05-08T00:05:00.001Z' });
    expect(await decide(ahead)).toMatchObject({ problem: { code: 'REQUESTED_IN_FUTURE', field: 'requestedAt' } });
    expect(await decide(core.query(x1, { requestedAt: '2020-05-08T00:05:00.000Z' }))).toMatchObject({ ok: true });
    const stale = core.query(x1, { requestedAt: '2020-04-30T23:59:59.999Z' });
    expect(await decide(stale)).toMatchObject({ problem: { code: 'REQUESTED_TOO_LONG_AGO' } });
    expect(await revisionsOf(stale)).toEqual([-1]);
    const line = core.query(x1);
    const first = await decide(line);
    core.clock.advance(30 * 24 * 3_600_000);
    try {
      expect(told(await decide(line))).toEqual(told(first));
    } finally {
      core.clock.set(NOW);
    }
  });

  it('judge each line of a batch alone', async () => {
    const lines = [core.query(x1), core.query(x1, { requester: CITY_A }), core.query(x1, { affair: 'JM99000000009999' })];
    const { outcomes } = await core.service.decideQueries('ifs-east', lines);
    expect(outcomes.map((outcome) => (outcome.ok ? (JSON.parse(outcome.value.event) as { type: string }).type : outcome.problem.code))).toEqual([
      'QueryPermitted',
      'AGENCY_NOT_SPOKEN_FOR',
      'QueryDenied',
    ]);
    expect(await core.service.decideQueries('ifs-east', [])).toEqual({ outcomes: [] });
  });

  it('judge on the day of the decision in Japan', async () => {
    core.clock.set('2020-03-31T14:59:59.999Z'); // 23:59 of 31 March
    expect((await decided(core.query(x1, { exchangeId: newExchangeId(1) }))).data).toMatchObject({ reason: 'NO_TABLE_IN_FORCE' });
    core.clock.set('2020-03-31T15:00:00.000Z');
    expect((await decided(core.query(x1))).type).toBe('QueryPermitted');
    core.clock.set(NOW);
  });

  it('leave no identifier, resident record code or number in the store', async () => {
    const { events } = await core.running.party.store.readAll({ after: 0n, limit: 10_000 });
    const text = events.map(({ bytes, stream }) => stream + Buffer.from(bytes).toString('utf8')).join('\n');
    for (const secret of [x1, a1, '10000000001', '10000000002']) expect(text.includes(secret)).toBe(false);
  });
});
