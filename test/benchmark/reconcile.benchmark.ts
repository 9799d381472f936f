import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { embeddedIn } from '#libs/event-store';
import { type Reconciled, reconcileStores } from '../../apps/cli/src/reconcile/reconcile-stores.js';
import { PARTIES, writeThreeStores } from '../../apps/cli/src/reconcile/three-stores.fixture.js';
import { type Benchmark, type Figure, median, withPeakMemory } from './benchmark.js';

const EXCHANGES = 1_000_000;
const EXCHANGES_QUICK = 100_000;
const RUNS = 3;
/** One in so many is changed at the provider, so that the whole rule has something to do. */
const TAMPERED_ONE_IN = 10_000;
const PATIENCE_MS = 600_000;

function refuseUnexpected({ exchanges, foundCount, unreadable }: Reconciled, expected: number): void {
  const tampered = Math.ceil(expected / TAMPERED_ONE_IN);
  if (exchanges !== expected || foundCount !== tampered || unreadable !== 0) {
    throw new Error(`reconciled ${exchanges} of ${expected} exchanges, found ${foundCount} of ${tampered}`);
  }
}

export const reconcile: Benchmark = {
  name: 'reconcile',
  what:
    'renkei reconcile over the stores of three parties on disk: of twenty exchanges sixteen provided, two denied, one without a record, one held and released; ' +
    'one in 10,000 changed at the provider. Reading all stores, leaf hashes, join, comparison and the whole rule are inside, writing the stores is not.',
  on: {
    eventStore: { not: 'it writes millions of events into stores of its own, to read them; `append` and `replica` tell what a server takes and gives' },
    postgres: { not: 'it asks no read model' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    const exchanges = quick ? EXCHANGES_QUICK : EXCHANGES;
    const directory = await mkdtemp(join(tmpdir(), 'renkei-bench-reconcile-'));
    try {
      await writeThreeStores(directory, {
        exchanges,
        tamper: ({ index, event }) =>
          index % TAMPERED_ONE_IN === 0 && event.type === 'ProvisionDemanded'
            ? { type: event.type, data: { ...(event.data as object), period: '2019' } }
            : event,
      });
      const stores = PARTIES.map((id) => ({ id, location: embeddedIn(join(directory, 'parties', id)) }));
      const rates: number[] = [];
      let peakRssMiB = 0;
      for (let run = 0; run < (quick ? 1 : RUNS); run += 1) {
        const startedMs = performance.now();
        const { result, peakMiB } = await withPeakMemory(() => reconcileStores({ stores, patienceMs: PATIENCE_MS, asOf: '2020-06-01T00:00:00.000Z' }));
        rates.push(exchanges / ((performance.now() - startedMs) / 1_000));
        refuseUnexpected(result, exchanges);
        peakRssMiB = Math.max(peakRssMiB, peakMiB);
      }
      const rounded = rates.map((rate) => Math.round(rate));
      yield {
        benchmark: `reconcile.${exchanges}`,
        unit: 'exchanges/s',
        median: Math.round(median(rounded)),
        min: Math.min(...rounded),
        max: Math.max(...rounded),
        baseline: null,
        ratio: null,
        peakRssMiB,
        runs: rounded.length,
      };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
