import type { SimulatedExchange, WorkloadOptions } from './exchanges.js';
import type { TallyReport } from './tally.js';

/** Law and register are recorded on the day before the first. */
export const BEFORE_MS = 86_400_000;
/** A legal day's first instant. */
export const DAY_BEGINS = 'T00:00:00.000+09:00';

export interface HistoryOptions extends WorkloadOptions {
  /** Where the nation is made; it must not hold one. */
  readonly directory: string;
  /** Told when law and register stand, and then how many exchanges are recorded. */
  readonly onProgress?: (recorded: number) => void;
  /** Ends the work after what is under way. */
  readonly signal?: AbortSignal;
}
export interface WrittenHistory {
  readonly tally: TallyReport;
  /** False where it was ended before its time. */
  readonly complete: boolean;
  /** Wall clock: law and register; exchanges with what they need; until the logs have taken everything in. */
  readonly seconds: { readonly setUp: number; readonly recording: number; readonly logs: number };
}

/** Cut into batches: none spans two legal days, none is larger than `most`. */
export function* batchesOf(exchanges: Iterable<SimulatedExchange>, most: number): Generator<readonly SimulatedExchange[], void, void> {
  let batch: SimulatedExchange[] = [];
  for (const exchange of exchanges) {
    if (batch.length > 0 && (batch.length >= most || batch[0]?.day !== exchange.day)) {
      yield batch;
      batch = [];
    }
    batch.push(exchange);
  }
  if (batch.length > 0) yield batch;
}

export const secondsSince = (startedMs: number): number => (performance.now() - startedMs) / 1_000;
