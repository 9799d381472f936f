import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';

export interface Verdict {
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
}

/** What was found on each agency's topic (ids, in order) against what was recorded, in order. */
export function judge(expected: readonly { readonly agency: string; readonly id: string }[], found: ReadonlyMap<string, readonly string[]>): Verdict {
  let [lost, repeated, reordered] = [0, 0, 0];
  for (const agency of new Set(expected.map((told) => told.agency))) {
    const place = new Map(expected.filter((told) => told.agency === agency).map(({ id }, at) => [id, at]));
    const seen = new Set<string>();
    let highest = -1;
    for (const id of found.get(agency) ?? []) {
      const at = place.get(id) ?? -1;
      if (seen.has(id)) repeated += 1;
      else if (at < highest) reordered += 1;
      seen.add(id);
      highest = Math.max(highest, at);
    }
    for (const id of place.keys()) if (!seen.has(id)) lost += 1;
  }
  return { lost, repeated, reordered };
}

/** Waited for more records once all that is expected has come: what is repeated may come last. */
const QUIET_MS = 1_500;

/** Ids on each agency's topic, as a read-committed consumer finds them. */
export async function readTopics(kafka: Kafka, agencies: readonly string[], prefix: string, expected: number): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>(agencies.map((agency) => [agency, []]));
  const consumer = kafka.consumer({ groupId: `oracle-${Date.now()}-${process.pid}`, maxWaitTimeInMs: 100 });
  let [count, newestMs] = [0, performance.now()];
  await consumer.connect();
  await consumer.subscribe({ topics: agencies.map((agency) => prefix + agency), fromBeginning: true });
  await consumer.run({
    eachMessage: ({ topic, message }) => {
      found.get(topic.slice(prefix.length))?.push(String(message.headers?.['ce_id']));
      [count, newestMs] = [count + 1, performance.now()];
      return Promise.resolve();
    },
  });
  const until = performance.now() + 120_000;
  while (performance.now() < until && (count < expected || performance.now() - newestMs < QUIET_MS)) await sleep(50);
  await consumer.disconnect();
  return found;
}
