import { type EventStoreDbLocation, LogWalk, openStore, PAGE_EVENTS_MAX } from '#libs/event-store';
import { EventPasses } from './event-passes.js';
import { type CheckedStore, JoinedRanges, type StoreCheckOptions } from './joined-ranges.js';

/** Events between two signs of progress. */
const RANGE_EVENTS = 8_192;

/** A record on EventStoreDB from its first event to its last, read in order by this thread, and the tree that it gives against the stored one. Rejects with StoreUnavailable. */
export async function checkLog(location: EventStoreDbLocation, options: StoreCheckOptions): Promise<CheckedStore> {
  const { ledgerDirectory, ledger, size, full, onProgress } = options;
  const joined = new JoinedRanges(ledger);
  const walk = await LogWalk.open(location);
  let passes: EventPasses | undefined;
  try {
    passes = new EventPasses({ location, ledgerDirectory, full });
    const last = await walk.lastPosition();
    let next = 0;
    for (let isEnd = false; next < last && joined.finding === undefined && !isEnd;) {
      const ids: Uint32Array[] = [];
      const event = passes.begin(size, () => joined.tree.size);
      const { positions, finding, ...walked } = await walk.range(next, last, RANGE_EVENTS, { ids: (words) => ids.push(words), event });
      joined.add(await passes.end(finding), ids, (index) => positions[index] ?? walked.next);
      isEnd = positions.length === 0;
      ({ next } = walked);
      onProgress('store', next, last);
    }
    if (joined.finding === undefined && next !== last)
      joined.finding = { code: 'POSITION_MISSING', position: last, detail: `the log has no event at position ${last} any more` };
    if (joined.finding === undefined)
      await joined.checkIds(joined.tree.size, (take) => walk.ids(last, (words, positions) => take(words, (index) => positions[index] ?? last)));
    const difference = joined.finding === undefined ? await walk.difference(last) : walk.streamFinding;
    return joined.checked(last, walk.streams, difference);
  } finally {
    await passes?.close();
    await walk.close();
  }
}

/** How many entries a record has behind a position, as far as `atMost` of them. */
export async function countBehind(location: EventStoreDbLocation, position: number, atMost: number): Promise<number> {
  const store = await openStore(location, { readOnly: true });
  try {
    let count = 0;
    for (let after = BigInt(position), atEnd = false; !atEnd && count < atMost;) {
      const page = await store.readAll({ after, limit: PAGE_EVENTS_MAX });
      count += page.events.length;
      ({ next: after, atEnd } = page);
    }
    return count;
  } finally {
    await store.close();
  }
}
