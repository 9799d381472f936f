import { MatrixHistory, type MatrixItem } from '#libs/domain';
import type { LawEvent, Placed } from './recorded.js';

/** Laws kept at hand, by how many events they are made of: decisions name mostly the newest. */
const HISTORIES_KEPT_MAX = 64;

/** A stream of the law at a revision, as a basis names it. */
export interface Named {
  readonly stream: string;
  readonly revision: number;
}

/**
 * The law – versions of the table and openings – as it was known after each of its events. A state of it is told by a
 * count: so many events of `matrix-` and `opening-` streams, in store order. Kept whole: it grows by enactments.
 */
export class LawRevisions {
  readonly #events: LawEvent[] = [];
  readonly #positions: number[] = [];
  /** By stream the place among all events of the law of each of its revisions. */
  readonly #streams = new Map<string, number[]>();
  readonly #histories = new Map<number, MatrixHistory>();

  /** The next event of a `matrix-` or `opening-` stream, in store order. */
  take({ event, position }: Placed<LawEvent>): void {
    const places = this.#streams.get(event.stream);
    if (places === undefined) this.#streams.set(event.stream, [this.#events.length]);
    else places.push(this.#events.length);
    this.#events.push(event);
    this.#positions.push(position);
  }

  get count(): number {
    return this.#events.length;
  }

  /** How many events had been recorded before a position. */
  countBefore(position: number): number {
    const positions = this.#positions;
    let count = positions.length;
    // a decision comes after nearly all of the law: from the end
    if (count === 0 || (positions[count - 1] as number) < position) return count;
    let low = 0;
    while (low < count) {
      const middle = (low + count) >>> 1;
      if ((positions[middle] as number) < position) low = middle + 1;
      else count = middle;
    }
    return low;
  }

  /** Counts from which, and up to which, a stream stood at a revision; undefined where it never did. */
  countsOf(stream: string, revision: number): readonly [from: number, to: number] | undefined {
    const places = this.#streams.get(stream);
    if (places === undefined) return revision === -1 ? [0, this.count] : undefined;
    if (revision < -1 || revision >= places.length) return undefined;
    return [revision < 0 ? 0 : (places[revision] as number) + 1, places[revision + 1] ?? this.count];
  }

  /** Last revision of a stream among the first `count` events. */
  revisionAt(stream: string, count: number): number {
    const places = this.#streams.get(stream) ?? [];
    let revision = places.length - 1;
    while (revision >= 0 && (places[revision] as number) >= count) revision -= 1;
    return revision;
  }

  positionOf(stream: string, revision: number): number | undefined {
    const place = this.#streams.get(stream)?.[revision];
    return place === undefined ? undefined : this.#positions[place];
  }

  /** The stream and position of the event that follows the first `count`, which closed a version, repealed one or opened items. */
  changeAfter(count: number): { readonly stream: string; readonly revision: number; readonly position: number } | undefined {
    for (let place = count; place < this.count; place += 1) {
      if (this.#events[place]?.type === 'PermissionItemEnacted') continue;
      const event = this.#events[place] as LawEvent & { readonly stream: string; readonly revision: number };
      return { stream: event.stream, revision: event.revision, position: this.#positions[place] as number };
    }
    return undefined;
  }

  /** The count before the last change among the first `count` events; undefined where there is none. */
  countBeforeChange(count: number): number | undefined {
    let place = count - 1;
    while (place >= 0 && this.#events[place]?.type === 'PermissionItemEnacted') place -= 1;
    if (place < 0) return undefined;
    // the items of an enactment go with it: alone they are no law
    if (this.#events[place]?.type === 'PermissionMatrixEnacted') while (this.#events[place - 1]?.type === 'PermissionItemEnacted') place -= 1;
    return place;
  }

  /** The law that the first `count` events make. */
  history(count: number): MatrixHistory {
    const kept = this.#histories.get(count);
    if (kept !== undefined) return kept;
    const history = MatrixHistory.from(this.#events.slice(0, count));
    if (this.#histories.size >= HISTORIES_KEPT_MAX) this.#histories.delete(this.#histories.keys().next().value as number);
    this.#histories.set(count, history);
    return history;
  }

  /** Local governments that some rule names by themselves. */
  namedLocalGovernments(): ReadonlySet<string> {
    return new Set(this.#events.flatMap((event) => (event.type === 'PermissionItemEnacted' ? localGovernmentsOf(event.data) : [])));
  }

  /** All that is known now. */
  newest(): MatrixHistory {
    return this.history(this.count);
  }
}

/** Local governments that an item names by themselves, as requesters or providers. */
export const localGovernmentsOf = ({ requesters, grants }: MatrixItem): readonly string[] =>
  [...requesters, ...grants.flatMap(({ information }) => information.flatMap(({ providers }) => providers))].flatMap(
    ({ localGovernments = [] }) => localGovernments,
  );
