import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgencyClient, valueOf } from '#libs/agency-sdk';
import { checkedFeedEvent, type FeedEvent } from '#libs/feed-schemas';
import { TokenSigner } from '#libs/platform';
import { AFFAIR, CITY_A, CITY_X, delivered, IFS, RESIDENT, TAX, TestServer } from '../server.fixture.js';

const CONTENT = { totalIncome: 7_654_321, incomeLevy: 98_765, filed: true };
const NUMBER_X = 'XP100177';
const NUMBER_A = 'AP100288';

let server: TestServer;
let x: AgencyClient;
let a: AgencyClient;
const open: AbortController[] = [];
afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

/** Records one exchange from query to receipt, or to a hold. */
async function exchange(information: string): Promise<string> {
  const exchangeId = server.exchangeId();
  await x.submitQuery({
    exchangeId,
    inAgencyNumber: NUMBER_X,
    applicationId: 'app-1',
    provider: CITY_A,
    affair: AFFAIR,
    information,
    department: 'child',
    nonDisclosure: false,
  });
  await server.service.idle();
  const [answer] = await server.service.answerDemands(IFS, [server.network.demandOf(exchangeId)]);
  const made = valueOf(answer as never) as Parameters<typeof delivered>[0];
  if (made.outcome !== 'held') await server.service.receiveProvisions(IFS, [delivered(made)]);
  return exchangeId;
}
async function wholeFeed(client: AgencyClient, limit = 100): Promise<{ readonly events: readonly FeedEvent[]; readonly next: string }> {
  await server.running.models.caughtUp(await server.running.party.store.lastPosition());
  const events: FeedEvent[] = [];
  for (let after: string | undefined; ;) {
    const page = await client.feed({ limit, ...(after === undefined ? {} : { after }) });
    events.push(...page.events.map(checkedFeedEvent));
    after = page.next;
    if (page.events.length === 0) return { events, next: after };
  }
}
async function send(
  path: string,
  headers: Record<string, string> = {},
  agency: typeof CITY_X | typeof CITY_A = CITY_X,
  signal?: AbortSignal,
): Promise<Response> {
  const { keyId, privateKey } = server.keys[agency];
  const token = await new TokenSigner({ issuer: agency, keyId, privateKey }).sign('is-east', { method: 'GET', path, body: new Uint8Array(0) });
  return fetch(`${server.running.url}${path}`, { headers: { authorization: `Bearer ${token}`, ...headers }, ...(signal ? { signal } : {}) });
}
const typesOf = (events: readonly FeedEvent[]): readonly string[] => events.map(({ type }) => type);
const block = (department: string): Promise<unknown> => a.blockAutomaticAnswers([{ inAgencyNumber: NUMBER_A, information: RESIDENT, department }]);
const unblock = (department: string): Promise<unknown> => a.unblockAutomaticAnswers([{ inAgencyNumber: NUMBER_A, information: RESIDENT, department }]);

/** A stream of server-sent events: `next` gives the next event with its cursor. */
async function stream(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; next(): Promise<{ id: string; event: FeedEvent } | undefined>; text(): string }> {
  const abort = new AbortController();
  open.push(abort);
  const response = await send(path, { accept: 'text/event-stream', ...headers }, CITY_A, abort.signal);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const chunks = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as never).getReader() as ReadableStreamDefaultReader<string>;
  let text = '';
  let read = 0;
  return {
    status: response.status,
    text: () => text,
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n', read);
        if (end >= 0) {
          const message = text.slice(read, end);
          read = end + 2;
          const [, id, data] = /^id: (.*)\ndata: (.*)$/.exec(message) ?? [];
          if (id !== undefined && data !== undefined) return { id, event: checkedFeedEvent(JSON.parse(data)) };
          continue;
        }
        const { done, value } = await chunks.read();
        if (done) return undefined;
        text += value;
      }
    },
  };
}

beforeAll(async () => {
  server = await TestServer.open({ feedHeartbeatMs: 100, feedWaitersPerAgencyMax: 3 });
  x = server.client(CITY_X);
  a = server.client(CITY_A);
  await server.identify(CITY_X, NUMBER_X, 'shared');
  await server.identify(CITY_A, NUMBER_A, 'shared');
  await a.registerReplicas([
    { inAgencyNumber: NUMBER_A, information: TAX, dataset: 'income', period: '2019', layout: '2019-06', content: CONTENT },
    { inAgencyNumber: NUMBER_A, information: RESIDENT, dataset: 'main', layout: '2019-06', content: { addressCode: '1310100001', relationCode: '01' } },
  ]);
  await block('resident');
});
afterAll(() => server.close());

