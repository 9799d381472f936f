import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { isModelsUrl } from '#libs/read-models';
import { append } from './append.benchmark.js';
import type { Benchmark, Figure } from './benchmark.js';
import { decisions } from './decisions.benchmark.js';
import { exchanges } from './exchanges.benchmark.js';
import { feed } from './feed.benchmark.js';
import { ledger } from './ledger.benchmark.js';
import { latency } from './latency.benchmark.js';
import { proofs } from './proofs.benchmark.js';
import { rebuild } from './rebuild.benchmark.js';
import { reconcile } from './reconcile.benchmark.js';
import { replica } from './replica.benchmark.js';
import { replay } from './replay.benchmark.js';
import { scale, SCALE_MAX } from './scale.benchmark.js';
import { verify } from './verify.benchmark.js';

/** Every benchmark that `npm run bench` knows. */
const BENCHMARKS: readonly Benchmark[] = [append, decisions, exchanges, feed, latency, ledger, proofs, rebuild, reconcile, replay, replica, scale, verify];

const RATE_MAX = 10_000;

const HELP = `npm run bench -- NAME… [--json] [--quick] [--event-store URL|double] [--postgres URL|embedded] [--rate N] [--to N] [--resume]

${BENCHMARKS.map(({ name, what }) => `${name}\n    ${what}`).join('\n')}

--json   one line of JSON a figure
--quick  fewer and shorter runs, to see that it works
--event-store  append, decisions, exchanges, latency, replica: the same besides with every record on this EventStoreDB (esdb://…).
               'double' starts the tests' double of it, to try the path: a figure of a double says nothing of a server
--postgres     decisions, exchanges, latency, replica: the same besides with the read models on this PostgreSQL, whose role may
               create databases; 'embedded' starts a server. With --event-store: both at once
--rate         latency: queries a second
--to N         scale: exchanges up to which the history grows (1e5, 3e5, 1e6, 3e6, 1e7)
--resume       scale: goes on with what an interrupted run left, or grows further than the last one did`;

const COLUMNS = ['benchmark', 'unit', 'median', 'min', 'max', 'baseline', 'ratio', 'peakRssMiB', 'runs'] as const satisfies readonly (keyof Figure)[];
const WIDTHS: Readonly<Record<(typeof COLUMNS)[number], number>> = {
  benchmark: 64,
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

interface Wanted {
  readonly 'event-store'?: string | undefined;
  readonly postgres?: string | undefined;
  readonly rate?: string | undefined;
  readonly to?: string | undefined;
}

/** What is wrong with the command line, if anything is; nothing is measured then. */
function refusal(names: readonly string[], { 'event-store': eventStore, postgres, rate, to }: Wanted): string | undefined {
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) return `no benchmark is called ${unknown.join(', ')}`;
  if (eventStore !== undefined && eventStore !== 'double' && !/^esdb(?:\+discover)?:\/\/[^\s/]+/.test(eventStore)) {
    return '--event-store takes a connection string like esdb://127.0.0.1:2113?tls=false, or double';
  }
  if (postgres !== undefined && postgres !== 'embedded' && !isModelsUrl(postgres))
    return '--postgres takes a URL like postgres://user@host:5432/postgres, or embedded';
  if (rate !== undefined && !(Number(rate) > 0 && Number(rate) <= RATE_MAX)) return `--rate takes a number up to ${RATE_MAX}`;
  if (to !== undefined && !(Number(to) >= 1 && Number(to) <= SCALE_MAX)) return `--to takes a number up to ${SCALE_MAX}`;
  const reasons = BENCHMARKS.filter(({ name }) => names.includes(name)).flatMap(({ name, on }) => [
    ...(eventStore === undefined || on.eventStore === true ? [] : [`${name} does not run on EventStoreDB: ${on.eventStore.not}`]),
    ...(postgres === undefined || on.postgres === true ? [] : [`${name} does not run on PostgreSQL: ${on.postgres.not}`]),
  ]);
  return reasons.length > 0 ? reasons.join('\n') : undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      quick: { type: 'boolean' },
      'event-store': { type: 'string' },
      postgres: { type: 'string' },
      rate: { type: 'string' },
      to: { type: 'string' },
      resume: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const wrong = refusal(positionals, values);
  if (values.help || positionals.length === 0 || wrong !== undefined) {
    if (wrong !== undefined) process.stderr.write(`${wrong}\n\n`);
    process.stdout.write(`${HELP}\n`);
    return wrong === undefined ? 0 : 2;
  }
  if (!values.json) process.stdout.write(`${row(COLUMNS)}\n`);
  const { quick = false, postgres, 'event-store': eventStore, rate, to, resume = false } = values;
  const options = {
    quick,
    postgres,
    eventStore,
    resume,
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(to === undefined ? {} : { to: Number(to) }),
  };
  for (const benchmark of BENCHMARKS.filter(({ name }) => positionals.includes(name))) {
    for await (const figure of benchmark.run(options)) {
      process.stdout.write(`${values.json ? JSON.stringify(figure) : row(COLUMNS.map((column) => cell(figure[column])))}\n`);
    }
  }
  return 0;
}

/** As `npm start` does: commits of many parties and tokens share the threads of libuv's pool, whose number is read before any of this runs. */
async function withThreads(): Promise<number> {
  const env = { ...process.env, UV_THREADPOOL_SIZE: '16' };
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

try {
  process.exitCode = process.env['UV_THREADPOOL_SIZE'] === undefined ? await withThreads() : await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
