/** A message with a name and its data. Commands are imperative (`DecideQuery`), events past tense (`QueryPermitted`). */
export interface Message<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/**
 * The rules of one subject, pure: no clock, no randomness, no I/O.
 * `decide` returns the facts that follow from the command (none: nothing to record), or throws a DomainError.
 * `evolve` never refuses: the fact has happened.
 */
export interface Decider<State, Command extends Message, Event extends Message> {
  readonly initialState: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}

export function fold<State, Command extends Message, Event extends Message>(
  decider: Decider<State, Command, Event>,
  events: readonly Event[],
  from: State = decider.initialState,
): State {
  return events.reduce((state, event) => decider.evolve(state, event), from);
}

/** Makes a switch over a union exhaustive; reached only when a value of no known kind came from outside the types. */
export function assertNever(value: never): never {
  throw new Error(`not one of the known cases: ${JSON.stringify((value as { type?: unknown }).type ?? typeof value)}`);
}
