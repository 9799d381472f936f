import type { Duplex, Readable, Writable } from 'node:stream';
import { EventStoreDBClient } from '@eventstore/db-client';
import { DomainError } from '#libs/kernel';

/** What this adapter uses of the driver beyond its public face (6.2.1; the lock file pins it, an integration test holds it). */
interface Inside {
  GRPCStreamCreator: StreamCreator;
  readonly getChannel: () => Promise<{ close(): void }>;
  readonly capabilities: Promise<{ readonly serverVersion: string }>;
}
type AnyStream = Readable | Writable | Duplex;
type StreamCreator = (
  service: unknown,
  name: string,
  creator: (client: GrpcClient) => AnyStream | Promise<AnyStream>,
  cache?: unknown,
) => () => Promise<AnyStream>;
interface GrpcClient {
  batchAppend?(...args: readonly unknown[]): Duplex;
}
const insideOf = (driver: EventStoreDBClient): Inside => driver as unknown as Inside;

/** Throws EVENT_STORE_INVALID for what the driver does not take. What the text says is not repeated: it may hold a password. */
export function newDriver(url: string): EventStoreDBClient {
  try {
    const driver = EventStoreDBClient.connectionString(url);
    guard(driver);
    return driver;
  } catch (cause) {
    if (/^esdb(\+discover)?:\/\//.test(url) && (cause as Partial<Error>).message?.startsWith('Failed to load')) {
      throw new DomainError('EVENT_STORE_INVALID', 'invalid', 'a certificate that the connection string of EventStoreDB names cannot be read');
    }
    throw new DomainError('EVENT_STORE_INVALID', 'invalid', 'this is no connection string of EventStoreDB (esdb://host:port?tls=true)');
  }
}

/**
 * Two faults of the driver's append stream are kept from the process. A response that it does not know (the server's second
 * answer to a bad request; an answer after another client's failure emptied the list that all share) makes its handler throw
 * where nobody can catch it, and the stream is deaf from then on. And what waits for room in the stream when that breaks is
 * rejected where nobody waits: an unhandled rejection each. Here unknown responses are dropped, and the stream always has
 * room: what is under way is bounded before it (APPENDS_SENT_MAX).
 */
function guard(driver: EventStoreDBClient): void {
  const inside = insideOf(driver);
  const create = inside.GRPCStreamCreator;
  inside.GRPCStreamCreator = (service, name, creator, cache) =>
    create(service, name, name === 'appendToStream' ? (client) => creator(withGuardedAppends(client)) : creator, cache);
}

function withGuardedAppends(client: GrpcClient): GrpcClient {
  const guarded = Object.create(client) as GrpcClient;
  guarded.batchAppend = (...args) => {
    const stream = client.batchAppend?.(...args) as Duplex;
    const on = stream.on.bind(stream) as (event: string, listener: Listener) => Duplex;
    const write = stream.write.bind(stream) as (chunk: unknown) => boolean;
    return Object.assign(stream, {
      on: (event: string, listener: Listener) => on(event, event === 'data' ? dropUnknown(listener) : listener),
      write: (chunk: unknown) => {
        write(chunk);
        return true;
      },
    });
  };
  return guarded;
}

type Listener = (...values: unknown[]) => void;
const dropUnknown = (listener: Listener): Listener => {
  return (...values: unknown[]): void => {
    try {
      listener(...values);
    } catch (error) {
      if ((error as Partial<Error>).name !== 'TypeError') throw error; // of a response without a request: it comes before anything is changed
    }
  };
};

export const versionOf = async (driver: EventStoreDBClient): Promise<string> => (await insideOf(driver).capabilities).serverVersion;

/** Ends all calls of a driver and its connection. What was under way is rejected (of other clients too, which try again). */
export async function discard(driver: EventStoreDBClient): Promise<void> {
  const channel = insideOf(driver).getChannel();
  await driver.dispose();
  (await channel).close();
}
