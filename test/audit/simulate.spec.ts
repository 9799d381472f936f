import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Workload } from '#apps/sandbox';
import { CLI, type CliRun, runCli } from '../../apps/cli/test/run-cli.js';

const TIMEOUT_MS = 300_000;
/** A week of the busiest time. */
const SPAN = ['--from', '2020-04-27', '--to', '2020-05-01'] as const;
const SEED = '7';

interface Summary {
  readonly complete: boolean;
  readonly tally: { readonly exchanges: number; readonly outcomes: Readonly<Record<string, number>> };
}

/** What the generator alone says of a seed, in the words of reconciliation. */
function expected(exchanges: number): Readonly<Record<string, { readonly matched: number }>> {
  const words: Readonly<Record<string, string>> = { released: 'provided', 'no-record': 'not-provided' };
  const counts: Record<string, { matched: number }> = {};
  for (const { outcome } of new Workload({ exchanges, seed: SEED, from: SPAN[1], to: SPAN[3] }).exchanges()) {
    const word = words[outcome] ?? outcome;
    counts[word] = { matched: (counts[word]?.matched ?? 0) + 1 };
  }
  return counts;
}

describe('a simulated history', () => {
  let root: string;
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'renkei-simulate-e2e-'))));
  afterAll(() => rm(root, { recursive: true, force: true }));

  const simulate = (data: string, exchanges: number, ...more: readonly string[]): Promise<CliRun> =>
    runCli(['simulate', '--exchanges', String(exchanges), '--seed', SEED, ...SPAN, '--data', data, '--json', ...more]);
  const json = async (args: readonly string[]): Promise<{ readonly status: number | null; readonly told: Record<string, unknown> }> => {
    const { status, stdout } = await runCli([...args, '--json']);
    return { status, told: JSON.parse(stdout) as Record<string, unknown> };
  };

  it.each([
    ['in bulk', 400, ['--fast']],
    ['on a nation that runs', 60, []],
  ] as const)(
    'made %s is found whole by every tool, with the ids and outcomes of its seed',
    async (name, exchanges, options) => {
      const data = join(root, name.replaceAll(' ', '-'));
      const { status, stdout, stderr } = await simulate(data, exchanges, ...options);
      expect([status, stderr]).toEqual([0, '']);
      expect(JSON.parse(stdout) as Summary).toMatchObject({ complete: true, tally: { exchanges } });
      expect(await json(['verify', '--full', '--data', data])).toMatchObject({ status: 0, told: { ok: true } });
      expect(await json(['reconcile', '--data', data])).toMatchObject({ status: 0, told: { exchanges, found: [], counts: expected(exchanges) } });
      expect((await runCli(['replay', '--data', data])).status).toBe(0);
      const { status: counted, stdout: statistics } = await runCli(['statistics', '--data', data, '--json']);
      expect([counted, statistics.length > 0]).toEqual([0, true]);
      const { exchangeId } = new Workload({ exchanges, seed: SEED, from: SPAN[1], to: SPAN[3] }).exchange(exchanges - 1);
      const bundle = await runCli(['bundle', '--exchange', exchangeId, '--data', data, '--out', join(root, `${exchanges}.json`)]);
      expect(bundle.status).toBe(0);
    },
    TIMEOUT_MS,
  );

  it.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)(
    'that was ended by %s holds, and is told of by the next who takes the directory',
    async (signal, status) => {
      const data = join(root, signal);
      const main = CLI.replace(/cli\/src\/main\.js$/, 'sandbox/src/simulate/main.js');
      const child = spawn(process.execPath, [main, '--exchanges', '200000', '--seed', SEED, ...SPAN, '--fast', '--data', data], {
        stdio: ['ignore', 'ignore', 'ignore'],
        env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
      });
      const closed = once(child, 'close');
      try {
        for (let recorded = 0; recorded === 0 && child.exitCode === null;) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          const text = await readFile(join(data, 'simulation.json'), 'utf8').catch(() => '{"recorded":0}');
          ({ recorded } = JSON.parse(text) as { recorded: number });
        }
      } finally {
        child.kill(signal);
        await closed;
      }
      expect(child.exitCode).toBe(status);
      expect(await json(['verify', '--data', data])).toMatchObject({ status: 0, told: { ok: true } });
      const again = await simulate(data, 10, '--fast');
      expect([again.status, JSON.parse(again.stderr)]).toEqual([1, { error: expect.objectContaining({ code: 'SIMULATION_EXISTS' }) }]);
    },
    TIMEOUT_MS,
  );
});
