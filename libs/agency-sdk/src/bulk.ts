import { DomainError } from '#libs/kernel';
import { type LineResult, REQUEST_BYTES_MAX, REQUEST_LINES_MAX } from './batch.api.js';
import { type Bulk, bulkOf, exchangeIdOfLine } from './exchange-id.js';
import type { SubmitQueryLine, SubmittedQuery } from './query.api.js';

export const BATCHES_IN_FLIGHT = 4;
/** Room for what stands around the lines. */
const ENVELOPE_BYTES = 1_024;

/** A line of a bulk: ids and numbers are made here. */
export type BulkLine = Omit<SubmitQueryLine, 'exchangeId' | 'bulkId' | 'line'>;

export interface BulkLineResult {
  /** From 1. */
  readonly line: number;
  readonly exchangeId: string;
  readonly result: LineResult<SubmittedQuery>;
}
export interface BulkProgress {
  /** Lines answered, without gaps, from the first on: a bulk that broke goes on with `resumeFrom`. */
  readonly resumeFrom: number;
  readonly accepted: number;
  readonly refused: number;
}
export interface BulkSummary extends BulkProgress {
  /** False where the signal stopped it before the end of the lines. */
  readonly completed: boolean;
}

export interface BulkOptions {
  /** All lines of the bulk, from the first on; read no faster than they are sent. */
  readonly lines: AsyncIterable<BulkLine> | Iterable<BulkLine>;
  /** At most 64 characters; a UUIDv7, or `bulkTimeMs` beside it. The same id, time and line give the same exchange. */
  readonly bulkId: string;
  readonly bulkTimeMs?: number;
  /** First line to send, from 1 (default): those before it were answered in an earlier run. */
  readonly resumeFrom?: number;
  /** Requests under way at once (4). */
  readonly batchesInFlightMax?: number;
  readonly linesInBatchMax?: number;
  /** Told each line's outcome, in the order of the lines; awaited. */
  readonly onResult?: (result: BulkLineResult) => void | Promise<void>;
  /** Told after each batch. */
  readonly onProgress?: (progress: BulkProgress) => void;
  /** Stops after the batches that are under way. */
  readonly signal?: AbortSignal;
}

/** A batch could not be sent: all lines before `resumeFrom` were answered. */
export class BulkInterrupted extends DomainError {
  override readonly name = 'BulkInterrupted';
  constructor(
    readonly progress: BulkProgress,
    cause: unknown,
  ) {
    super('BULK_INTERRUPTED', 'unavailable', `the bulk stopped before line ${progress.resumeFrom}: resume from there`, {}, { cause });
  }
}

/** What a bulk needs of the client. */
export interface QuerySubmitter {
  readonly agency: string;
  readonly bulkSecret: Uint8Array;
  submitQueries(lines: readonly SubmitQueryLine[]): Promise<readonly LineResult<SubmittedQuery>[]>;
}

interface Sent {
  readonly lines: readonly SubmitQueryLine[];
  readonly outcomes: Promise<readonly LineResult<SubmittedQuery>[]>;
}

/** Cuts the lines into requests as they are read: at most 1,000 lines and 1 MiB each. */
async function* batches(client: QuerySubmitter, bulk: Bulk, options: BulkOptions): AsyncGenerator<readonly SubmitQueryLine[]> {
  const linesMax = Math.min(options.linesInBatchMax ?? REQUEST_LINES_MAX, REQUEST_LINES_MAX);
  let batch: SubmitQueryLine[] = [];
  let bytes = ENVELOPE_BYTES;
  let line = 0;
  for await (const given of options.lines) {
    line += 1;
    if (line < (options.resumeFrom ?? 1)) continue;
    const query = { ...given, exchangeId: exchangeIdOfLine(client.bulkSecret, client.agency, bulk, line), bulkId: bulk.bulkId, line };
    const size = Buffer.byteLength(JSON.stringify(query)) + 1;
    if (batch.length > 0 && (batch.length >= linesMax || bytes + size > REQUEST_BYTES_MAX)) {
      yield batch;
      batch = [];
      bytes = ENVELOPE_BYTES;
    }
    batch.push(query);
    bytes += size;
    if (options.signal?.aborted) return;
  }
  if (batch.length > 0) yield batch;
}

/** Submits a bulk; results come in the order of the lines. Rejects with BulkInterrupted, or with what `lines` or `onResult` threw. */
export async function submitBulk(client: QuerySubmitter, options: BulkOptions): Promise<BulkSummary> {
  const bulk = bulkOf(options.bulkId, options.bulkTimeMs);
  const inFlightMax = Math.max(1, options.batchesInFlightMax ?? BATCHES_IN_FLIGHT);
  const underWay: Sent[] = [];
  let progress: BulkProgress = { resumeFrom: options.resumeFrom ?? 1, accepted: 0, refused: 0 };
  const settleOldest = async (): Promise<void> => {
    const { lines, outcomes } = underWay.shift() as Sent;
    let results: readonly LineResult<SubmittedQuery>[];
    try {
      results = await outcomes;
    } catch (cause) {
      throw new BulkInterrupted(progress, cause);
    }
    for (const [index, { exchangeId, line = 0 }] of lines.entries()) {
      const result = results[index] as LineResult<SubmittedQuery>;
      await options.onResult?.({ line, exchangeId, result });
      progress = { resumeFrom: line + 1, accepted: progress.accepted + (result.ok ? 1 : 0), refused: progress.refused + (result.ok ? 0 : 1) };
    }
    options.onProgress?.(progress);
  };
  try {
    for await (const lines of batches(client, bulk, options)) {
      const outcomes = client.submitQueries(lines);
      outcomes.catch(() => undefined); // told when its turn comes
      underWay.push({ lines, outcomes });
      if (underWay.length >= inFlightMax) await settleOldest();
    }
    while (underWay.length > 0) await settleOldest();
  } finally {
    await Promise.allSettled(underWay.map(({ outcomes }) => outcomes));
  }
  return { ...progress, completed: options.signal?.aborted !== true };
}
