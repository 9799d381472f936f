import { type EventStore, headerOf } from '#libs/event-store';
import { DomainError } from '#libs/kernel';
import { DecisionScan } from './decision-scan.js';
import { kindOf } from './event-kind.js';
import type { Agreement, Finding } from './findings.js';
import type { Found, HistoryJudge, Judged } from './history-judge.js';
import type { ChangeCount } from './other-law.js';
import type { QuickJudge } from './quick-judge.js';
import { decodeText, leafOf, type RecordedDecision, textOf } from './recorded.js';
import type { MonthCount, RangeResult, ReplayFilter } from './replay-range.js';

/** Findings that one range tells one by one; all are counted. */
export const RANGE_FINDINGS_MAX = 1_000;

type Tally = { -readonly [K in keyof MonthCount]: MonthCount[K] };
/** A decision, which lies at [start, end) of some bytes. */
interface Stored {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly permitted: boolean;
  readonly position: number;
}
/** What decides: of one thread, for all its ranges. */
export interface Means {
  readonly slow: HistoryJudge;
  readonly quick: QuickJudge;
  readonly filter: ReplayFilter;
  readonly changes: ChangeCount | undefined;
}
const bytesOf = ({ bytes, start, end }: Stored): Buffer => bytes.subarray(start, end);
const isWhole = (bytes: Buffer, permitted: boolean, position: number): Stored => ({ bytes, start: 0, end: bytes.length, permitted, position });

/** Decides one range again: takes its events in order. */
export class RangeRun {
  #events = 0;
  readonly #months = new Map<string, Tally>();
  #day = '';
  #tally: Tally | undefined;
  readonly #findings: Finding[] = [];
  readonly #found: Record<string, number> = {};
  readonly #scan = new DecisionScan();
  /** A permit that its NotificationImpossible may follow: bytes of its own. */
  #pending: Stored | undefined;
  /** NotificationImpossible that does not follow its decision here: its stream and position. */
  readonly #detached: { readonly stream: string; readonly position: number }[] = [];
  /** What a decision's text must hold to be looked at. */
  readonly #wanted: readonly string[];

  constructor(private readonly means: Means) {
    const { agency, affair, exchange } = means.filter;
    this.#wanted = [agency, affair, exchange].flatMap((text) => (text === undefined ? [] : [text]));
  }

  /** `nextEnd`: where the event ends that follows in the same block; 0 where that is not known. */
  take(block: Buffer, start: number, end: number, position: number, nextEnd: number): void {
    this.#events += 1;
    const kind = kindOf(block, end);
    const pending = this.#pending;
    if (pending !== undefined) {
      const follows = kind === 'impossible' && headerOf(block.subarray(start, end))?.stream === headerOf(pending.bytes)?.stream;
      this.#ended(pending, follows);
      if (follows) return;
    }
    if (kind === 'exchange') return;
    if (kind === 'other') this.#other(block, start, end, position);
    else if (kind === 'impossible') this.#impossible(block, start, end, position);
    else if (kind === 'denied' || (nextEnd > 0 && kindOf(block, nextEnd) !== 'impossible'))
      this.#decided({ bytes: block, start, end, permitted: kind === 'permitted', position }, false);
    else this.#pending = isWhole(Buffer.from(block.subarray(start, end)), true, position);
  }

  /** The range has been taken: what it ends with is looked at beyond its end. */
  async finish(store: Pick<EventStore, 'readStream'>): Promise<void> {
    const pending = this.#pending;
    if (pending !== undefined) {
      const { stream, revision } = this.#decoded(pending);
      const [second] = await store.readStream(stream, { from: revision + 1, limit: 1 });
      this.#ended(pending, second?.type === 'NotificationImpossible' && Number(second.position) === pending.position + 1);
    }
    for (const { stream, position } of this.#detached) {
      const [stored] = await store.readStream(stream, { limit: 1 });
      if (stored === undefined || !isDecision(stored.type)) continue;
      const at = Number(stored.position);
      // of a range that begins between the two, the range before has seen to it
      if (at + 1 === position) continue;
      const decision = isWhole(Buffer.from(stored.bytes), stored.type === 'QueryPermitted', at);
      const event = this.#decoded(decision);
      // the decision itself was counted where it stands: here only what follows it is in question
      const { found } = this.means.slow.judge({ event, position: at, impossible: true });
      for (const one of found) if (one.differences.some(({ field }) => field === 'notification')) this.#tell(decision, event, one);
    }
  }

  result(): RangeResult {
    return {
      events: this.#events,
      months: [...this.#months.values()],
      findings: this.#findings,
      found: this.#found,
      changes: this.means.changes?.drained() ?? [],
    };
  }

  #ended(pending: Stored, impossible: boolean): void {
    this.#pending = undefined;
    this.#decided(pending, impossible);
  }

