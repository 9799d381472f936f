import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { SigningKey } from '#libs/cryptography';
import { inBareFile, inBareLmdb, inDirectory } from './bare-writers.js';
import { type Benchmark, compare, type Contender, type Figure, rate } from './benchmark.js';
import type { ClientData, FromClient } from './decisions.client.js';
import { batchesOf, inFlight } from './decisions.lines.js';
import { INTERFACE_SYSTEM, measuredCore, type MeasuredCore, valuesOf } from './decisions.setup.js';

const LINES_A_BATCH = 500;
const BATCHES_AT_ONCE = 4;
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

export const decisions: Benchmark = {
  name: 'decisions',
  what:
    'Permits of the core a second, in batches of 500 queries, four batches under way: judged under the real table with the nation’s register, both ' +
    'identifiers looked up and converted, two fields sealed, encoded, hashed, durable, in the log under a signed checkpoint, answered with the stored ' +
    'bytes, a disclosure and a proof a batch, demanded with a proof, folded by the read models meanwhile. Over HTTP with tokens from a thread of its own (its cost is on the same two cores), and in process. ' +
    'Baselines of the same bytes: a row an event in a bare LMDB, and a bare file with fdatasync.',
  async *run({ quick }): AsyncIterable<Figure> {
    yield* await inDirectory(async (directory) => {
      const key = SigningKey.generate();
      const measured = await measuredCore(directory, key, PERSONS);
      const client = new Client({
        address: measured.core.url,
        issuer: INTERFACE_SYSTEM,
        keyId: key.keyId,
        privateKey: key.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
        asking: measured.asking,
        linesABatch: LINES_A_BATCH,
        batchesAtOnce: BATCHES_AT_ONCE,
      });
      const lines = quick ? 5_000 : 30_000;
      let recorded: Buffer[][] = [];
      const contenders: Contender[] = [
        { benchmark: 'decisions.http', unit: 'decisions/s', baseline: 'decisions.bare-lmdb', run: () => overHttp(measured, client, lines) },
        {
          benchmark: 'decisions.in-process',
          unit: 'decisions/s',
          baseline: 'decisions.bare-lmdb',
          run: () => inProcess(measured, lines, (events) => (recorded = batched(events))),
        },
        { benchmark: 'decisions.bare-lmdb', unit: 'events/s', baseline: 'decisions.bare-file', run: () => inBareLmdb(recorded) },
        { benchmark: 'decisions.bare-file', unit: 'events/s', run: () => inBareFile(recorded) },
      ];
      try {
        return await compare(contenders, quick ? 1 : 5);
      } finally {
        client.close();
        await measured.core.close();
      }
    });
  },
};
