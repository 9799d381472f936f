import { describe, expect, it } from '@jest/globals';
import type { LineResult } from '#libs/agency-sdk';
import { ByteLines } from '../lines/byte-lines.js';
import type { Fields } from '../lines/line-form.js';
import { readLines } from '../lines/read-lines.js';
import { type Answered, type Sending, sendLines } from './send-lines.js';

const FORM = [{ name: 'text', kind: 'text', required: true }] as const;
interface Sent {
  readonly text: string;
  readonly line: number;
}

async function* whole(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${line}\n`);
}

class Server implements Sending<Sent, string> {
  readonly requests: (readonly Sent[])[] = [];
  underWay = 0;
  underWayMax = 0;
  /** Fails from that request on, counted from 1. */
  failsFrom = Number.POSITIVE_INFINITY;

  prepare = (fields: Fields, line: number): Sent => ({ text: String(fields['text']), line });
  tell = (line: number): { line: number; outcome: string } => ({ line, outcome: 'done' });
  idOf = (): undefined => undefined;
  send = async (lines: readonly Sent[]): Promise<readonly LineResult<string>[]> => {
    this.requests.push(lines);
    this.underWay += 1;
    this.underWayMax = Math.max(this.underWayMax, this.underWay);
    const number = this.requests.length;
    // later requests answer sooner
    for (let turn = 0; turn < 20 - Math.min(number, 15); turn += 1) await new Promise((next) => setImmediate(next));
    this.underWay -= 1;
    if (number >= this.failsFrom) throw new Error('the server is gone');
    return lines.map(({ text }) => (text === 'no' ? { ok: false, problem: { code: 'NO', kind: 'unprocessable', detail: 'no' } } : { ok: true, value: text }));
  };
}

async function sendAll(lines: readonly string[], { server = new Server(), after = 0, stopAfter = Number.POSITIVE_INFINITY } = {}) {
  const source = new ByteLines(whole(lines), 'utf-8');
  const told: Answered[] = [];
  const controller = new AbortController();
  const completed = sendLines(source, readLines(source, 'ndjson', FORM, {}), server, {
    after,
    signal: controller.signal,
    batchesInFlight: 3,
    onAnswered: (answered) => {
      told.push(answered);
      if (told.length >= stopAfter) controller.abort();
      return Promise.resolve();
    },
  });
  return { server, told, completed };
}
const good = (count: number): string[] => Array.from({ length: count }, (_, index) => JSON.stringify({ text: String(index) }));
const numbers = (told: readonly Answered[]): number[] => told.flatMap(({ results }) => results.map(({ line }) => line));

describe('lines that are sent', () => {
  it('go in batches of at most 1,000, a bounded number at once, and are told in order', async () => {
    const { server, told, completed } = await sendAll(good(5_500));
    expect(await completed).toBe(true);
    expect(server.requests.map((lines) => lines.length)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 500]);
    expect(server.underWayMax).toBe(3);
    expect(numbers(told)).toEqual(Array.from({ length: 5_500 }, (_, index) => index + 1));
    expect(told.at(-1)).toMatchObject({ lines: 5_500, accepted: 500, refused: 0 });
  });

  it('go in requests of at most 1 MiB', async () => {
    const { server, completed } = await sendAll(Array.from({ length: 40 }, () => JSON.stringify({ text: 'x'.repeat(900) })).concat(good(10)));
    await completed;
    expect(server.requests).toHaveLength(1);
    const form = [{ name: 'text', kind: 'object', required: true }] as const;
    const large = Array.from({ length: 40 }, () => JSON.stringify({ text: { value: 'x'.repeat(100_000) } }));
    const source = new ByteLines(whole(large), 'utf-8');
    const big = new Server();
    big.prepare = (fields, line) => ({ text: JSON.stringify(fields['text']), line });
    await sendLines(source, readLines(source, 'ndjson', form, {}), big, {
      after: 0,
      signal: new AbortController().signal,
      onAnswered: () => Promise.resolve(),
    });
    const sizes = big.requests.map((lines) => Buffer.byteLength(JSON.stringify({ lines })));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_048_576);
    expect(big.requests.flat()).toHaveLength(40);
  });

  it('that cannot be read keep their place, and are not sent; those that the server refuses are told so', async () => {
    const lines = good(4);
    lines[1] = '{';
    lines[2] = JSON.stringify({ text: 'no' });
    const { server, told, completed } = await sendAll(lines);
    await completed;
    expect(server.requests.flat().map(({ line }) => line)).toEqual([1, 3, 4]);
    expect(told[0]).toMatchObject({ accepted: 2, refused: 2 });
    expect(told[0]?.results.map(({ line, outcome, reason }) => [line, outcome, reason])).toEqual([
      [1, 'done', undefined],
      [2, 'refused', 'INVALID_INPUT'],
      [3, 'refused', 'NO'],
      [4, 'done', undefined],
    ]);
  });

  it('stop at the signal: what was under way is told, nothing behind it is sent', async () => {
    const { server, told, completed } = await sendAll(good(20_000), { stopAfter: 2 });
    expect(await completed).toBe(false);
    expect(server.requests.length).toBeLessThan(10);
    expect(numbers(told)).toEqual(Array.from({ length: server.requests.length * 1_000 }, (_, index) => index + 1));
  });

  it('are told without a gap up to the batch that failed', async () => {
    const server = new Server();
    server.failsFrom = 3;
    const { told, completed } = await sendAll(good(9_000), { server });
    await expect(completed).rejects.toThrow('the server is gone');
    expect(numbers(told)).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
    expect(server.underWay).toBe(0);
  });

  it('go on behind those that were answered before, under the same numbers and with the same digest', async () => {
    const first = await sendAll(good(2_500));
    await first.completed;
    const second = await sendAll(good(2_500), { after: 1_000 });
    await second.completed;
    expect(numbers(second.told)[0]).toBe(1_001);
    expect(second.told.at(-1)?.digest).toBe(first.told.at(-1)?.digest);
  });
});
