import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newEventIds, newExchangeId, SigningKey } from '#libs/cryptography';
import { type AppendRequest, embeddedIn, type EventStore, LmdbEventStore, NO_STREAM, openStore, type Position, type StoreLocation } from '#libs/event-store';
import type { ReadModels } from '#libs/read-models';
import type { LineOutcome, RecordedAnswer } from '#libs/protocol';
import { type Asking, batchesOf } from './decisions.lines.js';
import { INTERFACE_SYSTEM, measuredCore, type MeasuredCore, startMeasured, valuesOf } from './decisions.setup.js';

/** Exchanges that the core itself decided and took reports of; all others are copies of these. */
const REAL_EXCHANGES = 2_000;
export const EVENTS_AN_EXCHANGE = 3;
const LINES_A_CALL = 500;
/** Exchanges of one copying: their decisions, then what was provided, then the receipts, as under load. */
const EXCHANGES_AT_ONCE = 1_000;
const LEAF = 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA';
const CAUGHT_UP_TIMEOUT_MS = 30_000;
const WAITS_MAX = 240;
const ASKING_FILE = 'asking.json';
const PAGE = 4_096;
/** Ids of copies begin there, one a millisecond: before those of exchanges that the core decides afterwards. */
const FIRST_COPY_MS = Date.parse('2017-07-18T00:00:00.000Z');

/** What the core told of a whole exchange, besides its decision. */
export async function endExchanges(
  { core, asking }: MeasuredCore,
  exchanges: readonly { exchangeId: string; requester: string; provider: string }[],
): Promise<void> {
  const { service } = core;
  const { at, information } = asking;
  const taken = (outcomes: readonly LineOutcome<RecordedAnswer>[]): void => void valuesOf(outcomes);
  for (let from = 0; from < exchanges.length; from += LINES_A_CALL) {
    const page = exchanges.slice(from, from + LINES_A_CALL);
    const items = [`${information}/assessment/2020`];
    const made = { outcome: 'made', at, providerLeaf: LEAF, nonDisclosure: false, items, digest: LEAF, automatic: true } as const;
    const reports = page.map(({ exchangeId, provider }) => ({ exchangeId, provider, ...made }));
    taken((await service.reportProvisions(INTERFACE_SYSTEM, reports)).outcomes);
    const receipts = page.map(({ exchangeId, requester }) => ({ exchangeId, requester, receivedAt: at, requesterLeaf: LEAF }));
    taken((await service.recordReceipts(INTERFACE_SYSTEM, receipts)).outcomes);
  }
}

/** A core's directory that grows: register, law and persons are real, its exchanges real ones and copies of them under new ids. */
export class CoreHistory {
  private constructor(
    readonly directory: string,
    readonly asking: Asking,
  ) {}

  /** Begins one in an empty directory, or goes on with what is there. */
  static async open(directory: string): Promise<CoreHistory> {
    const file = join(directory, ASKING_FILE);
    if (!existsSync(file)) {
      const measured = await measuredCore(directory, SigningKey.openOrCreate(join(directory, 'keys', INTERFACE_SYSTEM)), REAL_EXCHANGES);
      try {
        for (const batch of batchesOf(measured.asking, REAL_EXCHANGES, LINES_A_CALL)) {
          valuesOf((await measured.core.service.decideQueries(INTERFACE_SYSTEM, batch)).outcomes);
          await endExchanges(measured, batch);
        }
      } finally {
        await measured.core.close();
      }
      await writeFile(file, JSON.stringify(measured.asking));
    }
    return new CoreHistory(directory, JSON.parse(await readFile(file, 'utf8')) as Asking);
  }

  get dataDirectory(): string {
    return join(this.directory, 'data');
  }
  get keysDirectory(): string {
    return join(this.directory, 'keys');
  }
  get location(): StoreLocation {
    return embeddedIn(this.dataDirectory);
  }
  get key(): SigningKey {
    return SigningKey.openOrCreate(join(this.directory, 'keys', INTERFACE_SYSTEM));
  }

  /** Position of its newest event. */
  async end(): Promise<Position> {
    const store = await openStore(this.location, { readOnly: true });
    try {
      return await store.lastPosition();
    } finally {
      await store.close();
    }
  }

