// The benchmarks on servers: the path, tried with the double of EventStoreDB. What the figures are is asserted nowhere.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Figure } from './benchmark.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const TIMEOUT_MS = 180_000;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function bench(...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', MAIN, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number]>]);
  return { code, out, error };
}

describe('benchmarks on servers', () => {
  it(
    'name their figures with the engine and stand beside those of the embedded one; a double is called a double',
    async () => {
      const { code, out, error } = await bench('append', '--quick', '--json', '--event-store', 'double');
      expect([code, error]).toEqual([0, expect.stringMatching(/^a double of EventStoreDB .* say nothing of a server\n$/)]);
      const figures = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Figure);
      const embedded = figures.find(({ benchmark }) => benchmark === 'append.100');
      const server = figures.find(({ benchmark }) => /^append\.100, double of EventStoreDB \d+\.\d+\.\d+$/.test(benchmark));
      expect([embedded?.unit, server?.unit, server?.baseline]).toEqual(['events/s', 'events/s', embedded?.median]);
      expect(Math.min(embedded?.median ?? 0, server?.median ?? 0)).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it.each([
    [
      ['append', 'verify', '--event-store', 'double', '--postgres', 'embedded'],
      /^append does not run on PostgreSQL: .*\nverify does not run on EventStoreDB: it walks the embedded store’s file\nverify does not run on PostgreSQL: /,
    ],
    [['append', '--event-store', 'http://127.0.0.1:2113'], /^--event-store takes a connection string/],
  ])(
    '%j is refused before anything is measured',
    async (words, message) => {
      const { code, error } = await bench(...words, '--quick');
      expect([code, error]).toEqual([2, expect.stringMatching(message)]);
    },
    TIMEOUT_MS,
  );
});
