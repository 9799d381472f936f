// What the client itself does that no test process would survive: run as a process of its own, it tells what it saw as one line of JSON.
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';

const [hazard, url, prefix] = process.argv.slice(2) as [string, string, string];

const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason instanceof Error ? reason.name : String(reason)));

const event = () => jsonEvent({ type: 'FactNoted', data: { noted: true } });
const client = EventStoreDBClient.connectionString(url);

/** Settled how, or not at all within a second. */
async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    () => 'resolved',
    (error: Error & { type?: string; code?: number }) => `${error.type ?? error.name} ${error.code ?? '-'}: ${error.message}`,
  );
  return Promise.race([settled, sleep(1_000, 'pending')]);
}

async function isStored(stream: string): Promise<boolean> {
  const reader = EventStoreDBClient.connectionString(url);
  let isThere = false;
  try {
    for await (const _ of reader.readStream(stream)) isThere = true;
  } catch {
    isThere = false; // the stream is missing
  }
  return isThere;
}

const tally = (outcomes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
};

const HAZARDS: Readonly<Record<string, () => Promise<unknown>>> = {
  /** A bad event: BadRequest, and two seconds later an answer for which the client has no promise any more. */
  'bad-event': async () => {
    const refused = await outcomeOf(client.appendToStream(`${prefix}-bad`, { ...event(), id: 'no-uuid' }));
    await sleep(2_500);
    const after = await outcomeOf(client.appendToStream(`${prefix}-after`, event(), { expectedRevision: NO_STREAM }));
    let read = 0;
    for await (const _ of client.readStream(`${prefix}-after`)) read += 1;
    return { refused, unhandled, after, isStored: await isStored(`${prefix}-after`), read };
  },
  /** Data that is no JSON: thrown where nobody can catch it, and the append never settles. */
  unserialisable: async () => {
    const data = [undefined, { big: 1n }];
    const outcomes = await Promise.all(
      data.map((value) => outcomeOf(client.appendToStream(`${prefix}-bad`, jsonEvent({ type: 'FactNoted', data: value as unknown as string })))),
    );
    return { outcomes, unhandled, after: await outcomeOf(client.appendToStream(`${prefix}-after`, event())) };
  },
  dispose: async () => {
    await client.appendToStream(`${prefix}-first`, event());
    const appends = Array.from({ length: 500 }, (_, index) => outcomeOf(client.appendToStream(`${prefix}-${index}`, event())));
    await sleep(0);
    await client.dispose();
    const outcomes = tally(await Promise.all(appends));
    return { outcomes, after: await outcomeOf(client.appendToStream(`${prefix}-after`, event())) };
  },
  /** One client is disposed of while another has appends in flight. */
  'other-client': async () => {
    const other = EventStoreDBClient.connectionString(url);
    await other.appendToStream(`${prefix}-other`, event());
    await client.appendToStream(`${prefix}-first`, event());
    const disposedOf = other.dispose();
    const appends = Array.from({ length: 200 }, (_, index) => outcomeOf(client.appendToStream(`${prefix}-${index}`, event())));
    await disposedOf;
    const outcomes = tally(await Promise.all(appends));
    await sleep(200);
    const stored = (await Promise.all(Array.from({ length: 200 }, (_, index) => isStored(`${prefix}-${index}`)))).filter(Boolean).length;
    return { outcomes, stored };
  },
};

const seen = await HAZARDS[hazard]!();
process.stdout.write(`${JSON.stringify(seen)}\n`, () => process.exit(0));
