import { type Class, validateBatch } from '#libs/platform';
import { DomainError } from '#libs/kernel';
import { cutIntoBatches, type LineOutcome } from './line-outcome.js';

/** Answer to every request that carries lines. */
export interface Outcomes<T> {
  readonly outcomes: readonly LineOutcome<T>[];
}

/**
 * Judges each line by its class, gives the good ones to `handle`, and puts all outcomes in the order sent: a bad line is
 * refused alone, with its field and rule.
 */
export async function answerLines<Line extends object, T>(
  type: Class<Line>,
  lines: readonly unknown[],
  handle: (valid: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
): Promise<Outcomes<T>> {
  const { valid, refused } = validateBatch(type, lines);
  const handled = valid.length === 0 ? [] : await handle(valid.map(({ value }) => value));
  const outcomes = new Array<LineOutcome<T>>(lines.length);
  for (const [index, { line }] of valid.entries()) outcomes[line - 1] = handled[index] as LineOutcome<T>;
  for (const { line, problems } of refused) {
    const [first] = problems;
    const { field = 'line', rule = 'shape', message = 'is not as asked for' } = first ?? {};
    outcomes[line - 1] = { ok: false, problem: { code: 'INVALID_LINE', kind: 'invalid', detail: `line ${line}: ${field} ${message}`, field, rule } };
  }
  return { outcomes };
}

/** Sends a JSON body and gives the JSON answer; rejects with a DomainError. */
export type PostJson = (path: string, body: object) => Promise<unknown>;

/**
 * Sends lines in as many batches as they need, one after the other, and gives all outcomes in order. Rejects with the
 * first batch that fails as a whole; what was sent before it was recorded, and may be sent again.
 */
export async function sendLines<T>(post: PostJson, path: string, lines: readonly object[]): Promise<readonly LineOutcome<T>[]> {
  const all: LineOutcome<T>[] = [];
  for (const batch of cutIntoBatches(lines)) {
    const { outcomes } = (await post(path, { lines: batch })) as Partial<Outcomes<T>>;
    if (outcomes?.length !== batch.length) {
      throw new DomainError('UPSTREAM_MALFORMED', 'unavailable', 'the server asked gave another number of outcomes than lines');
    }
    all.push(...outcomes);
  }
  return all;
}
