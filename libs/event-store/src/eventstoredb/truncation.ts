import { START, type StreamMetadata, streamNameFilter } from '@eventstore/db-client';
import { StoreTruncates } from '../errors.js';
import { NoAnswer } from './driver-errors.js';
import type { EsdbClient } from './esdb-client.js';
import type { Times } from './limits.js';

/** The stream whose metadata are those of `$all`. */
export const METADATA_OF_ALL = '$$$all';
/** Searched events between two signs of progress: 32 of the server's windows each. */
const CHECKPOINT_INTERVAL = 100;

function settingOf({ maxAge, maxCount, truncateBefore }: StreamMetadata): string | undefined {
  if (maxAge !== undefined) return '$maxAge';
  if (maxCount !== undefined) return '$maxCount';
  return truncateBefore === undefined ? undefined : '$tb (or it was deleted)';
}

/** Rejects with StoreTruncates where this stream, as its metadata are now, drops events. */
export async function checkStream(client: EsdbClient, stream: string, times: Times): Promise<void> {
  const { metadata } = await client.reads.run(() =>
    client.trying(() => client.driver.getStreamMetadata(stream, { requiresLeader: true }), { budgetMs: times.readMs, replaceAfterMs: times.replaceAfterMs }),
  );
  const setting = metadata && settingOf(metadata);
  if (setting !== undefined) throw new StoreTruncates(stream, setting);
}

/** Rejects with StoreTruncates where `$all` or a stream of this prefix drops events. The server searches its whole log: 7 s a gigabyte. */
export async function checkAllStreams(client: EsdbClient, prefix: string, times: Times): Promise<void> {
  await checkStream(client, '$all', times);
  const streams = await client.trying(() => streamsWithMetadata(client, prefix, times.readIdleMs), {
    budgetMs: times.openMs,
    replaceAfterMs: times.replaceAfterMs,
  });
  await Promise.all([...streams].map((stream) => checkStream(client, stream, times)));
}

/** A filtered subscription up to where it has caught up: reads cannot be filtered. */
function streamsWithMetadata(client: EsdbClient, prefix: string, idleMs: number): Promise<ReadonlySet<string>> {
  const streams = new Set<string>();
  return new Promise((resolve, reject) => {
    const filter = streamNameFilter({
      prefixes: [`$$${prefix}`],
      checkpointInterval: CHECKPOINT_INTERVAL,
      checkpointReached: () => Promise.resolve(void timer.refresh()),
    });
    const search = client.driver.subscribeToAll({ fromPosition: START, filter, requiresLeader: true });
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
      search.unsubscribe().catch(() => undefined);
    };
    const timer = setTimeout(() => finish(() => reject(new NoAnswer('looking for truncated streams', idleMs))), idleMs);
    search.on('error', (error) => finish(() => reject(error)));
    search.on('caughtUp', () => finish(() => resolve(streams)));
    search.on('data', ({ event }) => {
      timer.refresh();
      if (event) streams.add(event.streamId.slice(2));
    });
  });
}
