import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { HttpIntermediateServerPort } from '#libs/protocol';
import { AFFAIR, CITY_A, CITY_X, IFS, TAX, TestServer } from '../server.fixture.js';

const AGENCY_PATHS = [
  '/queries',
  '/queries/statuses',
  '/queries/{exchangeId}',
  '/queries/{exchangeId}/withdrawal',
  '/holders',
  '/results',
  '/results/{exchangeId}',
  '/results/acknowledgements',
  '/replicas',
  '/replicas/withdrawals',
  '/replicas/blocks',
  '/replicas/unblocks',
  '/replicas/non-disclosures',
  '/replicas/non-disclosure-lifts',
  '/replicas/search',
  '/provisions/held',
  '/provisions/{exchangeId}/release',
  '/provisions/{exchangeId}/end',
  '/acquisitions',
  '/identifiers/collections',
  '/records/search',
  '/feed',
];
const SERVER_PATHS = ['/demands', '/withdrawal-notices', '/provisions', '/identifier-changes', '/records-of-exchanges'];

describe('an intermediate server over HTTP', () => {
  let server: TestServer;
  let client: ServiceClient;
  const auditor = SigningKey.generate();
  beforeAll(async () => {
    server = await TestServer.open({}, { auditors: { board: auditor.publicText } });
    const { keyId, privateKey } = server.keys[IFS];
    client = new ServiceClient({ address: server.running.url, audience: 'is-east', signer: new TokenSigner({ issuer: IFS, keyId, privateKey }) });
  });
  afterAll(async () => {
    await client.close();
    await server.close();
  });

  it('documents every route', async () => {
    const document = (await (await fetch(`${server.running.url}/docs-json`)).json()) as { readonly paths: object };
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining([...AGENCY_PATHS, ...SERVER_PATHS]));
    for (const path of AGENCY_PATHS) {
      const [operation] = Object.values((document.paths as Record<string, Record<string, { readonly responses: Record<string, object> }>>)[path] ?? {});
      expect(JSON.stringify(operation?.responses['200'])).toContain('schema');
    }
  });

  it('answers its interface system as it does in one process', async () => {
    await server.identify(CITY_X, 'X1', 'p');
    const exchangeId = server.exchangeId();
    await server
      .client(CITY_X)
      .submitQuery({ exchangeId, inAgencyNumber: 'X1', provider: CITY_A, affair: AFFAIR, information: TAX, department: 'd', nonDisclosure: false });
    await server.service.idle();
    const port = new HttpIntermediateServerPort((path, body) => client.call({ method: 'POST', path, body, idempotent: true }));
    const demand = server.network.demandOf(exchangeId);
    const answers = await port.answerDemands('', [demand]);
    expect(answers).toMatchObject([{ ok: true, value: { outcome: 'not-made', reason: 'SUBJECT_UNKNOWN' } }]);
    expect(await server.service.answerDemands(IFS, [demand])).toEqual(answers);
  });

  it('lets neither an agency call the routes of servers, nor a stranger any', async () => {
    const { keyId, privateKey } = server.keys[CITY_X];
    const agency = new ServiceClient({ address: server.running.url, audience: 'is-east', signer: new TokenSigner({ issuer: CITY_X, keyId, privateKey }) });
    for (const path of SERVER_PATHS) {
      await expect(agency.call({ method: 'POST', path, body: { lines: [{}] }, idempotent: true })).rejects.toMatchObject({ kind: 'forbidden' });
    }
    await agency.close();
    for (const path of [...AGENCY_PATHS, ...SERVER_PATHS]) {
      const { status } = await fetch(server.running.url + path.replace('{exchangeId}', server.exchangeId()), {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      expect([401, 405]).toContain(status);
    }
  });

  it('refuses a body that is too large, holds too many lines, or names what it must not', async () => {
    const x = server.client(CITY_X);
    const line = { exchangeId: server.exchangeId() };
    await expect(x.queryStatuses(Array.from({ length: 1_001 }, () => line))).rejects.toMatchObject({ code: 'INVALID_INPUT', kind: 'invalid' });
    await expect(x.queryStatuses([])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(x.submitQueries([], { waitMs: 10_001 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(x.query('not-an-id')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(x.registerReplicas(Array.from({ length: 1_000 }, () => ({ note: 'x'.repeat(2_000) }) as never))).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
      kind: 'too-large',
    });
  });

  it('shows its log to whoever takes part, and its entries to auditors, whose reading is on record', async () => {
    const read = async (issuer: string, key: SigningKey, path: string) => {
      const signer = new TokenSigner({ issuer, keyId: key.keyId, privateKey: key.privateKey });
      const authorization = await signer.authorization('is-east', { method: 'GET', path, body: new Uint8Array(0) });
      return fetch(`${server.running.url}${path}`, { headers: { authorization } });
    };
    const vkey = await read(CITY_X, server.keys[CITY_X], '/ledger/vkey');
    expect(await vkey.text()).toBe(`${server.running.ledgerKey}\n`);
    expect((await read(CITY_X, server.keys[CITY_X], '/ledger/tile/entries/000.p/1')).status).toBe(403);
    const entries = await read('board', auditor, '/ledger/tile/entries/000.p/1');
    expect(await entries.text()).toContain('"type":"LogEpochOpened"');
    const { store, recorder } = server.running.party;
    const last = (await store.readAll({ after: recorder.newest - 1n, limit: 1 })).events.map(({ type }) => type);
    expect(last).toEqual(['EntriesRead']);
  });

  it('tells its health and its outbox, by no one', async () => {
    expect((await fetch(`${server.running.url}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${server.running.url}/metrics`)).text();
    expect(metrics).toContain('renkei_outbox_queries{');
    expect(metrics).toContain('renkei_outbox_queries_total{');
    expect(metrics).not.toContain(CITY_X);
  });
});
