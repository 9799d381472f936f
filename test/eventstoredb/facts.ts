// How the specs beside this file put observed facts to a server: with the real client, on every server there is. Each test's title is a fact
// that was observed on real servers, 23.10.8 and 24.2.0.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AllStreamRecordedEvent,
  type AllStreamSubscription,
  EventStoreDBClient,
  jsonEvent,
  type Position,
  type StreamSubscription,
} from '@eventstore/db-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe } from '@jest/globals';
import { type DoubleVersion, type EventStoreDouble, startEventStoreDouble } from '../support/eventstoredb/double.js';
import { EVENT_STORE_VERSIONS, eventStoreTargets, type RunningEventStore, SERVER_START_TIMEOUT_MS } from '../support/eventstoredb/server.js';

const TARGETS = await eventStoreTargets();

export interface Subject {
  readonly server: RunningEventStore;
  readonly url: string;
  readonly client: EventStoreDBClient;
  /** Whether this server drops a live subscriber that is too slow, and what else came with that: 23.10 does. */
  readonly isOld: boolean;
  /** A stream's name that nobody has used. */
  stream(): string;
}

/** Runs the tests on every server there is: TEST_ESDB_URL, or Docker's, or the doubles of both versions. */
export function facts(title: string, body: (subject: Subject) => void): void {
  describe.each(TARGETS.map((target) => [target.name, target] as const))(`${title}, on the %s,`, (_name, target) => {
    let server: RunningEventStore | undefined;
    let client: EventStoreDBClient | undefined;
    beforeAll(async () => {
      server = await target.start();
      client = EventStoreDBClient.connectionString(server.url);
    }, SERVER_START_TIMEOUT_MS);
    afterAll(async () => {
      await client?.dispose();
      await server?.stop();
    });
    body({
      get server() {
        return server!;
      },
      get url() {
        return server!.url;
      },
      get client() {
        return client!;
      },
      get isOld() {
        return server!.version.startsWith('23.');
      },
      stream: uniqueStream,
    });
  });
}

export interface DoubleSubject {
  readonly double: EventStoreDouble;
  readonly client: EventStoreDBClient;
  stream(): string;
}

/** Runs the tests on a new double a test: what needs its fault hooks, whatever other server there is. */
export function factsOfDouble(title: string, body: (subject: DoubleSubject) => void, versions: readonly DoubleVersion[] = EVENT_STORE_VERSIONS): void {
  describe.each(versions)(`${title}, on a double of %s,`, (version) => {
    let double: EventStoreDouble | undefined;
    let client: EventStoreDBClient | undefined;
    beforeEach(async () => {
      double = await startEventStoreDouble({ version });
      client = EventStoreDBClient.connectionString(double.url);
    });
    afterEach(async () => {
      await client?.dispose();
      await double?.stop();
    });
    body({
      get double() {
        return double!;
      },
      get client() {
        return client!;
      },
      stream: uniqueStream,
    });
  });
}

const uniqueStream = (): string => `facts-${randomUUID()}`;

/** A small JSON event. */
export const event = (id: string = randomUUID(), type = 'FactNoted') => jsonEvent({ id, type, data: { noted: id } });
export const events = (count: number) => Array.from({ length: count }, () => event());

export interface ClientFailure extends Error {
  readonly type?: string;
  readonly code?: number;
  readonly _raw?: unknown;
}

/** What the promise is rejected with; fails where it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<ClientFailure> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) return outcome.error as ClientFailure;
  throw new Error(`resolved, with ${String(outcome.value)}`);
}

/** All that an iterable yields. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** Polls until the condition holds; fails after `timeoutMs`. */
export async function until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !condition(); await sleep(5)) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
  }
}

/** What a subscription did, in order: `confirmation`, `caughtUp`, the ids of its events, and how it ended. */
export class Watched {
  readonly log: string[] = [];
  readonly events: AllStreamRecordedEvent[] = [];
  readonly positions: Position[] = [];
  error: ClientFailure | undefined;
  readonly #subscription: AllStreamSubscription | StreamSubscription;

  constructor(subscription: AllStreamSubscription | StreamSubscription, isOwn: (recorded: AllStreamRecordedEvent) => boolean = () => true) {
    this.#subscription = subscription;
    for (const name of ['confirmation', 'caughtUp', 'fellBehind', 'end', 'finish', 'close'] as const) {
      (subscription as NodeJS.EventEmitter).on(name, () => this.log.push(name));
    }
    (subscription as NodeJS.ReadableStream).on('data', ({ event: recorded }: { readonly event?: AllStreamRecordedEvent }) => {
      if (recorded === undefined || !isOwn(recorded)) return;
      this.log.push(recorded.id);
      this.events.push(recorded);
      this.positions.push(recorded.position);
    });
    (subscription as NodeJS.EventEmitter).on('error', (error: ClientFailure) => {
      this.error ??= error;
      this.log.push('error');
    });
  }

  get revisions(): bigint[] {
    return this.events.map(({ revision }) => revision);
  }

  has(name: string): Promise<void> {
    return until(() => this.log.includes(name), name);
  }

  count(events: number): Promise<void> {
    return until(() => this.events.length >= events, `${events} events`);
  }

  end(): Promise<void> {
    return this.#subscription.unsubscribe();
  }
}

export { sleep };
