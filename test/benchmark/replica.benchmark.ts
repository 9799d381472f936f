import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openLmdb } from 'lmdb';
import pg from 'pg';
import type { HmacNames } from '#libs/cryptography';
import { type ModelsLocation, openReadModels, type ReadModels, type ReplicaLookup } from '#libs/read-models';
import { type Benchmark, type Figure, median, rate, withPeakMemory } from './benchmark.js';
import { caughtUp } from './core-history.js';
import { type Engine, isEmbedded, onEngines } from './engines.js';
import { AGENCY, INFORMATION, REPLICAS_A_PERSON, storedExchanges, type StoredParty, storedReplicas, subjectOf } from './stored-histories.js';

const LOOKUPS_ALONE = 2_000;
const LOOKUPS_A_BATCH = 1_000;
const RUNS = 3;
/** Fewer where every append is a call to a server. */
const SHARE_ON_SERVER = 5;

/** Where read models are kept while they are measured. */
interface Place {
  /** Told behind the names of the figures. */
  readonly label: string;
  /** A new, empty one. */
  make(party: StoredParty): ModelsLocation;
  /** Deletes what was made there. */
  clear(location: ModelsLocation): Promise<void>;
}

const files: Place = {
  label: '',
  make: ({ options }) => ({ kind: 'sqlite', directory: mkdtempSync(`${options.keyDirectory}-models-`) }),
  clear: (location) => Promise.resolve(location.kind === 'sqlite' ? rmSync(location.directory, { recursive: true }) : undefined),
};

const databaseOf = (label: string, url: string): Place => {
  let made = 0;
  return {
    label,
    make: () => ({ kind: 'postgres', url, deployment: 'bench', party: `party-${(made += 1)}` }),
    clear: async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        const { rows } = await client.query<{ name: string }>("select nspname as name from pg_namespace where nspname like 'bench%'");
        for (const { name } of rows) await client.query(`drop schema "${name}" cascade`);
      } finally {
        await client.end();
      }
    },
  };
};

const placeOf = ({ label, readModels }: Engine): Place => (readModels === undefined ? { ...files, label } : databaseOf(label, readModels));

/** A fresh set of models, folded to the end of the store; the work done with them, and they are gone. */
async function withModels<T>(party: StoredParty, place: Place, work: (models: ReadModels) => Promise<T>): Promise<T> {
  const location = place.make(party);
  const models = await openReadModels({ ...party.options, models: location });
  try {
    await caughtUp(models, party.position);
    return await work(models);
  } finally {
    await models.close();
    await place.clear(location);
  }
}

async function measured(benchmark: string, unit: string, run: (round: number) => Promise<number>, baseline: readonly number[] = []): Promise<Figure> {
  const values: number[] = [];
  let peak = 0;
  for (let round = 0; round < RUNS; round += 1) {
    const { result, peakMiB } = await withPeakMemory(() => run(round));
    values.push(result);
    peak = Math.max(peak, peakMiB);
  }
  const compared = baseline.length === 0 ? null : Math.round(median(baseline));
  const middle = Math.round(median(values));
  const ratio = compared === null ? null : Math.round((middle / compared) * 100) / 100;
  return {
    benchmark,
    unit,
    median: middle,
    min: Math.round(Math.min(...values)),
    max: Math.round(Math.max(...values)),
    baseline: compared,
    ratio,
    peakRssMiB: peak,
    runs: RUNS,
  };
}

/** Opened, folded, ready; what is deleted afterwards is not counted. */
const folded = (benchmark: string, unit: string, count: number, party: StoredParty, place: Place, baseline?: Figure): Promise<Figure> =>
  measured(
    `${benchmark}${place.label}`,
    unit,
    async () => {
      const started = performance.now();
      return withModels(party, place, () => Promise.resolve((count * 1_000) / (performance.now() - started)));
    },
    baseline ? [baseline.median] : [],
  );

/** Spread over all persons, each asked for one year. */
function lookups(names: HmacNames, persons: number, count: number, round: number): ReplicaLookup[] {
  return Array.from({ length: count }, (_, at) => {
    const person = ((at + round * count) * 7_919) % persons;
    return { agency: AGENCY, subject: subjectOf(names, person), information: INFORMATION, period: `${2017 + (at % REPLICAS_A_PERSON)}` };
  });
}

async function asked(models: ReadModels, keys: readonly ReplicaLookup[]): Promise<void> {
  const found = await models.ask('replicas', { keys });
  if (found.some((answer) => answer?.replicas.length !== 1)) throw new Error('a replica that is there was not found');
}

/** Microseconds of single lookups, one after another, at a quantile. */
async function alone(models: ReadModels, keys: readonly ReplicaLookup[], quantile: number): Promise<number> {
  const took: number[] = [];
  for (const key of keys) {
    const start = performance.now();
    await asked(models, [key]);
    took.push((performance.now() - start) * 1_000);
  }
  return took.sort((a, b) => a - b)[Math.floor(took.length * quantile)] ?? Number.NaN;
}

