import { generateKeyPairSync, hash, sign } from 'node:crypto';
import { join } from 'node:path';
import { type AppendRequest, LmdbEventStore, NO_STREAM } from '#libs/event-store';
import { EventRegistry, eventType, text, uuidV7 } from '#libs/kernel';
import { leafHash, type Ledger, type LedgerSource, type LogSigner, nativeHasher, openLedger, type SourcePage } from '#libs/ledger';
import { BatchInclusion, ED25519, formatVerifierKey, keyIdOf } from '#libs/proofs';
import { inDirectory } from './bare-writers.js';
import { type Benchmark, type Figure, median, withPeakMemory, percentile } from './benchmark.js';

const ORIGIN = 'renkei.example/measured/1';
const LEAVES = 10_000_000;
const LEAVES_QUICK = 1_000_000;
const BATCH = 100;
const STEP_MS = 1_000;
const RUNS = 3;

function newSigner(): LogSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
  const keyId = keyIdOf((bytes) => hash('sha256', bytes, 'buffer'), ORIGIN, ED25519, raw);
  return { key: formatVerifierKey({ name: ORIGIN, keyId, kind: ED25519, publicKey: raw }), sign: (message) => sign(undefined, message, privateKey) };
}

const entryBytes = (index: number): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleBE(index);
  return bytes;
};

/** So many entries that cost nothing to read. */
const madeUp = (count: number): LedgerSource => ({
  readAll: ({ after, limit }): Promise<SourcePage> => {
    const first = Number(after);
    const events = Array.from({ length: Math.min(limit, count - first) }, (_, at) => ({ position: BigInt(first + at + 1), bytes: entryBytes(first + at) }));
    return Promise.resolve({ events, next: BigInt(first + events.length), atEnd: first + events.length === count });
  },
  lastPosition: () => Promise.resolve(BigInt(count)),
});

interface Spread {
  readonly benchmark: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly digits?: number;
}
function figureOf({ benchmark, unit, values, digits = 0 }: Spread, peakRssMiB: number): Figure {
  const rounded = (value: number): number => Math.round(value * 10 ** digits) / 10 ** digits;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return {
    benchmark,
    unit,
    median: rounded(median(values)),
    min: rounded(low),
    max: rounded(high),
    baseline: null,
    ratio: null,
    peakRssMiB,
    runs: values.length,
  };
}

/** Units a second of a piece of work repeated for a while, some times over. */
function rates(runs: number, units: number, work: (round: number) => void): number[] {
  let round = 0;
  const once = (ms: number): number => {
    const startMs = performance.now();
    let done = 0;
    while (performance.now() - startMs < ms) {
      work(round);
      round += 1;
      done += units;
    }
    return (done * 1_000) / (performance.now() - startMs);
  };
  once(STEP_MS / 2);
  return Array.from({ length: runs }, () => once(STEP_MS));
}

/** A place in the tree that nobody has asked for yet, the same in every run. */
const anywhere = (round: number, size: number): number => Number(BigInt.asUintN(53, BigInt(round + 1) * 0x9e37_79b9_7f4a_7c15n) % BigInt(size - BATCH));
const neighbours = (first: number): number[] => Array.from({ length: BATCH }, (_, at) => first + at);

function provingFigures(ledger: Ledger, runs: number): Spread[] {
  const { size } = ledger.checkpoint;
  const newest = rates(runs, BATCH, (round) => void ledger.prove(neighbours(size - BATCH - (round % 40) * BATCH), size - 5_000));
  const scattered = rates(runs, BATCH, (round) => void ledger.prove(neighbours(anywhere(round, size))));
  const single: number[] = [];
  const startMs = performance.now();
  for (let round = 0; performance.now() - startMs < STEP_MS; round += 1) {
    const beforeMs = performance.now();
    ledger.prove([anywhere(round, size) + 1], 1 + anywhere(round + 7, size - 1));
    single.push(performance.now() - beforeMs);
  }
  const indexed: number[] = rates(runs, 1_000, (round) => {
    const at = anywhere(round, size - 1_000);
    for (let back = 0; back < 1_000; back += 1) ledger.indexAt(BigInt(at + 1_000), back);
  });
  return [
    { benchmark: 'proofs.newest', unit: 'proofs/s', values: newest },
    { benchmark: 'proofs.anywhere', unit: 'proofs/s', values: scattered },
    { benchmark: 'proofs.single.p50', unit: 'ms', values: [percentile(single, 50)], digits: 3 },
    { benchmark: 'proofs.single.p99', unit: 'ms', values: [percentile(single, 99)], digits: 3 },
    { benchmark: 'proofs.verified', unit: 'proofs/s', values: verifying(ledger, runs) },
    { benchmark: 'proofs.index-at', unit: 'lookups/s', values: indexed },
  ];
}

/** What the receiver of a batch does, from the JSON of its proofs: decode, hash, compare. The signature is one a batch and apart. */
function verifying(ledger: Ledger, runs: number): number[] {
  const head = ledger.checkpoint;
  const first = head.size - BATCH * 2;
  const { proof, places } = ledger.prove(neighbours(first));
  const leaves = neighbours(first).map((index) => leafHash(entryBytes(index)));
  return rates(runs, BATCH, () => {
    const inclusion = new BatchInclusion(nativeHasher, proof.nodes, head);
    for (const [at, place] of places.entries()) {
      if (!inclusion.includes(leaves[at] as Buffer, place)) throw new Error('a proof did not hold');
    }
  });
}

