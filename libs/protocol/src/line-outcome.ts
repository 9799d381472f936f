import { DomainError, type ErrorKind } from '#libs/kernel';

/** Lines in one request between servers; longer work is cut by whoever sends it. */
export const BATCH_LINES_MAX = 1_000;
/** Bytes of one request body. */
export const BATCH_BYTES_MAX = 1_048_576;

export interface Problem {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly detail: string;
  readonly field?: string;
  readonly rule?: string;
}

/** Every line of a batch has an outcome of its own, in the order sent: one bad line never fails its neighbours. */
export type LineOutcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Problem };

export const succeeded = <T>(value: T): LineOutcome<T> => ({ ok: true, value });

/** The refusal as a line's outcome. An error that is no DomainError shows nothing of itself. */
export function failed(error: unknown): { readonly ok: false; readonly problem: Problem } {
  if (!(error instanceof DomainError)) return { ok: false, problem: { code: 'INTERNAL', kind: 'internal', detail: 'the line could not be handled' } };
  const { code, kind, message, at } = error;
  return {
    ok: false,
    problem: { code, kind, detail: message, ...(at.field === undefined ? {} : { field: at.field }), ...(at.rule === undefined ? {} : { rule: at.rule }) },
  };
}

/** The problem of a line as an error again. */
export const toError = ({ code, kind, detail, field, rule }: Problem): DomainError =>
  new DomainError(code, kind, detail, { ...(field === undefined ? {} : { field }), ...(rule === undefined ? {} : { rule }) });

/** True where the same line may be sent again: nothing is known to have been recorded. */
export const isPassing = ({ kind }: Problem): boolean => kind === 'unavailable' || kind === 'busy';

/** Cuts lines into batches of at most BATCH_LINES_MAX lines and BATCH_BYTES_MAX bytes of JSON (with room for the envelope). */
export function cutIntoBatches<T>(lines: readonly T[], linesMax = BATCH_LINES_MAX, bytesMax = BATCH_BYTES_MAX - 1024): T[][] {
  const batches: T[][] = [];
  let batch: T[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(JSON.stringify(line)) + 1;
    if (batch.length > 0 && (batch.length >= linesMax || bytes + size > bytesMax)) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
