import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { SigningKey } from '#libs/cryptography';
import { inBareFile, inBareLmdb, inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure, rate } from './benchmark.js';
import type { ClientData, FromClient } from './decisions.client.js';
import { batchesOf, inFlight } from './decisions.lines.js';
import { INTERFACE_SYSTEM, measuredCore, type MeasuredCore, valuesOf } from './decisions.setup.js';
import { type Engine, isEmbedded, onEngines, placesOf } from './engines.js';

const LINES_A_BATCH = 500;
const BATCHES_AT_ONCE = 4;
/** Of the lines, where a server keeps the record. */
const SHARE_ON_SERVER = 5;
export const PERSONS = 2_000;
const LEAF = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';

/** Ends what a run began, outside of what is measured, so that runs do not weigh on each other. */
async function end({ core, asking }: MeasuredCore, exchanges: readonly { readonly exchangeId: string; readonly requester: string }[]): Promise<void> {
  for (let from = 0; from < exchanges.length; from += LINES_A_BATCH) {
    const lines = exchanges.slice(from, from + LINES_A_BATCH).map((exchange) => ({ ...exchange, receivedAt: asking.at, requesterLeaf: LEAF }));
    valuesOf((await core.service.recordReceipts(INTERFACE_SYSTEM, lines)).outcomes);
  }
  await core.models.caughtUp(await core.party.store.lastPosition(), 30_000);
}

/** The same service, called in the same process. */
export async function inProcess(measured: MeasuredCore, lines: number, seen: (events: readonly string[]) => void): Promise<number> {
  const { core, asking } = measured;
  const batches = batchesOf(asking, lines, LINES_A_BATCH);
  const answers: string[] = [];
  const result = await rate(lines, () =>
    inFlight(
      batches.map((batch) => async () => {
        const events = valuesOf((await core.service.decideQueries(INTERFACE_SYSTEM, batch)).outcomes).map(({ event }) => event);
        if (events.some((event) => !event.includes('"type":"QueryPermitted"'))) throw new Error('what is measured is permits');
        answers.push(...events);
      }),
      BATCHES_AT_ONCE,
    ),
  );
  seen(answers);
  await end(measured, batches.flat());
  return result;
}

/** An interface system in a thread of its own. */
class Client {
  readonly #worker: Worker;

  constructor(data: ClientData) {
    this.#worker = new Worker(new URL('./decisions.client.js', import.meta.url), { workerData: data });
  }

  async #next(): Promise<FromClient> {
    const [message] = (await once(this.#worker, 'message')) as [FromClient];
    return message;
  }

  /** Decisions a second; the exchanges that it asked for. */
  async ask(lines: number): Promise<{ readonly result: number; readonly exchangeIds: readonly string[] }> {
    this.#worker.postMessage({ lines });
    await this.#next();
    let exchangeIds: readonly string[] = [];
    const result = await rate(lines, async () => {
      this.#worker.postMessage({ go: true });
      const end = await this.#next();
      if ('ready' in end || end.permitted !== lines) throw new Error('what is measured is permits');
      exchangeIds = end.exchangeIds;
    });
    return { result, exchangeIds };
  }

  close(): void {
    this.#worker.postMessage({ close: true });
  }
}

async function overHttp(measured: MeasuredCore, client: Client, lines: number): Promise<number> {
  const { result, exchangeIds } = await client.ask(lines);
  const { asked } = measured.asking;
  await end(
    measured,
    exchangeIds.map((exchangeId, index) => ({ exchangeId, requester: asked[index % asked.length]?.requester ?? '' })),
  );
  return result;
}

const batched = (events: readonly string[]): Buffer[][] => {
  const bytes = events.map((event) => Buffer.from(event));
  return Array.from({ length: Math.ceil(bytes.length / LINES_A_BATCH) }, (_, index) => bytes.slice(index * LINES_A_BATCH, (index + 1) * LINES_A_BATCH));
};

/** A core on an engine, and an interface system that asks it. */
interface Opened {
  readonly engine: Engine;
  readonly measured: MeasuredCore;
  readonly client: Client;
}

async function opened(directory: string, engine: Engine): Promise<Opened> {
  const key = SigningKey.generate();
  const measured = await measuredCore(directory, key, PERSONS, placesOf(engine, directory, 'core'));
  const client = new Client({
    address: measured.core.url,
    issuer: INTERFACE_SYSTEM,
    keyId: key.keyId,
    privateKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    asking: measured.asking,
    linesABatch: LINES_A_BATCH,
    batchesAtOnce: BATCHES_AT_ONCE,
  });
  return { engine, measured, client };
}

/** Over HTTP and in process; an engine of servers beside the embedded one. */
function contendersOf({ engine, measured, client }: Opened, quick: boolean, seen: (events: readonly string[]) => void): Contender[] {
  const embedded = isEmbedded(engine);
  const lines = (quick ? 5_000 : 30_000) / (embedded ? 1 : SHARE_ON_SERVER);
  const one = (name: string, run: () => Promise<number>): Contender => ({
    benchmark: `${name}${engine.label}`,
    unit: 'decisions/s',
    baseline: embedded ? 'decisions.bare-lmdb' : name,
    run,
  });
  return [
    one('decisions.http', () => overHttp(measured, client, lines)),
    one('decisions.in-process', () => inProcess(measured, lines, embedded ? seen : () => undefined)),
  ];
}

async function measure(directory: string, engines: readonly Engine[], quick: boolean): Promise<Figure[]> {
  const all: Opened[] = [];
  try {
    for (const [index, engine] of engines.entries()) all.push(await opened(join(directory, `core-${index}`), engine));
    let recorded: Buffer[][] = [];
    const contenders: Contender[] = [
      ...all.flatMap((one) => contendersOf(one, quick, (events) => (recorded = batched(events)))),
      { benchmark: 'decisions.bare-lmdb', unit: 'events/s', baseline: 'decisions.bare-file', run: () => inBareLmdb(recorded) },
      { benchmark: 'decisions.bare-file', unit: 'events/s', run: () => inBareFile(recorded) },
    ];
    return await compare(contenders, quick ? 1 : 5);
  } finally {
    for (const { client } of all) client.close();
    for (const { measured } of all) await measured.core.close();
  }
}

export const decisions: Benchmark = {
  name: 'decisions',
  what:
    'Permits of the core a second, in batches of 500 queries, four batches under way: judged under the real table with the nation’s register, both ' +
    'identifiers looked up and converted, two fields sealed, encoded, hashed, durable, in the log under a signed checkpoint, answered with the stored ' +
    'bytes, a disclosure and a proof a batch, demanded with a proof, folded by the read models meanwhile. Over HTTP with tokens from a thread of its own (its cost is on the same two cores), and in process. ' +
    'Baselines of the same bytes: a row an event in a bare LMDB, and a bare file with fdatasync. On servers besides, against the embedded engine.',
  on: { eventStore: true, postgres: true },
  async *run({ quick, eventStore, postgres }): AsyncIterable<Figure> {
    yield* onEngines({ eventStore, postgres }, async function* (engines) {
      yield* await inDirectory((directory) => measure(directory, engines, quick));
    });
  },
};
