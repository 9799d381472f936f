import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '#libs/kernel';
import type { DecideQueryLine, ExchangeStatusAnswer } from '#libs/protocol';
import { CITY_A, CITY_X, LEAF, TestCore } from '../core.fixture.js';
import type { CoreSettings } from '../settings.js';

const RESIDENT = '10000000001';
const HOUR_MS = 3_600_000;

describe('an exchange that is driven', () => {
  let core: TestCore;
  let x: string;
  const open = async (settings: Partial<CoreSettings> = {}): Promise<void> => {
    core = await TestCore.open(settings);
    await core.setUp();
    x = await core.identifier(CITY_X, RESIDENT);
    await core.identifier(CITY_A, RESIDENT);
  };
  beforeEach(() => open());
  afterEach(() => core.close());

  const permitted = async (): Promise<DecideQueryLine> => {
    const line = core.query(x);
    const {
      outcomes: [outcome],
    } = await core.service.decideQueries('ifs-east', [line]);
    if (!outcome?.ok) throw new Error(JSON.stringify(outcome));
    return line;
  };
  const statusOf = async ({ exchangeId }: DecideQueryLine): Promise<ExchangeStatusAnswer> => {
    const [outcome] = await core.service.exchangeStatuses('ifs-east', [{ exchangeId, requester: CITY_X }]);
    if (!outcome?.ok) throw new Error(JSON.stringify(outcome));
    return outcome.value;
  };
  const report = async ({ exchangeId }: DecideQueryLine, outcome: 'made' | 'held' | 'not-made', more: object = {}) => {
    const { outcomes } = await core.service.reportProvisions('ifs-west', [
      {
        exchangeId,
        provider: CITY_A,
        outcome,
        at: core.clock.now(),
        providerLeaf: LEAF,
        nonDisclosure: false,
        ...(outcome === 'made' ? { items: ['x'], digest: LEAF, automatic: false } : {}),
        ...(outcome === 'not-made' ? { reason: 'NO_REPLICA' } : {}),
        ...more,
      },
    ]);
    return outcomes;
  };
  const unreachable = (): never => {
    throw new DomainError('SERVICE_UNAVAILABLE', 'unavailable', 'down');
  };

  it('is demanded again after its provider could not be reached, and tells what stood in the way', async () => {
    core.west.answer = unreachable;
    const line = await permitted();
    await core.until(() => core.running.notifier.pausedLanes === 1);
    expect(await statusOf(line)).toEqual({
      exchangeId: line.exchangeId,
      status: 'notified',
      validUntil: '2020-05-08T01:00:00.000Z',
      attempts: 1,
      lastObstacle: 'SERVICE_UNAVAILABLE',
    });
    core.west.answer = () => ({ ok: true, value: true });
    await core.until(() => core.west.demands.length === 1);
    expect(await statusOf(line)).toMatchObject({ status: 'notified', attempts: 2 });
  });

  it('is demanded again when it was refused alone', async () => {
    core.west.answer = () => ({ ok: false, problem: { code: 'SUBJECT_UNKNOWN', kind: 'not-found', detail: '' } });
    const line = await permitted();
    await core.until(() => core.running.notifier.counts.refused === 1);
    expect(await statusOf(line)).toMatchObject({ attempts: 1, lastObstacle: 'SUBJECT_UNKNOWN' });
    core.west.answer = () => ({ ok: true, value: true });
    await core.until(() => core.west.demands.length === 1);
  });

  it.each([
    ['UNANSWERED', () => ({ ok: true, value: true }) as const],
    ['PROVIDER_UNREACHABLE', unreachable],
  ])('lapses %s when its time is over by the clock, not before', async (cause, answer) => {
    core.west.answer = answer;
    const line = await permitted();
    await core.until(() => core.west.demands.length === 1 || core.running.notifier.pausedLanes === 1);
    core.clock.advance(HOUR_MS - 1);
    await core.running.tick();
    expect(await statusOf(line)).toMatchObject({ status: 'notified' });
    core.clock.advance(1);
    await core.running.tick();
    expect(await statusOf(line)).toMatchObject({ status: 'lapsed', reason: cause, coreLeaf: expect.any(String) });
    expect(core.running.notifier.openCount).toBe(0);
  });

  it('lapses HELD when an official kept it too long; what comes after that is late, and told', async () => {
    const line = await permitted();
    expect(await report(line, 'held')).toMatchObject([{ ok: true }]);
    expect(await statusOf(line)).toMatchObject({ status: 'held' });
    core.clock.advance(HOUR_MS);
    await core.running.tick();
    expect(await statusOf(line)).toMatchObject({ status: 'lapsed', reason: 'HELD' });
    expect(await report(line, 'made')).toMatchObject([{ ok: true }]);
    expect(await statusOf(line)).toMatchObject({ status: 'provided' });
    const [history] = await core.running.party.recorder.load([`exchange-${line.exchangeId}`]);
    expect(history?.at(-1)?.event.data).toMatchObject({ late: true });
  });

  it('does not lapse once it was answered', async () => {
    const line = await permitted();
    await report(line, 'not-made');
    core.clock.advance(HOUR_MS);
    await core.running.tick();
    expect(await statusOf(line)).toMatchObject({ status: 'not-provided', reason: 'NO_REPLICA' });
    expect(core.running.notifier.openCount).toBe(1); // the receipt is missing
  });

  it('ends with a withdrawal, of which the provider’s side is told', async () => {
    const line = await permitted();
    const withdrawal = { exchangeId: line.exchangeId, requester: CITY_X, withdrawnAt: core.clock.now(), requesterLeaf: LEAF };
    expect(await core.service.withdrawQueries('ifs-east', [withdrawal])).toEqual([{ ok: true, value: true }]);
    await core.until(() => core.west.withdrawals.length === 1);
    expect(core.west.withdrawals).toEqual([{ exchangeId: line.exchangeId, provider: CITY_A }]);
    expect(await statusOf(line)).toMatchObject({ status: 'withdrawn' });
    expect(core.running.notifier.openCount).toBe(0);
  });

  it('is refused what another agency reports, what is incomplete, and what has not happened yet', async () => {
    const line = await permitted();
    const {
      outcomes: [foreign],
    } = await core.service.reportProvisions('ifs-east', [
      { exchangeId: line.exchangeId, provider: CITY_X, outcome: 'held', at: core.clock.now(), providerLeaf: LEAF, nonDisclosure: false },
    ]);
    expect(foreign).toMatchObject({ problem: { code: 'EXCHANGE_NOT_FOUND' } });
    expect(await report(line, 'made', { digest: undefined })).toMatchObject([{ problem: { code: 'INVALID_INPUT', field: 'digest', rule: 'required' } }]);
    expect(await report(line, 'held', { at: '2020-05-09T00:00:00.000Z' })).toMatchObject([{ problem: { code: 'REPORTED_IN_FUTURE' } }]);
    expect(await report(line, 'held', { exchangeId: core.query(x).exchangeId })).toMatchObject([{ problem: { code: 'EXCHANGE_NOT_FOUND' } }]);
    const [unknown] = await core.service.exchangeStatuses('ifs-west', [{ exchangeId: line.exchangeId, requester: CITY_A }]);
    expect(unknown).toEqual({ ok: true, value: { exchangeId: line.exchangeId, status: 'unknown' } });
  });

  it('goes on after a restart, which sets up nothing twice', async () => {
    core.west.answer = unreachable;
    const [open1, ended] = [await permitted(), await permitted()];
    await core.service.recordReceipts('ifs-east', [{ exchangeId: ended.exchangeId, requester: CITY_X, receivedAt: core.clock.now(), requesterLeaf: LEAF }]);
    core.west.answer = () => ({ ok: true, value: true });
    const before = await core.running.party.store.lastPosition();
    const directory = await core.service.directory('ifs-east');
    await core.restart();
    await core.until(() => core.west.demands.length > 0);
    expect(core.west.demands.map(({ exchangeId }) => exchangeId)).toEqual([open1.exchangeId]);
    expect(await core.setUp()).toBe(0);
    expect(await core.running.party.store.lastPosition()).toBe(before);
    expect(await core.service.directory('ifs-east')).toEqual(directory);
    expect((await core.service.decideQueries('ifs-east', [core.query(x)])).outcomes).toMatchObject([{ ok: true }]);
  });

  it('is driven in its turn where more are open than are kept in memory', async () => {
    await core.close();
    await open({ openExchangesMax: 4 });
    const lines = Array.from({ length: 20 }, () => core.query(x));
    await core.service.decideQueries('ifs-east', lines);
    expect(core.running.notifier.openCount).toBe(4);
    const seen = new Set<string>();
    const receive = async (): Promise<void> => {
      for (const { exchangeId } of core.west.demands.splice(0)) {
        seen.add(exchangeId);
        await core.service.recordReceipts('ifs-east', [{ exchangeId, requester: CITY_X, receivedAt: core.clock.now(), requesterLeaf: LEAF }]);
      }
    };
    for (let round = 0; round < 50 && seen.size < 20; round += 1) {
      await receive();
      await core.running.tick();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect([...seen].sort()).toEqual(lines.map(({ exchangeId }) => exchangeId).sort());
  });
});
