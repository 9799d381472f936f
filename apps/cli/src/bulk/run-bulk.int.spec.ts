import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey } from '#libs/cryptography';
import { runInProcess } from '../program.fixture.js';
import type { ResultLine } from './result-lines.js';
import { BATCHES_IN_FLIGHT } from './send-lines.js';

interface SentLine {
  readonly exchangeId: string;
  readonly line: number;
  readonly inAgencyNumber: string;
}

/** Takes queries as an intermediate server does, over HTTP, and notes what came: to see what the command line sends. */
class Listener {
  readonly requests: (readonly SentLine[])[] = [];
  /** Requests after which it refuses all (400, for what is passing is tried again). */
  refusesAfter = Number.POSITIVE_INFINITY;
  readonly #server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { lines } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { lines: readonly SentLine[] };
      const refuses = this.requests.length >= this.refusesAfter;
      if (!refuses) this.requests.push(lines);
      const body = refuses
        ? { code: 'REFUSED', kind: 'conflict', detail: 'not now' }
        : { outcomes: lines.map(({ exchangeId }) => ({ ok: true, value: { exchangeId, status: 'submitted' } })) };
      response.writeHead(refuses ? 409 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    })();
  });

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

const HEAD = 'inAgencyNumber,provider,affair,information,department';
const row = (index: number): string => `P${index},0220113206301700,JM99000000000071,TM00000000000002,tax`;
const csv = (count: number): string => `${[HEAD, ...Array.from({ length: count }, (_, index) => row(index))].join('\n')}\n`;

