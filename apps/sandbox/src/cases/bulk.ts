import { type AgencyClient, type BulkLine, isOpen, type QueryState } from '#libs/agency-sdk';
import { newExchangeId } from '#libs/cryptography';
import type { CastAgency } from '../cast/agencies.js';
import { compareRecords } from '../records/three-records.js';
import { type Ask, outcomeOf, wordOf } from './ask.js';
import { groupedBy } from '../grouped.js';
import { secondsOf, type Stage } from './stage.js';
import { stageTexts } from './stage.texts.js';

export interface Bulk {
  readonly requester: CastAgency;
  /** What it is for, in a few words. */
  readonly title: string;
  readonly asks: readonly Ask[];
}

const LINES_A_LOOK = 1_000;
const OUTCOMES_TIMEOUT_MS = 120_000;
const POLL_MS = 200;
const RECORDS_TIMEOUT_MS = 15_000;
const DEVIATIONS_TOLD_MAX = 3;

const thousands = (count: number): string => count.toLocaleString('en-US');

/**
 * Sends many queries as one bulk, follows all of them, compares each with what was declared and the three records of each,
 * and tells it in a few lines.
 */
export async function runBulk(stage: Stage, { requester, title, asks }: Bulk): Promise<void> {
  const texts = stageTexts(stage.language);
  const client = stage.nation.client(requester);
  const bulkId = newExchangeId(Date.parse(stage.now()));
  const startedMs = performance.now();
  const ids = await submit(stage, client, bulkId, asks, texts.bulkSubmitting(title));
  const states = await follow(stage, client, ids, texts.bulkWaiting(title));
  const elapsedMs = Math.round(performance.now() - startedMs);
  const outcomes = judge(stage, title, asks, ids, states);
  const agree = await recordsAgreeing(stage, requester, asks, ids);
  await acknowledge(client, ids, states);
  const counted = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${thousands(count)}`);
  stage.check(agree === asks.length, `${title}: the records of ${thousands(asks.length - agree)} queries disagree`);
  stage.tell(stage.isClean ? 'done' : 'failed', `${stage.label(requester)}: ${title}`, [
    texts.bulkDone(thousands(asks.length), secondsOf(elapsedMs), thousands(Math.round((asks.length * 1_000) / elapsedMs))),
    counted.join(' · '),
    texts.bulkRecords(thousands(agree), thousands(asks.length)),
  ]);
  const { affair } = stage.lineOf(asks[0] as Ask);
  stage.addBulk({ bulkId, requester: requester.code, affair, lines: asks.length, outcomes, elapsedMs, recordsAgree: agree });
}

async function submit(stage: Stage, client: AgencyClient, bulkId: string, asks: readonly Ask[], label: string): Promise<string[]> {
  const progress = stage.terminal?.progress(label, asks.length);
  const ids: string[] = [];
  function* lines(): Generator<BulkLine> {
    for (const ask of asks) {
      const { exchangeId: _made, ...line } = stage.lineOf(ask);
      yield line;
    }
  }
  const summary = await client.submitBulk({
    bulkId,
    lines: lines(),
    onResult: ({ exchangeId, result, line }) => {
      ids.push(exchangeId);
      if (!result.ok) stage.check(false, `line ${line} was refused: ${result.problem.code}`);
    },
    onProgress: ({ accepted }) => progress?.update(accepted),
  });
  progress?.stop();
  stage.check(summary.completed && summary.accepted === asks.length, `${summary.accepted} of ${asks.length} lines were accepted`);
  return ids;
}

async function follow(stage: Stage, client: AgencyClient, ids: readonly string[], label: string): Promise<ReadonlyMap<string, QueryState>> {
  const progress = stage.terminal?.progress(label, ids.length);
  let ended = 0;
  const states = await client.waitForOutcomes(ids, { pollMs: POLL_MS, timeoutMs: OUTCOMES_TIMEOUT_MS, onOutcome: () => progress?.update((ended += 1)) });
  progress?.stop();
  return states;
}

/** How many came out which way; every line that did not come out as declared is a deviation, the first few told one by one. */
function judge(stage: Stage, title: string, asks: readonly Ask[], ids: readonly string[], states: ReadonlyMap<string, QueryState>): Record<string, number> {
  const outcomes: Record<string, number> = {};
  let wrong = 0;
  for (const [index, ask] of asks.entries()) {
    const state = states.get(ids[index] ?? '');
    const outcome = state === undefined ? 'missing' : isOpen(state.status) ? `still ${state.status}` : outcomeOf(state);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (outcome === wordOf(ask.expected)) continue;
    wrong += 1;
    if (wrong <= DEVIATIONS_TOLD_MAX) stage.check(false, `${title}, line ${index + 1}: expected ${wordOf(ask.expected)}, came out ${outcome}`);
  }
  stage.check(wrong <= DEVIATIONS_TOLD_MAX, `${title}: ${wrong} lines did not come out as declared`);
  return outcomes;
}

/** For how many lines the three records agree; a receipt may still be on its way to the core. */
async function recordsAgreeing(stage: Stage, requester: CastAgency, asks: readonly Ask[], ids: readonly string[]): Promise<number> {
  const byServer = groupedBy(asks.keys(), (index) => (asks[index] as Ask).provider.server);
  let agree = 0;
  for (const indexes of byServer.values()) {
    const keepers = stage.nation.keepers(requester, (asks[indexes[0] ?? 0] as Ask).provider);
    let left = indexes.map((index) => ids[index] ?? '');
    const untilMs = performance.now() + RECORDS_TIMEOUT_MS;
    for (;;) {
      const still: string[] = [];
      for (let from = 0; from < left.length; from += LINES_A_LOOK) {
        const page = left.slice(from, from + LINES_A_LOOK);
        const compared = await compareRecords(keepers, page);
        still.push(...page.filter((_, at) => compared[at]?.disagreements.length !== 0));
      }
      agree += left.length - still.length;
      left = still;
      if (left.length === 0 || performance.now() > untilMs) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  return agree;
}

async function acknowledge(client: AgencyClient, ids: readonly string[], states: ReadonlyMap<string, QueryState>): Promise<void> {
  const received = ids.filter((id) => states.get(id)?.status === 'received');
  for (let from = 0; from < received.length; from += LINES_A_LOOK) {
    await client.acknowledgeResults(received.slice(from, from + LINES_A_LOOK).map((exchangeId) => ({ exchangeId })));
  }
}
