import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aNote, agencyKeys, auditorKeys, serverKeys, signerOf, slowRuns, startDemo, strangerKeys, waiting } from './demo.fixture.js';
import type { HttpApp } from './http-app.js';
import type { ProblemResponse } from './problem.js';

let app: HttpApp;
const send = (path: string, body: string | Uint8Array | undefined, headers: Record<string, string> = {}, method = 'POST'): Promise<Response> =>
  fetch(`${app.address}${path}`, { method, headers: { 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body }) });
const post = (path: string, value: unknown, headers: Record<string, string> = {}): Promise<Response> => send(path, JSON.stringify(value), headers);

async function problemOf(response: Response, status: number, code: string): Promise<ProblemResponse> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await response.json()) as ProblemResponse;
  expect(problem).toMatchObject({ status, code, type: `urn:renkei:problem:${code}` });
  expect(response.status).toBe(status);
  expect(problem.correlationId).toBe(response.headers.get('x-correlation-id'));
  return problem;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('it never came to hold');
}

beforeAll(async () => {
  app = await startDemo({ limits: { requestsInFlightMax: 3, drainTimeoutMs: 3_000 }, readiness: { store: () => true } });
});
afterAll(() => app.close());

describe('what an app answers to bad input', () => {
  it('takes what is well formed', async () => {
    const response = await post('/notes', aNote());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ id: aNote().id });
  });

  it.each([
    ['malformed JSON', '{"id":', 'json'],
    ['no JSON at all', 'hello', 'json'],
    ['an empty body', '', 'json'],
    ['a byte order mark', '\ufeff{}', 'json'],
    ['invalid UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'utf-8'],
    ['a name twice', '{"id":"a","id":"b"}', 'unique-names'],
    ['a name twice, once escaped', '{"id":"a","\\u0069d":"b"}', 'unique-names'],
    ['__proto__', '{"__proto__":{"x":1}}', 'forbidden-name'],
    ['deep nesting', '['.repeat(200_000) + ']'.repeat(200_000), 'depth'],
  ])('refuses %s', async (_name, body, rule) => {
    const problem = await problemOf(await send('/notes', body), 400, 'MALFORMED_JSON');
    expect(problem).toMatchObject({ rule, field: 'body' });
    expect(problem.detail).not.toContain('hello');
  });

  it.each<[string, object, { field: string; rule: string }]>([
    ['a wrong type', { count: '3' }, { field: 'count', rule: 'type' }],
    ['a missing field', { text: undefined }, { field: 'text', rule: 'required' }],
    ['an unknown field', { extra: 1 }, { field: 'extra', rule: 'unknown-field' }],
    ['null', { sealed: null }, { field: 'sealed', rule: 'type' }],
    ['an over-long string', { text: 'あ'.repeat(11) }, { field: 'text', rule: 'text-1-10' }],
    ['a lone surrogate', { text: '\ud800' }, { field: 'text', rule: 'text-1-10' }],
    ['a date that does not exist', { period: { from: '2020-02-30' } }, { field: 'period.from', rule: 'calendar-day' }],
    ['an instant that does not exist', { at: '2020-02-30T00:00:00.000Z' }, { field: 'at', rule: 'instant' }],
    ['a code of the wrong form', { provider: '12' }, { field: 'provider', rule: 'agency-code' }],
    ['a bad item of a list', { information: ['TM00000000000002', 'XX'] }, { field: 'information[1]', rule: 'information-code' }],
    ['a list that is too long', { information: Array(4).fill('TM00000000000002') }, { field: 'information', rule: 'items-max' }],
    ['a nested list with a bad item', { others: [{ from: '2020-01-01' }, { from: 1 }] }, { field: 'others[1].from', rule: 'type' }],
    ['a number out of range', { count: 100 }, { field: 'count', rule: 'maximum' }],
    ['a fraction', { count: 1.5 }, { field: 'count', rule: 'type' }],
    ['a word that is not in the list', { state: 'lost' }, { field: 'state', rule: 'one-of' }],
  ])('refuses %s', async (_name, change, expected) => {
    const problem = await problemOf(await post('/notes', { ...aNote(), ...change }), 400, 'INVALID_INPUT');
    expect(problem).toMatchObject(expected);
    expect(problem.errors).toEqual([expect.objectContaining(expected)]);
  });

  it('names every field that is wrong', async () => {
    const problem = await problemOf(await post('/notes', { ...aNote(), count: 0, text: '', provider: 1 }), 400, 'INVALID_INPUT');
    expect(problem.errors?.map(({ field }) => field).sort()).toEqual(['count', 'provider', 'text']);
  });

  it.each([
    ['null', null],
    ['a list', []],
    ['a string', 'x'],
    ['a number', 1],
  ])('refuses %s in place of an object', async (_name, value) => {
    expect(await problemOf(await post('/notes', value), 400, 'INVALID_INPUT')).toMatchObject({ field: 'body', rule: 'type' });
  });

  it('refuses a body that is missing', async () => {
    const response = await fetch(`${app.address}/notes`, { method: 'POST' });
    await problemOf(response, 400, 'INVALID_INPUT');
  });

  it('refuses a body past the limit, told or not', async () => {
    const body = JSON.stringify({ ...aNote(), text: 'x'.repeat(1_100_000) });
    expect(await problemOf(await send('/notes', body), 413, 'BODY_TOO_LARGE')).toMatchObject({ field: 'body', rule: 'body-bytes-max' });
    const chunked = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < body.length; sent += 65_536) controller.enqueue(new TextEncoder().encode(body.slice(sent, sent + 65_536)));
        controller.close();
      },
    });
    const response = await fetch(`${app.address}/notes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunked,
      duplex: 'half',
    } as RequestInit);
    await problemOf(response, 413, 'BODY_TOO_LARGE');
  });

  it.each([
    ['another type', { 'content-type': 'text/plain' }],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another charset', { 'content-type': 'application/json; charset=shift_jis' }],
    ['a packed body', { 'content-encoding': 'gzip' }],
  ])('refuses %s', async (_name, headers) => {
    expect(await problemOf(await post('/notes', aNote(), headers), 415, 'UNSUPPORTED_MEDIA_TYPE')).toMatchObject({ rule: 'content-type' });
  });

  it('refuses one bad line of a batch alone, with its number', async () => {
    const response = await post('/notes/batch', { lines: [aNote(), { ...aNote(), count: 'x' }, aNote(), 7] });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      valid: [1, 3],
      refused: [
        { line: 2, problems: [{ line: 2, field: 'count', rule: 'type', message: 'must be a whole number' }] },
        { line: 4, problems: [{ line: 4, field: 'body', rule: 'type', message: 'must be an object' }] },
      ],
    });
  });

  it('refuses a batch past the limit', async () => {
    const problem = await problemOf(await post('/notes/batch', { lines: Array(6).fill(aNote()) }), 400, 'INVALID_INPUT');
    expect(problem).toMatchObject({ field: 'lines', rule: 'items-max' });
  });

  it('checks path and query, and reads their numbers', async () => {
    const good = await fetch(`${app.address}/notes/${aNote().id}?limit=5&newest=true`);
    expect(await good.json()).toEqual({ id: aNote().id, page: { limit: 5, newest: true } });
    expect(await problemOf(await fetch(`${app.address}/notes/12`), 400, 'INVALID_INPUT')).toMatchObject({ field: 'id', rule: 'uuid-v7' });
    expect(await problemOf(await fetch(`${app.address}/notes/${aNote().id}?limit=x`), 400, 'INVALID_INPUT')).toMatchObject({ field: 'limit', rule: 'type' });
    expect(await problemOf(await fetch(`${app.address}/notes/${aNote().id}?offset=1`), 400, 'INVALID_INPUT')).toMatchObject({
      field: 'offset',
      rule: 'unknown-field',
    });
  });

  it('answers 404, 405 and malformed addresses as problems', async () => {
    await problemOf(await fetch(`${app.address}/nothing`), 404, 'ROUTE_NOT_FOUND');
    const other = await send('/notes', '{}', {}, 'PUT');
    expect(other.headers.get('allow')).toBe('POST');
    await problemOf(other, 405, 'METHOD_NOT_ALLOWED');
    expect((await fetch(`${app.address}/notes/${aNote().id}`, { method: 'DELETE' })).status).toBe(405);
    expect((await (await fetch(`${app.address}/notes/%E0%A4%A`)).json()) as object).toMatchObject({ status: 400, code: 'MALFORMED_REQUEST' });
    expect((await (await fetch(`${app.address}/notes/${'a'.repeat(300)}`)).json()) as object).toMatchObject({ status: 414, code: 'PATH_TOO_LONG' });
  });

  it('answers what is no HTTP, and a header past the limit, as problems', async () => {
    expect(await raw('NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"MALFORMED_REQUEST"/);
    expect(await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"HEADERS_TOO_LARGE"/);
  });
});

function raw(text: string): Promise<string> {
  const { port } = new URL(app.address);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('what an app says of its own errors', () => {
  it('maps the kind of a DomainError', async () => {
    expect(await problemOf(await fetch(`${app.address}/trouble/domain`), 409, 'NOTE_CLOSED')).toMatchObject({ detail: 'the note is closed', kind: 'conflict' });
    const busy = await fetch(`${app.address}/trouble/busy`);
    expect(busy.headers.get('retry-after')).toBe('1');
    await problemOf(busy, 503, 'QUEUE_FULL');
  });

  it.each(['unknown', 'internal'])('tells nothing of an %s error', async (name) => {
    const response = await fetch(`${app.address}/trouble/${name}`);
    const text = await response.clone().text();
    expect(text).not.toMatch(/secret|123456789018|EVENT_SHAPE|\.js|at /);
    await problemOf(response, 500, 'INTERNAL_ERROR');
  });

  it('keeps a correlation id that is a UUID and makes one otherwise', async () => {
    const id = '0171f0c8-7a00-7000-8000-00000000000a';
    expect((await post('/notes', aNote(), { 'x-correlation-id': id })).headers.get('x-correlation-id')).toBe(id);
    expect((await post('/notes', aNote(), { 'x-correlation-id': 'mine' })).headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('who may call', () => {
  const body = JSON.stringify(aNote());
  const facts = (text = body, path = '/notes/signed') => ({ method: 'POST', path, body: new TextEncoder().encode(text) });
  const call = (authorization: string | undefined, text = body): Promise<Response> =>
    send('/notes/signed', text, authorization === undefined ? {} : { authorization });

  it('lets a server in whose token is for this request', async () => {
    const response = await call(await signerOf('is-east').authorization('core', facts()));
    expect(await response.json()).toEqual({ id: aNote().id, by: 'is-east' });
  });

  it.each<[string, () => Promise<string | undefined>, number, string]>([
    ['no token', () => Promise.resolve(undefined), 401, 'TOKEN_MISSING'],
    ['no JWT', () => Promise.resolve('Bearer abc'), 401, 'TOKEN_MALFORMED'],
    ['another scheme', () => Promise.resolve('Basic abc'), 401, 'TOKEN_MALFORMED'],
    ['an unknown issuer', () => signerOf('is-north').authorization('core', facts()), 401, 'TOKEN_UNKNOWN_ISSUER'],
    ['a key that is not the issuer’s', () => signerOf('is-east', strangerKeys.privateKey).authorization('core', facts()), 401, 'TOKEN_SIGNATURE'],
    ['another audience', () => signerOf('is-east').authorization('registry', facts()), 401, 'TOKEN_FOREIGN_AUDIENCE'],
    [
      'an expired token',
      () => signerOf('is-east', serverKeys.privateKey, { nowMs: () => Date.now() - 60_000 }).authorization('core', facts()),
      401,
      'TOKEN_EXPIRED',
    ],
    [
      'a token of the future',
      () => signerOf('is-east', serverKeys.privateKey, { nowMs: () => Date.now() + 60_000 }).authorization('core', facts()),
      401,
      'TOKEN_NOT_YET_VALID',
    ],
    [
      'a token that lives too long',
      () => signerOf('is-east', serverKeys.privateKey, { lifetimeMs: 120_000 }).authorization('core', facts()),
      401,
      'TOKEN_LIFETIME_TOO_LONG',
    ],
    [
      'a token from before the start',
      () => signerOf('is-east', serverKeys.privateKey, { nowMs: () => Date.now() - 20_000 }).authorization('core', facts()),
      503,
      'TOKEN_BEFORE_START',
    ],
    ['another path', () => signerOf('is-east').authorization('core', facts(body, '/notes')), 401, 'TOKEN_REQUEST_MISMATCH'],
    ['another body', () => signerOf('is-east').authorization('core', facts('{}')), 401, 'TOKEN_BODY_MISMATCH'],
    ['another kind of caller', () => signerOf('0220113101601700', agencyKeys.privateKey).authorization('core', facts()), 403, 'CALLER_FORBIDDEN'],
  ])('refuses %s', async (_name, authorization, status, code) => {
    const response = await call(await authorization());
    if (status === 401) expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    await problemOf(response, status, code);
  });

  it('lets auditors in where it says auditors, and only there', async () => {
    const read = async (issuer: string, privateKey: typeof auditorKeys.privateKey, path: string) => {
      const authorization = await signerOf(issuer, privateKey).authorization('core', { method: 'GET', path, body: new Uint8Array(0) });
      return fetch(`${app.address}${path}`, { headers: { authorization } });
    };
    expect(await (await read('board', auditorKeys.privateKey, '/archive/2020/05')).json()).toEqual({ path: '2020/05', by: 'board', kind: 'auditor' });
    await problemOf(await read('is-east', serverKeys.privateKey, '/archive/2020/05'), 403, 'CALLER_FORBIDDEN');
    await problemOf(await read('board', auditorKeys.privateKey, `/archive/${'a/'.repeat(20)}`), 400, 'INVALID_INPUT');
    await problemOf(await call(await signerOf('board', auditorKeys.privateKey).authorization('core', facts())), 403, 'CALLER_FORBIDDEN');
    const deleted = await fetch(`${app.address}/archive/2020/05`, { method: 'DELETE' });
    expect(deleted.headers.get('allow')).toBe('GET, HEAD');
    await problemOf(deleted, 405, 'METHOD_NOT_ALLOWED');
  });

  it('refuses a token that was used', async () => {
    const authorization = await signerOf('is-east').authorization('core', facts());
    expect((await call(authorization)).status).toBe(200);
    await problemOf(await call(authorization), 401, 'TOKEN_REPLAYED');
  });
});

describe('what operators see', () => {
  it('serves health, metrics without ids, and documentation from own files', async () => {
    expect(await (await fetch(`${app.address}/health/live`)).json()).toEqual({ status: 'up' });
    expect(await (await fetch(`${app.address}/health/ready`)).json()).toEqual({ status: 'up', checks: { store: 'up' } });
    const codes = ['LOG_UNWITNESSED'];
    app.health.warn(() => codes);
    expect(await (await fetch(`${app.address}/health/ready`)).json()).toEqual({ status: 'up', checks: { store: 'up' }, warnings: ['LOG_UNWITNESSED'] });
    codes.pop();
    const metrics = await (await fetch(`${app.address}/metrics`)).text();
    expect(metrics).toContain('route="/notes/:id"');
    expect(metrics).toContain('nodejs_eventloop_lag_seconds');
    expect(metrics).not.toContain(aNote().id);
    const page = await (await fetch(`${app.address}/docs`)).text();
    expect(page).toContain('swagger-ui');
    expect(page).not.toMatch(/(?:src|href)="https?:/);
    for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'swagger-ui-init.js']) {
      const response = await fetch(`${app.address}/docs/${file}`);
      expect(response.status).toBe(200);
      expect((await response.text()).length).toBeGreaterThan(100);
    }
  });

  it('documents every field, the problem and the token', async () => {
    const document = (await (await fetch(`${app.address}/docs-json`)).json()) as {
      components: { schemas: Record<string, { properties: Record<string, object>; required: string[] }> };
      paths: Record<string, Record<string, { responses: Record<string, object>; security?: object[] }>>;
    };
    const { Note, ProblemResponse } = document.components.schemas;
    expect(Note?.required.sort()).toEqual(['count', 'id', 'information', 'period', 'provider', 'text']);
    expect(Note?.properties).toMatchObject({
      provider: { type: 'string', format: 'agency-code', pattern: '^[0-9]{16}$' },
      information: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string' } },
      period: { $ref: '#/components/schemas/Period' },
      others: { type: 'array', items: { $ref: '#/components/schemas/Period' } },
    });
    expect(Object.keys(ProblemResponse?.properties ?? {})).toContain('errors');
    expect(document.paths['/notes/signed']?.['post']?.security).toEqual([{ bearer: [] }]);
    expect(document.paths['/notes']?.['post']?.responses['default']).toBeDefined();
  });
});

describe('how much at once', () => {
  it('refuses requests past the limit in flight, but not health', async () => {
    const before = slowRuns;
    const slow = [1, 2, 3].map(() => fetch(`${app.address}/trouble/slow`));
    await until(() => slowRuns === before + 3);
    const refused = await fetch(`${app.address}/trouble/domain`);
    expect(refused.headers.get('retry-after')).toBe('1');
    await problemOf(refused, 503, 'SERVER_BUSY');
    expect((await fetch(`${app.address}/health/ready`)).status).toBe(200);
    for (const end of waiting.splice(0)) end();
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await problemOf(await fetch(`${app.address}/trouble/domain`), 409, 'NOTE_CLOSED');
  });

  it('still counts work whose caller has hung up', async () => {
    const before = slowRuns;
    const patience = new AbortController();
    const slow = [1, 2, 3].map(() => fetch(`${app.address}/trouble/slow`, { signal: patience.signal }).catch(() => 'gone'));
    await until(() => slowRuns === before + 3);
    patience.abort();
    await Promise.all(slow);
    await problemOf(await fetch(`${app.address}/trouble/domain`), 503, 'SERVER_BUSY');
    for (const end of waiting.splice(0)) end();
    await until(async () => (await fetch(`${app.address}/trouble/domain`)).status === 409);
    await problemOf(await fetch(`${app.address}/trouble/domain`), 409, 'NOTE_CLOSED');
  });
});