describe('a bulk of queries', () => {
  let directory: string;
  let listener: Listener;
  let environment: Readonly<Record<string, string>>;
  let runs = 0;
  let out: string;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'renkei-bulk-'));
    SigningKey.generate().save(join(directory, 'keys'));
    SigningKey.generate().save(join(directory, 'other-keys'));
    listener = new Listener();
    const server = await listener.start();
    environment = { RENKEI_SERVER: server, RENKEI_AGENCY: '札幌市', RENKEI_KEY: join(directory, 'keys') };
  });
  afterAll(async () => {
    await listener.close();
    rmSync(directory, { recursive: true });
  });
  beforeEach(() => {
    runs += 1;
    out = join(directory, `results-${runs}.ndjson`);
    listener.requests.length = 0;
    listener.refusesAfter = Number.POSITIVE_INFINITY;
  });

  const file = (content: string | Uint8Array, name = 'lines.csv'): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const bulk = (path: string, ...rest: string[]) => runInProcess(['query', '--file', path, '--out', out, '--json', ...rest], environment);
  const errorOf = ({ stderr }: { readonly stderr: string }) => (JSON.parse(stderr) as { error: { option?: string; code: string; message: string } }).error;
  const results = () =>
    readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultLine);

  it.each<[string, string | Uint8Array]>([
    ['an empty file', ''],
    ['blank lines alone', '\n\n'],
    ['a head alone', `${HEAD}\n`],
    ['missing columns', 'inAgencyNumber,provider\n1,2\n'],
    ['unknown columns', `${HEAD},colour\n`],
    ['a head that is not UTF-8', Buffer.from([0x8a, 0xbf, 0x0a])],
  ])('is refused as a whole for %s: nothing is sent and nothing left behind', async (_what, content) => {
    const ended = await bulk(file(content));
    expect({ status: ended.status, stdout: ended.stdout, option: errorOf(ended).option }).toEqual({ status: 2, stdout: '', option: '--file' });
    expect(listener.requests).toEqual([]);
    expect(() => readFileSync(out)).toThrow();
    expect(() => readFileSync(`${out}.state`)).toThrow();
    expect(() => readFileSync(`${out}.lock`)).toThrow();
  });

  it('is refused for a file that there is not, a directory, and an unknown format', async () => {
    expect(errorOf(await bulk(join(directory, 'none.csv')))).toMatchObject({ code: 'ENOENT' });
    expect((await bulk(directory, '--format', 'csv')).status).toBe(2);
    expect(errorOf(await bulk(file(csv(1), 'lines.txt'))).option).toBe('--format');
    expect(errorOf(await bulk(file(csv(1)), '--bulk-id', 'x'.repeat(65))).option).toBe('--bulk-id');
    expect(errorOf(await bulk(file(csv(1)), '--person', '1')).option).toBe('--person');
    const withoutOut = await runInProcess(['query', '--file', file(csv(1)), '--json'], environment);
    expect(errorOf(withoutOut).option).toBe('--out');
  });

  it('refuses bad lines alone, with their numbers, and sends the others', async () => {
    const lines = csv(6).split('\n');
    lines[2] = 'P,1';
    lines[4] = `P${'x'.repeat(140_000)},0220113206301700,JM99000000000071,TM00000000000002,tax`;
    const content = Buffer.concat([Buffer.from(lines.join('\n')), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from(row(7))]);
    const ended = await bulk(file(content));
    expect(ended.status).toBe(1);
    expect(JSON.parse(ended.stdout)).toMatchObject({ lines: 8, accepted: 5, refused: 3, completed: true });
    expect(results().map(({ line, outcome, reason }) => [line, outcome, reason])).toEqual([
      [2, 'submitted', undefined],
      [3, 'refused', 'INVALID_INPUT'],
      [4, 'submitted', undefined],
      [5, 'refused', 'LINE_TOO_LONG'],
      [6, 'submitted', undefined],
      [7, 'submitted', undefined],
      [8, 'refused', 'LINE_ENCODING'],
      [9, 'submitted', undefined],
    ]);
  });

  it('keeps each line’s exchange through a break and a resume, with a bulk id of any kind', async () => {
    const path = file(csv(9_500));
    listener.refusesAfter = 4;
    const broken = await bulk(path, '--bulk-id', '2020年夏');
    expect({ status: broken.status, code: errorOf(broken).code }).toEqual({ status: 1, code: 'REFUSED' });
    expect(errorOf(broken).message).toContain('--resume');
    const before = listener.requests.flat();
    listener.refusesAfter = Number.POSITIVE_INFINITY;
    const resumed = await bulk(path, '--resume');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ bulkId: '2020年夏', lines: 9_500, accepted: 9_500, refused: 0 });
    const all = listener.requests.flat();
    const ids = new Map(all.map(({ line, exchangeId }) => [line, exchangeId]));
    expect(before.every(({ line, exchangeId }) => ids.get(line) === exchangeId)).toBe(true);
    expect(new Set(all.map(({ exchangeId }) => exchangeId)).size).toBe(9_500);
    expect(results().map(({ line }) => line)).toEqual(Array.from({ length: 9_500 }, (_, index) => index + 2));
    const once = listener.requests.length;
    expect((await bulk(path, '--resume')).status).toBe(0);
    expect(listener.requests).toHaveLength(once);
  });

  it('is not resumed with another file, key or bulk id, nor where there is none; and overwrites nothing', async () => {
    const path = file(csv(6_500));
    expect(errorOf(await bulk(path, '--resume')).option).toBe('--resume');
    listener.refusesAfter = BATCHES_IN_FLIGHT + 1; // so that the first batch has been counted
    expect((await bulk(path)).status).toBe(1);
    listener.refusesAfter = Number.POSITIVE_INFINITY;
    expect(errorOf(await bulk(path)).option).toBe('--out');
    expect(errorOf(await bulk(path, '--resume', '--bulk-id', 'other')).option).toBe('--bulk-id');
    expect(errorOf(await bulk(path, '--resume', '--key', join(directory, 'other-keys'))).option).toBe('--key');
    expect(errorOf(await bulk(file(csv(6_500).replace('P5,', 'P6,'), 'changed.csv'), '--resume')).option).toBe('--file');
    expect(errorOf(await bulk(file(csv(3), 'short.csv'), '--resume')).option).toBe('--file');
    // what is behind the lines that were answered may be mended
    expect((await bulk(file(csv(6_500).replace('P6000,', 'P6001,'), 'mended.csv'), '--resume')).status).toBe(0);
  });

  it('cuts off results that were written but not counted', async () => {
    const path = file(csv(2_500));
    listener.refusesAfter = 1;
    await bulk(path);
    listener.refusesAfter = Number.POSITIVE_INFINITY;
    writeFileSync(out, '{"line":1002,"outcome":"subm', { flag: 'a' });
    await bulk(path, '--resume');
    expect(results()).toHaveLength(2_500);
  });

  it('is written by one process at a time', async () => {
    writeFileSync(`${out}.lock`, `${process.ppid}\n`);
    expect(errorOf(await bulk(file(csv(1)))).message).toContain(String(process.ppid));
    writeFileSync(`${out}.lock`, '999999999\n'); // runs no more
    expect((await bulk(file(csv(1)))).status).toBe(0);
  });
});
