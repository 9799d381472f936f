import { type EmbeddedLocation, type StoreFinding, type StoreLocation, StoreWalk } from '#libs/event-store';
import { type CheckedStore, JoinedRanges, type StoreCheckOptions } from './joined-ranges.js';
import { checkLog } from './log-check.js';
import { openRangePool, type RangePool } from './range-pool.js';
import type { RangeResult } from './range-job.js';

/** Events of one range: a thread's work between two messages. */
const RANGE_EVENTS = 32_768;
/** Ranges in hand a thread. */
const AHEAD = 2;

/** A store from its first byte to its last, and the tree that it gives against the stored one. Rejects with StoreUnavailable. */
export function checkStore(location: StoreLocation, options: StoreCheckOptions): Promise<CheckedStore> {
  return location.kind === 'embedded' ? checkFile(location, options) : checkLog(location, options);
}

async function checkFile(location: EmbeddedLocation, options: StoreCheckOptions): Promise<CheckedStore> {
  const { ledgerDirectory, full, threads, onProgress } = options;
  const walk = StoreWalk.open(location.directory);
  let pool: RangePool | undefined;
  try {
    const last = walk.lastPosition();
    pool = openRangePool(last < 2 * RANGE_EVENTS ? 0 : threads, { location, ledgerDirectory, seed: walk.seed, full });
    // the index beside the blocks: this thread has little to do until they are put together
    const [joined, index] = await Promise.all([checkBlocks(pool, last, options), checkIndex(walk, last)]);
    for (const sums of await pool.end()) walk.balance.addAll(sums);
    if (joined.finding === undefined) await joined.checkIds(last, (take) => againIn(walk, last, take));
    onProgress('index', index.runs, index.runs);
    const difference = joined.finding === undefined && index.finding === undefined ? walk.difference(last) : undefined;
    return joined.checked(last, index.runs, index.finding ?? difference);
  } catch (error) {
    await pool?.stop();
    throw error;
  } finally {
    await walk.close();
  }
}

function againIn(walk: StoreWalk, last: number, take: (words: Uint32Array, positionAt: (index: number) => number) => void): void {
  let at = 1;
  walk.ids(1, last + 1, (words) => {
    const first = at;
    take(words, (index) => first + index);
    at += words.length / 4;
  });
}

/** Ranges are worked on beside each other, and put together in their order. Ends at the first finding. */
async function checkBlocks(pool: RangePool, last: number, { ledger, size, onProgress }: StoreCheckOptions): Promise<JoinedRanges> {
  const joined = new JoinedRanges(ledger);
  const waiting: Promise<RangeResult>[] = [];
  let asked = 1;
  let next = 1;
  while (asked <= last || waiting.length > 0) {
    while (asked <= last && waiting.length < pool.width * AHEAD) {
      const to = Math.min(asked + RANGE_EVENTS, last + 1);
      waiting.push(pool.run({ from: asked, to, size }));
      asked = to;
    }
    const result = await (waiting.shift() as (typeof waiting)[number]);
    if (joined.finding !== undefined) continue; // what was under way is waited for
    next = join(joined, result, next) ?? next;
    if (joined.finding !== undefined) asked = last + 1;
    onProgress('store', Math.min(next - 1, last), last);
    if (pool.width === 1) await new Promise(setImmediate);
  }
  if (joined.finding === undefined && next !== last + 1)
    joined.finding = { code: 'POSITION_MISSING', position: next, detail: `the store ends before position ${last}` };
  return joined;
}

/** The position that must follow; undefined where the range holds none. */
function join(joined: JoinedRanges, result: RangeResult, next: number): number | undefined {
  const { walked, ids, finding } = result;
  if (walked.first !== 0 && walked.first !== next) {
    joined.finding = { code: 'POSITION_MISSING', position: next, detail: `the block of position ${next} is missing: the next one begins at ${walked.first}` };
    return undefined;
  }
  joined.add(result, ids, (index) => next + index);
  if (walked.first === 0 && finding === undefined) return undefined; // a large block may pass a whole range
  return walked.next;
}

async function checkIndex(walk: StoreWalk, last: number): Promise<{ readonly runs: number; readonly finding?: StoreFinding }> {
  let runs = 0;
  for (const page of walk.index(last)) {
    runs += page.runs;
    if (page.finding) return { runs, finding: page.finding };
    await new Promise(setImmediate);
  }
  return { runs };
}
