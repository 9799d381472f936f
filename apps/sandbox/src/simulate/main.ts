import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DomainError } from '#libs/kernel';
import { grouped, Terminal } from '#libs/terminal';
import { prepareDirectory } from '../data-directory.js';
import { writeHistory } from './bulk/write-history.js';
import { anonymousBytes, assertNew, assertRoom, bytesOnDisk } from './directory-room.js';
import type { WrittenHistory } from './history.js';
import { playHistory } from './live/play-history.js';
import { type Measured, showSummary } from './show-summary.js';
import { readSimulateOptions, type SimulateOptions } from './simulate-options.js';
import { simulateTexts } from './simulate.texts.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
/** A terminal and npm may each send the first signal. */
const SIGNALS_HEEDED = 2;

/** Aborted at the first SIGINT or SIGTERM; one after the second ends the process at once, which the stores bear. */
function interruption(onSignal: () => void): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  const stop = (): void => {
    asked += 1;
    if (asked > SIGNALS_HEEDED) process.exit(EXIT_INTERRUPTED);
    if (asked > 1) return;
    onSignal();
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return controller.signal;
}

async function simulate(options: SimulateOptions, terminal: Terminal | undefined, directory: string): Promise<number> {
  const { exchanges, seed, from, to, fast, data, language, json } = options;
  const say = simulateTexts(language);
  terminal?.line(terminal.style.bold(say.banner));
  terminal?.line(`  ${say.what(grouped(exchanges), seed, from, to)}`);
  terminal?.paragraph(fast ? say.fast : say.nation, { indent: 2, dress: terminal.style.dim });
  terminal?.line(`  ${say.settingUp}`);
  const startedMs = performance.now();
  const parties = join(directory, 'parties');
  let setUpBytes: number | undefined;
  let memoryBytesMax = 0;
  let progress: ReturnType<Terminal['progress']> | undefined;
  const onProgress = (recorded: number): void => {
    memoryBytesMax = Math.max(memoryBytesMax, anonymousBytes());
    if (setUpBytes === undefined) {
      setUpBytes = bytesOnDisk(parties);
      terminal?.line(`  ${say.setUp(((performance.now() - startedMs) / 1_000).toFixed(1))}`);
      progress = terminal?.progress(say.progress, exchanges, { rate: true });
    }
    progress?.update(recorded);
  };
  const signal = interruption(() => process.stderr.write(`${say.stopping}\n`));
  let history: WrittenHistory;
  try {
    history = await (fast ? writeHistory : playHistory)({ directory, exchanges, seed, from, to, onProgress, signal });
  } finally {
    progress?.stop();
  }
  const measured: Measured = { setUpBytes: setUpBytes ?? 0, bytes: bytesOnDisk(parties), memoryBytesMax };
  if (terminal) {
    showSummary(terminal, language, history, measured, { from, to });
    terminal.line();
    if (!history.complete) terminal.line(terminal.style.yellow(say.stopped(grouped(history.tally.exchanges), grouped(exchanges))));
    terminal.paragraph(data === undefined ? say.removed : say.kept(data));
  }
  if (json) process.stdout.write(`${JSON.stringify({ seed, from, to, mode: fast ? 'bulk' : 'nation', ...history, measured }, null, 2)}\n`);
  return history.complete ? 0 : EXIT_INTERRUPTED;
}

async function run(options: SimulateOptions): Promise<number> {
  const { data, exchanges, language, json } = options;
  if (data !== undefined) assertNew(resolve(data), language);
  assertRoom(data === undefined ? tmpdir() : resolve(data), exchanges, language);
  const directory = data === undefined ? await mkdtemp(join(tmpdir(), 'renkei-simulate-')) : resolve(data);
  try {
    prepareDirectory(directory);
    return await simulate(options, json ? undefined : new Terminal(process.stdout, process.env), directory);
  } finally {
    if (data === undefined) await rm(directory, { recursive: true, force: true });
  }
}

function tellFailure(error: unknown, json: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  const { code, at } = error instanceof DomainError ? error : { code: 'INTERNAL', at: {} };
  process.stderr.write(json ? `${JSON.stringify({ error: { code, message, ...at } })}\n` : `${message}\n`);
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  try {
    const options = readSimulateOptions(args, process.env);
    if (options.help) process.stdout.write(`${simulateTexts(options.language).usage}\n`);
    else process.exitCode = await run(options);
  } catch (error) {
    tellFailure(error, args.includes('--json'));
    process.exitCode = error instanceof DomainError && error.code === 'USAGE' ? EXIT_USAGE : EXIT_FAILED;
  }
}

await main();
