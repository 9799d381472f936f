import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { valueOf } from '#libs/agency-sdk';
import { DomainError } from '#libs/kernel';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { type DeliveredProvisionLine, HttpIntermediateServerPort, type LineOutcome, type ReceiptLine } from '#libs/protocol';
import { AFFAIR, CITY_A, CITY_X, delivered, IFS, TAX, TestServer } from '../server.fixture.js';
import { until } from './core-witness.fixture.js';
import { signedCheckpoint, Verified } from './proofs.fixture.js';

const CONTENT = { totalIncome: 1, incomeLevy: 1, filed: true };
const REPLICA = { inAgencyNumber: 'A1', information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content: CONTENT };

async function prepared(...options: Parameters<typeof TestServer.open>): Promise<TestServer> {
  const server = await TestServer.open(...options);
  await server.identify(CITY_X, 'X1', 'p');
  await server.identify(CITY_A, 'A1', 'p');
  await server.client(CITY_A).registerReplicas([REPLICA]);
  return server;
}
const query = (exchangeId: string) => ({
  exchangeId,
  inAgencyNumber: 'X1',
  provider: CITY_A,
  affair: AFFAIR,
  information: TAX,
  department: 'child',
  nonDisclosure: false,
});
/** Queries that were asked and answered: what an interface system brings next. */
async function provisions(server: TestServer, count: number): Promise<readonly DeliveredProvisionLine[]> {
  const ids = Array.from({ length: count }, () => server.exchangeId());
  await server.client(CITY_X).submitQueries(ids.map(query));
  await server.service.idle();
  const answers = await server.service.answerDemands(
    IFS,
    ids.map((id) => server.network.demandOf(id)),
  );
  return answers.map((answer) => delivered(valueOf(answer as never)));
}
const receiptsIn = (outcomes: readonly LineOutcome<ReceiptLine | null>[]): readonly ReceiptLine[] =>
  outcomes.flatMap((outcome) => (outcome.ok && outcome.value ? [outcome.value] : []));

describe('the receipts of an intermediate server', () => {
  let server: TestServer;
  let http: ServiceClient;
  beforeAll(async () => {
    server = await prepared();
    const { keyId, privateKey } = server.keys[IFS];
    http = new ServiceClient({ address: server.running.url, audience: 'is-east', signer: new TokenSigner({ issuer: IFS, keyId, privateKey }) });
  });
  afterAll(async () => {
    await http.close();
    await server.close();
  });

  it('prove that they are in its log, all under one signed checkpoint, and again when they are asked for again', async () => {
    const lines = await provisions(server, 20);
    for (const port of [server.service, new HttpIntermediateServerPort((path, body) => http.call({ method: 'POST', path, body, idempotent: true }))]) {
      const proven = await port.receiveProvisions(IFS, lines);
      const receipts = receiptsIn(proven.outcomes);
      expect(receipts).toHaveLength(20);
      const verified = new Verified(proven, server.running.ledgerKey);
      expect(verified.checkpoint.origin).toBe('renkei.example/is-east/1');
      for (const { requesterLeaf, place } of receipts) expect(verified.includes(requesterLeaf, place)).toBe(true);
      expect(verified.includes(receipts[0]?.requesterLeaf ?? '', receipts[1]?.place)).toBe(false);
    }
  });

  it('stand beside lines that have none: refused ones, and ends without data', async () => {
    const [line] = (await provisions(server, 1)) as [DeliveredProvisionLine];
    const [ended] = (await provisions(server, 1)) as [DeliveredProvisionLine];
    const { items: _items, digest: _digest, payload: _payload, ...bare } = ended;
    const proven = await server.service.receiveProvisions(IFS, [
      { ...line, exchangeId: server.exchangeId() },
      { ...bare, outcome: 'not-made', reason: 'NO_RECORD' },
      line,
    ]);
    expect(proven.outcomes).toMatchObject([{ ok: false, problem: { code: 'QUERY_NOT_FOUND' } }, { ok: true, value: null }, { ok: true }]);
    const [receipt] = receiptsIn(proven.outcomes) as [ReceiptLine];
    expect(new Verified(proven, server.running.ledgerKey).includes(receipt.requesterLeaf, receipt.place)).toBe(true);
    const without = await server.service.receiveProvisions(IFS, [{ ...bare, outcome: 'not-made', reason: 'NO_RECORD' }]);
    expect(without).toEqual({ outcomes: [{ ok: true, value: null }] });
  });

  it('prove the same record after a restart, in a log that has only grown', async () => {
    const lines = await provisions(server, 3);
    const before = receiptsIn((await server.service.receiveProvisions(IFS, lines)).outcomes);
    const older = server.running.party.ledger?.checkpoint;
    await server.restart();
    const proven = await server.service.receiveProvisions(IFS, lines);
    const after = receiptsIn(proven.outcomes);
    expect(after.map(({ requesterLeaf, place }) => [requesterLeaf, place?.index])).toEqual(
      before.map(({ requesterLeaf, place }) => [requesterLeaf, place?.index]),
    );
    const verified = new Verified(proven, server.running.ledgerKey);
    for (const { requesterLeaf, place } of after) expect(verified.includes(requesterLeaf, place)).toBe(true);
    expect(Buffer.from(server.running.party.ledger?.rootAt(older?.size ?? 0) ?? [])).toEqual(Buffer.from(older?.root ?? []));
  });
});

