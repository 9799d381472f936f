import { PermissionMatrix } from '#libs/domain';
import { EventBytes, type EventStore, headerOf, openStore, PAGE_EVENTS_MAX, type StoreLocation, type TakeBytes } from '#libs/event-store';
import type { PositionRange } from '../reading/ranges.js';
import { kindOf } from './event-kind.js';
import type { Finding } from './findings.js';
import { Foundation, type FoundationData, type Gathered, Gathering, isFoundation } from './foundation.js';
import { HistoryJudge } from './history-judge.js';
import { localGovernmentsOf } from './law-revisions.js';
import { type Change, ChangeCount, draftLaw, lawAsOf, type OtherLaw } from './other-law.js';
import { QuickJudge } from './quick-judge.js';
import { type Means, RangeRun } from './range-run.js';
import type { TableContent } from './table-file.js';

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

/** Works on ranges of one store, in one thread: first to gather what decisions rest on, then to decide again. */
export class RangeReplay {
  #means: Means | undefined;

  private constructor(
    private readonly store: EventStore,
    /** The embedded store's own file: read several times as fast. */
    private readonly bytes: EventBytes | undefined,
    private readonly places: RangePlaces,
  ) {}

  static async open(places: RangePlaces): Promise<RangeReplay> {
    const { location } = places;
    const store = await openStore(location, { readOnly: true });
    return new RangeReplay(store, location.kind === 'embedded' ? EventBytes.open(location.directory) : undefined, places);
  }

  async close(): Promise<void> {
    await this.bytes?.close();
    await this.store.close();
  }

  async gather(range: PositionRange, onPage?: OnPage): Promise<Gathered> {
    const gathering = new Gathering();
    await this.#walk(range, onPage, (block, start, end, position) => {
      if (kindOf(block, end) !== 'other') return;
      const header = headerOf(block.subarray(start, end));
      if (header !== undefined && isFoundation(header.type, header.stream)) gathering.take(block.toString('utf8', start, end), position);
    });
    return gathering.result();
  }

  /** What all ranges gathered. Must come before `decide`. */
  found(data: FoundationData): void {
    const foundation = new Foundation(data);
    const { filter, whatIf } = this.places;
    const changes = whatIf === undefined ? undefined : new ChangeCount(otherLaw(whatIf, foundation));
    const named = new Set([...foundation.law.namedLocalGovernments(), ...(whatIf?.kind === 'draft' ? whatIf.table.items.flatMap(localGovernmentsOf) : [])]);
    this.#means = { slow: new HistoryJudge(foundation), quick: new QuickJudge(foundation, named, changes), filter, changes };
  }

  async decide(range: PositionRange, onPage?: OnPage): Promise<RangeResult> {
    if (this.#means === undefined) throw new Error('the foundation comes before what rests on it');
    const run = new RangeRun(this.#means);
    await this.#walk(range, onPage, (block, start, end, position, nextEnd) => run.take(block, start, end, position, nextEnd));
    await run.finish(this.store);
    return run.result();
  }

  /** Every event after a position, up to and including another, in store order. */
  async #walk({ after, upTo }: PositionRange, onPage: OnPage | undefined, take: TakeBytes): Promise<void> {
    if (this.bytes !== undefined) return this.bytes.walk(Number(after), Number(upTo), take);
    for (let at = after; at < upTo;) {
      const { events, next, atEnd } = await this.store.readAll({ after: at, limit: PAGE_EVENTS_MAX });
      for (const { bytes, position } of events) {
        if (position <= upTo) take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength, Number(position), 0);
      }
      onPage?.(next < upTo ? next : upTo);
      if (atEnd) return;
      at = next;
    }
  }
}
/** Told how far a long range is. */
export type OnPage = (position: bigint) => void;

function otherLaw(whatIf: WhatIf, foundation: Foundation): OtherLaw {
  if (whatIf.kind === 'as-of') return lawAsOf(foundation, whatIf.day);
  const { items, ...enactment } = whatIf.table;
  return draftLaw(PermissionMatrix.compile({ ...enactment, itemCount: items.length }, items));
}
