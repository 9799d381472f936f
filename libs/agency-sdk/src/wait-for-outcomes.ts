import { setTimeout as sleep } from 'node:timers/promises';
import { type LineResult, REQUEST_LINES_MAX } from './batch.api.js';
import { isOpen, type QueryState, type QueryStatusLine } from './query.api.js';

const POLL_FIRST_MS = 100;
const POLL_MAX_MS = 5_000;
export const OUTCOMES_TIMEOUT_MS = 60_000;

export interface OutcomesOptions {
  /** How long to follow them in all, milliseconds (60,000). */
  readonly timeoutMs?: number;
  /** First pause between two looks, milliseconds (100); it grows up to five seconds. */
  readonly pollMs?: number;
  /** Told once a query, when it has its outcome. */
  readonly onOutcome?: (state: QueryState) => void;
  readonly signal?: AbortSignal;
}
/** What following needs of the client. */
export interface StatusSource {
  queryStatuses(lines: readonly QueryStatusLine[]): Promise<readonly LineResult<QueryState>[]>;
}

/**
 * The newest state of each query: final for those that have an outcome, still open for those that had none when the time
 * was over. A query that this agency never submitted is left out.
 */
export async function waitForOutcomes(
  client: StatusSource,
  exchangeIds: readonly string[],
  options: OutcomesOptions,
): Promise<ReadonlyMap<string, QueryState>> {
  const until = performance.now() + (options.timeoutMs ?? OUTCOMES_TIMEOUT_MS);
  const states = new Map<string, QueryState>();
  let open = [...new Set(exchangeIds)];
  for (let pauseMs = options.pollMs ?? POLL_FIRST_MS; ; pauseMs = Math.min(POLL_MAX_MS, pauseMs * 2)) {
    const still: string[] = [];
    for (let from = 0; from < open.length; from += REQUEST_LINES_MAX) {
      const results = await client.queryStatuses(open.slice(from, from + REQUEST_LINES_MAX).map((exchangeId) => ({ exchangeId })));
      for (const result of results) {
        if (!result.ok) continue;
        states.set(result.value.exchangeId, result.value);
        if (isOpen(result.value.status)) still.push(result.value.exchangeId);
        else options.onOutcome?.(result.value);
      }
    }
    open = still;
    const leftMs = until - performance.now();
    if (open.length === 0 || leftMs <= 0 || options.signal?.aborted) return states;
    await sleep(Math.min(pauseMs, leftMs));
  }
}
