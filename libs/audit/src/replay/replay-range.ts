import { PermissionMatrix } from '#libs/domain';
import { type EventStore, openStore, PAGE_EVENTS_MAX, type StoredEvent, type StoreLocation } from '#libs/event-store';
import type { Finding } from './findings.js';
import { Foundation, type FoundationData, type Gathered, Gathering, isFoundation } from './foundation.js';
import { type Found, HistoryJudge } from './history-judge.js';
import { type Change, ChangeCount, draftLaw, lawAsOf } from './other-law.js';
import { decodeText, leafOf, type RecordedDecision, textOf } from './recorded.js';
import type { TableContent } from './table-file.js';

/** Findings that one range tells one by one; all are counted. */
export const RANGE_FINDINGS_MAX = 1_000;

/** Which decisions are looked at. Plain data. */
export interface ReplayFilter {
  /** Legal days: the first that is looked at, and the first that is no more. */
  readonly from?: string;
  readonly to?: string;
  /** Code of a holder or institution on either side. */
  readonly agency?: string;
  readonly affair?: string;
  readonly exchange?: string;
}
/** Under which other law decisions are asked besides. Plain data. */
export type WhatIf = { readonly kind: 'draft'; readonly table: TableContent } | { readonly kind: 'as-of'; readonly day: string };

export interface RangePlaces {
  readonly location: StoreLocation;
  readonly filter: ReplayFilter;
  readonly whatIf?: WhatIf;
}
/** Events after a position, up to and including another. */
export interface PositionRange {
  readonly after: bigint;
  readonly upTo: bigint;
}

/** Decisions of one legal month by how they came out. */
export interface MonthCount {
  readonly month: string;
  readonly permitted: number;
  readonly denied: number;
  readonly agrees: number;
  readonly differs: number;
  readonly erased: number;
  readonly sealed: number;
  readonly stale: number;
}
export interface RangeResult {
  readonly events: number;
  readonly months: readonly MonthCount[];
  readonly findings: readonly Finding[];
  /** All of them, by code. */
  readonly found: Readonly<Record<string, number>>;
  readonly changes: readonly Change[];
}

type Tally = { -readonly [K in keyof MonthCount]: MonthCount[K] };

/** Works on ranges of one store, in one thread: first to gather what decisions rest on, then to decide again. */
export class RangeReplay {
  #judge: HistoryJudge | undefined;
  #foundation: Foundation | undefined;

  private constructor(
    private readonly store: EventStore,
    private readonly places: RangePlaces,
  ) {}

  static async open(places: RangePlaces): Promise<RangeReplay> {
    return new RangeReplay(await openStore(places.location, { readOnly: true }), places);
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  async gather(range: PositionRange): Promise<Gathered> {
    const gathering = new Gathering();
    for await (const events of this.#pages(range)) {
      for (const { type, stream, bytes, position } of events) if (isFoundation(type, stream)) gathering.take(textOf(bytes), Number(position));
    }
    return gathering.result();
  }

  /** What all ranges gathered. Must come before `decide`. */
  found(data: FoundationData): void {
    this.#foundation = new Foundation(data);
    this.#judge = new HistoryJudge(this.#foundation);
  }

  async decide(range: PositionRange): Promise<RangeResult> {
    if (this.#judge === undefined || this.#foundation === undefined) throw new Error('the foundation comes before what rests on it');
    const run = new RangeRun(this.#judge, this.places.filter, this.#changes(this.#foundation));
    let events = 0;
    let last: StoredEvent | undefined;
    for await (const page of this.#pages(range)) {
      events += page.length;
      for (const event of page) {
        run.take(event);
        last = event;
      }
    }
    if (last !== undefined) await run.finish(this.store);
    return run.result(events);
  }

  #changes(foundation: Foundation): ChangeCount | undefined {
    const { whatIf } = this.places;
    if (whatIf === undefined) return undefined;
    if (whatIf.kind === 'as-of') return new ChangeCount(lawAsOf(foundation, whatIf.day));
    const { items, ...enactment } = whatIf.table;
    return new ChangeCount(draftLaw(PermissionMatrix.compile({ ...enactment, itemCount: items.length }, items)));
  }

  async *#pages({ after, upTo }: PositionRange): AsyncIterable<readonly StoredEvent[]> {
    for (let at = after; at < upTo;) {
      const { events, next, atEnd } = await this.store.readAll({ after: at, limit: PAGE_EVENTS_MAX });
      yield next <= upTo ? events : events.filter(({ position }) => position <= upTo);
      if (atEnd) return;
      at = next;
    }
  }
}

/** Where a decision stands, with its bytes. */
interface Pending {
  readonly stored: StoredEvent;
  readonly event: RecordedDecision;
}
const isDecision = (type: string): boolean => type === 'QueryPermitted' || type === 'QueryDenied';

/** One range: takes its events in order. */
class RangeRun {
  readonly #months = new Map<string, Tally>();
  readonly #findings: Finding[] = [];
  readonly #found: Record<string, number> = {};
  /** A permit that its NotificationImpossible may follow. */
  #pending: Pending | undefined;
  /** Streams with a NotificationImpossible that does not follow its decision here. */
  readonly #detached: StoredEvent[] = [];

