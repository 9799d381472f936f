import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { plusMs } from '#libs/kernel';
import { SandboxClock } from '#libs/platform';
import { Nation } from '../../nation/nation.js';
import { SetUp } from '../../setup/set-up.js';
import { type SimulatedExchange, Workload } from '../exchanges.js';
import { batchesOf, BEFORE_MS, DAY_BEGINS, type HistoryOptions, secondsSince, type WrittenHistory } from '../history.js';
import { FIRST_DAY, LAST_DAY } from '../seed-figures.js';
import { writeState } from '../simulation-file.js';
import { Tally } from '../tally.js';
import { BulkNation } from './bulk-nation.js';
import { Identities } from './identities.js';
import { BatchRecorder } from './record-batch.js';

/** Exchanges of one batch: one commit a step at each party. A batch is of one legal day. */
const BATCH_EXCHANGES = 2_000;
/** Batches under way at once: while one waits for its commits another is decided. */
const BATCHES_AT_ONCE = 4;
const DAY_ENDS = 'T20:00:00.000+09:00';
const STATE_EVERY_MS = 1_000;

/** A nation's law and register, made by its real servers on the day before the first, which then stop. */
export async function foundNation(directory: string, from: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const startsAt = plusMs(`${from}${DAY_BEGINS}`, -BEFORE_MS);
  const nation = await Nation.start({ directory, basePort: 0, logLevel: 'error', between: 'in-process', startsAt });
  try {
    await new SetUp(nation, undefined, 'en', 'register').run();
  } finally {
    await nation.close();
  }
}

/**
 * Writes the history of a seed into a new directory: all three parties' records of every exchange by the domain's deciders
 * and the stores' own way of recording (sealed fields, durable commits, cross references, signed logs), without servers in
 * between. What is left out beside a nation that runs: HTTP, interface systems, mailboxes, cosignatures, read models, which
 * the next start builds. Streams; memory follows the population, which is bounded. Rejects with the typed errors of stores.
 */
export async function writeHistory(options: HistoryOptions): Promise<WrittenHistory> {
  const { directory, exchanges, seed, from = FIRST_DAY, to = LAST_DAY, onProgress, signal } = options;
  const startedMs = performance.now();
  await foundNation(directory, from);
  const setUp = secondsSince(startedMs);
  onProgress?.(0);
  const clock = SandboxClock.open({ file: join(directory, 'clock.json'), startsAt: `${from}${DAY_BEGINS}` });
  const nation = await BulkNation.open(directory, () => clock.now());
  try {
    const tally = new Tally();
    const save = (complete: boolean): void => writeState(directory, { seed, exchanges, from, to, mode: 'bulk', recorded: tally.exchanges, complete });
    save(false);
    const recordingMs = performance.now();
    let savedMs = recordingMs;
    await recordBatches({
      nation,
      clock,
      workload: new Workload(options),
      signal,
      onRecorded: (batch) => {
        for (const exchange of batch) tally.add(exchange);
        onProgress?.(tally.exchanges);
        if (performance.now() - savedMs < STATE_EVERY_MS) return;
        save(false);
        savedMs = performance.now();
      },
    });
    const recording = secondsSince(recordingMs);
    const logsMs = performance.now();
    await nation.integrated();
    const complete = tally.exchanges === exchanges;
    save(complete);
    return { tally: tally.report(), complete, seconds: { setUp, recording, logs: secondsSince(logsMs) } };
  } finally {
    await nation.close();
    clock.close();
  }
}

interface Recording {
  readonly nation: BulkNation;
  readonly clock: SandboxClock;
  readonly workload: Workload;
  readonly signal: AbortSignal | undefined;
  readonly onRecorded: (batch: readonly SimulatedExchange[]) => void;
}

async function recordBatches({ nation, clock, workload, signal, onRecorded }: Recording): Promise<void> {
  const identities = new Identities(nation);
  const recorder = new BatchRecorder(nation, identities);
  const underWay = new Set<Promise<void>>();
  let today = '';
  try {
    for (const batch of batchesOf(workload.exchanges(), BATCH_EXCHANGES)) {
      if (signal?.aborted === true) break;
      const { day = '' } = batch[0] ?? {};
      if (day !== today) {
        today = day;
        // ahead of all that is recorded on this day: whoever goes on from here, also after a kill, is not behind it
        clock.set(`${day}${DAY_ENDS}`);
      }
      await identities.ensure(batch, new Date(`${day}${DAY_BEGINS}`).toISOString(), day);
      const work = recorder.record(batch).then(() => onRecorded(batch));
      underWay.add(work);
      void work.then(
        () => underWay.delete(work),
        () => undefined,
      );
      if (underWay.size >= BATCHES_AT_ONCE) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  } catch (error) {
    await Promise.allSettled(underWay);
    throw error;
  }
}
