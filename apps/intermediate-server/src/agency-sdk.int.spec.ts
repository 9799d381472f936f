import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bulkOf, type BulkInterrupted, type BulkLine, type BulkLineResult, exchangeIdOfLine } from '#libs/agency-sdk';
import { exchangeIdOf } from '#libs/cryptography';
import { AFFAIR, CITY_A, CITY_X, DENIED_AFFAIR, TAX, TestServer } from './server.fixture.js';

describe('exchange ids of bulk lines', () => {
  it('are those of the cryptography library', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 64 }),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 }),
        fc.integer({ min: 1, max: 1e8 }),
        fc.integer({ min: 0, max: 2 ** 47 }),
        (secret, bulkId, line, bulkTimeMs) => {
          expect(exchangeIdOfLine(secret, CITY_X, { bulkId, bulkTimeMs }, line)).toBe(exchangeIdOf({ agency: CITY_X, bulkId, line, bulkTimeMs }, secret));
        },
      ),
    );
  });

  it('carry the time of a bulk that is named by a UUIDv7, and need one beside any other name', () => {
    expect(bulkOf('0171f194-e800-7000-8000-000000000000').bulkTimeMs).toBe(Date.parse('2020-05-08T00:00:00.000Z'));
    expect(bulkOf('summer', 5)).toEqual({ bulkId: 'summer', bulkTimeMs: 5 });
    expect(() => bulkOf('summer')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  });
});

describe('a bulk', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.open();
    await server.identify(CITY_X, 'X1');
  });
  afterAll(() => server.close());

  const BULK = '0171f194-e800-7000-8000-00000000b01c';
  const line = (changes: Partial<BulkLine> = {}): BulkLine => ({
    inAgencyNumber: 'X1',
    provider: CITY_A,
    affair: AFFAIR,
    information: TAX,
    department: 'child',
    nonDisclosure: false,
    ...changes,
  });
  function* lines(count: number): Generator<BulkLine> {
    for (let at = 1; at <= count; at += 1) yield line(at % 10 === 0 ? { inAgencyNumber: 'NOBODY' } : at % 7 === 0 ? { affair: DENIED_AFFAIR } : {});
  }

  it('is cut into requests, tells each line its outcome in order, and its progress', async () => {
    const results: BulkLineResult[] = [];
    const progress: number[] = [];
    const summary = await server.client(CITY_X).submitBulk({
      lines: lines(250),
      bulkId: BULK,
      linesInBatchMax: 40,
      onResult: (result) => void results.push(result),
      onProgress: ({ resumeFrom }) => progress.push(resumeFrom),
    });
    expect(summary).toEqual({ resumeFrom: 251, accepted: 225, refused: 25, completed: true });
    expect(results.map((result) => result.line)).toEqual(Array.from({ length: 250 }, (_, at) => at + 1));
    expect(progress).toEqual([41, 81, 121, 161, 201, 241, 251]);
    expect(new Set(results.map(({ exchangeId }) => exchangeId)).size).toBe(250);

    const ids = results.filter(({ result }) => result.ok).map(({ exchangeId }) => exchangeId);
    const outcomes = await server.client(CITY_X).waitForOutcomes(ids.slice(0, 20), { timeoutMs: 500, pollMs: 10 });
    expect([...outcomes.values()].filter(({ status }) => status === 'denied')).toHaveLength(3);
    expect([...outcomes.values()].filter(({ status }) => status === 'permitted')).toHaveLength(17);
  });

  it('submitted again is the same exchanges', async () => {
    const position = await server.running.party.store.lastPosition();
    await server.client(CITY_X).submitBulk({ lines: lines(250), bulkId: BULK });
    expect(await server.running.party.store.lastPosition()).toBe(position);
  });

  it('that breaks says from which line to go on', async () => {
    const x = server.client(CITY_X);
    async function* breaking(): AsyncGenerator<BulkLine> {
      for (const [at, next] of [...lines(100)].entries()) {
        if (at === 60) await server.running.close();
        yield next;
      }
    }
    const options = { bulkId: 'break', bulkTimeMs: 1_000, linesInBatchMax: 10, batchesInFlightMax: 1 };
    const broken = await x.submitBulk({ ...options, lines: breaking() }).catch((error: unknown) => error);
    expect((broken as Error).name).toBe('BulkInterrupted');
    const { resumeFrom } = (broken as BulkInterrupted).progress;
    expect(resumeFrom).toBeGreaterThan(50);
    await server.start();
    const seen: number[] = [];
    const summary = await server.client(CITY_X).submitBulk({ ...options, lines: lines(100), resumeFrom, onResult: (result) => void seen.push(result.line) });
    expect(summary).toMatchObject({ completed: true, resumeFrom: 101 });
    expect(seen[0]).toBe(resumeFrom);
    const { records } = await server.client(CITY_X).searchRecords({ role: 'requester', limit: 500 });
    expect(records).toHaveLength(225 + 90);
  });

  it('stops where it is told to', async () => {
    const stop = new AbortController();
    const summary = await server.client(CITY_X).submitBulk({
      lines: lines(1_000),
      bulkId: 'stopped',
      bulkTimeMs: 2_000,
      linesInBatchMax: 10,
      batchesInFlightMax: 1,
      signal: stop.signal,
      onProgress: ({ resumeFrom }) => {
        if (resumeFrom > 30) stop.abort();
      },
    });
    expect(summary.completed).toBe(false);
    expect(summary.resumeFrom).toBeLessThan(100);
  });

  it('finds its lines again in the record, newest first, page by page', async () => {
    const x = server.client(CITY_X);
    const first = await x.searchRecords({ role: 'requester', outcome: 'denied', limit: 20 });
    const second = await x.searchRecords({ role: 'requester', outcome: 'denied', limit: 20, cursor: first.next as string });
    const ids = [...first.records, ...second.records].map(({ exchangeId }) => exchangeId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(first.records.every(({ outcome, reason }) => outcome === 'denied' && reason === 'AFFAIR_NOT_IN_TABLE')).toBe(true);
    await expect(x.searchRecords({ role: 'requester', outcome: 'received', limit: 20, cursor: first.next as string })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
    await expect(x.searchRecords({ role: 'requester', from: '2020-05-09T00:00:00.000Z', to: '2020-05-08T00:00:00.000Z' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect((await x.searchRecords({ role: 'requester', counterpart: CITY_X })).records).toEqual([]);
    expect((await x.searchRecords({ role: 'requester', from: '2020-05-09T00:00:00.000Z' })).records).toEqual([]);
  });
});
