import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeHashes, verifyConsistency } from '#libs/proofs';
import { nativeHasher } from '#libs/ledger';
import type { DecisionAnswer, LineOutcome, Proven, SharedProof } from '#libs/protocol';
import { CITY_A, CITY_X, LEAF, TestCore } from '../core.fixture.js';
import { checkedNote, extendsFrom, isProved, leafOf } from './log.fixture.js';

const RESIDENT = '10000000001';

describe('the log of the core', () => {
  let core: TestCore;
  let x: string;
  const open = async (options: Parameters<typeof TestCore.open>[1] = {}): Promise<void> => {
    core = await TestCore.open({}, options);
    await core.setUp();
    x = await core.identifier(CITY_X, RESIDENT);
    await core.identifier(CITY_A, RESIDENT);
  };
  beforeAll(() => open());
  afterAll(() => core.close());

  const key = (): string => core.running.ledgerKey ?? '';
  const values = <T>(outcomes: readonly LineOutcome<T>[]): T[] =>
    outcomes.map((outcome) => {
      if (!outcome.ok) throw new Error(outcome.problem.code);
      return outcome.value;
    });
  const onlyProof = ({ proofs = [] }: Proven<unknown>): SharedProof => {
    if (proofs.length !== 1 || proofs[0] === undefined) throw new Error(`one proof was expected, not ${proofs.length}`);
    return proofs[0];
  };
  const decided = (answers: readonly DecisionAnswer[]) => answers.map(({ event, place }) => ({ leaf: leafOf(event), place }));
  const report = (exchangeId: string) => ({
    exchangeId,
    provider: CITY_A,
    outcome: 'made' as const,
    at: core.clock.now(),
    providerLeaf: LEAF,
    nonDisclosure: false,
    items: ['x'],
    digest: LEAF,
    automatic: true,
  });
  const ready = async () => {
    const response = await fetch(`${core.running.url}/health/ready`);
    const { checks } = (await response.json()) as { readonly checks: Readonly<Record<string, string>> };
    return { status: response.status, checks };
  };

  it('begins with its own epoch, whose key signs it', async () => {
    const { events } = await core.running.party.store.readAll({ after: 0n, limit: 1 });
    expect(events).toMatchObject([{ stream: 'ledger-log', type: 'LogEpochOpened', revision: 0 }]);
    expect(JSON.parse(Buffer.from(events[0]?.bytes ?? []).toString())).toMatchObject({
      data: { origin: 'renkei.example/core/1', epoch: 1, key: key(), cause: 'FIRST' },
    });
    const { note, size } = core.running.party.ledger?.checkpoint ?? { note: '', size: 0 };
    expect(checkedNote(note, key())).toMatchObject({ origin: 'renkei.example/core/1', size });
    await core.restart();
    expect(await core.running.party.store.readStream('ledger-log')).toHaveLength(1);
  });

  it('proves every decision, permit and denial alike', async () => {
    const lines = [core.query(x), core.query(x, { affair: 'JM99000000009999' }), core.query(x, { requester: CITY_A }), core.query('rubbish')];
    const proven = await core.service.decideQueries('ifs-east', lines);
    const [permit, denial, foreign, unknown] = proven.outcomes;
    expect(foreign).toMatchObject({ ok: false, problem: { code: 'AGENCY_NOT_SPOKEN_FOR' } });
    const answers = values([permit, denial, unknown].flatMap((outcome) => outcome ?? []));
    expect(answers.map(({ event }) => (JSON.parse(event) as { type: string }).type)).toEqual(['QueryPermitted', 'QueryDenied', 'QueryDenied']);
    expect(isProved(onlyProof(proven), key(), decided(answers))).toBe(true);
    // what is proved is the event, at its own place: neither another's bytes nor another's place will do
    const [first, second] = decided(answers);
    expect(isProved(onlyProof(proven), key(), [{ leaf: first?.leaf ?? leafOf(''), place: second?.place }])).toBe(false);
    expect(isProved(onlyProof(proven), key(), [{ leaf: leafOf(`${answers[0]?.event} `), place: first?.place }])).toBe(false);
  });

  it('has nothing to prove where nothing was recorded', async () => {
    const proven = await core.service.decideQueries('ifs-east', [core.query(x, { requester: CITY_A })]);
    expect(proven.proofs).toBeUndefined();
  });

  it('proves reports and receipts by the leaf that it tells', async () => {
    const line = core.query(x);
    await core.service.decideQueries('ifs-east', [line]);
    const reported = await core.service.reportProvisions('ifs-west', [report(line.exchangeId)]);
    const receipt = { exchangeId: line.exchangeId, requester: CITY_X, receivedAt: core.clock.now(), requesterLeaf: LEAF };
    const received = await core.service.recordReceipts('ifs-east', [receipt]);
    for (const proven of [reported, received]) {
      const records = values(proven.outcomes).map(({ leaf, place }) => ({ leaf: Buffer.from(leaf, 'base64url'), place }));
      expect(isProved(onlyProof(proven), key(), records)).toBe(true);
    }
    expect(values(reported.outcomes)[0]?.leaf).not.toBe(values(received.outcomes)[0]?.leaf);
  });

  it('proves a repeated query under its newest checkpoint, which extends the one that was seen', async () => {
    const line = core.query(x);
    const first = onlyProof(await core.service.decideQueries('ifs-east', [line]));
    const seen = checkedNote(first.checkpoint, key());
    await core.service.decideQueries('ifs-east', [core.query(x), core.query(x)]);
    const again = await core.service.decideQueries('ifs-east', [line], seen.size);
    expect(isProved(onlyProof(again), key(), decided(values(again.outcomes)))).toBe(true);
    expect(checkedNote(onlyProof(again).checkpoint, key()).size).toBe(seen.size + 2);
    expect(extendsFrom(seen, onlyProof(again), key())).toBe(true);
  });

  it('shares the hashes of one batch', async () => {
    const proven = await core.service.decideQueries(
      'ifs-east',
      Array.from({ length: 1_000 }, () => core.query(x)),
    );
    const answers = values(proven.outcomes);
    const { nodes } = onlyProof(proven);
    const hashes = answers.reduce((sum, { place }) => sum + (place?.path.length ?? 0), 0);
    expect(isProved(onlyProof(proven), key(), decided(answers))).toBe(true);
    expect(hashes).toBeGreaterThan(9_000);
    expect(nodes.length).toBeLessThan(2_100);
    expect(new Set(nodes).size).toBe(nodes.length);
  });

  it('shows the provider’s side permits with one proof a batch, from the size on that it told last', async () => {
    await core.running.tick();
    const demanded = async (): Promise<SharedProof> => {
      core.west.demands = [];
      core.west.demandProofs = [];
      await core.service.decideQueries('ifs-east', [core.query(x), core.query(x)]);
      await core.until(() => core.west.demands.length === 2);
      const [proof, ...others] = core.west.demandProofs;
      if (proof === undefined || others.length > 0) throw new Error('a batch of demands carries one proof');
      const records = core.west.demands.map(({ event, place }) => ({ leaf: leafOf(event), place }));
      expect(isProved(proof, key(), records)).toBe(true);
      return proof;
    };
    const seen = checkedNote((await demanded()).checkpoint, key());
    await core.service.reportProvisions('ifs-west', [report(core.west.demands[0]?.exchangeId ?? '')], seen.size);
    expect(extendsFrom(seen, await demanded(), key())).toBe(true);
  });

  it('answers nothing while it cannot be kept; what was recorded is answered once it can be again', async () => {
    const line = core.query(x);
    await core.running.party.ledger?.close();
    await expect(core.service.decideQueries('ifs-east', [line])).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(core.service.reportProvisions('ifs-west', [report(line.exchangeId)])).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(core.service.issueAcquisitionNumbers('ifs-east', [{ holder: CITY_X, reference: 'new' }])).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(core.running.operations.suspendAgencies([{ code: CITY_A, reason: 'test' }])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await ready()).toMatchObject({ status: 503, checks: { ledger: 'down', record: 'up' } });
    expect(core.west.demands.map(({ exchangeId }) => exchangeId)).not.toContain(line.exchangeId);
    await core.restart();
    const proven = await core.service.decideQueries('ifs-east', [line]);
    expect(isProved(onlyProof(proven), key(), decided(values(proven.outcomes)))).toBe(true);
  });

  it('proves that it has only grown, between any two sizes that it had', async () => {
    const older = checkedNote(onlyProof(await core.service.decideQueries('ifs-east', [core.query(x)])).checkpoint, key());
    const newer = checkedNote(onlyProof(await core.service.decideQueries('ifs-east', [core.query(x)])).checkpoint, key());
    const [proved, reversed, unknown] = await core.service.proveConsistency('registry', [
      { from: older.size, to: newer.size },
      { from: newer.size, to: older.size },
      { from: older.size, to: newer.size + 1_000 },
    ]);
    if (!proved?.ok) throw new Error(JSON.stringify(proved));
    expect(verifyConsistency(nativeHasher, older, newer, decodeHashes(proved.value.hashes) ?? [])).toBe(true);
    expect(reversed).toMatchObject({ ok: false, problem: { code: 'INVALID_INPUT', field: 'from' } });
    expect(unknown).toMatchObject({ ok: false, problem: { code: 'LEDGER_SIZE_UNKNOWN', kind: 'not-found' } });
  });

  it('is not ready where an interface system holds a larger checkpoint of it; a stranger’s word changes nothing', async () => {
    await core.service.decideQueries('portal', [core.query(x)], 1_000_000);
    await core.service.decideQueries('ifs-east', [core.query(x)], 3);
    expect(await ready()).toMatchObject({ status: 200, checks: { ledger: 'up' } });
    const contradictions = [
      () => core.service.decideQueries('ifs-east', [core.query(x)], 1_000_000),
      () => core.service.proveConsistency('ifs-west', [{ from: 3, to: 1_000_000 }]),
    ];
    for (const contradict of contradictions) {
      await contradict();
      expect(await ready()).toMatchObject({ status: 503, checks: { ledger: 'down' } });
      await core.restart();
      expect(await ready()).toMatchObject({ status: 200 });
    }
  });

  it('is made at the start where a record has none yet', async () => {
    await core.close();
    await open({ withoutLedger: true });
    const line = core.query(x);
    const bare = await core.service.decideQueries('ifs-east', [line]);
    expect(bare).toMatchObject({ outcomes: [{ ok: true }] });
    expect(bare.proofs).toBeUndefined();
    expect(core.running.ledgerKey).toBeUndefined();
    await core.restart({});
    const { store, ledger } = core.running.party;
    const { events } = await store.readAll({ after: 0n, limit: 10_000 });
    expect(events.at(-1)?.type).toBe('LogEpochOpened');
    expect(ledger?.checkpoint.size).toBe(events.length);
    const proven = await core.service.decideQueries('ifs-east', [line]);
    expect(isProved(onlyProof(proven), key(), decided(values(proven.outcomes)))).toBe(true);
  });
});
