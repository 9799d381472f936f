import { SigningKey } from '#libs/cryptography';
import { inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure, rate } from './benchmark.js';
import { inProcess, PERSONS } from './decisions.benchmark.js';
import { measuredCore, type MeasuredCore } from './decisions.setup.js';
import { ask, FULL, QUICK, settle } from './exchanges.benchmark.js';
import { type Measured, measuredNation, type Size } from './exchanges.setup.js';

const BARE = { withoutLedger: true } as const;
const nothing = (): void => undefined;

/** Permits of two cores, by turns: one with its log, one that was started without. */
async function decided(directory: string, lines: number, runs: number): Promise<Figure[]> {
  const key = SigningKey.generate();
  const cores: MeasuredCore[] = [];
  try {
    cores.push(await measuredCore(`${directory}/with`, key, PERSONS));
    cores.push(await measuredCore(`${directory}/without`, key, PERSONS, BARE));
    const [withIt, without] = cores as [MeasuredCore, MeasuredCore];
    const contenders: Contender[] = [
      { benchmark: 'ledger.decisions', unit: 'decisions/s', baseline: 'ledger.decisions-without', run: () => inProcess(withIt, lines, nothing) },
      { benchmark: 'ledger.decisions-without', unit: 'decisions/s', run: () => inProcess(without, lines, nothing) },
    ];
    return await compare(contenders, runs);
  } finally {
    await Promise.all(cores.map(({ core }) => core.close()));
  }
}

/** Whole exchanges of two nations, by turns. */
async function exchanged(directory: string, size: Size, runs: number): Promise<Figure[]> {
  const nations: Measured[] = [];
  try {
    nations.push(await measuredNation(`${directory}/with`, size));
    nations.push(await measuredNation(`${directory}/without`, size, BARE));
    const [withIt, without] = nations as [Measured, Measured];
    const runOf = (measured: Measured) => async (): Promise<number> => {
      const result = await rate(measured.subjects.length, () => ask(measured));
      await settle(measured);
      return result;
    };
    const contenders: Contender[] = [
      { benchmark: 'ledger.exchanges', unit: 'exchanges/s', baseline: 'ledger.exchanges-without', run: runOf(withIt) },
      { benchmark: 'ledger.exchanges-without', unit: 'exchanges/s', run: runOf(without) },
    ];
    return await compare(contenders, runs);
  } finally {
    await Promise.all(nations.map(({ nation }) => nation.close()));
  }
}

export const ledger: Benchmark = {
  name: 'ledger',
  what:
    'What the ledger costs: the same work by turns in the same process, on parties that keep their logs (tree, signed checkpoints, a proof with every ' +
    'answer, verified at every interface system, cosigned by witnesses) and on parties started without. Decisions in process in batches of 500 at the ' +
    'core; whole exchanges in process through every system.',
  on: {
    eventStore: { not: 'it compares a process with itself, with and without a ledger; a server’s time would hide the difference' },
    postgres: { not: 'it compares a process with itself, with and without a ledger' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    yield* await inDirectory((directory) => decided(directory, quick ? 5_000 : 30_000, quick ? 3 : 5));
    yield* await inDirectory((directory) => exchanged(directory, quick ? QUICK : FULL, quick ? 3 : 5));
  },
};