describe('the feed of an agency', () => {
  it('tells what its systems must know, each agency its own, with the person by in-agency number', async () => {
    const answered = await exchange(TAX);
    const held = await exchange(RESIDENT);
    const ofX = (await wholeFeed(x)).events;
    const ofA = (await wholeFeed(a, 2)).events;
    expect(typesOf(ofX)).toEqual(['renkei.identifier.obtained.v1', 'renkei.query.decided.v1', 'renkei.result.received.v1', 'renkei.query.decided.v1']);
    expect(typesOf(ofA)).toEqual([
      'renkei.identifier.obtained.v1',
      'renkei.replica.registered.v1',
      'renkei.replica.registered.v1',
      'renkei.automatic-answer.blocked.v1',
      'renkei.provision.made.v1',
      'renkei.provision.held.v1',
    ]);
    expect(ofX.every(({ data }) => data.inAgencyNumber === NUMBER_X)).toBe(true);
    expect(ofA.every(({ data }) => data.inAgencyNumber === NUMBER_A)).toBe(true);
    expect(ofX[2]).toMatchObject({
      source: '/renkei.example/is-east',
      subject: answered,
      partitionkey: answered,
      data: { exchangeId: answered, applicationId: 'app-1', provider: CITY_A, information: TAX, items: [`${TAX}/income/2019`], providerNonDisclosure: false },
    });
    expect((await x.result(answered)).replicas).toHaveLength(1);
    expect(ofA[5]).toMatchObject({ subject: held, data: { requester: CITY_X, reason: 'RECORD_BLOCKED' } });
    for (const events of [ofX, ofA]) {
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map(({ sequence }) => sequence).sort());
    }
  });

  it('holds no identifier, no provided value, no key and no other agency’s number, in any byte', async () => {
    const bytes = JSON.stringify([(await wholeFeed(x)).events, (await wholeFeed(a)).events]);
    const [ofX, ofA] = [JSON.stringify((await wholeFeed(x)).events), JSON.stringify((await wholeFeed(a)).events)];
    for (const secret of [
      `${CITY_X}:shared`,
      `${CITY_A}:shared`,
      ...server.network.acquisitions.keys(),
      '7654321',
      '98765',
      '1310100001',
      'record/',
      'subject/',
      'commitment',
    ]) {
      expect(bytes).not.toContain(secret);
    }
    expect(ofX).not.toContain(NUMBER_A);
    expect(ofA).not.toContain(NUMBER_X);
  });

  it('waits for the next event where it is asked to, and answers an empty page with the cursor when the time is over', async () => {
    const { next } = await wholeFeed(a);
    const started = performance.now();
    const waiting = a.feed({ after: next, waitMs: 20_000 });
    const others = x.feed({ after: (await wholeFeed(x)).next, waitMs: 1_000 });
    await unblock('resident');
    const page = await waiting;
    expect(typesOf(page.events.map(checkedFeedEvent))).toEqual(['renkei.automatic-answer.unblocked.v1']);
    expect(performance.now() - started).toBeLessThan(15_000);
    const nothing = await others;
    expect(nothing.events).toEqual([]);
    expect((await x.feed({ after: nothing.next })).events).toEqual([]);
    expect((await a.feed({ after: page.next })).events).toEqual([]);
  });

  it('comes as a CloudEvents batch, the next page in the header', async () => {
    const response = await send('/feed?limit=2', { accept: 'application/cloudevents-batch+json' });
    expect(response.headers.get('content-type')).toMatch(/^application\/cloudevents-batch\+json/);
    const batch = (await response.json()) as readonly unknown[];
    expect(typesOf(batch.map(checkedFeedEvent))).toEqual(['renkei.identifier.obtained.v1', 'renkei.query.decided.v1']);
    const [, next] = /^<(.*)>; rel="next"$/.exec(response.headers.get('link') ?? '') ?? [];
    const second = (await (await send(next as string)).json()) as { readonly events: readonly unknown[] };
    expect(typesOf(second.events.map(checkedFeedEvent))).toEqual(['renkei.result.received.v1', 'renkei.query.decided.v1']);
  });

  it('comes as a stream that shows it is there, and is resumed by the id of the last event', async () => {
    const before = (await wholeFeed(a)).events;
    const first = await stream('/feed');
    const seen: string[] = [];
    let last = '';
    for (const _event of before.slice(0, -1)) {
      const { id, event } = (await first.next()) as { id: string; event: FeedEvent };
      seen.push(event.id);
      last = id;
    }
    const second = await stream('/feed', { 'last-event-id': last });
    seen.push(((await second.next()) as { event: FeedEvent }).event.id);
    expect(seen).toEqual(before.map(({ id }) => id));
    const next = second.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await block('other');
    expect((await next)?.event).toMatchObject({ type: 'renkei.automatic-answer.blocked.v1', data: { department: 'other' } });
    expect(second.text()).toMatch(/: still here\n\n/);
  });

  it('leaves the number out once its key is destroyed, and tells the rest as before', async () => {
    const { events } = await wholeFeed(x);
    const decided = events.find(({ type }) => type === 'renkei.query.decided.v1') as FeedEvent;
    await server.running.party.keys.destroy(`record/${CITY_X}/2020-05`);
    const { inAgencyNumber: _gone, ...data } = decided.data;
    expect((await wholeFeed(x)).events.find(({ id }) => id === decided.id)).toEqual({ ...decided, data });
  });
});

