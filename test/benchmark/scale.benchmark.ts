import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Figure } from './benchmark.js';
import { type ScaleResult, scalePictures } from './scale.picture.js';
import type { Measured, ScalePart } from './scale.step.js';

const STEPS = [100_000, 300_000, 1_000_000, 3_000_000, 10_000_000];
const STEPS_QUICK = [4_000, 8_000];
export const SCALE_MAX = 10_000_000;
const SCALE_DEFAULT = 1_000_000;
/** Rows are built again up to this length only: each takes as long as the first building, which every step tells. */
const VIEWS_MAX = 1_000_000;
/** 2017-07-18 to 2020-05-07. */
const NATION = 63_645_570;
const PLACE = join('test', 'benchmark', 'results');
const STEP_FILE = fileURLToPath(new URL('./scale.step.js', import.meta.url));

async function part(name: ScalePart, directory: string, exchanges: number, quick: boolean): Promise<Measured> {
  const words = [name, directory, String(exchanges), ...(quick ? ['quick'] : [])];
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', STEP_FILE, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number | null]>]);
  if (code !== 0) throw new Error(`${name} at ${exchanges} exchanges ended with ${code}; --resume goes on from there`);
  return JSON.parse(out) as Measured;
}

const rounded = (measured: Measured): Measured =>
  Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, value < 1_000 ? Math.round(value * 100) / 100 : Math.round(value)]));

async function measured(directory: string, exchanges: number, quick: boolean): Promise<{ readonly exchanges: number } & Measured> {
  const parts: ScalePart[] = ['grow', 'settle', 'read', ...(exchanges <= VIEWS_MAX ? (['views'] as const) : []), 'serve'];
  let all: Measured = {};
  for (const name of parts) {
    process.stderr.write(`${exchanges.toLocaleString('en-US')} exchanges: ${name}\n`);
    all = { ...all, ...(await part(name, directory, exchanges, quick)) };
  }
  return { exchanges, ...rounded(all) };
}

function keep(result: ScaleResult): void {
  mkdirSync(PLACE, { recursive: true });
  writeFileSync(join(PLACE, 'scale.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  for (const [name, picture] of Object.entries(scalePictures(result))) writeFileSync(join(PLACE, name), picture);
}

const kept = (): ScaleResult['steps'] => {
  const file = join(PLACE, 'scale.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ScaleResult).steps : [];
};

const UNITS: readonly (readonly [end: string, unit: string])[] = [
  ['PerSecond', '1/s'],
  ['PerSecond1', '1/s'],
  ['PerSecond2', '1/s'],
  ['Ms', 'ms'],
  ['MiB', 'MiB'],
  ['Seconds', 's'],
  ['BytesAnExchange', 'bytes'],
];

function figuresOf({ exchanges, ...values }: { readonly exchanges: number } & Measured): Figure[] {
  return Object.entries(values).map(([name, value]) => ({
    benchmark: `scale.${exchanges}.${name}`,
    unit: UNITS.find(([end]) => name.endsWith(end))?.[1] ?? 'events',
    median: value,
    min: value,
    max: value,
    baseline: null,
    ratio: null,
    peakRssMiB: values['peakRssAnonMiB'] ?? 0,
    runs: 1,
  }));
}

export const scale: Benchmark = {
  name: 'scale',
  what:
    'What changes with the length of history: a core whose record grows to 100,000, 300,000, 1, 3 and 10 million exchanges (--to), of which 2,000 are decided by it ' +
    'and the others are copies under new ids. At each length, each in a process of its own: whole exchanges a second and single decisions (p50, p99 at 100/s), ' +
    'anonymous memory, seconds of a restart, of the log and the views after what was copied, bytes an exchange, decisions replayed and events counted a second on ' +
    `one thread and two, up to a million rows of views built again. Kept in ${PLACE} as JSON and pictures; --resume goes on with what is there`,
  on: {
    eventStore: { not: 'millions of exchanges are copied straight into the embedded store; `append` and `decisions` tell what a server takes' },
    postgres: { not: 'as far as rows go, `replica` tells it' },
  },
  async *run({ quick, to, resume = false }): AsyncIterable<Figure> {
    const directory = join(tmpdir(), quick ? 'renkei-scale-quick' : 'renkei-scale');
    if (!resume || quick) rmSync(directory, { recursive: true, force: true });
    const steps = [...(resume && !quick ? kept() : [])];
    const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
    for (const exchanges of quick ? STEPS_QUICK : STEPS.filter((step) => step <= (to ?? SCALE_DEFAULT))) {
      if (steps.some((step) => step.exchanges === exchanges)) continue;
      const step = await measured(directory, exchanges, quick);
      steps.push(step);
      const command = `npm run bench -- scale --to ${exchanges}`;
      const machine = `${availableParallelism()} × ${cpu}, Node ${process.versions.node}`;
      if (!quick) keep({ command, extrapolatedTo: NATION, machine, steps });
      yield* figuresOf(step);
    }
    rmSync(directory, { recursive: true, force: true });
  },
};