async function proving(leaves: number, runs: number): Promise<Figure[]> {
  return inDirectory(async (directory) => {
    const source = madeUp(leaves);
    const startMs = performance.now();
    const { result: ledger, peakMiB } = await withPeakMemory(async () => {
      const opened = await openLedger({ directory, source, origin: ORIGIN, signers: [newSigner()] });
      while (opened.checkpoint.size < leaves) await new Promise((resolve) => setTimeout(resolve, 5));
      return opened;
    });
    const backlog = { benchmark: 'proofs.backlog', unit: 'leaves/s', values: [(leaves * 1_000) / (performance.now() - startMs)] };
    const { result, peakMiB: provingMiB } = await withPeakMemory(() => Promise.resolve(provingFigures(ledger, runs)));
    await ledger.close();
    return [figureOf(backlog, peakMiB), ...result.map((spread) => figureOf(spread, provingMiB))];
  });
}

const registry = new EventRegistry([eventType('EntryMeasured', { filler: text })]);
const EVENTS_AN_APPEND = 4;
/** Batches on their way at once: one is made durable while the other is hashed. */
const IN_FLIGHT = 2;
const FILLER = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ'.repeat(7);

/** Appends of about 600 bytes an event, encoded before the clock runs. */
function batches(count: number, events: number): AppendRequest[][] {
  const bits = hash('sha256', 'renkei', 'buffer');
  let made = 0;
  const fresh = (): string => {
    made += 1;
    bits.writeUInt32BE(made, 4);
    return uuidV7(Date.parse('2020-05-08T00:00:00.000Z') + made, bits.subarray(0, 10));
  };
  const instant = '2020-05-08T00:00:00.000Z';
  const append = (): AppendRequest => {
    const exchange = fresh();
    const stream = `exchange-${exchange}`;
    const encoded = Array.from({ length: EVENTS_AN_APPEND }, (_, revision) => {
      const id = fresh();
      const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: exchange, causationId: exchange };
      return { id, type: 'EntryMeasured', bytes: Buffer.from(registry.encode(envelope, { type: 'EntryMeasured', data: { filler: FILLER } })) };
    });
    return { stream, expectedRevision: NO_STREAM, events: encoded };
  };
  return Array.from({ length: count }, () => Array.from({ length: events / EVENTS_AN_APPEND }, append));
}

interface Recorded {
  readonly eventsASecond: number;
  /** Of the whole process, all threads. */
  readonly cpuUsAnEvent: number;
  readonly latenciesMs: readonly number[];
}

/** Appends through a real store, each batch told only when its newest entry is under a signed checkpoint. */
const recording = (count: number, events: number): Promise<Recorded> =>
  inDirectory(async (directory) => {
    const store = await LmdbEventStore.open(join(directory, 'event-store'));
    const ledger = await openLedger({ directory: join(directory, 'ledger'), source: store, origin: ORIGIN, signers: [newSigner()] });
    const waiting = batches(count, events).reverse();
    const latenciesMs: number[] = [];
    const client = async (): Promise<void> => {
      for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
        const startMs = performance.now();
        let newest = 0n;
        for (const outcome of await store.appendMany(batch)) {
          if (outcome.status === 'rejected') throw outcome.reason;
          newest = outcome.value.position;
        }
        await ledger.integrated(newest);
        latenciesMs.push(performance.now() - startMs);
      }
    };
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    await Promise.all(Array.from({ length: IN_FLIGHT }, client));
    const eventsASecond = (count * events * 1_000) / (performance.now() - startMs);
    const { user, system } = process.cpuUsage(cpu);
    await ledger.close();
    await store.close();
    return { eventsASecond, cpuUsAnEvent: (user + system) / (count * events), latenciesMs };
  });

async function recordingFigures(events: number, total: number, runs: number): Promise<Figure[]> {
  const measured: Recorded[] = [];
  const { peakMiB } = await withPeakMemory(async () => {
    for (let run = -1; run < runs; run += 1) {
      const recorded = await recording(total / events, events);
      if (run >= 0) measured.push(recorded);
    }
  });
  const name = `proofs.recorded.${events}`;
  return [
    figureOf({ benchmark: name, unit: 'events/s', values: measured.map(({ eventsASecond }) => eventsASecond) }, peakMiB),
    figureOf({ benchmark: `${name}.cpu`, unit: 'µs/event', values: measured.map(({ cpuUsAnEvent }) => cpuUsAnEvent), digits: 2 }, peakMiB),
    figureOf({ benchmark: `${name}.p50`, unit: 'ms', values: measured.map(({ latenciesMs }) => percentile(latenciesMs, 50)), digits: 2 }, peakMiB),
    figureOf({ benchmark: `${name}.p99`, unit: 'ms', values: measured.map(({ latenciesMs }) => percentile(latenciesMs, 99)), digits: 2 }, peakMiB),
  ];
}

export const proofs: Benchmark = {
  name: 'proofs',
  what:
    `The ledger alone. A log of 10 million entries made from nothing (hashing, tree, file; 1 million with --quick), then at that size: inclusion proofs in batches of ${BATCH} ` +
    'neighbours, of the newest entries and anywhere, as they travel; one proof with a consistency proof at a time, anywhere; proofs verified by the receiver of a ' +
    'batch; look-ups of an entry by its position. Then events of 600 bytes, encoded before, through a real store: durable, in the tree and under a signed checkpoint, ' +
    `${IN_FLIGHT} batches of 1,000 and of 100 on their way at once.`,
  on: {
    eventStore: { not: 'proofs are made from tiles on disk, wherever the record is; `append` tells what the server takes' },
    postgres: { not: 'proofs ask no read model' },
  },
  async *run({ quick }): AsyncIterable<Figure> {
    yield* await proving(quick ? LEAVES_QUICK : LEAVES, quick ? 1 : RUNS);
    yield* await recordingFigures(1_000, quick ? 20_000 : 100_000, quick ? 1 : RUNS);
    yield* await recordingFigures(100, quick ? 5_000 : 40_000, quick ? 1 : RUNS);
  },
};
