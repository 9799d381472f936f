import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { factsOf, type QueryFacts } from '#libs/domain';
import { leafHash, nativeHasher } from '#libs/ledger';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { BatchInclusion } from '#libs/proofs';
import type { DecideQueryLine, InterfaceSystemPort, TellRecordLine } from '#libs/protocol';
import { CITY_A, CITY_X, TestCore } from '../core.fixture.js';
import { checkedNote } from '../log/log.fixture.js';
import type { FoundExchange } from './reconciliation-findings.js';
import { TestServer } from './test-server.fixture.js';

const RESIDENT = '10000000001';
const LATER_MS = 120_000;
const DIGEST = 'D'.repeat(43);

describe('the reconciliation of ended exchanges', () => {
  let core: TestCore;
  let east: TestServer;
  let west: TestServer;
  let identifier: string;

  beforeEach(async () => {
    core = await TestCore.open();
    await core.setUp();
    identifier = await core.identifier(CITY_X, RESIDENT);
    await core.identifier(CITY_A, RESIDENT);
    [east, west] = [new TestServer('is-east'), new TestServer('is-west')];
    for (const [server, seen] of [[east, core.east] as const, [west, core.west] as const]) {
      const { keyId, publicText } = SigningKey.generate();
      const registration = { id: server.id, kind: 'intermediate-server' as const, url: 'http://127.0.0.1:1', signingKeyId: keyId, signingKey: publicText };
      await core.running.operations.registerServers([registration]);
      await core.running.operations.acceptLogKeys([{ server: server.id, key: server.key }]);
      const tellRecords = (_caller: string, lines: readonly TellRecordLine[]) => Promise.resolve().then(() => server.tellRecords(lines));
      Object.assign(seen.port, { tellRecords } satisfies Partial<InterfaceSystemPort>);
    }
  });
  afterEach(() => core.close());

  /** What the requester and the core record up to the decision. */
  async function decided(changes: Partial<DecideQueryLine> = {}) {
    const { queryLeaf: _, ...line } = core.query(identifier, changes);
    const { exchangeId } = line;
    const facts = factsOf(line as QueryFacts);
    const at = core.clock.now();
    const own = { exchangeId, agency: CITY_X, stream: `query-${exchangeId}`, at };
    const queryLeaf = east.record({ ...own, type: 'QuerySubmitted', data: facts });
    const { outcomes } = await core.service.decideQueries('ifs-east', [{ ...line, queryLeaf }]);
    if (!outcomes[0]?.ok) throw new Error(JSON.stringify(outcomes[0]));
    const { event } = outcomes[0].value;
    const decisionLeaf = leafHash(Buffer.from(event)).toString('base64url');
    const { data, type } = JSON.parse(event) as {
      type: string;
      data: Record<'table' | 'item' | 'validUntil' | 'reason' | 'article', string> & { exceptionApplied: boolean };
    };
    const { table, item, validUntil, reason, article, exceptionApplied } = data;
    const permitted = type === 'QueryPermitted';
    const told = permitted
      ? { table, item, validUntil, exceptionApplied: false }
      : { reason, article, exceptionApplied, ...(table ? { table } : {}), ...(item ? { item } : {}) };
    east.record({ ...own, type: 'QueryDecisionReceived', data: { permitted, ...told, decisionLeaf } });
    return { exchangeId, facts, own, decisionLeaf, permit: { table, item, validUntil } };
  }

  /** A whole exchange at all three. */
  async function provided(): Promise<string> {
    const { exchangeId, facts, own, decisionLeaf, permit } = await decided();
    const at = core.clock.now();
    const theirs = { exchangeId, agency: CITY_A, stream: `provision-${exchangeId}`, at };
    west.record({ ...theirs, type: 'ProvisionDemanded', data: { ...facts, ...permit, decisionLeaf } });
    const content = { providedAt: at, items: ['x'], digest: DIGEST, nonDisclosure: false };
    const providerLeaf = west.record({ ...theirs, type: 'ProvisionMade', data: { ...content, automatic: true } });
    const { providedAt: _, ...report } = content;
    await core.service.reportProvisions('ifs-west', [{ exchangeId, provider: CITY_A, outcome: 'made', at, providerLeaf, automatic: true, ...report }]);
    const requesterLeaf = east.record({ ...own, type: 'ProvisionReceived', data: { ...content, receivedAt: at, providerLeaf, decisionLeaf } });
    await core.service.recordReceipts('ifs-east', [{ exchangeId, requester: CITY_X, receivedAt: at, requesterLeaf }]);
    return exchangeId;
  }

  async function counts(): Promise<Readonly<Record<string, number>>> {
    const metrics = await (await fetch(`${core.running.url}/metrics`)).text();
    return Object.fromEntries(
      [...metrics.matchAll(/^renkei_reconciled_exchanges_total\{outcome="(\w+)".*\} (\d+)$/gm)].map(([, name, count]) => [name, Number(count)]),
    );
  }
  async function unmatchedSeconds(): Promise<number> {
    const metrics = await (await fetch(`${core.running.url}/metrics`)).text();
    return Number(/^renkei_unmatched_oldest_seconds(?:\{.*\})? (.+)$/m.exec(metrics)?.[1]);
  }
  /** Goes on until this many exchanges were settled or found wanting. */
  async function settled(expected: Readonly<Record<string, number>>): Promise<void> {
    for (let round = 0; round < 100; round += 1) {
      await core.running.reconciliation.round();
      if (JSON.stringify(await counts()) === JSON.stringify(expected)) return;
    }
    expect(await counts()).toEqual(expected);
  }
  async function findings(): Promise<readonly FoundExchange[]> {
    const { operator } = core.keys;
    const signer = new TokenSigner({ issuer: 'alice', keyId: operator.keyId, privateKey: operator.privateKey });
    const client = new ServiceClient({ address: core.running.url, audience: 'core', signer, deadlineMs: 5_000 });
    const { found } = (await client.call({ method: 'GET', path: '/reconciliation/findings', idempotent: true })) as { found: readonly FoundExchange[] };
    await client.close();
    return found;
  }
  const told = ({ findings: all }: FoundExchange): string[] => all.map(({ code, parties, field }) => `${code} ${parties.join('+')} ${field}`);

  it('matches what all three have recorded, once it has ended long enough ago', async () => {
    await provided();
    await core.running.reconciliation.round();
    expect(east.asked).toEqual([]);
    core.clock.advance(LATER_MS);
    await settled({ matched: 1 });
    expect(await findings()).toEqual([]);
    expect([east.asked.length, west.asked.length]).toEqual([1, 1]);
  });

  it('does not let a provider learn of a query that was denied', async () => {
    const { exchangeId } = await decided({ affair: 'JM99000000009999' });
    core.clock.advance(LATER_MS);
    await settled({ matched: 1 });
    expect(east.asked).toEqual([{ exchangeId, agency: CITY_X }]);
    expect(west.asked).toEqual([]);
  });

  it('finds what is missing at a party, with evidence that proves itself', async () => {
    const exchangeId = await provided();
    west.forget(`provision-${exchangeId}`, 'ProvisionMade');
    core.clock.advance(LATER_MS);
    await settled({ missing: 1 });
    const [found] = await findings();
    expect(found).toMatchObject({ exchangeId, requester: CITY_X, provider: CITY_A, outcome: 'provided' });
    expect(found && told(found)).toContain('RECORD_MISSING provider ProvisionMade');
    expect(found?.evidence.map(({ party, entries }) => [party, entries.length])).toEqual([
      ['core', 3],
      ['is-east', 3],
      ['is-west', 1],
    ]);
    const keys: Readonly<Record<string, string>> = { core: core.running.ledgerKey ?? '', 'is-east': east.key, 'is-west': west.key };
    for (const { party, proof, entries } of found?.evidence ?? []) {
      const inclusion = new BatchInclusion(nativeHasher, proof?.nodes ?? [], checkedNote(proof?.checkpoint ?? '', keys[party] ?? ''));
      for (const { event, place } of entries) expect(place && inclusion.includes(leafHash(Buffer.from(event)), place)).toBe(true);
    }
  });

  it('finds a record that its party told otherwise than its log holds it, and takes nothing of it', async () => {
    await provided();
    west.tamper = (text) => text.replace(DIGEST, 'E'.repeat(43));
    core.clock.advance(LATER_MS);
    await settled({ unproved: 1 });
    const [found] = await findings();
    expect(found && told(found)).toEqual(['RECORD_UNPROVED provider proof']);
  });

  it('takes nothing that a key has signed which is not accepted for that log', async () => {
    await provided();
    east.signing = SigningKey.generate();
    core.clock.advance(LATER_MS);
    await settled({ unproved: 1 });
  });

  it('waits for a party that is down, and matches when it is back', async () => {
    await provided();
    west.isDown = true;
    core.clock.advance(LATER_MS);
    await settled({ unmatched: 1 });
    expect(await findings()).toEqual([]);
    expect(await unmatchedSeconds()).toBe(LATER_MS / 1_000);
    west.isDown = false;
    await core.restart();
    await settled({ matched: 1 });
    expect(await unmatchedSeconds()).toBe(0);
  });

  it('goes on after a restart where it stood', async () => {
    await provided();
    core.clock.advance(LATER_MS);
    await settled({ matched: 1 });
    await core.restart();
    await provided();
    core.clock.advance(LATER_MS);
    await settled({ matched: 1 });
    expect(east.asked).toHaveLength(2);
  });
});
