import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { nativeHasher } from '#libs/ledger';
import { type CallerKey, createHttpApp, type HttpApp, Log, ManualClock, TokenSigner, TokenVerifier } from '#libs/platform';
import { fromBase64, HASH_BYTES, parseCheckpoint, parseNote, tilePath, tileWidth, verifyConsistency, verifyInclusion } from '#libs/proofs';
import { parseEntryBundle } from './log/entry-bundle.js';
import { LedgerModule, withAuditors } from './index.js';
import { TestParty } from './logged-party.fixture.js';

const SIZE = 700;
const AT = '2020-05-08T01:02:03.004Z';
const [server, auditor] = [SigningKey.generate(), SigningKey.generate()];
const keyOf = (issuer: string, keyId: string): CallerKey | undefined =>
  issuer === 'ifs-east' && keyId === server.keyId ? { kind: 'server', publicKey: server.verification.publicKey } : undefined;

let test: TestParty;
let app: HttpApp;
beforeAll(async () => {
  test = await TestParty.open(SIZE);
  app = await createHttpApp(LedgerModule.of(test.party, new ManualClock(AT)), {
    title: 'a party',
    description: 'with a log',
    version: '1',
    host: '127.0.0.1',
    port: 0,
    log: Log.create({ app: 'test', level: 'silent' }),
    tokens: new TokenVerifier({ audience: 'is-east', keyOf: withAuditors(keyOf, { board: auditor.publicText }) }),
  });
});
afterAll(async () => {
  await app.close();
  await test.close();
});

const as = async (issuer: string, key: SigningKey, path: string, body?: object): Promise<Response> => {
  const signer = new TokenSigner({ issuer, keyId: key.keyId, privateKey: key.privateKey });
  const method = body === undefined ? 'GET' : 'POST';
  const bytes = body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body));
  const authorization = await signer.authorization('is-east', { method, path, body: bytes });
  const headers = { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  return fetch(`${app.address}${path}`, { method, headers, ...(body === undefined ? {} : { body: bytes }) });
};
const get = (path: string): Promise<Response> => as('ifs-east', server, `/ledger/${path}`);
const audit = (path: string): Promise<Response> => as('board', auditor, `/ledger/${path}`);
const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());
interface ProofAnswer {
  readonly hashes: readonly string[];
  readonly root: string;
}
const json = async (path: string): Promise<ProofAnswer> => (await (await get(path)).json()) as ProofAnswer;
const problemOf = async (response: Response): Promise<object> => ({ status: response.status, ...((await response.json()) as object) });
const hashes = (texts: readonly string[]): Uint8Array[] => texts.map((text) => fromBase64(text) ?? new Uint8Array(0));
const leafOf = (entry: Uint8Array): Buffer => createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();

