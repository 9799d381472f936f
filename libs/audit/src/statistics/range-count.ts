import type { ExchangeEvent } from '#libs/domain';
import { type EventStore, PAGE_EVENTS_MAX, type StoredEvent } from '#libs/event-store';
import type { PositionRange } from '../reading/ranges.js';
import type { Recorded } from '../replay/recorded.js';
import { textOf } from '../replay/recorded.js';
import { LegalDays } from '../replay/legal-days.js';
import { type Outcome, outcomeOf, type Progress } from './outcome.js';
import { decoded, EventDamaged, msOf } from './recorded-facts.js';
import { count, countDuration, countOutcome, keyOf, noTally, seenDay, type Tally } from './tally.js';

/** Legal days of requests in Japan: from one on, up to and without another. Plain data. */
export interface CountPeriod {
  readonly from?: string;
  readonly to?: string;
}

/** Exchanges that may still change, kept at hand; beyond it their streams are read to their ends. */
const OPEN_MAX = 100_000;
/** Streams read at once. */
const STREAMS_MAX = 500;

type Decided = Recorded<Extract<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' }>>;

/** What a permit told, and what came of it so far. */
interface Open extends Progress {
  revision: number;
  cause: string | undefined;
  providedAt: number | undefined;
  automatic: boolean;
  late: boolean;
  readonly month: string;
  readonly use: string;
  readonly procedure: string;
  readonly information: string;
  readonly provider: string;
  readonly requestedAt: number;
}

/**
 * Counts ranges of one store. An exchange counts where its decision stands, whole: what came of it beyond the range is
 * read in its stream, up to the end of the record. So ranges add up in any order, on any thread.
 */
export class RangeCount {
  readonly tally: Tally = noTally();
  readonly #open = new Map<string, Open>();
  readonly #days = new LegalDays();

  constructor(
    private readonly store: Pick<EventStore, 'readAll' | 'readStreams'>,
    private readonly period: CountPeriod,
    /** The record's end: what is written meanwhile does not count. */
    private readonly end: bigint,
    private readonly openMax = OPEN_MAX,
  ) {}

