import { DomainError } from './domain-error.js';
import { type Decider, fold, type Message } from './messages.js';

/** Order-independent text of a value, for comparison and for the failure message. */
function stable(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : typeof inner === 'bigint'
          ? `${inner}n`
          : inner,
    2,
  );
}

/**
 * The test language for deciders:
 * `given(event, …).when(command).then(event, …)` (no events: nothing happens) or `.thenRejects('CODE')`.
 */
export function scenario<State, Command extends Message, Event extends Message>(decider: Decider<State, Command, Event>) {
  return {
    given: (...history: readonly Event[]) => ({
      when: (command: Command) => {
        const run = (): readonly Event[] => decider.decide(command, fold(decider, history));
        return {
          then(...expected: readonly Event[]): void {
            const actual = run();
            if (stable(actual) !== stable(expected)) throw new Error(`expected events\n${stable(expected)}\nbut got\n${stable(actual)}`);
          },
          thenRejects(code: string): void {
            let outcome: string;
            try {
              outcome = `events ${stable(run())}`;
            } catch (error) {
              if (error instanceof DomainError && error.code === code) return;
              outcome = error instanceof DomainError ? `refusal ${error.code}` : `${String(error)}`;
            }
            throw new Error(`expected refusal ${code} but got ${outcome}`);
          },
        };
      },
    }),
  };
}
