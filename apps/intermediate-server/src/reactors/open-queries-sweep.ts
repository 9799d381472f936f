import { Injectable } from '@nestjs/common';
import type { QueryEvent } from '#libs/domain';
import { plusMs } from '#libs/kernel';
import { isDomainError } from '#libs/platform';
import type { ExchangeStatusAnswer, ExchangeStatusLine } from '#libs/protocol';
import { ASK_TIMEOUT_MS_MAX, type OpenQuery } from '#libs/read-models';
import { undecidedOf } from '../query/decide-line.js';
import { DecisionOutbox } from '../query/decision-outbox.js';
import { QueryEndings, type QueryName } from '../query/query-endings.js';
import { type QueryHistory, queryOf, statusOf, submittedOf } from '../query/query-state.js';
import { ServerParts } from '../server-parts.js';

const PAGE_QUERIES = 500;
/** Pages of open queries in one sweep; the next one goes on where it ended. */
const PAGES_A_SWEEP_MAX = 20;
/** What the core told to be still open is asked about again after this long. */
const ASK_AGAIN_MS = 30_000;
const REMEMBERED_MAX = 50_000;

/**
 * Looks at every query that is open, over and over: one without a decision is offered to the outbox (after a restart this
 * fills it), one past its validity period is asked about at the core, and ended with what the core has recorded.
 */
@Injectable()
export class OpenQueriesSweep {
  #after: string | undefined;
  /** What the outbox had turned away when this round over all open queries began. */
  #turnedAway = 0;
  #running: Promise<void> | undefined;
  #stale = false;
  /** When a query was last asked about, monotonic milliseconds. */
  readonly #askedAtMs = new Map<string, number>();

  constructor(
    private readonly parts: ServerParts,
    private readonly outbox: DecisionOutbox,
    private readonly endings: QueryEndings,
  ) {}

  /** The last pass saw an older version's rows only: another one at once would see no more. */
  get isStale(): boolean {
    return this.#stale;
  }

  /** One bounded pass; a pass that runs already is joined. `all`: to the end, asking about everything that is due. */
  sweep(all = false): Promise<void> {
    this.#running ??= this.#sweep(all).finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #sweep(all: boolean): Promise<void> {
    if (all) this.#askedAtMs.clear();
    if (all) this.#after = undefined;
    for (let page = 0; all || page < PAGES_A_SWEEP_MAX; page += 1) {
      if (this.#after === undefined) this.#turnedAway = this.outbox.turnedAway;
      // what was turned away must be in the view before the view is said to hold no more of it
      const fresh = all || this.outbox.wantsMore;
      const { rows, isFresh } = await this.#page(fresh);
      // without room for all of them the next sweep begins with this page again
      if (!(await this.#take(rows))) return;
      this.#after = rows.length < PAGE_QUERIES ? undefined : rows.at(-1)?.exchangeId;
      if (this.#after !== undefined) continue;
      if (isFresh) this.outbox.lookedFor(this.#turnedAway);
      return;
    }
  }

  /** Where new code is rebuilding the view, the older one's rows: some of what is open may be missing yet. */
  async #page(fresh: boolean): Promise<{ readonly rows: readonly OpenQuery[]; readonly isFresh: boolean }> {
    const question = { after: this.#after, limit: PAGE_QUERIES };
    const { models, party } = this.parts;
    if (fresh) {
      try {
        const atLeast = await party.store.lastPosition();
        const rows = await models.ask('openQueries', question, { atLeast, timeoutMs: ASK_TIMEOUT_MS_MAX });
        this.#stale = false;
        return { rows, isFresh: true };
      } catch (error) {
        if (!isDomainError(error) || error.code !== 'READ_MODEL_STALE') throw error;
        this.#stale = true;
      }
    }
    return { rows: await models.ask('openQueries', question), isFresh: false };
  }

  /** False where the outbox had no room for all that is undecided. */
  async #take(rows: readonly OpenQuery[]): Promise<boolean> {
    const complete = await this.#offer(rows.filter(({ exchangeId, status }) => status === 'submitted' && !this.outbox.holds(exchangeId)));
    const now = this.parts.now();
    const nowMs = performance.now();
    const overdue = rows.filter(
      ({ exchangeId, status, validUntil }) =>
        status === 'permitted' &&
        validUntil !== undefined &&
        plusMs(validUntil, this.parts.settings.followUpGraceMs) < now &&
        nowMs - (this.#askedAtMs.get(exchangeId) ?? Number.NEGATIVE_INFINITY) > ASK_AGAIN_MS,
    );
    await this.#followUp(overdue);
    return complete;
  }

  async #offer(rows: readonly OpenQuery[]): Promise<boolean> {
    if (rows.length === 0) return true;
    if (this.outbox.room === 0) return false;
    const histories = await this.#load(rows);
    const queries = rows.flatMap(({ exchangeId }, index) => {
      const history = histories[index] as QueryHistory;
      return statusOf(queryOf(history)) === 'submitted' ? [{ exchangeId, history }] : [];
    });
    const undecided = undecidedOf(this.parts.party.fields, queries);
    const complete = undecided.length <= this.outbox.room;
    this.outbox.offer(undecided);
    return complete;
  }

  async #followUp(rows: readonly OpenQuery[]): Promise<void> {
    if (rows.length === 0) return;
    const nowMs = performance.now();
    if (this.#askedAtMs.size + rows.length > REMEMBERED_MAX) this.#askedAtMs.clear();
    for (const { exchangeId } of rows) this.#askedAtMs.set(exchangeId, nowMs);
    const histories = await this.#load(rows);
    const lines = rows.map(({ exchangeId, agency }): ExchangeStatusLine => ({ exchangeId, requester: agency }));
    const outcomes = await this.parts.interfaceSystem.exchangeStatuses(this.parts.id, lines);
    const ended = rows.flatMap(({ exchangeId, agency }, index) => {
      const outcome = outcomes[index];
      const reason = outcome?.ok ? reasonOf(outcome.value) : undefined;
      if (!outcome?.ok || reason === undefined) return [];
      const known = histories[index] as QueryHistory;
      const query: QueryName = { exchangeId, agency, requestedAt: submittedOf(known).requestedAt, known };
      const { coreLeaf } = outcome.value;
      return [{ query, data: { endedAt: this.parts.now(), reason, nonDisclosure: false, ...(coreLeaf === undefined ? {} : { coreLeaf }) } }];
    });
    await this.endings.end(ended);
    for (const { query } of ended) this.#askedAtMs.delete(query.exchangeId);
    this.parts.log.info('queries past their validity period were asked about', { lines: rows.length, count: ended.length });
  }

  #load(rows: readonly OpenQuery[]): Promise<readonly QueryHistory[]> {
    return this.parts.party.recorder.load<QueryEvent>(rows.map(({ exchangeId }) => `query-${exchangeId}`));
  }
}

/**
 * Why a query ended, as the core has recorded it; undefined where it has not ended there, or where the provider's own
 * answer is on its way: the core drives that until it was received.
 */
function reasonOf({ status, reason }: ExchangeStatusAnswer): string | undefined {
  if (status === 'lapsed') return reason === undefined ? 'LAPSED' : `LAPSED_${reason}`;
  return status === 'impossible' ? 'PROVIDER_HOLDS_NO_IDENTIFIER' : undefined;
}