  async count({ after, upTo }: PositionRange, onPage: (position: bigint) => void = () => undefined): Promise<void> {
    for (let at = after; at < upTo;) {
      const { events, next, atEnd } = await this.store.readAll({ after: at, limit: PAGE_EVENTS_MAX });
      for (const event of events) {
        if (event.position > upTo) break;
        this.tally.events += 1;
        this.#take(event);
      }
      if (this.#open.size > this.openMax) await this.#settleAll();
      onPage(next < upTo ? next : upTo);
      if (atEnd) break;
      at = next;
    }
    await this.#settleAll();
  }

  #take(event: StoredEvent): void {
    switch (event.type) {
      case 'QueryPermitted':
      case 'QueryDenied':
        if (event.revision === 0) this.#decided(event);
        return;
      case 'AgencyRegistered':
        this.tally.agencies.push(placed(event));
        return;
      case 'PermissionItemEnacted':
      case 'PermissionMatrixEnacted':
      case 'PermissionMatrixRepealed':
      case 'OperationOpened':
        this.tally.law.push(placed(event));
        return;
      default: {
        const open = this.#open.get(event.stream);
        if (open !== undefined && this.#changed(open, event)) this.#open.delete(event.stream);
      }
    }
  }

  #decided(stored: StoredEvent): void {
    const { data, type } = decoded<Decided>(stored);
    if (typeof data.requestedAt !== 'string' || typeof data.affair !== 'string' || typeof data.requester !== 'string' || typeof data.provider !== 'string') {
      throw new EventDamaged(stored.position, stored.type);
    }
    const requestedAt = msOf(data.requestedAt, stored.position, stored.type);
    const day = this.#days.of(data.requestedAt);
    this.tally.decisions += 1;
    seenDay(this.tally, day);
    const { from, to } = this.period;
    if ((from !== undefined && day < from) || (to !== undefined && day >= to)) return;
    const facts = {
      month: day.slice(0, 7),
      use: keyOf(data.affair, data.procedure, data.requesterInstitution ?? data.requester),
      procedure: keyOf(data.affair, data.procedure),
      information: data.information,
      provider: data.providerInstitution ?? data.provider,
    };
    if (type === 'QueryDenied') {
      const { reason, article, exceptionApplied } = data as Extract<Decided, { type: 'QueryDenied' }>['data'];
      count(this.tally.refusals, keyOf(reason, article, String(exceptionApplied)));
      this.#counted(facts, 'denied');
      return;
    }
    const { table, item, grant, information } = data as Extract<Decided, { type: 'QueryPermitted' }>['data'];
    count(this.tally.grants, keyOf(table, item, String(grant), information));
    this.#open.set(stored.stream, {
      ...facts,
      requestedAt,
      revision: stored.revision,
      answer: 'awaited',
      over: undefined,
      received: false,
      cause: undefined,
      providedAt: undefined,
      automatic: false,
      late: false,
    });
  }

  /** @returns whether nothing can change any more: it is counted */
  #changed(open: Open, stored: StoredEvent): boolean {
    open.revision = stored.revision;
    switch (stored.type) {
      case 'NotificationImpossible': {
        const { data } = decoded<Extract<ExchangeEvent, { type: 'NotificationImpossible' }>>(stored);
        count(this.tally.unanswered, keyOf(open.provider, 'impossible', data.reason));
        this.#counted(open, 'impossible');
        return true;
      }
      case 'ProvisionHeldRecorded':
        open.answer = 'held';
        return false;
      case 'ProvisionRecorded': {
        const { data } = decoded<Extract<ExchangeEvent, { type: 'ProvisionRecorded' }>>(stored);
        open.answer = 'provided';
        open.providedAt = msOf(data.providedAt, stored.position, stored.type);
        open.automatic = data.automatic;
        open.late = data.late;
        return this.#settledByReceipt(open);
      }
      case 'NoProvisionRecorded': {
        const { data } = decoded<Extract<ExchangeEvent, { type: 'NoProvisionRecorded' }>>(stored);
        open.answer = 'not-provided';
        if (open.over === undefined) open.cause = data.reason;
        return false;
      }
      case 'ReceiptRecorded':
        open.received = true;
        return this.#settledByReceipt(open);
      case 'QueryWithdrawalRecorded':
        open.over = 'withdrawn';
        open.cause = undefined;
        return false;
      case 'QueryLapsed':
        open.over = 'lapsed';
        open.cause = decoded<Extract<ExchangeEvent, { type: 'QueryLapsed' }>>(stored).data.cause;
        return false;
      default:
        return false;
    }
  }

  #settledByReceipt(open: Open): boolean {
    if (open.answer !== 'provided' || !open.received) return false;
    this.#settle(open);
    return true;
  }

  /** Reads what came of the exchanges at hand up to the record's end, and counts them. */
  async #settleAll(): Promise<void> {
    const all = [...this.#open];
    this.#open.clear();
    for (let at = 0; at < all.length; at += STREAMS_MAX) {
      const part = all.slice(at, at + STREAMS_MAX);
      const streams = await this.store.readStreams(part.map(([stream]) => stream));
      for (const [index, [, open]] of part.entries()) {
        const later = (streams[index] ?? []).filter(({ revision, position }) => revision > open.revision && position <= this.end);
        if (!later.some((event) => this.#changed(open, event))) this.#settle(open);
      }
    }
  }

  #settle(open: Open): void {
    const outcome = outcomeOf(open);
    this.#counted(open, outcome);
    if (open.late) this.tally.late += 1;
    if (open.providedAt !== undefined) this.#timed(open, open.providedAt - open.requestedAt);
    if (outcome !== 'provided' && outcome !== 'received') count(this.tally.unanswered, keyOf(open.provider, outcome, open.cause));
  }

  #timed({ automatic, procedure, information, provider }: Open, ms: number): void {
    const { times } = this.tally;
    countDuration(times, 'all', ms);
    countDuration(times, automatic ? 'automatic' : 'official', ms);
    countDuration(times, keyOf('procedure', procedure), ms);
    countDuration(times, keyOf('information', information), ms);
    countDuration(times, keyOf('provider', provider), ms);
  }

  #counted({ month, use, information, provider }: Pick<Open, 'month' | 'use' | 'information' | 'provider'>, outcome: Outcome): void {
    countOutcome(this.tally.months, month, outcome);
    countOutcome(this.tally.uses, use, outcome);
    countOutcome(this.tally.informations, information, outcome);
    countOutcome(this.tally.providers, provider, outcome);
  }
}

/** What the tables are named and judged by; checked here, where its position is known. */
function placed(stored: StoredEvent): { position: number; text: string } {
  decoded(stored);
  return { position: Number(stored.position), text: textOf(stored.bytes) };
}
