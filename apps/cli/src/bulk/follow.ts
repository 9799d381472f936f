import type { AgencyClient, QueryState, QueryStatus } from '#libs/agency-sdk';
import type { Session } from '../command-line/session.js';
import { readState, writeState } from './bulk-state.js';
import { bulkTexts } from './bulk.texts.js';
import { readResults, replaceResults } from './result-files.js';
import { followedResult, type ResultLine } from './result-lines.js';

/** Lines whose outcomes are awaited together: what is in memory at once. */
const WINDOW_LINES = 20_000;

const OPEN: readonly QueryStatus[] = ['submitted', 'permitted'];
const isFollowed = ({ exchangeId, outcome }: ResultLine): boolean => exchangeId !== undefined && OPEN.some((status) => status === outcome);

/** How many lines came to each outcome. */
export type Outcomes = Readonly<Record<string, number>>;

async function* windows(path: string): AsyncGenerator<readonly ResultLine[]> {
  let window: ResultLine[] = [];
  for await (const line of readResults(path)) {
    window.push(line);
    if (window.length < WINDOW_LINES) continue;
    yield window;
    window = [];
  }
  if (window.length > 0) yield window;
}

/** Counts the outcomes of a file of results. */
export async function countOutcomes(path: string): Promise<Outcomes> {
  const counts: Record<string, number> = {};
  for await (const { outcome } of readResults(path)) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

export const openIn = (outcomes: Outcomes): number => OPEN.reduce((sum, status) => sum + (outcomes[status] ?? 0), 0);

/**
 * Waits for the outcomes of a bulk's queries, at most so long, and writes them into its results in place of what stood there:
 * line by line the same file, as whole. False where the signal stopped it: then the results are as they were.
 */
export async function followBulk(
  client: AgencyClient,
  out: string,
  lines: number,
  { waitMs, session, signal }: { readonly waitMs: number; readonly session: Session; readonly signal: AbortSignal },
): Promise<boolean> {
  const until = performance.now() + waitMs;
  const progress = session.json ? undefined : session.err.progress(bulkTexts(session.language).following, lines, { rate: true });
  let done = 0;
  let open = 0;
  const advance = (by: number): void => {
    done += by;
    progress?.update(done);
  };
  try {
    const whole = await replaceResults(out, async (append) => {
      for await (const window of windows(out)) {
        const ids = window.flatMap((line) => (isFollowed(line) ? [line.exchangeId ?? ''] : []));
        advance(window.length - ids.length);
        const timeoutMs = Math.max(0, until - performance.now());
        const states: ReadonlyMap<string, QueryState> =
          ids.length === 0 ? new Map() : await client.waitForOutcomes(ids, { timeoutMs, signal, onOutcome: () => advance(1) });
        if (signal.aborted) return false;
        const followed = window.map((line) => {
          const state = isFollowed(line) ? states.get(line.exchangeId ?? '') : undefined;
          return state === undefined ? line : followedResult(line, state);
        });
        open += followed.filter(isFollowed).length;
        await append(followed);
      }
      return true;
    });
    const state = await readState(out);
    if (whole && open === 0 && state !== undefined) await writeState(out, { ...state, phase: 'followed' });
    return whole;
  } finally {
    progress?.stop();
  }
}
