import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SigningKey } from '#libs/cryptography';
import { ServiceClient, TokenSigner } from '#libs/platform';
import { type DecisionAnswer, type Directory, HttpCorePort, type LineOutcome } from '#libs/protocol';
import { CITY_A, CITY_X, LEAF, MATRIX, PORTAL, SOCIETY, TestCore } from '../core.fixture.js';

describe('the core over HTTP', () => {
  let core: TestCore;
  let x: string;
  const clients: ServiceClient[] = [];
  const as = (issuer: string, key: SigningKey): ServiceClient => {
    const signer = new TokenSigner({ issuer, keyId: key.keyId, privateKey: key.privateKey });
    const client = new ServiceClient({ address: core.running.url, audience: 'core', signer, attemptsMax: 1 });
    clients.push(client);
    return client;
  };
  const post = (client: ServiceClient, path: string, body: object): Promise<Record<string, never>> =>
    client.call({ method: 'POST', path, body, idempotent: false });
  beforeAll(async () => {
    core = await TestCore.open();
    await core.setUp();
    x = await core.identifier(CITY_X, '10000000001');
    await core.identifier(CITY_A, '10000000001');
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await core.close();
  });

  it('decides for whoever the token proves, and refuses a bad line alone', async () => {
    const east = as('ifs-east', core.keys.east);
    const bad = { ...core.query(x), requester: '12', surplus: true };
    const { outcomes } = (await post(east, '/decisions', { lines: [bad, core.query(x)] })) as unknown as { outcomes: readonly LineOutcome<DecisionAnswer>[] };
    expect(outcomes[0]).toMatchObject({ ok: false, problem: { code: 'INVALID_LINE', kind: 'invalid', field: expect.any(String) } });
    expect(JSON.stringify(outcomes[0])).toContain('line 1');
    expect(outcomes[1]).toMatchObject({ ok: true, value: { impossible: false } });
    const {
      outcomes: [foreign],
    } = await new HttpCorePort((path, body) => post(as('ifs-west', core.keys.west), path, body)).decideQueries('ifs-east', [core.query(x)]);
    expect(foreign).toMatchObject({ problem: { code: 'AGENCY_NOT_SPOKEN_FOR' } });
  });

  it('knows its callers, and what each may ask', async () => {
    await expect(post(as('ifs-east', core.keys.west), '/decisions', { lines: [] })).rejects.toMatchObject({ code: 'TOKEN_UNKNOWN_ISSUER' });
    await expect(post(as('ifs-east', core.keys.east), '/operations/agencies', { lines: [{}] })).rejects.toMatchObject({ code: 'CALLER_FORBIDDEN' });
    await expect(post(as('alice', core.keys.operator), '/decisions', { lines: [{}] })).rejects.toMatchObject({ code: 'CALLER_FORBIDDEN' });
    await expect(post(as('ifs-east', core.keys.east), '/statistics', { by: ['month'], limit: 1 })).rejects.toMatchObject({ code: 'CALLER_FORBIDDEN' });
  });

  it('tells the directory', async () => {
    const directory = (await post(as('ifs-west', core.keys.west), '/directory', {})) as unknown as Directory;
    expect(directory.version).toBeGreaterThan(0);
    expect(directory.servers.find(({ id }) => id === 'ifs-east')).toMatchObject({
      kind: 'interface-system',
      signingKeys: { [core.keys.east.keyId]: core.keys.east.publicText },
      transportKey: expect.any(String),
    });
    expect(directory.agencies.find(({ institutions }) => institutions.includes(SOCIETY))).toMatchObject({ class: 'payment-fund' });
  });

  it('lets operators operate, with the same answer as in process', async () => {
    const alice = as('alice', core.keys.operator);
    const outcomes = async (path: string, line: object) => (await post(alice, `/operations/${path}`, { lines: [line] }))['outcomes'];
    expect(await outcomes('suspensions', { code: CITY_X, reason: 'test' })).toEqual([{ ok: true, value: { changed: true } }]);
    expect(await outcomes('suspensions', { code: CITY_X, reason: 'test' })).toEqual([{ ok: true, value: { changed: false } }]);
    expect(await outcomes('reinstatements', { code: CITY_X, reason: 'test' })).toEqual([{ ok: true, value: { changed: true } }]);
    expect(await outcomes('suspensions', { code: '9900000000009999', reason: 'test' })).toMatchObject([{ problem: { code: 'AGENCY_NOT_FOUND' } }]);
    expect(await post(alice, '/operations/matrix/enact', MATRIX)).toEqual({ changed: false });
    await expect(post(alice, '/operations/matrix/enact', { ...MATRIX, effectiveFrom: '2020-05-01' })).rejects.toMatchObject({ code: 'MATRIX_ALREADY_ENACTED' });
    await expect(post(alice, '/operations/matrix/enact', { ...MATRIX, effectiveFrom: '2020-02-30' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(post(alice, '/operations/matrix/repeal', { version: 'none', effectiveFrom: '2024-05-27', source: 's' })).rejects.toMatchObject({
      code: 'MATRIX_NOT_FOUND',
    });
  });

  it('rotates a server’s key; the old one holds for its tokens in flight', async () => {
    const fresh = core.keys.portal; // any other key will do
    const line = { id: 'ifs-west', purpose: 'signing' as const, keyId: fresh.keyId, publicKey: fresh.publicText };
    expect(await core.running.operations.rotateServerKeys([line])).toEqual([{ ok: true, value: { changed: true } }]);
    await post(as('ifs-west', fresh), '/directory', {});
    await post(as('ifs-west', core.keys.west), '/directory', {});
  });

  it('shows a person’s exchanges to the portal, the record to operators, and figures', async () => {
    const line = core.query(x);
    const sealed = core.query(x, { nonDisclosure: true });
    await core.service.decideQueries('ifs-east', [line, sealed]);
    for (const { exchangeId } of [line, sealed]) {
      const report = { exchangeId, provider: CITY_A, outcome: 'made' as const, at: core.clock.now(), providerLeaf: LEAF, nonDisclosure: false };
      await core.service.reportProvisions('ifs-west', [{ ...report, items: ['x'], digest: LEAF, automatic: true }]);
    }
    const identifier = await core.identifier(PORTAL, '10000000001');
    const portal = as('portal', core.keys.portal);
    const { rows } = (await post(portal, '/disclosures', { holder: PORTAL, identifier, limit: 10 })) as unknown as { rows: readonly { exchangeId: string }[] };
    expect(rows.map(({ exchangeId }) => exchangeId)).toContain(line.exchangeId);
    expect(rows.map(({ exchangeId }) => exchangeId)).not.toContain(sealed.exchangeId);
    await expect(post(portal, '/disclosures', { holder: PORTAL, identifier: x, limit: 10 })).rejects.toMatchObject({ code: 'IDENTIFIER_NOT_VALID' });
    await expect(post(as('ifs-east', core.keys.east), '/disclosures', { holder: PORTAL, identifier, limit: 10 })).rejects.toMatchObject({
      code: 'AGENCY_NOT_SPOKEN_FOR',
    });
    const alice = as('alice', core.keys.operator);
    const found = (await post(alice, '/records/search', { requester: CITY_X, limit: 50 })) as unknown as { rows: readonly { exchangeId: string }[] };
    expect(found.rows.map(({ exchangeId }) => exchangeId)).toContain(sealed.exchangeId);
    const counted = (await post(alice, '/statistics', { by: ['outcome'], limit: 10 })) as unknown as {
      rows: readonly { outcome: string; exchanges: number }[];
    };
    expect(counted.rows.find(({ outcome }) => outcome === 'provided')?.exchanges).toBe(2);
    await expect(post(alice, '/records/search', { from: '2020-05-09T00:00:00.000Z', to: '2020-05-08T00:00:00.000Z', limit: 1 })).rejects.toMatchObject({
      code: 'PERIOD_REVERSED',
    });
  });

  it('documents itself', async () => {
    const document = (await (await fetch(`${core.running.url}/docs-json`)).json()) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/decisions', '/directory', '/operations/matrix/enact', '/disclosures', '/statistics']),
    );
  });
});
