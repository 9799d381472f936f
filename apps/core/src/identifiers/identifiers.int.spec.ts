import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CITY_A, CITY_X, FUND, TestCore } from '../core.fixture.js';

const RESIDENT = '10000000001';

describe('identifiers at the core', () => {
  let core: TestCore;
  beforeEach(async () => {
    core = await TestCore.open();
    await core.setUp();
  });
  afterEach(() => core.close());

  const number = async (holder = CITY_X, reference = 'r1', caller = core.interfaceSystemOf(holder)) =>
    (await core.service.issueAcquisitionNumbers(caller, [{ holder, reference }]))[0];
  const acquisitionNumber = async (holder = CITY_X, reference = 'r1'): Promise<string> => {
    const outcome = await number(holder, reference);
    if (!outcome?.ok) throw new Error(JSON.stringify(outcome));
    return outcome.value.acquisitionNumber;
  };
  const issue = async (acquisition: string, residentRecordCode = RESIDENT, caller = 'registry') =>
    (await core.service.issueIdentifiers(caller, [{ acquisitionNumber: acquisition, residentRecordCode }]))[0];
  const collect = async (acquisition: string, holder = CITY_X) =>
    (await core.service.collectIdentifiers(core.interfaceSystemOf(holder), [{ holder, acquisitionNumber: acquisition }]))[0];

  it('are obtained with an acquisition number, which a repeated request finds again', async () => {
    const first = await number();
    expect(first).toMatchObject({ ok: true, value: { expiresAt: '2020-05-09T00:00:00.000Z' } });
    expect(await number()).toEqual(first);
    const taken = await acquisitionNumber();
    expect(await collect(taken)).toMatchObject({ value: { status: 'pending' } });
    expect(await issue(taken)).toEqual({ ok: true, value: { acquisitionNumber: taken } });
    expect(await issue(taken)).toEqual({ ok: true, value: { acquisitionNumber: taken } });
    const told = await collect(taken);
    expect(told).toMatchObject({ value: { status: 'issued', identifier: expect.stringMatching(/^[0-9a-z]{28}$/) } });
    expect(await collect(taken)).toEqual(told);
  });

  it('differ between holders, and are told again to a holder that has one', async () => {
    const x = await core.identifier(CITY_X, RESIDENT);
    expect(await core.identifier(CITY_A, RESIDENT)).not.toBe(x);
    const again = await acquisitionNumber(CITY_X, 'r2');
    await issue(again);
    expect(await collect(again)).toMatchObject({ value: { status: 'already-held', identifier: x } });
  });

  it('are not issued on a number that expired, was used for another person, or was never issued', async () => {
    const used = await acquisitionNumber();
    await issue(used);
    expect(await issue(used, '10000000002')).toMatchObject({ problem: { code: 'ACQUISITION_NUMBER_USED' } });
    expect(await issue('f'.repeat(32))).toMatchObject({ problem: { code: 'ACQUISITION_NUMBER_UNKNOWN', kind: 'not-found' } });
    const old = await acquisitionNumber(CITY_X, 'r2');
    core.clock.advance(24 * 3_600_000);
    expect(await issue(old)).toMatchObject({ problem: { code: 'ACQUISITION_NUMBER_EXPIRED' } });
    expect(await collect(old)).toMatchObject({ value: { status: 'expired' } });
    const fresh = await acquisitionNumber(CITY_X, 'r2');
    expect(fresh).not.toBe(old);
    expect(await issue(fresh)).toMatchObject({ ok: true });
  });

  it('are named to the core by the registry alone, and numbers go to those who speak for the holder', async () => {
    await expect(issue(await acquisitionNumber(), RESIDENT, 'ifs-east')).rejects.toMatchObject({ code: 'CALLER_FORBIDDEN' });
    expect(await number(CITY_X, 'r1', 'ifs-west')).toMatchObject({ problem: { code: 'AGENCY_NOT_SPOKEN_FOR', field: 'holder' } });
    const foreign = await acquisitionNumber(CITY_A);
    expect(await collect(foreign, CITY_X)).toMatchObject({ problem: { code: 'ACQUISITION_NUMBER_UNKNOWN' } });
  });

  it('that are revoked permit nothing more, and their holder is told, each time it is asked for', async () => {
    const { operations } = core.running;
    const x = await core.identifier(CITY_X, RESIDENT);
    await core.identifier(CITY_A, RESIDENT);
    const decide = async (identifier: string) => {
      const {
        outcomes: [outcome],
      } = await core.service.decideQueries('ifs-east', [core.query(identifier)]);
      return outcome?.ok ? (JSON.parse(outcome.value.event) as { type: string; data: { reason?: string } }) : undefined;
    };
    expect((await decide(x))?.type).toBe('QueryPermitted');
    const line = { holder: CITY_X, identifier: x, reason: 'leak' };
    expect(await operations.revokeIdentifiers([line])).toEqual([{ ok: true, value: { changed: true } }]);
    expect(await operations.revokeIdentifiers([line])).toEqual([{ ok: true, value: { changed: false } }]);
    expect((await decide(x))?.data.reason).toBe('IDENTIFIER_NOT_VALID');

    expect(await operations.reissueIdentifiers([line])).toEqual([{ ok: true, value: { changed: true } }]);
    expect(await operations.reissueIdentifiers([line])).toEqual([{ ok: true, value: { changed: false } }]);
    expect(await operations.revokeIdentifiers([line])).toMatchObject([{ problem: { code: 'IDENTIFIER_SUPERSEDED' } }]);
    await core.until(() => core.east.identifierChanges.length === 4);
    const [revoked, , reissued] = core.east.identifierChanges;
    expect(revoked).toEqual({ holder: CITY_X, previous: x, changedAt: core.clock.now() });
    expect(reissued).toEqual({ holder: CITY_X, previous: x, identifier: expect.any(String), changedAt: core.clock.now() });
    expect((await decide(x))?.data.reason).toBe('IDENTIFIER_NOT_VALID');
    expect((await decide(reissued?.identifier ?? ''))?.type).toBe('QueryPermitted');
  });

  it('of the provider that are revoked make notification impossible; of a foreign holder are refused', async () => {
    const x = await core.identifier(CITY_X, RESIDENT);
    const a = await core.identifier(CITY_A, RESIDENT);
    await core.running.operations.revokeIdentifiers([{ holder: CITY_A, identifier: a, reason: 'leak' }]);
    expect((await core.service.decideQueries('ifs-east', [core.query(x)])).outcomes).toMatchObject([{ value: { impossible: true } }]);
    expect(await core.running.operations.revokeIdentifiers([{ holder: FUND, identifier: x, reason: 'leak' }])).toMatchObject([
      { problem: { code: 'IDENTIFIER_NOT_VALID', field: 'identifier' } },
    ]);
  });

  it('are told of by holder: who has one, and never which', async () => {
    const x = await core.identifier(CITY_X, RESIDENT);
    const ask = async (changes: object = {}) =>
      (
        await core.service.askHolders('ifs-east', [
          { requester: CITY_X, requesterIdentifier: x, affair: core.query(x).affair, information: core.query(x).information, department: 'd', ...changes },
        ])
      )[0];
    expect(await ask()).toEqual({ ok: true, value: { holders: [], reason: 'NO_HOLDER_OF_THIS_PERSON' } });
    await core.identifier(CITY_A, RESIDENT);
    expect(await ask()).toEqual({ ok: true, value: { holders: [CITY_A] } });
    expect(await ask({ affair: 'JM99000000009999' })).toEqual({ ok: true, value: { holders: [], reason: 'AFFAIR_NOT_IN_TABLE' } });
    expect(await ask({ requesterIdentifier: 'rubbish' })).toEqual({ ok: true, value: { holders: [], reason: 'IDENTIFIER_NOT_VALID' } });
    expect(await ask({ requester: CITY_A })).toMatchObject({ problem: { code: 'AGENCY_NOT_SPOKEN_FOR' } });
    const { events } = await core.running.party.store.readAll({ after: 0n, limit: 10_000 });
    const told = events.filter(({ stream }) => stream.startsWith('holders-'));
    expect(told.map(({ type }) => type)).toEqual(Array.from({ length: 4 }, () => ['HolderAsked', 'HolderTold']).flat());
  });
});
