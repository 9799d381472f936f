import type { Execution, Outcome } from '#libs/commands';
import type { Message } from '#libs/kernel';

/**
 * Carries out a batch in which several commands may concern one stream: those of one stream one after the other, in the
 * order given, those of different streams together. Outcomes come in the order given.
 */
export async function inOrder<C, E extends Message>(
  executions: readonly Execution<C>[],
  run: (wave: readonly Execution<C>[]) => Promise<readonly Outcome<E>[]>,
): Promise<readonly Outcome<E>[]> {
  const waves: number[][] = [];
  const seen = new Map<string, number>();
  for (const [index, { stream }] of executions.entries()) {
    const wave = seen.get(stream) ?? 0;
    seen.set(stream, wave + 1);
    (waves[wave] ??= []).push(index);
  }
  const outcomes = new Array<Outcome<E>>(executions.length);
  for (const wave of waves) {
    const done = await run(wave.map((index) => executions[index] as Execution<C>));
    for (const [at, index] of wave.entries()) outcomes[index] = done[at] as Outcome<E>;
  }
  return outcomes;
}
