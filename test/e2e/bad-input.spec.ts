import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { affairOf, inAgencyNumber, INFORMATION, type Nation, theCast, thePeople } from '#apps/sandbox';
import { newExchangeId, SigningKey } from '#libs/cryptography';
import { TokenSigner } from '#libs/platform';
import { smallNation } from './small-nation.js';

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly outcomes: readonly { readonly ok: boolean; readonly problem?: { readonly field?: string; readonly code: string } }[];
}
interface Sending {
  readonly signer?: TokenSigner;
  readonly audience?: string;
  readonly type?: string;
  readonly token?: string;
  readonly path?: string;
}

/** What a careless or hostile caller sends to a running network: each time a typed answer, and nothing recorded. */
describe('bad input, over HTTP', () => {
  let nation: Nation;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ nation, close } = await smallNation());
  }, 120_000);
  afterAll(() => close());

  const requester = () => theCast().toyonaka;
  const server = () => {
    const found = nation.intermediateServers.get(requester().server);
    if (!found) throw new Error('no server');
    return found;
  };
  const line = (change: object = {}) => ({
    exchangeId: newExchangeId(Date.now()),
    inAgencyNumber: inAgencyNumber(requester(), thePeople().kenta),
    provider: theCast().tokorozawa.code,
    affair: affairOf('74'),
    information: INFORMATION.localTax,
    period: '2020',
    department: 'child-welfare',
    nonDisclosure: false,
    ...change,
  });
  const signer = ({ key, ...rest }: { lifetimeMs?: number; nowMs?: () => number; key?: SigningKey } = {}): TokenSigner => {
    const { keyId, privateKey } = key ?? nation.keys.of(requester().code);
    return new TokenSigner({ issuer: requester().code, keyId, privateKey, ...rest });
  };
  async function send(body: Uint8Array | string, { path = '/queries', type = 'application/json', ...options }: Sending = {}): Promise<Answer> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
    const facts = { method: 'POST', path, body: bytes };
    const authorization = options.token ?? (await (options.signer ?? signer()).authorization(options.audience ?? server().id, facts));
    const answer = await fetch(`${server().url}${path}`, { method: 'POST', body: bytes, headers: { authorization, 'content-type': type } });
    return { ...((await answer.json()) as Omit<Answer, 'status'>), status: answer.status };
  }
  const json = (...lines: readonly object[]): string => JSON.stringify({ lines });

  it.each([
    ['malformed JSON', '{"lines":[', 400],
    ['no object', '[]', 400],
    ['an unknown field', '{"lines":[{}],"more":1}', 400],
    ['no lines', '{"lines":[]}', 400],
    ['too many lines', JSON.stringify({ lines: Array.from({ length: 1_001 }, () => ({})) }), 400],
    ['a body past the limit', JSON.stringify({ lines: [{ department: 'x'.repeat(1_100_000) }] }), 413],
  ])('refuses %s', async (_what, body, status) => {
    const problem = await send(body);
    expect(problem.status).toBe(status);
    expect(problem.code).toMatch(/^[A-Z_]+$/);
    expect(problem.detail).not.toMatch(/at .*\.js|node_modules/);
  });

  it('refuses invalid UTF-8 and other content types', async () => {
    expect(await send(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))).toMatchObject({ status: 400 });
    expect(await send('{}', { type: 'text/plain' })).toMatchObject({ status: 415 });
  });

  it('refuses a bad line alone, naming its field', async () => {
    const bad: readonly (readonly [object, string])[] = [
      [{ provider: '123' }, 'provider'],
      [{ affair: 'XX00000000000074' }, 'affair'],
      [{ information: 7 }, 'information'],
      [{ period: '2020-02-30/2020-03-01' }, 'period'],
      [{ period: '2020-03-31/2020-03-01' }, 'period'],
      [{ department: 'x'.repeat(500) }, 'department'],
      [{ nonDisclosure: 'no' }, 'nonDisclosure'],
      [{ surprise: true }, 'surprise'],
      [{ exchangeId: '018f0000-0000-4000-8000-000000000000' }, 'exchangeId'],
    ];
    const { outcomes } = await send(json(...bad.map(([change]) => line(change)), line()));
    expect(outcomes.map(({ ok }) => ok)).toEqual([...bad.map(() => false), true]);
    expect(outcomes.slice(0, -1).map(({ problem }) => problem?.field)).toEqual(bad.map(([, field]) => field));
  });

  it('refuses a period that has not begun', async () => {
    const { outcomes } = await send(json(line({ period: '2031' })));
    expect(outcomes[0]).toMatchObject({ ok: false, problem: { field: 'period' } });
  });

  it('refuses every token but a fresh one of this agency, for this server and this body', async () => {
    const body = json(line());
    const token = await signer().authorization(server().id, { method: 'POST', path: '/queries', body: Buffer.from(body) });
    expect(await send(body, { token: '' })).toMatchObject({ status: 401, code: 'TOKEN_MISSING' });
    expect(await send(body, { token: 'Bearer x.y.z' })).toMatchObject({ status: 401, code: 'TOKEN_MALFORMED' });
    expect(await send(body, { audience: 'is-pension' })).toMatchObject({ status: 401, code: 'TOKEN_FOREIGN_AUDIENCE' });
    expect(await send(body, { signer: signer({ nowMs: () => Date.now() - 120_000 }) })).toMatchObject({ status: 401, code: 'TOKEN_EXPIRED' });
    expect(await send(body, { signer: signer({ lifetimeMs: 3_600_000 }) })).toMatchObject({ status: 401, code: 'TOKEN_LIFETIME_TOO_LONG' });
    expect(await send(body, { signer: signer({ key: SigningKey.generate() }) })).toMatchObject({ status: 401, code: 'TOKEN_UNKNOWN_ISSUER' });
    expect(await send(json(line()), { token })).toMatchObject({ status: 401, code: 'TOKEN_BODY_MISMATCH' });
    expect(await send(body, { token })).toMatchObject({ status: 200 });
    expect(await send(body, { token })).toMatchObject({ status: 401, code: 'TOKEN_REPLAYED' });
  });

  it('refuses an agency of another server, and an agency on the servers’ own routes', async () => {
    const { code } = theCast().pension;
    const { keyId, privateKey } = nation.keys.of(code);
    const foreign = await send(json(line()), { signer: new TokenSigner({ issuer: code, keyId, privateKey }) });
    expect([401, 403]).toContain(foreign.status);
    expect(await send('{"lines":[{}]}', { path: '/demands' })).toMatchObject({ status: 403 });
  });

  it('has recorded nothing of all that but the two good queries', async () => {
    const page = await server().party.store.readAll({ after: 0n, limit: 10_000 });
    expect(page.events.filter(({ type }) => type === 'QuerySubmitted')).toHaveLength(2);
  });
});
