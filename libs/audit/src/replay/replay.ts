import { type EventStore, openStore, type StoreLocation } from '#libs/event-store';
import { DomainError, invalid } from '#libs/kernel';
import { checkDay, checkPeriod } from '../reading/days.js';
import { type PositionRange, rangesUpTo } from '../reading/ranges.js';
import { threadsByDefault } from '../reading/threads.js';
import type { BasisEvidence, Finding } from './findings.js';
import { Foundation, FoundationBuilder } from './foundation.js';
import { type Change, ChangeSum } from './other-law.js';
import { leafOf } from './recorded.js';
import type { MonthCount, RangePlaces, RangeResult, ReplayFilter, WhatIf } from './replay-range.js';
import { openReplayPool, type ReplayPool } from './replay-threads.js';

/** Findings told one by one; all are counted. */
export const FINDINGS_TOLD_MAX = 10_000;
/** Positions of the embedded store, which are dense, in one range: some 40 MB of events. */
const RANGE_POSITIONS = 50_000;
/** Ranges asked for ahead, a thread. */
const RANGES_AHEAD = 2;

export type ReplayStage = 'gather' | 'decide';
export type OnReplayProgress = (stage: ReplayStage, done: number, total: number) => void;

export interface ReplayOptions extends ReplayFilter {
  /** The core's store; it is read beside the process that owns it, or without one. */
  readonly location: StoreLocation;
  /** Worker threads; 0 to work in this one. Left out: as many as there are processors, four at most. */
  readonly threads?: number;
  /** Positions that a thread takes at once; for tests. */
  readonly rangePositions?: number;
  /** Another law under which every decision is asked besides. */
  readonly whatIf?: WhatIf;
  /** `done` of `total` positions of the store: first what decisions rest on is gathered, then they are decided. */
  readonly onProgress?: OnReplayProgress;
}

export interface ReplayReport {
  /** True where nothing was found. */
  readonly ok: boolean;
  /** Decisions looked at. */
  readonly decisions: number;
  readonly permitted: number;
  readonly denied: number;
  /** Decided again with the same result, on the basis named. */
  readonly agrees: number;
  readonly differs: number;
  /** Undecidable: the person's identifier was erased, and the decision rests on it. All else of it agrees. */
  readonly erased: number;
  /** Undecidable from events alone: only the sealed identifier tells why it was not valid. All else of it agrees. */
  readonly sealed: number;
  readonly stale: number;
  readonly months: readonly MonthCount[];
  /** How many of each code; of the findings themselves at most FINDINGS_TOLD_MAX. */
  readonly found: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Under another law, where one was given: groups of decisions that would come out otherwise, most decisions first. */
  readonly changes: readonly Change[];
  /** Events read, and events of identifiers kept in memory. */
  readonly events: number;
  readonly identifierEvents: number;
}

/**
 * Decides every recorded query of the core again. Rejects with INVALID_INPUT (a day that is none, a period that ends before
 * it begins), DATE_BEFORE_FIRST_TABLE, and the typed errors of the store.
 */
export async function replayHistory(options: ReplayOptions): Promise<ReplayReport> {
  checkDays(options);
  const { location, threads = threadsByDefault(), whatIf, onProgress = () => undefined } = options;
  const places: RangePlaces = { location, filter: filterOf(options), ...(whatIf === undefined ? {} : { whatIf }) };
  const store = await openStore(location, { readOnly: true });
  try {
    const end = await store.lastPosition();
    const isDense = location.kind === 'embedded';
    // positions of EventStoreDB have gaps, and only one that is an event's can be asked for: it is read by one thread
    const pool = await openReplayPool(isDense ? threads : 0, places);
    try {
      return await replayed(pool, store, end, isDense, options, onProgress);
    } finally {
      await pool.close();
    }
  } finally {
    await store.close();
  }
}

async function replayed(
  pool: ReplayPool,
  store: EventStore,
  end: bigint,
  isDense: boolean,
  { whatIf, rangePositions = RANGE_POSITIONS }: ReplayOptions,
  onProgress: OnReplayProgress,
): Promise<ReplayReport> {
  const ranges = isDense ? rangesUpTo(end, rangePositions) : [{ after: 0n, upTo: end }];
  const total = Number(end);
  const builder = new FoundationBuilder();
  onProgress('gather', 0, total);
  await inOrder(
    pool,
    ranges,
    (range) => pool.gather(range, (at) => onProgress('gather', Number(at), total)),
    (gathered, range) => {
      builder.add(gathered);
      onProgress('gather', Number(range.upTo), total);
    },
  );
  const data = builder.data();
  if (whatIf !== undefined) checkWhatIf(whatIf, new Foundation(data));
  await pool.found(data);
  const sum = new Sum();
  onProgress('decide', 0, total);
  await inOrder(
    pool,
    ranges,
    (range) => pool.decide(range, (at) => onProgress('decide', Number(at), total)),
    (result, range) => {
      sum.add(result);
      onProgress('decide', Number(range.upTo), total);
    },
  );
  return sum.report(store, builder.identifierEvents);
}

