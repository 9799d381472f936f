import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiProperty } from '@nestjs/swagger';
import { aNote, signerOf, startDemo } from '../http/demo.fixture.js';
import type { HttpApp } from '../http/http-app.js';
import { correlated } from '../logging/correlation.js';
import { IsUuidV7, IsServerId } from '../validation/decorators.js';
import { ServiceClient, type ServiceClientOptions } from './service-client.js';

class SignedAnswer {
  @ApiProperty() @IsUuidV7() id!: string;
  @IsServerId() by!: string;
}
class OtherAnswer {
  @IsUuidV7() other!: string;
}

const clients: ServiceClient[] = [];
const clientOf = (options: Partial<ServiceClientOptions> & { address: string }): ServiceClient => {
  const client = new ServiceClient({ audience: 'core', attemptsMax: 3, ...options });
  clients.push(client);
  return client;
};

describe('a client of a Renkei app', () => {
  let app: HttpApp;
  beforeAll(async () => {
    app = await startDemo();
  });
  afterAll(() => app.close());
  const signed = { method: 'POST', path: '/notes/signed', idempotent: true } as const;

  it('signs each request and checks the answer’s class', async () => {
    const client = clientOf({ address: app.address, signer: signerOf('is-east') });
    expect(await client.call({ ...signed, body: aNote(), answer: SignedAnswer })).toEqual({ id: aNote().id, by: 'is-east' });
    await expect(client.call({ ...signed, body: aNote(), answer: OtherAnswer })).rejects.toMatchObject({ code: 'SERVICE_ANSWER', kind: 'internal' });
  });

  it('brings a problem back with code, kind, field and rule', async () => {
    const client = clientOf({ address: app.address, signer: signerOf('is-east') });
    await expect(client.call({ ...signed, body: { ...aNote(), provider: '1' } })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      kind: 'invalid',
      at: { field: 'provider', rule: 'agency-code' },
    });
    await expect(client.call({ method: 'GET', path: '/trouble/domain', idempotent: true })).rejects.toMatchObject({ code: 'NOTE_CLOSED', kind: 'conflict' });
    await expect(clientOf({ address: app.address }).call({ ...signed, body: aNote() })).rejects.toMatchObject({
      code: 'TOKEN_MISSING',
      kind: 'unauthenticated',
    });
  });
});

describe('a client of a server in trouble', () => {
  let server: Server;
  let address: string;
  let answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [];
  const seen: IncomingMessage[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request);
      request.resume().on('end', () => answers.shift()?.(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const json =
    (status: number, body: object, headers: Record<string, string> = {}) =>
    (_request: IncomingMessage, response: ServerResponse) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const busy = json(503, { code: 'SERVER_BUSY', kind: 'busy', detail: 'busy' });
  const cut = (request: IncomingMessage): void => void request.socket.destroy();
  const good = json(200, { ok: true });
  const call = { method: 'POST', path: '/x', body: {} } as const;
  const run = async (
    script: typeof answers,
    idempotent: boolean,
    options: Partial<ServiceClientOptions> = {},
  ): Promise<{ outcome: unknown; attempts: number }> => {
    answers = script;
    seen.length = 0;
    const outcome = await clientOf({ address, ...options })
      .call({ ...call, idempotent })
      .catch((error: unknown) => error);
    return { outcome, attempts: seen.length };
  };

  it('tries again what was refused before a handler ran, idempotent or not', async () => {
    expect(await run([busy, busy, good], false)).toEqual({ outcome: { ok: true }, attempts: 3 });
    expect(await run([busy, busy, busy, good], true)).toMatchObject({ outcome: { code: 'SERVER_BUSY', kind: 'busy' }, attempts: 3 });
  });

  it('tries again what may have been done in part only where that is harmless', async () => {
    const behind = json(503, { code: 'SERVICE_DEADLINE', kind: 'unavailable', detail: 'registry did not answer in time' });
    const full = json(503, { code: 'BUSY', kind: 'busy', detail: 'the queue to registry is full' });
    expect(await run([behind, full, good], true)).toEqual({ outcome: { ok: true }, attempts: 3 });
    expect(await run([behind, good], false)).toMatchObject({ outcome: { code: 'SERVICE_DEADLINE' }, attempts: 1 });
    expect(await run([full, good], false)).toMatchObject({ outcome: { code: 'BUSY' }, attempts: 1 });
  });

  it('tries a lost answer again only where that is harmless', async () => {
    expect(await run([cut, good], true)).toEqual({ outcome: { ok: true }, attempts: 2 });
    expect(await run([cut, good], false)).toMatchObject({ outcome: { code: 'SERVICE_UNAVAILABLE', sent: true }, attempts: 1 });
    expect(await run([json(504, {}), good], false)).toMatchObject({ outcome: { kind: 'unavailable' }, attempts: 1 });
    expect(await run([json(504, {}), good], true)).toMatchObject({ outcome: { ok: true }, attempts: 2 });
  });

  it('does not try again what a rule refused', async () => {
    expect(await run([json(422, { code: 'NOT_IN_TABLE', kind: 'unprocessable', detail: 'x' }), good], true)).toMatchObject({
      outcome: { code: 'NOT_IN_TABLE' },
      attempts: 1,
    });
    expect(await run([json(500, {}), good], true)).toMatchObject({ outcome: { code: 'SERVICE_ANSWER' }, attempts: 1 });
  });

  it('ends at its deadline', async () => {
    expect(await run([() => undefined], true, { deadlineMs: 200 })).toMatchObject({ outcome: { code: 'SERVICE_DEADLINE', kind: 'unavailable' }, attempts: 1 });
  });

  it('waits as long as it is asked to, unless the deadline comes first', async () => {
    expect(await run([json(503, { code: 'SERVER_BUSY', kind: 'busy' }, { 'retry-after': '30' }), good], true, { deadlineMs: 1_000 })).toMatchObject({
      outcome: { code: 'SERVER_BUSY' },
      attempts: 1,
    });
  });

  it('refuses an answer that is too large or no JSON', async () => {
    expect(await run([json(200, { long: 'x'.repeat(2_000) })], true, { responseBytesMax: 1_000 })).toMatchObject({ outcome: { code: 'SERVICE_ANSWER' } });
    expect(await run([(_request, response) => void response.end('<html>')], true)).toMatchObject({ outcome: { code: 'SERVICE_ANSWER' } });
  });

  it('passes the correlation id on', async () => {
    await correlated('0171f0c8-7a00-7000-8000-00000000000a', () => run([good], true));
    expect(seen[0]?.headers['x-correlation-id']).toBe('0171f0c8-7a00-7000-8000-00000000000a');
  });

  it('tells a server that is not there', async () => {
    const gone = await clientOf({ address: 'http://127.0.0.1:9', attemptsMax: 2 })
      .call({ ...call, idempotent: false })
      .catch((error: unknown) => error);
    expect(gone).toMatchObject({ code: 'SERVICE_UNAVAILABLE', sent: false, message: 'core cannot be reached' });
  });

  it('refuses more calls than it may queue', async () => {
    answers = [good, good];
    const client = clientOf({ address, callsMax: 1, waitingMax: 1 });
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => client.call({ ...call, idempotent: false })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
});
