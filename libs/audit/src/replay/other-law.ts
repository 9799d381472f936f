import {
  type AgencyStanding,
  judgeParties,
  type Law,
  type Legality,
  lawOf,
  type MatrixHistory,
  type Parties,
  type PartiesQuestion,
  type PermissionMatrix,
  type StateAt,
} from '#libs/domain';
import type { Foundation } from './foundation.js';
import type { Judged } from './history-judge.js';
import type { RecordedDecision } from './recorded.js';

/** Groups of changes that are kept apart; what comes after them is counted under `OTHER`. */
const GROUPS_MAX = 100_000;
export const OTHER = '*';
const NONE = '–';

/**
 * How a decision would come out: permitted no more, or now; permitted under another item or grant; refused for another
 * reason.
 */
export type ChangeKind = 'lost' | 'gained' | 'moved' | 'reason';

/** Decisions that would come out otherwise in the same way. */
export interface Change {
  readonly change: ChangeKind;
  /** The item that was cited, and the one that would be; `–` where there is none. */
  readonly item: string;
  readonly itemAgain: string;
  readonly requesterClass: string;
  readonly information: string;
  /** Legal month of the decision, `YYYY-MM`. */
  readonly month: string;
  /** `PERMITTED`, or the reason of the denial. */
  readonly before: string;
  readonly after: string;
  readonly decisions: number;
}

const nameOf = ({ change, item, itemAgain, requesterClass, information, month, before, after }: Omit<Change, 'decisions'>): string =>
  [change, item, itemAgain, requesterClass, information, month, before, after].join(' ');

/** How a decision came out, as far as another law may change it. */
export interface Outcome {
  readonly permitted: boolean;
  readonly reason: string;
  readonly item: string | undefined;
  readonly grant: number | undefined;
}
const PERMITTED = 'PERMITTED';

function recordedOutcome({ type, data }: RecordedDecision): Outcome {
  if (type === 'QueryPermitted') return { permitted: true, reason: PERMITTED, item: data.item, grant: data.grant };
  return { permitted: false, reason: data.reason, item: data.item, grant: undefined };
}
export function outcomeOf(legality: Legality): Outcome {
  if (legality.permitted) return { permitted: true, reason: PERMITTED, item: legality.item, grant: legality.grant };
  return { permitted: false, reason: legality.code, item: legality.item, grant: undefined };
}

function changeOf(before: Outcome, after: Outcome): ChangeKind | undefined {
  if (before.permitted !== after.permitted) return before.permitted ? 'lost' : 'gained';
  if (before.permitted) return before.item === after.item && before.grant === after.grant ? undefined : 'moved';
  return before.reason === after.reason ? undefined : 'reason';
}

/** Another law than the one that decided. */
export interface OtherLaw {
  /** The law that applies to a decision of this legal day, and the legal day to ask it for. */
  on(day: string): { readonly law: Law; readonly day: string };
  /** The parties as that law's day knows them. */
  parties(parties: Parties): Parties;
}

/** A table that was never in force, as if it were, and open, on every day. */
export function draftLaw(matrix: PermissionMatrix): OtherLaw {
  const law = lawOf(matrix);
  return { on: (day) => ({ law, day }), parties: (parties) => parties };
}

/**
 * The law of one legal day as everything that is known now tells it: versions, repeals, openings and changes of
 * participation that were recorded later with an earlier day count. Suspension, delegation and assessments have no day
 * of their own: they stand as the decision found them.
 */
export function lawAsOf(foundation: Foundation, day: string): OtherLaw {
  const law: MatrixHistory = foundation.law.newest();
  const known = new Map<StateAt<AgencyStanding>, StateAt<AgencyStanding>>();
  const now = (found: StateAt<AgencyStanding> | undefined): StateAt<AgencyStanding> | undefined => {
    if (found === undefined) return undefined;
    const before = known.get(found);
    if (before !== undefined) return before;
    const participation = foundation.agencies.of(found.state.code).newest()?.state.participation ?? found.state.participation;
    const made = { revision: found.revision, state: { ...found.state, participation } };
    known.set(found, made);
    return made;
  };
  return {
    on: () => ({ law, day }),
    parties: ({ requesterHolder, requester, providerHolder, provider }) => ({
      requesterHolder: now(requesterHolder),
      requester: now(requester),
      providerHolder: now(providerHolder),
      provider: now(provider),
    }),
  };
}

/** A group of changes that is being counted. */
export interface Counting {
  readonly group: Omit<Change, 'decisions'>;
  decisions: number;
}

/** Decides recorded queries under another law and counts what would come out otherwise. */
export class ChangeCount {
  readonly #groups = new Map<string, Counting>();

  constructor(private readonly other: OtherLaw) {}

  take(event: RecordedDecision, { parties, day }: Pick<Judged, 'parties' | 'day'>): void {
    const counting = this.groupOf(recordedOutcome(event), event.data, parties, day);
    if (counting !== undefined) counting.decisions += 1;
  }

  /** The group that a decision with this outcome is counted in; undefined where it would come out the same. */
  groupOf(before: Outcome, question: PartiesQuestion, recorded: Parties, recordedDay: string): Counting | undefined {
    const { law, day } = this.other.on(recordedDay);
    const parties = this.other.parties(recorded);
    // what the identifier was found to be stays so; where the law refused before it was looked at, it is taken as in order
    const after = outcomeOf(judgeParties(law, parties, question, day, before.reason !== 'IDENTIFIER_NOT_VALID'));
    const change = changeOf(before, after);
    if (change === undefined) return undefined;
    const [item, itemAgain] = [before.item ?? NONE, after.item ?? NONE];
    const requesterClass = recorded.requester?.state.class ?? NONE;
    const month = recordedDay.slice(0, 7);
    return this.#group({ change, item, itemAgain, requesterClass, information: question.information, month, before: before.reason, after: after.reason });
  }

  #group(group: Omit<Change, 'decisions'>): Counting {
    const known = this.#groups.get(nameOf(group));
    if (known !== undefined) return known;
    if (this.#groups.size < GROUPS_MAX) return added(this.#groups, group);
    const other = { ...group, item: OTHER, itemAgain: OTHER, requesterClass: OTHER, information: OTHER, month: OTHER };
    return this.#groups.get(nameOf(other)) ?? added(this.#groups, other);
  }

  /** What was counted since this was asked last. */
  drained(): readonly Change[] {
    const changes: Change[] = [];
    for (const counting of this.#groups.values()) {
      if (counting.decisions > 0) changes.push({ ...counting.group, decisions: counting.decisions });
      counting.decisions = 0;
    }
    return changes;
  }
}

function added(groups: Map<string, Counting>, group: Omit<Change, 'decisions'>): Counting {
  const counting = { group, decisions: 0 };
  groups.set(nameOf(group), counting);
  return counting;
}

const byText = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** Puts together what ranges counted. */
export class ChangeSum {
  readonly #groups = new Map<string, Counting>();

  add(changes: readonly Change[]): void {
    for (const { decisions, ...group } of changes) (this.#groups.get(nameOf(group)) ?? added(this.#groups, group)).decisions += decisions;
  }

  /** Most decisions first. */
  result(): readonly Change[] {
    return [...this.#groups.values()]
      .map(({ group, decisions }) => ({ ...group, decisions }))
      .sort((a, b) => b.decisions - a.decisions || byText(a.month, b.month) || byText(a.item, b.item) || byText(nameOf(a), nameOf(b)));
  }
}