/** Works on ranges, a few ahead of the one that is taken next. */
async function inOrder<T>(
  { width }: ReplayPool,
  ranges: readonly PositionRange[],
  work: (range: PositionRange) => Promise<T>,
  take: (result: T, range: PositionRange) => void,
): Promise<void> {
  const ahead: Promise<T>[] = [];
  for (let next = 0; next < ranges.length; next += 1) {
    while (ahead.length < width * RANGES_AHEAD && next + ahead.length < ranges.length) {
      const result = work(ranges[next + ahead.length] as PositionRange);
      result.catch(() => undefined); // told where its turn comes
      ahead.push(result);
    }
    take(await (ahead.shift() as Promise<T>), ranges[next] as PositionRange);
  }
}

function filterOf({ from, to, agency, affair, exchange }: ReplayOptions): ReplayFilter {
  return {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(agency === undefined ? {} : { agency }),
    ...(affair === undefined ? {} : { affair }),
    ...(exchange === undefined ? {} : { exchange }),
  };
}

function checkDays({ from, to, whatIf }: ReplayOptions): void {
  checkPeriod({ ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) });
  if (whatIf?.kind === 'as-of') checkDay('asOf', whatIf.day);
}

/** A law of before the first table that was ever recorded is none. */
function checkWhatIf(whatIf: WhatIf, { law }: Foundation): void {
  const versions = law
    .newest()
    .list()
    .filter(({ matrix }) => !matrix.draft);
  const first = versions[0]?.matrix.effectiveFrom;
  const day = whatIf.kind === 'as-of' ? whatIf.day : whatIf.table.effectiveFrom;
  const field = whatIf.kind === 'as-of' ? 'asOf' : 'effectiveFrom';
  if (first === undefined) throw new DomainError('NO_TABLE_RECORDED', 'conflict', 'no version of the table was ever recorded here');
  if (day < first) throw invalid(field, `${first} or later`, `the first table is in force from ${first}`, 'DATE_BEFORE_FIRST_TABLE');
}

const COUNTS = ['permitted', 'denied', 'agrees', 'differs', 'erased', 'sealed', 'stale'] as const;
type Counts = { -readonly [K in (typeof COUNTS)[number]]: number };
const noCounts = (): Counts => ({ permitted: 0, denied: 0, agrees: 0, differs: 0, erased: 0, sealed: 0, stale: 0 });

/** What the ranges came to. */
class Sum {
  readonly #months = new Map<string, Counts>();
  readonly #found: Record<string, number> = {};
  readonly #findings: Finding[] = [];
  readonly #changes = new ChangeSum();
  #events = 0;

  add({ events, months, findings, found, changes }: RangeResult): void {
    this.#events += events;
    for (const { month, ...counts } of months) {
      const sum = this.#months.get(month) ?? noCounts();
      for (const name of COUNTS) sum[name] += counts[name];
      this.#months.set(month, sum);
    }
    for (const [code, count] of Object.entries(found)) this.#found[code] = (this.#found[code] ?? 0) + count;
    for (const finding of findings) if (this.#findings.length < FINDINGS_TOLD_MAX) this.#findings.push(finding);
    this.#changes.add(changes);
  }

  async report(store: EventStore, identifierEvents: number): Promise<ReplayReport> {
    const all = noCounts();
    for (const counts of this.#months.values()) for (const name of COUNTS) all[name] += counts[name];
    const findings: Finding[] = [];
    for (const finding of this.#findings) findings.push({ ...finding, basis: await withLeaves(finding.basis, store) });
    return {
      ok: Object.keys(this.#found).length === 0,
      decisions: all.permitted + all.denied,
      ...all,
      months: [...this.#months].map(([month, counts]) => ({ month, ...counts })).sort((a, b) => (a.month < b.month ? -1 : 1)),
      found: this.#found,
      findings,
      changes: this.#changes.result(),
      events: this.#events,
      identifierEvents,
    };
  }
}

/** With the leaf hash of each event that a basis did not know of. */
async function withLeaves(basis: readonly BasisEvidence[], store: EventStore): Promise<readonly BasisEvidence[]> {
  const dressed: BasisEvidence[] = [];
  for (const evidence of basis) {
    if (evidence.position === undefined) dressed.push(evidence);
    else {
      const { events } = await store.readAll({ after: BigInt(evidence.position) - 1n, limit: 1 });
      const [event] = events;
      dressed.push(event === undefined ? evidence : { ...evidence, leaf: leafOf(event.bytes) });
    }
  }
  return dressed;
}
