import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SubmitQueryLine } from '#libs/agency-sdk';
import { DomainError } from '#libs/kernel';
import { AFFAIR, CITY_A, CITY_X, DENIED_AFFAIR, TAX, TestServer } from '../server.fixture.js';

describe('queries that are submitted', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open({ waitersMax: 1 });
    await server.identify(CITY_X, 'X1');
    await server.identify(CITY_A, 'X1', 'other');
  });
  afterAll(() => server.close());

  const line = (changes: Partial<SubmitQueryLine> = {}): SubmitQueryLine => ({
    exchangeId: server.exchangeId(),
    inAgencyNumber: 'X1',
    provider: CITY_A,
    affair: AFFAIR,
    information: TAX,
    period: '2019',
    department: 'child',
    nonDisclosure: false,
    ...changes,
  });
  const submit = async (...lines: readonly object[]) => server.client(CITY_X).submitQueries(lines as readonly SubmitQueryLine[]);
  const codes = async (...lines: readonly object[]) => (await submit(...lines)).map((result) => (result.ok ? result.value.status : result.problem.code));

  it('are refused line by line, each with its number, field and rule, and nothing of them is recorded', async () => {
    const before = await server.running.party.store.lastPosition();
    const wrong: [object, string, string][] = [
      [{ ...line(), provider: 'abc' }, 'provider', 'agency-code'],
      [{ ...line(), affair: 'TM00000000000002' }, 'affair', 'affair-code'],
      [{ ...line(), exchangeId: 'x' }, 'exchangeId', 'uuid-v7'],
      [{ ...line(), period: '2019-13-01/2019-12-31' }, 'period', 'period'],
      [{ ...line(), period: '2019-12-31/2019-01-01' }, 'period', 'period'],
      [{ ...line(), department: 'a b' }, 'department', 'department'],
      [{ ...line(), nonDisclosure: 'no' }, 'nonDisclosure', 'type'],
      [{ ...line(), extra: 1 }, 'extra', 'unknown-field'],
      [{ ...line(), inAgencyNumber: undefined }, 'inAgencyNumber', 'required'],
      [{ ...line(), applicationId: 'x'.repeat(65) }, 'applicationId', 'text-1-64'],
    ];
    const results = await submit(...wrong.map(([bad]) => bad));
    for (const [index, [, field, rule]] of wrong.entries()) {
      expect(results[index]).toMatchObject({ ok: false, problem: { code: 'INVALID_LINE', kind: 'invalid', field, rule } });
      expect(results[index]).toHaveProperty('problem.detail', expect.stringContaining(`line ${index + 1}:`));
    }
    expect(await server.running.party.store.lastPosition()).toBe(before);
  });

  it('are refused for a period that has not begun, a bulk without line, and a person without identifier; their neighbours are taken', async () => {
    expect(
      await codes(
        line({ period: '2021' }),
        line({ period: '2020-05-09/2020-06-01' }),
        line({ bulkId: 'b' }),
        line({ inAgencyNumber: 'NOBODY' }),
        line({ period: '2020' }),
        line({ period: '2020-05-08/2020-06-01' }),
      ),
    ).toEqual(['PERIOD_IN_FUTURE', 'PERIOD_IN_FUTURE', 'INVALID_LINE', 'SUBJECT_WITHOUT_IDENTIFIER', 'submitted', 'submitted']);
  });

  it('are the same exchange when they are sent again, whatever came of it meanwhile', async () => {
    const query = line({ affair: DENIED_AFFAIR });
    expect(await codes(query, query)).toEqual(['submitted', 'submitted']);
    await server.service.idle();
    expect(await codes(query)).toEqual(['denied']);
    expect(await server.running.party.store.revisions([`query-${query.exchangeId}`])).toEqual([1]);
  });

  it('are refused under the id of another query, by the same or another agency', async () => {
    const query = line();
    await submit(query);
    expect(await codes({ ...query, period: '2018' }, { ...query, nonDisclosure: true }, { ...query, inAgencyNumber: 'X1', department: 'tax' })).toEqual(
      Array(3).fill('IDEMPOTENCY_KEY_REUSED'),
    );
    const [other] = await server.client(CITY_A).submitQueries([query]);
    expect(other).toMatchObject({ ok: false, problem: { code: 'IDEMPOTENCY_KEY_REUSED', kind: 'conflict' } });
  });

  it('tell the denial with its article and a sentence in two languages', async () => {
    const query = line({ affair: DENIED_AFFAIR });
    const x = server.client(CITY_X);
    expect(await x.submitQuery(query, { waitMs: 5_000 })).toEqual({ exchangeId: query.exchangeId, status: 'denied' });
    expect(await x.query(query.exchangeId)).toMatchObject({
      status: 'denied',
      decision: {
        permitted: false,
        reason: 'AFFAIR_NOT_IN_TABLE',
        article: '番号法19条7号',
        exceptionApplied: true,
        sentence: { ja: expect.any(String), en: expect.any(String) },
      },
    });
  });

  it('may wait for their outcome only so long, and only so many at once', async () => {
    const x = server.client(CITY_X);
    const waiting = x.submitQuery(line(), { waitMs: 300 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await expect(x.submitQuery(line(), { waitMs: 300 })).rejects.toMatchObject({ code: 'BUSY', kind: 'busy' });
    expect((await waiting).status).toBe('permitted');
  });

  it('are asked of the core again while the way is down, and only then', async () => {
    server.network.down = true;
    const query = line();
    await submit(query);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await server.client(CITY_X).query(query.exchangeId)).status).toBe('submitted');
    server.network.down = false;
    await server.running.tick();
    const calls = server.network.calls;
    expect(await server.client(CITY_X).query(query.exchangeId)).toMatchObject({ status: 'permitted' });
    await server.running.tick();
    expect(server.network.calls).toBeLessThanOrEqual(calls + 2);
  });

  it('are asked of the core after a restart that came before the decision', async () => {
    server.network.down = true;
    const queries = Array.from({ length: 5 }, () => line());
    await submit(...queries);
    await server.restart();
    server.network.down = false;
    await server.running.tick();
    const states = await server.client(CITY_X).queryStatuses(queries);
    expect(states.map((state) => state.ok && state.value.status)).toEqual(Array(5).fill('permitted'));
  });

  it('end with the reason where the core refuses the line for good, and go on where it is passing', async () => {
    const [bad, busy] = [line(), line()];
    let refusals = 0;
    server.network.refuses = ({ exchangeId }) => {
      if (exchangeId === bad.exchangeId) return new DomainError('IDEMPOTENCY_KEY_REUSED', 'conflict', 'used');
      if (exchangeId === busy.exchangeId && (refusals += 1) === 1) return new DomainError('BUSY', 'busy', 'later');
      return undefined;
    };
    await submit(bad, busy);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.service.idle();
    const [ended, permitted] = await server.client(CITY_X).queryStatuses([bad, busy]);
    expect(ended).toMatchObject({ ok: true, value: { status: 'ended', end: { reason: 'IDEMPOTENCY_KEY_REUSED' } } });
    expect(permitted).toMatchObject({ ok: true, value: { status: 'permitted' } });
    server.network.refuses = () => undefined;
  });

  it('tell who has it', async () => {
    const x = server.client(CITY_X);
    const ask = { affair: AFFAIR, information: TAX, department: 'child' };
    const [found, nobody] = await x.askHolders([
      { inAgencyNumber: 'X1', ...ask },
      { inAgencyNumber: 'NOBODY', ...ask },
    ]);
    expect(found).toEqual({ ok: true, value: { holders: [CITY_A] } });
    expect(nobody).toMatchObject({ ok: false, problem: { code: 'SUBJECT_WITHOUT_IDENTIFIER' } });
  });

  it('can be withdrawn while they are open: never sent ones silently, others with a word to the core', async () => {
    const x = server.client(CITY_X);
    server.network.down = true;
    await server.running.tick();
    const [decided, ended] = [line(), line({ affair: DENIED_AFFAIR })];
    server.network.down = false;
    await x.submitQueries([decided, ended], { waitMs: 200 });
    const told = server.network.withdrawn.length;
    expect(await x.withdrawQuery(decided.exchangeId, 'child')).toMatchObject({ status: 'withdrawn', end: { reason: 'WITHDRAWN' } });
    expect(await x.withdrawQuery(decided.exchangeId, 'child')).toMatchObject({ status: 'withdrawn' });
    await server.service.idle();
    expect(server.network.withdrawn.slice(told).every(({ exchangeId, requester }) => exchangeId === decided.exchangeId && requester === CITY_X)).toBe(true);
    expect(server.network.withdrawn.length).toBeGreaterThan(told);
    await expect(x.withdrawQuery(ended.exchangeId, 'child')).rejects.toMatchObject({ code: 'QUERY_ENDED', kind: 'conflict' });
    await expect(x.withdrawQuery(server.exchangeId(), 'child')).rejects.toMatchObject({ code: 'QUERY_NOT_FOUND', kind: 'not-found' });
  });

  it('that lapsed at the core end here with its cause, also long after', async () => {
    const query = line();
    await submit(query);
    await server.service.idle();
    server.network.statusAnswers.set(query.exchangeId, { status: 'lapsed', reason: 'PROVIDER_UNREACHABLE', coreLeaf: 'A'.repeat(43) });
    await server.running.tick();
    expect((await server.client(CITY_X).query(query.exchangeId)).status).toBe('permitted');
    server.clock.advance(3_700_000);
    await server.running.tick();
    expect(await server.client(CITY_X).query(query.exchangeId)).toMatchObject({ status: 'ended', end: { reason: 'LAPSED_PROVIDER_UNREACHABLE' } });
  });
});
