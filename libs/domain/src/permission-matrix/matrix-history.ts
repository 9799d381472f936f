import { assertNever } from '#libs/kernel';
import type { AgencyClass } from '../agency/agency-class.js';
import type { MatrixEvent, MatrixItem, OpeningEvent } from './matrix.events.js';
import { type IsOpen, type MatrixQuestion, type MatrixVerdict, PermissionMatrix } from './permission-matrix.js';

/** Law and openings of one legal day. */
interface LawOfDay {
  readonly matrix: PermissionMatrix | undefined;
  readonly isOpen: IsOpen;
}
/** Days whose law is kept at hand; decisions come mostly in the order of days. */
const DAYS_KEPT_MAX = 64;

interface Recorded {
  readonly matrix: PermissionMatrix;
  /** Last revision of `matrix-<version>` that was read. */
  readonly revision: number;
}

/**
 * Every version of the table, and every opening, as recorded: what was law, and in operation, on which legal day. Made
 * from the events of `matrix-` and `opening-` streams in store order; a version that is not closed does not count.
 * Immutable: `with` gives the history as of more events.
 */
export class MatrixHistory {
  static readonly empty = new MatrixHistory([], new Map(), new Map(), new Map());

  /** Not the drafts; newest first, of two from the same day the one recorded later. */
  private readonly versions: readonly Recorded[];
  readonly #days = new Map<string, LawOfDay>();

  private constructor(
    /** In the order recorded. */
    private readonly recorded: readonly Recorded[],
    /** First day without a table after each repealed version, by version. */
    private readonly repeals: ReadonlyMap<string, string>,
    /** Earliest day, by class and item. */
    private readonly openings: ReadonlyMap<AgencyClass, ReadonlyMap<string, string>>,
    private readonly openingRevisions: ReadonlyMap<AgencyClass, number>,
  ) {
    this.versions = recorded
      .filter(({ matrix }) => !matrix.draft)
      .reverse()
      .sort((a, b) => (a.matrix.effectiveFrom === b.matrix.effectiveFrom ? 0 : a.matrix.effectiveFrom < b.matrix.effectiveFrom ? 1 : -1));
  }

  static from(events: Iterable<MatrixEvent | OpeningEvent>): MatrixHistory {
    return MatrixHistory.empty.with(events);
  }

  /** With the events that followed. An enactment must come whole: it is one append. */
  with(events: Iterable<MatrixEvent | OpeningEvent>): MatrixHistory {
    const recorded = [...this.recorded];
    const repeals = new Map(this.repeals);
    const openings = new Map<AgencyClass, Map<string, string>>([...this.openings].map(([name, days]) => [name, new Map(days)]));
    const openingRevisions = new Map(this.openingRevisions);
    const open = new Map<string, MatrixItem[]>();
    for (const event of events) {
      switch (event.type) {
        case 'PermissionItemEnacted':
          open.set(event.data.version, [...(open.get(event.data.version) ?? []), event.data]);
          break;
        case 'PermissionMatrixEnacted': {
          const items = open.get(event.data.version) ?? [];
          open.delete(event.data.version);
          if (items.length === event.data.itemCount) recorded.push({ matrix: PermissionMatrix.compile(event.data, items), revision: items.length });
          break;
        }
        case 'PermissionMatrixRepealed': {
          repeals.set(event.data.version, event.data.effectiveFrom);
          const index = recorded.findIndex(({ matrix }) => matrix.version === event.data.version);
          const found = recorded[index];
          if (found !== undefined) recorded[index] = { matrix: found.matrix, revision: found.revision + 1 };
          break;
        }
        case 'OperationOpened': {
          const { class: agencyClass, items, from } = event.data;
          const days = openings.get(agencyClass) ?? new Map<string, string>();
          for (const item of items) if ((days.get(item) ?? from) >= from) days.set(item, from);
          openings.set(agencyClass, days);
          openingRevisions.set(agencyClass, (openingRevisions.get(agencyClass) ?? -1) + 1);
          break;
        }
        default:
          assertNever(event);
      }
    }
    return new MatrixHistory(recorded, repeals, openings, openingRevisions);
  }

  /** The version in force on a legal day (`YYYY-MM-DD`), if one is. */
  on(day: string): PermissionMatrix | undefined {
    for (const { matrix } of this.versions) {
      if (matrix.effectiveFrom > day) continue;
      const until = this.repeals.get(matrix.version);
      return until !== undefined && until <= day ? undefined : matrix;
    }
    return undefined;
  }

  /** A version by name, drafts too. */
  version(name: string): PermissionMatrix | undefined {
    return this.#recorded(name)?.matrix;
  }

  /** Every version, oldest first, drafts last; `until` is the first day on which it is no longer in force. */
  list(): readonly { readonly matrix: PermissionMatrix; readonly until?: string }[] {
    const rows = this.versions.map(({ matrix }, index) => {
      const until = this.repeals.get(matrix.version) ?? this.versions[index - 1]?.matrix.effectiveFrom;
      return until === undefined ? { matrix } : { matrix, until };
    });
    return [...rows.reverse(), ...this.recorded.filter(({ matrix }) => matrix.draft).map(({ matrix }) => ({ matrix }))];
  }

  /** Day from which a class asks and answers under an item, if one was recorded. */
  openFrom(agencyClass: AgencyClass, item: string): string | undefined {
    return this.openings.get(agencyClass)?.get(item);
  }

  /** Last recorded revision of `matrix-<version>` and of `opening-<class>` (−1: none): the basis of a decision. */
  matrixRevision(version: string): number {
    return this.#recorded(version)?.revision ?? -1;
  }
  openingRevision(agencyClass: AgencyClass): number {
    return this.openingRevisions.get(agencyClass) ?? -1;
  }

  /** Decides under the version in force on that legal day, and only what is open on it. */
  decide(question: MatrixQuestion, day: string): MatrixVerdict {
    const { matrix, isOpen } = this.#days.get(day) ?? this.#lawOf(day);
    return matrix?.decide(question, isOpen) ?? { permitted: false, code: 'NO_TABLE_IN_FORCE' };
  }

  #lawOf(day: string): LawOfDay {
    const open = new Map<AgencyClass, ReadonlySet<string>>();
    for (const [agencyClass, days] of this.openings) open.set(agencyClass, new Set([...days].flatMap(([item, from]) => (from <= day ? [item] : []))));
    const isOpen: IsOpen = (requester, provider, item) => open.get(requester)?.has(item) === true && open.get(provider)?.has(item) === true;
    const law = { matrix: this.on(day), isOpen };
    if (this.#days.size >= DAYS_KEPT_MAX) this.#days.clear();
    this.#days.set(day, law);
    return law;
  }

  #recorded(name: string): Recorded | undefined {
    return this.recorded.find(({ matrix }) => matrix.version === name);
  }
}