describe('an intermediate server whose log cannot be kept', () => {
  let server: TestServer;
  let lines: readonly DeliveredProvisionLine[];
  let heal: () => void;
  beforeAll(async () => {
    server = await prepared({ retryFirstMs: 10 });
    lines = await provisions(server, 2);
    const { ledger } = server.running.party;
    if (!ledger) throw new Error('no ledger');
    const { integrated } = ledger;
    ledger.integrated = () => Promise.reject(new DomainError('LEDGER_UNAVAILABLE', 'unavailable', 'the disk is gone'));
    heal = () => (ledger.integrated = integrated);
  });
  afterAll(() => server.close());

  it('answers no agency and no interface system, and sends nothing out', async () => {
    const x = server.client(CITY_X);
    const exchangeId = server.exchangeId();
    const scope = [{ inAgencyNumber: 'A1', department: 'tax' }];
    const { calls } = server.network;
    const unavailable = { code: 'LEDGER_UNAVAILABLE', kind: 'unavailable' };
    const asked: readonly (() => Promise<unknown>)[] = [
      () => x.submitQuery(query(exchangeId)),
      () => x.submitQuery(query(exchangeId), { waitMs: 10 }),
      () => x.query(exchangeId),
      () => x.queryStatuses([{ exchangeId }]),
      () => x.withdrawQuery(lines[1]?.exchangeId ?? '', 'child'),
      () => x.askHolders([{ inAgencyNumber: 'X1', affair: AFFAIR, information: TAX, department: 'child' }]),
      () => x.results(),
      () => x.result(exchangeId),
      () => x.acknowledgeResults([{ exchangeId }]),
      () => x.registerReplicas([REPLICA]),
      () => x.withdrawReplicas([{ inAgencyNumber: 'X1', information: TAX, dataset: 'income' }]),
      () => x.blockAutomaticAnswers(scope),
      () => x.unblockAutomaticAnswers(scope),
      () => x.setNonDisclosures(scope),
      () => x.liftNonDisclosures(scope),
      () => x.searchReplicas({ inAgencyNumber: 'X1' }),
      () => x.heldProvisions(),
      () => x.releaseProvision(exchangeId, { department: 'tax' }),
      () => x.endProvision(exchangeId, { department: 'tax', reason: 'WRONG_PERSON' }),
      () => x.requestAcquisitions([{ inAgencyNumber: 'X2' }]),
      () => x.collectIdentifiers([{ acquisitionNumber: 'AQ0000000001', inAgencyNumber: 'X1' }]),
      () => x.searchRecords({ role: 'requester' }),
      () => server.service.answerDemands(IFS, [server.network.demandOf(lines[0]?.exchangeId ?? '')]),
      () => server.service.receiveProvisions(IFS, lines.slice(0, 1)),
      () => server.service.endWithdrawn(IFS, [{ exchangeId, provider: CITY_A }]),
      () => server.service.changeIdentifiers(IFS, [{ holder: CITY_A, previous: 'x', changedAt: '2020-05-08T00:00:00.000Z' }]),
      () => server.service.tellRecords(IFS, [{ exchangeId, agency: CITY_A }]),
    ];
    for (const ask of asked) await expect(ask()).rejects.toMatchObject(unavailable);
    await server.running.tick();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.network.calls).toBe(calls);
    expect(server.network.decided.has(exchangeId)).toBe(false);
    const ready = await fetch(`${server.running.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { ledger: 'down', record: 'up' } });
  });

  it('goes on where it stood once the log can be kept again', async () => {
    heal();
    const proven = await server.service.receiveProvisions(IFS, lines);
    expect(proven.outcomes).toMatchObject([{ ok: true }, { ok: false, problem: { code: 'QUERY_WITHDRAWN' } }]);
    expect((await fetch(`${server.running.url}/health/ready`)).status).toBe(200);
    await server.running.tick();
    await server.service.idle();
    expect(server.network.withdrawn.map(({ exchangeId }) => exchangeId)).toContain(lines[1]?.exchangeId);
  });
});

describe('an intermediate server whose record cannot be read for a while', () => {
  it('answers nothing meanwhile, and everything afterwards', async () => {
    const server = await prepared();
    const { store } = server.running.party;
    const { readAll } = store;
    store.readAll = () => Promise.reject(new DomainError('STORE_UNAVAILABLE', 'unavailable', 'the disk is gone'));
    const exchangeId = server.exchangeId();
    const x = server.client(CITY_X);
    await expect(x.submitQuery(query(exchangeId))).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await expect(x.query(exchangeId)).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    expect(server.network.decided.has(exchangeId)).toBe(false);
    store.readAll = readAll.bind(store);
    await until(async () => (await fetch(`${server.running.url}/health/ready`)).status === 200);
    await until(() => server.network.decided.has(exchangeId)); // the outbox asked again by itself
    expect(await x.submitQuery(query(exchangeId), { waitMs: 10 })).toMatchObject({ status: 'permitted' });
    await server.close();
  });
});

describe('a log that is behind its record', () => {
  it('is made for a data directory that never had one, and proves what was recorded before it', async () => {
    const server = await prepared({}, { withoutLedger: true });
    const lines = await provisions(server, 5);
    const without = await server.service.receiveProvisions(IFS, lines);
    expect(without.proofs).toBeUndefined();
    expect(receiptsIn(without.outcomes).map(({ place }) => place)).toEqual(Array(5).fill(undefined));
    expect(server.running.ledgerKey).toBeUndefined();
    await server.restart({});
    const proven = await server.service.receiveProvisions(IFS, lines);
    const verified = new Verified(proven, server.running.ledgerKey);
    const receipts = receiptsIn(proven.outcomes);
    expect(receipts).toHaveLength(5);
    for (const { requesterLeaf, place } of receipts) expect(verified.includes(requesterLeaf, place)).toBe(true);
    await server.close();
  });

  it('catches up with what was recorded while it was not kept, and only grows', async () => {
    const server = await prepared();
    const older = server.running.party.ledger?.checkpoint;
    await server.restart({ withoutLedger: true });
    const batch = (at: number) => Array.from({ length: 1_000 }, (_, line) => ({ ...REPLICA, inAgencyNumber: `B${at}X${line}` }));
    for (const at of [1, 2, 3]) expect((await server.client(CITY_A).registerReplicas(batch(at))).every(({ ok }) => ok)).toBe(true);
    await server.restart({});
    const { ledger, store } = server.running.party;
    expect(ledger?.checkpoint.position).toBe(await store.lastPosition());
    expect(ledger?.checkpoint.size).toBe((older?.size ?? 0) + 3_000);
    expect(Buffer.from(ledger?.rootAt(older?.size ?? 0) ?? [])).toEqual(Buffer.from(older?.root ?? []));
    await server.close();
  });

  it('contradicts nothing that was answered before the process was killed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'renkei-is-killed-'));
    const script = fileURLToPath(new URL('./killed-server.fixture.js', import.meta.url));
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.split('\n').length > 12) child.kill('SIGKILL');
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const told = said.split('\n').slice(0, -1);
    const answers = told.map((line) => JSON.parse(line) as { readonly batch: number; readonly note: string });
    const server = await TestServer.open({}, {}, directory);
    const { ledger } = server.running.party;
    expect(answers.length).toBeGreaterThanOrEqual(12);
    for (const { note, batch } of answers) {
      const { size, root } = signedCheckpoint(note, server.running.ledgerKey);
      expect(ledger?.checkpoint.size).toBeGreaterThanOrEqual(size);
      expect(Buffer.from(ledger?.rootAt(size) ?? [])).toEqual(Buffer.from(root));
      expect(size).toBeGreaterThan(100 * (batch + 1));
    }
    const again = await server.client(CITY_A).registerReplicas([{ ...REPLICA, inAgencyNumber: 'K0X0' }]);
    expect(again).toEqual([{ ok: true, value: { recorded: false } }]);
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });
});