  constructor(
    private readonly judge: HistoryJudge,
    private readonly filter: ReplayFilter,
    private readonly changes: ChangeCount | undefined,
  ) {}

  take(stored: StoredEvent): void {
    const { type, stream } = stored;
    const pending = this.#pending;
    if (pending !== undefined) {
      this.#pending = undefined;
      const isImpossible = type === 'NotificationImpossible' && stream === pending.stored.stream;
      this.#decided(pending, isImpossible);
      if (isImpossible) return;
    }
    if (isDecision(type)) this.#decision(stored);
    else if (type === 'NotificationImpossible') this.#detached.push(stored);
  }

  /** The range has been taken: what it ends with is looked at beyond its end. */
  async finish(store: Pick<EventStore, 'readStream'>): Promise<void> {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) {
      const { stream, revision, position } = pending.stored;
      const [second] = await store.readStream(stream, { from: revision + 1, limit: 1 });
      this.#decided(pending, second?.type === 'NotificationImpossible' && second.position === position + 1n);
    }
    for (const { stream, position } of this.#detached) {
      const [stored] = await store.readStream(stream, { limit: 1 });
      // of a range that begins between the two, the range before has seen to it
      if (stored === undefined || !isDecision(stored.type) || stored.position + 1n === position) continue;
      const event = decodeText<RecordedDecision>(textOf(stored.bytes)) as RecordedDecision;
      // the decision itself was counted where it stands: here only what follows it is in question
      const { found } = this.judge.judge({ event, position: Number(stored.position), impossible: true });
      for (const one of found) if (one.differences.some(({ field }) => field === 'notification')) this.#tell({ stored, event }, one);
    }
  }

  result(events: number): RangeResult {
    return {
      events,
      months: [...this.#months.values()],
      findings: this.#findings,
      found: this.#found,
      changes: this.changes?.result() ?? [],
    };
  }

  #decision(stored: StoredEvent): void {
    const event = decodeText<RecordedDecision>(textOf(stored.bytes)) as RecordedDecision;
    if (event.type === 'QueryPermitted') this.#pending = { stored, event };
    else this.#decided({ stored, event }, false);
  }

  #decided(pending: Pending, impossible: boolean): void {
    const { stored, event } = pending;
    if (!this.#wanted(event)) return;
    const judged = this.judge.judge({ event, position: Number(stored.position), impossible });
    if (!this.#inPeriod(judged.day)) return;
    const tally = this.#month(judged.day.slice(0, 7));
    tally[event.type === 'QueryPermitted' ? 'permitted' : 'denied'] += 1;
    tally[judged.agreement] += 1;
    for (const found of judged.found) {
      if (found.code === 'BASIS_STALE') tally.stale += 1;
      this.#tell(pending, found);
    }
    if (event.revision !== 0) this.#tell(pending, { code: 'DECIDED_TWICE', differences: [], basis: [] });
    this.changes?.take(event, judged);
  }

  #wanted({ stream, data }: RecordedDecision): boolean {
    const { agency, affair, exchange } = this.filter;
    if (exchange !== undefined && stream !== `exchange-${exchange}`) return false;
    if (affair !== undefined && data.affair !== affair) return false;
    if (agency === undefined) return true;
    return [data.requester, data.provider, data.requesterInstitution, data.providerInstitution].includes(agency);
  }

  #inPeriod(day: string): boolean {
    const { from, to } = this.filter;
    return (from === undefined || day >= from) && (to === undefined || day < to);
  }

  #month(month: string): Tally {
    let tally = this.#months.get(month);
    if (tally === undefined) {
      tally = { month, permitted: 0, denied: 0, agrees: 0, differs: 0, erased: 0, sealed: 0, stale: 0 };
      this.#months.set(month, tally);
    }
    return tally;
  }

  #tell({ stored, event }: Pending, { code, differences, basis }: Found): void {
    this.#found[code] = (this.#found[code] ?? 0) + 1;
    if (this.#findings.length >= RANGE_FINDINGS_MAX) return;
    this.#findings.push({
      code,
      exchange: event.stream.slice('exchange-'.length),
      position: String(stored.position),
      leaf: leafOf(stored.bytes),
      at: event.at,
      differences,
      basis,
    });
  }
}
