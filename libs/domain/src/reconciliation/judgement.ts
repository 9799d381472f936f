import type { PartyRecord, Role } from './records.js';
import type { Message } from '#libs/kernel';

export type FindingCode =
  /** Another record cites it, or it must exist by now. */
  | 'RECORD_MISSING'
  /** Revisions of one party's record have a gap. */
  | 'RECORD_GAP'
  /** What this exchange's course does not allow: data after a denial, a demand that nobody was notified of. */
  | 'RECORD_UNEXPECTED'
  /** One thing recorded twice. */
  | 'RECORD_REPEATED'
  /** A fact that several records keep, kept differently. */
  | 'FACT_DIFFERS'
  /** A leaf hash that one record cites is not that of the record meant. */
  | 'CITATION_DIFFERS';

/** Something that does not agree. Names parties, records and fields; never a value. */
export interface Finding {
  readonly kind: 'missing' | 'conflicting';
  readonly code: FindingCode;
  /**
   * Missing: whose record lacks it. Conflicting: the one whose record differs from those of the two others; where there is
   * no majority, all whose records contradict each other.
   */
  readonly parties: readonly Role[];
  /** Type of the missing, unexpected or repeated record (`QuerySubmitted`), or name of the field (`period`, `providerLeaf`). */
  readonly field: string;
  /** On RECORD_MISSING: whose record cites it, where one does. */
  readonly citedBy?: Role;
}

/** A record that is still to come: under way, or younger than what is waited for. */
export interface Awaited {
  readonly party: Role;
  readonly record: string;
  /** Business instant since when it is waited for. */
  readonly since: string;
}

/** By when an absence is one. */
export interface Patience {
  /** Business instant of the judgement. */
  readonly now: string;
  /** How long what one party recorded may take to reach the others, milliseconds. */
  readonly patienceMs: number;
}

/** Nanosecond-free instants compare as numbers; what is no instant is as old as can be. */
const msOf = (instant: string): number => Date.parse(instant) || 0;

/** Collects what does not agree, what is still to come, and how much did agree. */
export class Judgement {
  readonly findings: Finding[] = [];
  readonly awaited: Awaited[] = [];
  readonly notAtHand = new Set<Role>();
  readonly compared = { facts: 0, references: 0 };
  /** Nothing is late before this instant: the permit still runs. */
  #runsUntil = '';
  readonly #nowMs: number;

  constructor(private readonly patience: Patience) {
    this.#nowMs = msOf(patience.now);
  }

  /** The permit runs until then: what it may still bring is not late before. */
  runsUntil(instant: string): void {
    this.#runsUntil = instant;
  }

  /** A fact as it stands in the records that hold it. */
  fact(field: string, ...held: readonly (readonly [Role, unknown])[]): void {
    const groups = new Map<string, Role[]>();
    for (const [role, value] of held) {
      const text = JSON.stringify(value) ?? '';
      groups.set(text, [...(groups.get(text) ?? []), role]);
    }
    if (groups.size <= 1) {
      this.compared.facts += 1;
      return;
    }
    const most = Math.max(...[...groups.values()].map((roles) => roles.length));
    const parties = [...groups.values()].filter((roles) => most === 1 || roles.length < most).flat();
    this.findings.push({ kind: 'conflicting', code: 'FACT_DIFFERS', parties, field });
  }

  /** True where a record stands alone in its own party's: a fact that this record alone must keep so. */
  own(role: Role, field: string, holds: boolean): void {
    if (holds) this.compared.facts += 1;
    else this.findings.push({ kind: 'conflicting', code: 'FACT_DIFFERS', parties: [role], field });
  }

  /** `cited` of a record of `by` must be the leaf hash of that record of `of`; where there is none, it is missing there. */
  cites<E extends Message>(
    citation: { readonly by: Role; readonly field: string; readonly leaf: string; readonly since: string },
    of: PartyRecord<E>,
    type: E['type'],
  ): void {
    const { by, field, leaf, since } = citation;
    if (!of.isAtHand) return void this.notAtHand.add(of.role);
    const meant = of.of(type);
    if (meant === undefined) return this.#absent(of.role, type, since, msOf(since) + this.patience.patienceMs, by);
    if (meant.leaf === leaf) this.compared.references += 1;
    else this.findings.push({ kind: 'conflicting', code: 'CITATION_DIFFERS', parties: [by, of.role], field });
  }

  /** A record that must come of what happened at `since`, once the permit has run out at the latest. Call it where there is none. */
  expects<E extends Message>(record: PartyRecord<E>, type: string, since: string): void {
    if (!record.isAtHand) return void this.notAtHand.add(record.role);
    this.#absent(record.role, type, since, Math.max(msOf(since), msOf(this.#runsUntil)) + this.patience.patienceMs);
  }

  unexpected(role: Role, field: string): void {
    this.findings.push({ kind: 'conflicting', code: 'RECORD_UNEXPECTED', parties: [role], field });
  }

  /** What shows in one party's record alone. */
  soundness<E extends Message>(record: PartyRecord<E>): void {
    for (const field of record.repeated) this.findings.push({ kind: 'conflicting', code: 'RECORD_REPEATED', parties: [record.role], field });
    if (!record.isComplete && record.repeated.length === 0) {
      this.findings.push({ kind: 'missing', code: 'RECORD_GAP', parties: [record.role], field: 'revision' });
    }
  }

  #absent(party: Role, record: string, since: string, dueMs: number, citedBy?: Role): void {
    if (this.#nowMs < dueMs) {
      if (!this.awaited.some((other) => other.party === party && other.record === record)) this.awaited.push({ party, record, since });
      return;
    }
    const known = this.findings.findIndex(({ code, parties, field }) => code === 'RECORD_MISSING' && parties[0] === party && field === record);
    if (known >= 0 && (citedBy === undefined || this.findings[known]?.citedBy !== undefined)) return;
    if (known >= 0) this.findings.splice(known, 1);
    this.findings.push({ kind: 'missing', code: 'RECORD_MISSING', parties: [party], field: record, ...(citedBy === undefined ? {} : { citedBy }) });
  }
}