  #impossible(block: Buffer, start: number, end: number, position: number): void {
    const stream = headerOf(block.subarray(start, end))?.stream;
    if (stream !== undefined) this.#detached.push({ stream, position });
  }

  /** An event whose type the end of its bytes does not tell: a decision of another version is judged the long way. */
  #other(block: Buffer, start: number, end: number, position: number): void {
    const header = headerOf(block.subarray(start, end));
    if (header === undefined || !header.stream.startsWith('exchange-') || !isDecision(header.type)) return;
    const stored = isWhole(Buffer.from(block.subarray(start, end)), header.type === 'QueryPermitted', position);
    if (stored.permitted) this.#pending = stored;
    else this.#decided(stored, false);
  }

  #decided(stored: Stored, impossible: boolean): void {
    const { quick } = this.means;
    const { bytes, start, end, permitted, position } = stored;
    if (this.#wanted.length > 0) {
      // a filter looks at the fields themselves: the long way
      if (this.#wanted.every((wanted) => bytes.subarray(start, end).includes(wanted))) this.#judged(stored, impossible);
      return;
    }
    const agreement = this.#scan.read(bytes, start, end, permitted) ? quick.confirm(this.#scan, position, impossible) : undefined;
    if (agreement === undefined) return this.#judged(stored, impossible);
    if (!this.#inPeriod(quick.day)) return;
    this.#count(quick.day, permitted, agreement);
    if (quick.change !== undefined) quick.change.decisions += 1;
  }

  /** The long way: the event is parsed and judged by the domain's own. */
  #judged(stored: Stored, impossible: boolean): void {
    let event: RecordedDecision;
    let judged: Judged;
    try {
      event = this.#decoded(stored);
      if (!this.#isWanted(event)) return;
      judged = this.means.slow.judge({ event, position: stored.position, impossible });
    } catch (error) {
      if (error instanceof DomainError) throw error; // of a type or version that this code does not know
      return this.#unreadable(stored);
    }
    if (!this.#inPeriod(judged.day)) return;
    const tally = this.#count(judged.day, stored.permitted, judged.agreement);
    for (const found of judged.found) {
      if (found.code === 'BASIS_STALE') tally.stale += 1;
      this.#tell(stored, event, found);
    }
    if (event.revision !== 0) this.#tell(stored, event, { code: 'DECIDED_TWICE', differences: [], basis: [] });
    this.means.changes?.take(event, judged);
  }

  /** Not of its shape: nothing in it can be relied on but where it stands. */
  #unreadable(stored: Stored): void {
    const stream = headerOf(bytesOf(stored))?.stream ?? '';
    this.#tell(stored, { stream, at: '' }, { code: 'DECISION_UNREADABLE', differences: [], basis: [] });
  }

  #decoded(stored: Stored): RecordedDecision {
    return decodeText(textOf(bytesOf(stored))) as RecordedDecision;
  }

  #isWanted({ stream, data }: RecordedDecision): boolean {
    const { agency, affair, exchange } = this.means.filter;
    if (exchange !== undefined && stream !== `exchange-${exchange}`) return false;
    if (affair !== undefined && data.affair !== affair) return false;
    if (agency === undefined) return true;
    return [data.requester, data.provider, data.requesterInstitution, data.providerInstitution].includes(agency);
  }

  #inPeriod(day: string): boolean {
    const { from, to } = this.means.filter;
    return (from === undefined || day >= from) && (to === undefined || day < to);
  }

  #count(day: string, permitted: boolean, agreement: Agreement): Tally {
    const tally = day === this.#day && this.#tally !== undefined ? this.#tally : this.#month(day);
    tally[permitted ? 'permitted' : 'denied'] += 1;
    tally[agreement] += 1;
    return tally;
  }

  #month(day: string): Tally {
    const month = day.slice(0, 7);
    let tally = this.#months.get(month);
    if (tally === undefined) {
      tally = { month, permitted: 0, denied: 0, agrees: 0, differs: 0, erased: 0, sealed: 0, stale: 0 };
      this.#months.set(month, tally);
    }
    this.#day = day;
    this.#tally = tally;
    return tally;
  }

  #tell(stored: Stored, event: Pick<RecordedDecision, 'stream' | 'at'>, { code, differences, basis }: Found): void {
    this.#found[code] = (this.#found[code] ?? 0) + 1;
    if (this.#findings.length >= RANGE_FINDINGS_MAX) return;
    this.#findings.push({
      code,
      exchange: event.stream.slice('exchange-'.length),
      position: String(stored.position),
      leaf: leafOf(bytesOf(stored)),
      at: event.at,
      differences,
      basis,
    });
  }
}

const isDecision = (type: string): boolean => type === 'QueryPermitted' || type === 'QueryDenied';
