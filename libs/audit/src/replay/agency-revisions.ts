import { type Agency, agencyDecider, type AgencyEvent, type AgencyStanding, type StateAt } from '#libs/domain';
import type { Placed } from './recorded.js';

/** One agency at each revision of its stream. */
export class AgencyHistory {
  static readonly none = new AgencyHistory();
  readonly #states: (StateAt<AgencyStanding> | undefined)[] = [];
  readonly #positions: number[] = [];
  readonly #profiles: number[] = [];

  take({ event, position }: Placed<AgencyEvent>): void {
    const before: Agency = this.#states.at(-1)?.state ?? agencyDecider.initialState;
    const state = agencyDecider.evolve(before, event);
    this.#states.push(state.status === 'none' ? undefined : { state, revision: event.revision });
    this.#positions.push(position);
  }

  /** As it stood at a revision; undefined where it was not registered then (−1). */
  at(revision: number): StateAt<AgencyStanding> | undefined {
    return this.#states[revision];
  }
  newest(): StateAt<AgencyStanding> | undefined {
    return this.#states.at(-1);
  }

  /** A number that `number` gives to the state of a revision, asked for once; 0 where the agency was not registered then. */
  profileAt(revision: number, number: (state: AgencyStanding, newest: AgencyStanding) => number): number {
    const state = this.#states[revision]?.state;
    if (state === undefined) return 0;
    return (this.#profiles[revision] ??= number(state, this.newest()?.state ?? state));
  }

  /** Last revision recorded before a position, −1 where there was none. */
  revisionBefore(position: number): number {
    const positions = this.#positions;
    let revision = positions.length - 1;
    while (revision >= 0 && (positions[revision] as number) >= position) revision -= 1;
    return revision;
  }
  /** Where a revision was recorded. */
  positionOf(revision: number): number | undefined {
    return this.#positions[revision];
  }
}

/**
 * Every agency as it stood at each revision of its stream. Kept whole: some thousand agencies whose streams grow by hand;
 * states share what did not change.
 */
export class AgencyRevisions {
  readonly #agencies = new Map<string, AgencyHistory>();

  /** The next event of an `agency-` stream, in store order. */
  take(placed: Placed<AgencyEvent>): void {
    const code = placed.event.stream.slice('agency-'.length);
    let history = this.#agencies.get(code);
    if (history === undefined) this.#agencies.set(code, (history = new AgencyHistory()));
    history.take(placed);
  }

  /** An agency's; the empty one where there is no such agency. */
  of(code: string): AgencyHistory {
    return this.#agencies.get(code) ?? AgencyHistory.none;
  }
}
