import { replayHistory } from '#libs/audit';
import { inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure } from './benchmark.js';
import { CoreHistory, EVENTS_AN_EXCHANGE } from './core-history.js';
import { decodedOnly } from './decode-only.js';

const EXCHANGES = 500_000;
const EXCHANGES_QUICK = 20_000;

/** Decisions a second of the whole history, threads started and ended inside. */
export async function replayed({ location }: CoreHistory, threads: number): Promise<number> {
  const startedMs = performance.now();
  const { ok, decisions, agrees } = await replayHistory({ location, threads });
  if (!ok || agrees !== decisions) throw new Error(`a history as it was recorded is decided otherwise: ${agrees} of ${decisions} agree`);
  return decisions / ((performance.now() - startedMs) / 1_000);
}

/** Decisions a second that a thread would get through if it did nothing but decode every event. */
export async function decoded({ location }: CoreHistory): Promise<number> {
  const startedMs = performance.now();
  const events = await decodedOnly(location);
  return events / EVENTS_AN_EXCHANGE / ((performance.now() - startedMs) / 1_000);
}

async function measure(directory: string, quick: boolean): Promise<Figure[]> {
  const history = await CoreHistory.open(directory);
  await history.grow(quick ? EXCHANGES_QUICK : EXCHANGES);
  const on = (threads: number): Contender => ({
    benchmark: `replay.${threads}-thread${threads === 1 ? '' : 's'}`,
    unit: 'decisions/s',
    baseline: 'replay.decode-only',
    run: () => replayed(history, threads),
  });
  return compare([on(1), on(2), { benchmark: 'replay.decode-only', unit: 'decisions/s', run: () => decoded(history) }], quick ? 1 : 5);
}

export const replay: Benchmark = {
  name: 'replay',
  what:
    'Every recorded query of a core decided again from its events alone, on the basis that it names, and held against what was recorded, all of which agrees: ' +
    '500,000 exchanges of three events (--quick: 20,000), on one thread and on two, reading the store, gathering agencies, law and identifiers, and ' +
    'starting the threads inside. Baseline: one thread that reads and decodes every event and does nothing with it',
  on: {
    eventStore: { not: 'a history of this length would take longer to write there than to decide again; `replica` tells how fast it is read' },
    postgres: { not: 'it asks no read model' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    yield* await inDirectory((directory) => measure(directory, quick));
  },
};