  /** The core on it, as others ask it; its log and its read models follow what was copied meanwhile. */
  async start(): Promise<MeasuredCore> {
    const core = await startMeasured(this.directory);
    return { core, asking: this.asking };
  }

  /** Copies exchanges until the store holds so many; tells how many events there are then. No core may run on it. */
  async grow(exchanges: number, onProgress: (exchanges: number) => void = () => undefined): Promise<number> {
    const store = await LmdbEventStore.open(embeddedIn(this.dataDirectory).directory);
    try {
      const { first, real } = await realExchanges(store);
      const held = (await store.lastPosition()) - first;
      let there = Number(held / BigInt(EVENTS_AN_EXCHANGE));
      while (there < exchanges) {
        const count = Math.min(EXCHANGES_AT_ONCE, exchanges - there);
        await copied(store, real, there, count);
        there += count;
        onProgress(there);
      }
      const position = await store.lastPosition();
      // who reconciles would ask the parties of each: they are not there
      await writeFile(join(this.dataDirectory, 'reconciled.json'), `${JSON.stringify({ position: String(position) })}\n`);
      return Number(position);
    } finally {
      await store.close();
    }
  }
}

/** The events of one real exchange, as text, and its id. */
interface Real {
  readonly exchangeId: string;
  readonly events: readonly { readonly id: string; readonly type: string; readonly text: string }[];
}

/** What the core recorded first, and where the record of exchanges begins. */
async function realExchanges(store: EventStore): Promise<{ readonly first: Position; readonly real: readonly Real[] }> {
  const found = new Map<string, Real['events'][number][]>();
  let first: Position | undefined;
  for (let after = 0n, seen = 0; seen < REAL_EXCHANGES * EVENTS_AN_EXCHANGE;) {
    const { events, next, atEnd } = await store.readAll({ after, limit: PAGE });
    for (const { stream, id, type, bytes, position } of events) {
      if (!stream.startsWith('exchange-') || seen === REAL_EXCHANGES * EVENTS_AN_EXCHANGE) continue;
      first ??= position - 1n;
      seen += 1;
      const own = found.get(stream) ?? [];
      found.set(stream, own);
      own.push({ id, type, text: Buffer.from(bytes).toString('utf8') });
    }
    if (atEnd && seen < REAL_EXCHANGES * EVENTS_AN_EXCHANGE) throw new Error('the directory does not hold what a benchmark began');
    after = next;
  }
  const real = [...found].map(([stream, events]) => ({ exchangeId: stream.slice('exchange-'.length), events }));
  return { first: first ?? 0n, real };
}

async function copied(store: LmdbEventStore, real: readonly Real[], from: number, count: number): Promise<void> {
  const copies = Array.from({ length: count }, (_, index) => ({
    of: real[(from + index) % real.length] as Real,
    exchangeId: newExchangeId(FIRST_COPY_MS + from + index),
  }));
  for (let revision = 0; revision < EVENTS_AN_EXCHANGE; revision += 1) {
    const ids = newEventIds(count);
    const requests = copies.map(({ of, exchangeId }, index): AppendRequest => {
      const { id, type, text } = of.events[revision] as Real['events'][number];
      const own = ids[index] as string;
      return {
        stream: `exchange-${exchangeId}`,
        expectedRevision: revision === 0 ? NO_STREAM : revision - 1,
        events: [{ id: own, type, bytes: Buffer.from(text.replaceAll(of.exchangeId, exchangeId).replace(id, own)) }],
      };
    });
    for (const outcome of await store.appendMany(requests)) if (outcome.status === 'rejected') throw outcome.reason as Error;
  }
}

/** Resolves when the read models are at this position, however long that takes within reason. */
export async function caughtUp(models: ReadModels, position: Position): Promise<void> {
  for (let wait = 1; ; wait += 1) {
    try {
      await models.caughtUp(position, CAUGHT_UP_TIMEOUT_MS);
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (wait === WAITS_MAX || (code !== 'READ_MODEL_NOT_READY' && code !== 'READ_MODELS_TIMEOUT')) throw error;
    }
  }
}

export const modelsCaughtUp = async ({ core }: MeasuredCore): Promise<void> => caughtUp(core.models, await core.party.store.lastPosition());
