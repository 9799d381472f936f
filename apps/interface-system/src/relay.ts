import { failed, type LineOutcome, succeeded } from '#libs/protocol';

/** Outcomes of some lines of a batch, put back where the lines stood. */
export class Outcomes<T> {
  readonly #all: LineOutcome<T>[];

  constructor(length: number) {
    this.#all = new Array<LineOutcome<T>>(length);
  }

  set(index: number, outcome: LineOutcome<T>): void {
    this.#all[index] = outcome;
  }

  fail(indexes: Iterable<number>, error: unknown): void {
    const outcome = failed(error);
    for (const index of indexes) this.#all[index] = outcome;
  }

  all(): readonly LineOutcome<T>[] {
    return this.#all;
  }
}

export interface Routed<Line> {
  readonly index: number;
  readonly line: Line;
}

/** Lines by where they go, in order. */
export function byDestination<Line>(lines: Iterable<Routed<Line>>, destinationOf: (line: Line) => string): Map<string, Routed<Line>[]> {
  const groups = new Map<string, Routed<Line>[]>();
  for (const routed of lines) {
    const destination = destinationOf(routed.line);
    const group = groups.get(destination);
    if (group) group.push(routed);
    else groups.set(destination, [routed]);
  }
  return groups;
}

/**
 * Lets the lines through that `check` accepts (it throws for the others, each refused alone), sends them on with `send`
 * and puts its outcomes back; where the whole call fails, each of its lines has failed.
 */
export async function relay<Line, T>(
  lines: readonly Line[],
  check: (line: Line) => void,
  send: (lines: readonly Line[]) => Promise<readonly LineOutcome<T>[]>,
  verify?: (line: Line, answer: T) => void,
): Promise<readonly LineOutcome<T>[]> {
  const outcomes = new Outcomes<T>(lines.length);
  const passed: Routed<Line>[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      check(line);
      passed.push({ index, line });
    } catch (error) {
      outcomes.set(index, failed(error));
    }
  }
  if (passed.length === 0) return outcomes.all();
  const answers = await send(passed.map(({ line }) => line));
  for (const [at, { index, line }] of passed.entries()) outcomes.set(index, verified(line, answers[at] as LineOutcome<T>, verify));
  return outcomes.all();
}

function verified<Line, T>(line: Line, outcome: LineOutcome<T>, verify: ((line: Line, answer: T) => void) | undefined): LineOutcome<T> {
  if (!outcome.ok || !verify) return outcome;
  try {
    verify(line, outcome.value);
    return succeeded(outcome.value);
  } catch (error) {
    return failed(error);
  }
}
