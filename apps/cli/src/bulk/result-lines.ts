import type { LineProblem, QueryState } from '#libs/agency-sdk';

/** One line of the results: what became of a line of the input. */
export interface ResultLine {
  /** Number of the line in the input, from 1. */
  readonly line: number;
  /** Of a query that was sent. */
  readonly exchangeId?: string;
  /**
   * `refused`: nothing was recorded. For a query otherwise its status: submitted, permitted, denied, received, withdrawn,
   * ended. For a replica `recorded`, or `unchanged` where it stood there already.
   */
  readonly outcome: string;
  /** Code of a refusal, a denial or an end without data. */
  readonly reason?: string;
  /** Of a refusal: what is wrong, and where. */
  readonly detail?: string;
  readonly field?: string;
  readonly rule?: string;
  /** Of a denial. */
  readonly article?: string;
}

export const refusedResult = (line: number, { code, detail, field, rule }: LineProblem, exchangeId?: string): ResultLine => ({
  line,
  ...(exchangeId === undefined ? {} : { exchangeId }),
  outcome: 'refused',
  reason: code,
  detail,
  ...(field === undefined ? {} : { field }),
  ...(rule === undefined ? {} : { rule }),
});

/** A query's result with where the query stands now. */
export function followedResult({ line, exchangeId }: ResultLine, { status, decision, end }: QueryState): ResultLine {
  const reason = end?.reason ?? decision?.reason;
  const article = status === 'denied' ? decision?.article : undefined;
  return {
    line,
    ...(exchangeId === undefined ? {} : { exchangeId }),
    outcome: status,
    ...(reason === undefined ? {} : { reason }),
    ...(article === undefined ? {} : { article }),
  };
}