describe('a log over HTTP', () => {
  it('shows its newest checkpoint and its verifier keys as text', async () => {
    const response = await get('checkpoint');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await response.text()).toBe(test.ledger.checkpoint.note);
    expect(await (await get('vkey')).text()).toBe(`${test.party.log?.keys[0]}\n`);
    expect(await problemOf(await get('checkpoint?cosigned'))).toMatchObject({ status: 404, code: 'CHECKPOINT_NOT_COSIGNED' });
  });

  it('gives its tiles in the layout of tlog-tiles, whole and partial, to be kept for ever', async () => {
    const leaves = (await test.entries()).map(leafOf);
    for (const [path, from, to] of [
      ['0/000', 0, 256],
      ['0/000.p/7', 0, 7],
      ['0/002.p/188', 512, 700],
    ] as const) {
      const response = await get(`tile/${path}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
      expect(response.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
      expect(await bytesOf(response)).toEqual(Buffer.concat(leaves.slice(from, to)));
    }
    expect((await bytesOf(await get('tile/1/000.p/2'))).length).toBe(2 * HASH_BYTES);
  });

  it.each(['0/002', '0/002.p/255', '0/003.p/1', '1/000', '1/000.p/3', '2/000.p/1', '63/000', '0/x001/000'])('has no tile %s yet', async (path) =>
    expect(await problemOf(await get(`tile/${path}`))).toMatchObject({ status: 404, code: 'TILE_NOT_FOUND', kind: 'not-found' }),
  );

  it.each(['0/0', '00/000', '0/000.p/0', '0/000.p/256', '0/000.p/007', '64/000', '0/x000/000', '0/1000', '-1/000', '0/000/', '0//000', 'a/000', '0/000.p/1/2'])(
    'refuses the path %s, which is not the one form',
    async (path) => {
      expect(await problemOf(await get(`tile/${path}`))).toMatchObject({ status: 400, code: 'INVALID_INPUT', errors: [{ rule: 'tile-path' }] });
      expect(await problemOf(await audit(`tile/entries/${path}`))).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
    },
  );

  it('proves that an entry is in the tree, of any size up to the newest', async () => {
    const entries = await test.entries();
    for (const [index, size] of [
      [0, 1],
      [255, 256],
      [256, 257],
      [13, 300],
      [699, 700],
    ] as const) {
      const proof = await json(`proof/inclusion?index=${index}&size=${size}`);
      const root = fromBase64(proof.root) as Uint8Array;
      expect(Buffer.from(root)).toEqual(Buffer.from(test.ledger.rootAt(size)));
      expect(verifyInclusion(nativeHasher, leafOf(entries[index] as Uint8Array), index, size, hashes(proof.hashes), root)).toBe(true);
    }
    const newest = await json('proof/inclusion?index=3');
    expect(newest).toMatchObject({ index: 3, size: parseCheckpoint(parseNote(test.ledger.checkpoint.note)?.text ?? '')?.size });
  });

  it('proves that one tree begins with another', async () => {
    for (const [from, to] of [
      [0, 700],
      [1, 700],
      [256, 512],
      [300, 301],
      [700, 700],
    ] as const) {
      const older = { size: from, root: test.ledger.rootAt(from) };
      const newer = { size: to, root: test.ledger.rootAt(to) };
      const proof = await json(`proof/consistency?from=${from}&to=${to}`);
      expect(verifyConsistency(nativeHasher, older, newer, hashes(proof.hashes))).toBe(true);
    }
  });

  it.each([
    ['proof/inclusion?index=700&size=700', 404, 'LEAF_NOT_FOUND'],
    ['proof/inclusion?index=0&size=100000', 404, 'SIZE_NOT_REACHED'],
    ['proof/inclusion?index=9007199254740993', 400, 'INVALID_INPUT'],
    ['proof/inclusion?index=-1', 400, 'INVALID_INPUT'],
    ['proof/inclusion', 400, 'INVALID_INPUT'],
    ['proof/consistency?from=5&to=100000', 404, 'SIZE_NOT_REACHED'],
    ['proof/consistency?from=5&to=4', 400, 'INVALID_INPUT'],
    ['checkpoint?cosigned=no', 400, 'INVALID_INPUT'],
    ['checkpoint?other', 400, 'INVALID_INPUT'],
    ['nothing', 404, 'ROUTE_NOT_FOUND'],
  ])('refuses %s with %d %s', async (path, status, code) => expect(await problemOf(await get(path))).toMatchObject({ status, code }));

  it('is in the documentation of the app', async () => {
    const { paths } = (await (await fetch(`${app.address}/docs-json`)).json()) as { readonly paths: object };
    expect(Object.keys(paths).sort()).toEqual(
      ['checkpoint', 'proof/consistency', 'proof/inclusion', 'readings', 'tile/entries/{path}', 'tile/{path}', 'vkey'].map((path) => `/ledger/${path}`),
    );
  });

  it('knows its callers', async () => {
    expect((await fetch(`${app.address}/ledger/checkpoint`)).status).toBe(401);
    expect(await problemOf(await get('tile/entries/000.p/1'))).toMatchObject({ status: 403, code: 'CALLER_FORBIDDEN' });
    expect(await problemOf(await as('board', server, '/ledger/checkpoint'))).toMatchObject({ status: 401, code: 'TOKEN_UNKNOWN_ISSUER' });
    expect(await problemOf(await as('ifs-east', server, '/ledger/readings', { from: 0, to: 1 }))).toMatchObject({ code: 'CALLER_FORBIDDEN' });
    expect((await audit('checkpoint')).status).toBe(200);
    expect(await test.readings()).toEqual([]);
  });
});

describe('entries', () => {
  it('go to auditors as they are stored, and the reading is on record', async () => {
    const before = await test.entries();
    const response = await audit('tile/entries/000');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(parseEntryBundle(await bytesOf(response))?.map((entry) => Buffer.from(entry))).toEqual(before.slice(0, 256).map((entry) => Buffer.from(entry)));
    expect(await test.readings()).toEqual([{ auditor: 'board', from: 0, to: 256 }]);
    const [recorded] = (await test.entries()).slice(-1);
    expect(JSON.parse(Buffer.from(recorded ?? []).toString('utf8'))).toMatchObject({
      type: 'EntriesRead',
      at: AT,
      stream: expect.stringMatching(/^ledger-access\./),
    });
  });

  it('are whole: the record of the reading itself can be read next', async () => {
    await test.ledger.integrated(await test.party.store.lastPosition());
    const { size } = test.ledger.checkpoint;
    const width = tileWidth('entries', 2, size);
    const response = await audit(tilePath({ level: 'entries', index: 2, width }));
    const entries = parseEntryBundle(await bytesOf(response)) ?? [];
    expect(entries.length).toBe(width);
    expect(Buffer.from(entries.at(-1) ?? []).toString('utf8')).toContain('EntriesRead');
  });

  it('that there are not are not recorded either', async () => {
    const before = await test.readings();
    expect(await problemOf(await audit('tile/entries/005'))).toMatchObject({ status: 404, code: 'ENTRIES_NOT_FOUND' });
    expect(await problemOf(await audit('tile/entries/002'))).toMatchObject({ status: 404, code: 'ENTRIES_NOT_FOUND' });
    expect(await test.readings()).toEqual(before);
  });

  it('that are taken from disk are recorded where somebody asks for it', async () => {
    const response = await as('board', auditor, '/ledger/readings', { from: 3, to: 500 });
    expect(await response.json()).toEqual({ auditor: 'board', from: 3, to: 500 });
    expect((await test.readings()).at(-1)).toEqual({ auditor: 'board', from: 3, to: 500 });
    expect(await problemOf(await as('board', auditor, '/ledger/readings', { from: 0, to: 99_999 }))).toMatchObject({ status: 404, code: 'SIZE_NOT_REACHED' });
    expect(await problemOf(await as('board', auditor, '/ledger/readings', { from: 5, to: 5 }))).toMatchObject({ status: 400, code: 'INVALID_INPUT' });
  });
});
