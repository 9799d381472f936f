import { type StoreFinding, StoreWalk, UniqueIds } from '#libs/event-store';
import { type LedgerWalk, type LogFinding, TreeCheck } from '#libs/ledger';
import type { PartyKind } from '#libs/read-models';
import type { FoldFinding } from './event-fold.js';
import { openRangePool, type RangePool } from './range-pool.js';
import type { RangeResult } from './range-job.js';
import type { Finding, OnProgress } from './report.js';

/** Events of one range: a thread's work between two messages. */
const RANGE_EVENTS = 32_768;
/** Ranges in hand a thread. */
const AHEAD = 2;

export interface CheckedStore {
  readonly entries: number;
  readonly runs: number;
  readonly tree: TreeCheck;
  readonly findings: readonly Omit<Finding, 'party'>[];
  /** The first event that cannot be folded, of a store without findings. */
  readonly unfolded: FoldFinding | undefined;
  readonly kind: PartyKind | undefined;
}
export interface StoreCheckOptions {
  readonly storeDirectory: string;
  readonly ledgerDirectory: string | undefined;
  readonly ledger: LedgerWalk | undefined;
  /** Entries of the log as its file says. */
  readonly size: number;
  readonly full: boolean;
  readonly threads: number;
  readonly onProgress: OnProgress;
}
type Found = StoreFinding | LogFinding | RangeResult['finding'];

/** A store from its first byte to its last, and the tree that it gives against the stored one. Throws StoreUnavailable. */
export async function checkStore(options: StoreCheckOptions): Promise<CheckedStore> {
  const { storeDirectory, ledgerDirectory, full, threads, onProgress } = options;
  const walk = StoreWalk.open(storeDirectory);
  let pool: RangePool | undefined;
  try {
    const last = walk.lastPosition();
    pool = openRangePool(last < 2 * RANGE_EVENTS ? 0 : threads, { storeDirectory, ledgerDirectory, seed: walk.seed, full });
    // the index beside the blocks: this thread has little to do until they are put together
    const [blocks, index] = await Promise.all([checkBlocks(pool, last, options), checkIndex(walk, last)]);
    for (const sums of await pool.end()) walk.balance.addAll(sums);
    const ids = blocks.finding ?? blocks.ids ?? checkIds(walk, blocks.unique, last);
    onProgress('index', index.runs, index.runs);
    const difference = blocks.finding === undefined && index.finding === undefined ? walk.difference(last) : undefined;
    const findings = [blocks.finding, blocks.tree.finish(last), ids === blocks.finding ? undefined : ids, index.finding ?? difference].filter(
      (one) => one !== undefined,
    );
    const { tree, unfolded, kind } = blocks;
    return { entries: tree.size, runs: index.runs, tree, findings, unfolded: findings.length > 0 ? undefined : unfolded, kind };
  } catch (error) {
    await pool?.stop();
    throw error;
  } finally {
    await walk.close();
  }
}

interface CheckedBlocks {
  readonly tree: TreeCheck;
  readonly unique: UniqueIds;
  finding?: Found;
  ids?: StoreFinding;
  unfolded: FoldFinding | undefined;
  kind: PartyKind | undefined;
}

/** Ranges are worked on beside each other, and put together in their order. Ends at the first finding. */
async function checkBlocks(pool: RangePool, last: number, { ledger, size, onProgress }: StoreCheckOptions): Promise<CheckedBlocks> {
  const checked: CheckedBlocks = { tree: new TreeCheck(ledger), unique: new UniqueIds(), unfolded: undefined, kind: undefined };
  const waiting: { readonly from: number; readonly result: Promise<RangeResult> }[] = [];
  let asked = 1;
  let next = 1;
  while (asked <= last || waiting.length > 0) {
    while (asked <= last && waiting.length < pool.width * AHEAD) {
      const to = Math.min(asked + RANGE_EVENTS, last + 1);
      waiting.push({ from: asked, result: pool.run({ from: asked, to, size }) });
      asked = to;
    }
    const result = await (waiting.shift() as (typeof waiting)[number]).result;
    if (checked.finding !== undefined) continue; // what was under way is waited for
    next = join(checked, result, next) ?? next;
    if (checked.finding !== undefined) asked = last + 1;
    onProgress('store', Math.min(next - 1, last), last);
    if (pool.width === 1) await new Promise(setImmediate);
  }
  if (checked.finding === undefined && next !== last + 1)
    checked.finding = { code: 'POSITION_MISSING', position: next, detail: `the store ends before position ${last}` };
  return checked;
}

/** The position that must follow; undefined where the range holds none. */
function join(checked: CheckedBlocks, { walked, hashed, ids, finding, unfolded, kind }: RangeResult, next: number): number | undefined {
  const { tree, unique } = checked;
  checked.unfolded ??= unfolded;
  checked.kind ??= kind;
  if (walked.first !== 0 && walked.first !== next) {
    checked.finding = { code: 'POSITION_MISSING', position: next, detail: `the block of position ${next} is missing: the next one begins at ${walked.first}` };
    return undefined;
  }
  let at = next;
  for (const words of ids) {
    const repeated = checked.ids === undefined ? unique.take(words) : undefined;
    if (repeated !== undefined) checked.ids = { code: 'EVENT_ID_REPEATED', position: at + repeated, detail: 'another event has the same id' };
    at += words.length / 4;
  }
  const treeFinding = hashed && tree.join(hashed);
  checked.finding = earlier(finding, treeFinding) ?? checked.finding;
  if (walked.first === 0 && finding === undefined) return undefined; // a large block may pass a whole range
  return walked.next;
}

/** Of two, the one that stands first. */
function earlier(one: Found | undefined, other: Found | undefined): Found | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (other.position ?? Number.MAX_SAFE_INTEGER) < (one.position ?? Number.MAX_SAFE_INTEGER) ? other : one;
}

/** Ids that may repeat one that came long before. */
function checkIds(walk: StoreWalk, unique: UniqueIds, last: number): StoreFinding | undefined {
  const passes = unique.passes(last);
  for (let pass = 0; pass < passes; pass += 1) {
    const take = unique.again(pass, passes);
    let at = 1;
    let finding: StoreFinding | undefined;
    walk.ids(1, last + 1, (words) => {
      const repeated = finding === undefined ? take(words) : undefined;
      if (repeated !== undefined) finding = { code: 'EVENT_ID_REPEATED', position: at + repeated, detail: 'another event has the same id' };
      at += words.length / 4;
    });
    if (finding) return finding;
  }
  return undefined;
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