describe('the feed refuses', () => {
  it.each([
    ['a cursor that is none', '/feed?after=abc', 400, 'CURSOR_INVALID'],
    ['a wait past its bound', '/feed?wait=26', 400, 'INVALID_INPUT'],
    ['a limit past its bound', '/feed?limit=501', 400, 'INVALID_INPUT'],
    ['a parameter that it does not know', '/feed?agency=1', 400, 'INVALID_INPUT'],
  ])('%s', async (_what, path, status, code) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await send(path, { accept });
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await response.json()).toMatchObject({ status, code });
    }
  });

  it('the cursor of another agency, a server, and a call without a token', async () => {
    const { next } = await x.feed({ limit: 1 });
    await expect(a.feed({ after: next })).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
    await expect(server.client(IFS).feed()).rejects.toMatchObject({ kind: 'forbidden' });
    expect((await fetch(`${server.running.url}/feed`)).status).toBe(401);
  });

  it('more who wait than its bound, of one agency only, and lets others in when one goes', async () => {
    const { next } = await wholeFeed(a);
    const waiting = [stream(`/feed?after=${next}`), stream(`/feed?after=${next}`), stream(`/feed?after=${next}`)];
    await Promise.all(waiting);
    await expect(a.feed({ after: next, waitMs: 1_000 })).rejects.toMatchObject({ kind: 'busy' });
    expect((await x.feed({ after: (await wholeFeed(x)).next, waitMs: 1_000 })).events).toEqual([]);
    open.splice(0).forEach((one) => one.abort());
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await a.feed({ after: next, waitMs: 1_000 })).events).toEqual([]);
  });

  it('a cursor from before what is kept', async () => {
    const short = await TestServer.open({ feedKeptMs: 500 });
    try {
      const client = short.client(CITY_X);
      const { next } = await client.feed();
      await short.identify(CITY_X, NUMBER_X);
      await short.running.models.caughtUp(await short.running.party.store.lastPosition());
      expect((await client.feed({ after: next })).events).toHaveLength(1);
      await new Promise((resolve) => setTimeout(resolve, 600));
      await expect(client.feed({ after: next })).rejects.toMatchObject({ code: 'CURSOR_EXPIRED', kind: 'conflict' });
      expect((await client.feed()).events).toEqual([]);
    } finally {
      await short.close();
    }
  });
});

it('a stop ends streams and waits at once', async () => {
  const stopping = await TestServer.open();
  const client = stopping.client(CITY_X);
  const waiting = client.feed({ waitMs: 25_000 });
  const { keyId, privateKey } = stopping.keys[CITY_X];
  const token = await new TokenSigner({ issuer: CITY_X, keyId, privateKey }).sign('is-east', { method: 'GET', path: '/feed', body: new Uint8Array(0) });
  const streaming = await fetch(`${stopping.running.url}/feed`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' } });
  const started = performance.now();
  const closed = stopping.running.close();
  expect((await waiting).events).toEqual([]);
  expect(await streaming.text()).toMatch(/^retry: 1000\n/);
  await closed;
  expect(performance.now() - started).toBeLessThan(15_000);
  await stopping.close();
});
