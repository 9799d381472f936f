import { parseArgs } from 'node:util';
import { append } from './append.benchmark.js';
import type { Benchmark, Figure } from './benchmark.js';
import { decisions } from './decisions.benchmark.js';
import { exchanges } from './exchanges.benchmark.js';
import { feed } from './feed.benchmark.js';
import { ledger } from './ledger.benchmark.js';
import { latency } from './latency.benchmark.js';
import { proofs } from './proofs.benchmark.js';
import { reconcile } from './reconcile.benchmark.js';
import { replica } from './replica.benchmark.js';
import { verify } from './verify.benchmark.js';

/** Every benchmark that `npm run bench` knows. */
const BENCHMARKS: readonly Benchmark[] = [append, decisions, exchanges, feed, latency, ledger, proofs, reconcile, replica, verify];

const HELP = `npm run bench -- NAME… [--json] [--quick] [--postgres URL|embedded]

${BENCHMARKS.map(({ name, what }) => `${name}\n    ${what}`).join('\n')}

--json   one line of JSON a figure
--quick  fewer and shorter runs, to see that it works
--postgres  replica: the same on PostgreSQL besides; its role may create databases. 'embedded' starts a server`;

const COLUMNS = ['benchmark', 'unit', 'median', 'min', 'max', 'baseline', 'ratio', 'peakRssMiB', 'runs'] as const satisfies readonly (keyof Figure)[];
const WIDTHS: Readonly<Record<(typeof COLUMNS)[number], number>> = {
  benchmark: 30,
  unit: 12,
  median: 12,
  min: 12,
  max: 12,
  baseline: 12,
  ratio: 7,
  peakRssMiB: 11,
  runs: 5,
};

const cell = (value: string | number | null): string => (typeof value === 'number' ? value.toLocaleString('en-US') : (value ?? '–'));
const row = (cells: readonly string[]): string =>
  cells.map((text, index) => (index < 2 ? text.padEnd(WIDTHS[COLUMNS[index] ?? 'unit']) : text.padStart(WIDTHS[COLUMNS[index] ?? 'unit']))).join('');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, postgres: { type: 'string' }, help: { type: 'boolean' } },
  });
  const unknown = positionals.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (values.help || positionals.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) process.stderr.write(`no benchmark is called ${unknown.join(', ')}\n\n`);
    process.stdout.write(`${HELP}\n`);
    return unknown.length > 0 ? 2 : 0;
  }
  if (!values.json) process.stdout.write(`${row(COLUMNS)}\n`);
  for (const benchmark of BENCHMARKS.filter(({ name }) => positionals.includes(name))) {
    for await (const figure of benchmark.run({ quick: values.quick ?? false, postgres: values.postgres })) {
      process.stdout.write(`${values.json ? JSON.stringify(figure) : row(COLUMNS.map((column) => cell(figure[column])))}\n`);
    }
  }
  return 0;
}

process.exitCode = await main();
