import { type LineResult, REQUEST_BYTES_MAX, REQUEST_LINES_MAX } from '#libs/agency-sdk';
import type { ByteLines } from '../lines/byte-lines.js';
import type { Fields } from '../lines/line-form.js';
import type { ReadLine } from '../lines/read-lines.js';
import { refusedResult, type ResultLine } from './result-lines.js';

export const BATCHES_IN_FLIGHT = 4;
/** A line as it is sent, bytes of JSON. */
const SENT_LINE_BYTES_MAX = REQUEST_BYTES_MAX / 4;
/** A batch that has so many bytes takes no further line: the next one could pass the limit. */
const FULL_BYTES = REQUEST_BYTES_MAX - SENT_LINE_BYTES_MAX - 2_048;

/** What is sent, and how its answers are told. */
export interface Sending<Line extends object, Value> {
  /** The line as the server takes it. */
  prepare(fields: Fields, line: number): Line;
  send(lines: readonly Line[]): Promise<readonly LineResult<Value>[]>;
  tell(line: number, sent: Line, value: Value): ResultLine;
  /** The exchange id under which a line was refused, if it has one. */
  idOf(sent: Line): string | undefined;
}

/** How far the input was answered: its lines without a gap, their digest, and what became of them. */
export interface Answered {
  readonly lines: number;
  readonly digest: string;
  readonly results: readonly ResultLine[];
  readonly accepted: number;
  readonly refused: number;
}

interface Batch<Line> {
  /** In the order of the input; one that was refused here is not sent. */
  readonly entries: ({ readonly line: number; readonly sent: Line } | { readonly refused: ResultLine })[];
  bytes: number;
}
interface Started<Line> {
  readonly entries: Batch<Line>['entries'];
  readonly lines: number;
  readonly digest: string;
}

export interface SendOptions {
  /** Lines up to this one were answered before. */
  readonly after: number;
  readonly signal: AbortSignal;
  readonly batchesInFlight?: number;
  /** Told each batch, in the order of the input; awaited. */
  readonly onAnswered: (answered: Answered) => Promise<void>;
}

function add<Line extends object, Value>(batch: Batch<Line>, read: ReadLine, sending: Sending<Line, Value>): void {
  const { line } = read;
  if (!read.ok) {
    batch.entries.push({ refused: refusedResult(line, read.problem) });
    return;
  }
  const sent = sending.prepare(read.fields, line);
  const bytes = Buffer.byteLength(JSON.stringify(sent)) + 1;
  if (bytes > SENT_LINE_BYTES_MAX) {
    const problem = { code: 'LINE_TOO_LONG', kind: 'invalid', detail: 'is longer than a line may be', rule: 'length' } as const;
    batch.entries.push({ refused: refusedResult(line, problem) });
    return;
  }
  batch.entries.push({ line, sent });
  batch.bytes += bytes;
}

function answeredOf<Line extends object, Value>(
  { entries, lines, digest }: Started<Line>,
  outcomes: readonly LineResult<Value>[],
  sending: Sending<Line, Value>,
): Answered {
  let next = 0;
  let accepted = 0;
  const results = entries.map((entry) => {
    if ('refused' in entry) return entry.refused;
    const outcome = outcomes[next] as LineResult<Value>;
    next += 1;
    if (!outcome.ok) return refusedResult(entry.line, outcome.problem, sending.idOf(entry.sent));
    accepted += 1;
    return sending.tell(entry.line, entry.sent, outcome.value);
  });
  return { lines, digest, results, accepted, refused: results.length - accepted };
}

/**
 * Sends the lines in batches (at most 1,000 lines and 1 MiB), some of them at once, and tells what became of them in the
 * order of the input. Resolves to false where the signal stopped it: then what was under way has been told. Rejects with what
 * the client or `onAnswered` threw; what was not told by then is sent again by the next run, as the same lines.
 */
export async function sendLines<Line extends object, Value>(
  source: ByteLines,
  read: AsyncIterable<ReadLine>,
  sending: Sending<Line, Value>,
  { after, signal, batchesInFlight = BATCHES_IN_FLIGHT, onAnswered }: SendOptions,
): Promise<boolean> {
  const underWay: Promise<void>[] = [];
  let told: Promise<void> = Promise.resolve();
  let batch: Batch<Line> = { entries: [], bytes: 0 };
  // each batch is told after the one before it; after one that failed none is
  const tellAfter = async (before: Promise<void>, started: Started<Line>, outcomes: Promise<readonly LineResult<Value>[]>): Promise<void> => {
    await Promise.allSettled([before, outcomes]); // nothing is left under way, also after a failure
    await before;
    await onAnswered(answeredOf(started, await outcomes, sending));
  };
  const start = (): void => {
    const lines = batch.entries.flatMap((entry) => ('sent' in entry ? [entry.sent] : []));
    const outcomes = lines.length === 0 ? Promise.resolve([]) : sending.send(lines);
    outcomes.catch(() => undefined); // told when its turn comes
    told = tellAfter(told, { entries: batch.entries, lines: source.count, digest: source.digest() }, outcomes);
    told.catch(() => undefined); // thrown below
    underWay.push(told);
    batch = { entries: [], bytes: 0 };
  };
  try {
    for await (const line of read) {
      if (line.line <= after) continue;
      if (signal.aborted) break;
      add(batch, line, sending);
      if (batch.entries.length < REQUEST_LINES_MAX && batch.bytes < FULL_BYTES) continue;
      start();
      if (underWay.length >= batchesInFlight) await underWay.shift();
    }
    if (!signal.aborted && batch.entries.length > 0) start();
    await told;
  } finally {
    await Promise.allSettled(underWay);
  }
  return !signal.aborted;
}
