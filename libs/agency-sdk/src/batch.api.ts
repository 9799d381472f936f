import { DomainError, type ErrorKind } from '#libs/kernel';

/** Lines in one request. */
export const REQUEST_LINES_MAX = 1_000;
/** Bytes of one request's body. */
export const REQUEST_BYTES_MAX = 1_048_576;

/** Why a line was refused: a stable code, the kind of refusal, a sentence, and the field and rule where the input was at fault. */
export interface LineProblem {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly detail: string;
  readonly field?: string;
  readonly rule?: string;
}
/** Every line of a request has an outcome of its own, in the order sent. */
export type LineResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: LineProblem };

export interface Lines<T> {
  readonly lines: readonly T[];
}
export interface Outcomes<T> {
  readonly outcomes: readonly LineResult<T>[];
}

/** The value of a line, or its refusal thrown as a DomainError. */
export function valueOf<T>(result: LineResult<T>): T {
  if (result.ok) return result.value;
  const { code, kind, detail, field, rule } = result.problem;
  throw new DomainError(code, kind, detail, { ...(field === undefined ? {} : { field }), ...(rule === undefined ? {} : { rule }) });
}