/** The same keys from a bare LMDB file in this thread. */
async function bareLookups(directory: string, names: HmacNames, persons: number, batches: number): Promise<number[]> {
  const bare = openLmdb<Buffer, Buffer>({ path: join(directory, 'bare'), encoding: 'binary', keyEncoding: 'binary' });
  const value = Buffer.alloc(160, 1);
  let last: Promise<boolean> = Promise.resolve(true);
  for (let person = 0; person < persons; person += 1) last = bare.put(Buffer.from(subjectOf(names, person), 'hex'), value);
  await last;
  const rates: number[] = [];
  for (let round = 0; round < RUNS; round += 1) {
    const keys = lookups(names, persons, batches * LOOKUPS_A_BATCH, round);
    rates.push(await rate(keys.length, async () => Promise.resolve(keys.forEach(({ subject }) => bare.get(Buffer.from(subject, 'hex'))))));
  }
  await bare.close();
  return rates;
}

/** Figures of one place, each beside that of another place, if there is one. */
async function lookupFigures(
  { party, persons, batches, place }: { readonly party: StoredParty; readonly persons: number; readonly batches: number; readonly place: Place },
  beside: { readonly p50?: Figure; readonly p99?: Figure; readonly byThousand: readonly number[] },
): Promise<readonly [p50: Figure, p99: Figure, byThousand: Figure]> {
  return withModels(party, place, async (models) => {
    const single = (round: number): ReplicaLookup[] => lookups(party.names, persons, LOOKUPS_ALONE, round);
    const inBatches = (round: number): Promise<number> => {
      const keys = lookups(party.names, persons, batches * LOOKUPS_A_BATCH, round);
      return rate(keys.length, async () => {
        for (let from = 0; from < keys.length; from += LOOKUPS_A_BATCH) await asked(models, keys.slice(from, from + LOOKUPS_A_BATCH));
      });
    };
    const { label } = place;
    const medians = (figure: Figure | undefined): readonly number[] => (figure ? [figure.median] : []);
    return [
      await measured(`replica lookup, p50${label}`, 'µs', (round) => alone(models, single(round), 0.5), medians(beside.p50)),
      await measured(`replica lookup, p99${label}`, 'µs', (round) => alone(models, single(round), 0.99), medians(beside.p99)),
      await measured(`replica lookups by 1,000${label}`, 'lookups/s', inBatches, beside.byThousand),
    ];
  });
}

/** Beside those of the embedded engine, where they are there already. */
interface Measured {
  readonly party: StoredParty;
  readonly fold: Figure;
  readonly figures: readonly [p50: Figure, p99: Figure, byThousand: Figure];
}

/** What `store` writes is kept for engines whose record is embedded too. */
const partyOn = async (engine: Engine, beside: StoredParty | undefined, store: () => Promise<StoredParty>): Promise<StoredParty> =>
  engine.eventStore === undefined && beside ? beside : store();

async function* replicaFigures(directory: string, engines: readonly Engine[], quick: boolean): AsyncIterable<Figure> {
  const batches = quick ? 20 : 100;
  let first: Measured | undefined;
  for (const [index, engine] of engines.entries()) {
    const replicas = (quick ? 50_000 : 1_000_000) / (engine.eventStore === undefined ? 1 : SHARE_ON_SERVER);
    const persons = replicas / REPLICAS_A_PERSON;
    const own = join(directory, `replicas-${index}`);
    const party = await partyOn(engine, first?.party, () => storedReplicas(engine, own, persons));
    const place = placeOf(engine);
    const fold = await folded('replicas folded', 'events/s', replicas, party, place, first?.fold);
    yield fold;
    const byThousand = first ? [first.figures[2].median] : await bareLookups(directory, party.names, persons, batches);
    const figures = await lookupFigures({ party, persons, batches, place }, { ...(first ? { p50: first.figures[0], p99: first.figures[1] } : {}), byThousand });
    yield* figures;
    if (isEmbedded(engine)) first = { party, fold, figures };
  }
}

async function* exchangeFigures(directory: string, engines: readonly Engine[], quick: boolean): AsyncIterable<Figure> {
  let first: Pick<Measured, 'party' | 'fold'> | undefined;
  for (const [index, engine] of engines.entries()) {
    const exchanges = (quick ? 20_000 : 200_000) / (engine.eventStore === undefined ? 1 : SHARE_ON_SERVER);
    const party = await partyOn(engine, first?.party, () => storedExchanges(engine, join(directory, `exchanges-${index}`), exchanges));
    const fold = await folded('exchange rows folded', 'rows/s', exchanges, party, placeOf(engine), first?.fold);
    yield fold;
    if (isEmbedded(engine)) first = { party, fold };
  }
}

export const replica: Benchmark = {
  name: 'replica',
  what:
    'the replica view at a million replicas (--quick: 50,000; 200,000 where EventStoreDB keeps the record), four a person: folded from the store (read, decode, ' +
    "fold, load sorted, worker start, all in the party's one worker thread), and asked through the worker, one by one and in batches of 1,000, against bare LMDB " +
    'gets in the asking thread; besides, whole exchanges of three events folded at the core, identifiers opened, persons named, indexes and statistics made; ' +
    'the same from EventStoreDB, on PostgreSQL, or both, against embedded store and SQLite',
  on: { eventStore: true, postgres: true },
  async *run({ quick, eventStore, postgres }) {
    const directory = mkdtempSync(join(tmpdir(), 'renkei-bench-'));
    try {
      yield* onEngines({ eventStore, postgres }, async function* (engines) {
        yield* replicaFigures(directory, engines, quick);
        yield* exchangeFigures(directory, engines, quick);
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};
