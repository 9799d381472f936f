import { Injectable } from '@nestjs/common';
import type { Decision } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { correlated, isDomainError, Metrics } from '#libs/platform';
import { type DecideQueryLine, type DecisionAnswer, isPassing, type LineOutcome, type Problem } from '#libs/protocol';
import { Counter, Gauge } from 'prom-client';
import { randomUUID } from 'node:crypto';
import { ServerParts } from '../server-parts.js';
import { decisionOf } from './core-events.js';
import type { Undecided } from './decide-line.js';
import { QueryEndings, type QueryName } from './query-endings.js';
import { Withdrawals } from './withdrawals.js';
import { type QueryHistory, queryOf } from './query-state.js';

/** Lines in one call at most; a line is at most about a kilobyte, so a call stays below 1 MiB. */
const BATCH_QUERIES_MAX = 800;

interface Waiting {
  readonly line: DecideQueryLine;
  readonly history: QueryHistory;
  attempts: number;
}
const nameOf = ({ line: { exchangeId, requester, requestedAt }, history }: Waiting): QueryName => ({
  exchangeId,
  agency: requester,
  requestedAt,
  known: history,
});

/**
 * Asks the core to decide recorded queries. In memory, and bounded: a QuerySubmitted without a decision is the outbox
 * itself (format.md §7), so what does not fit, and what was here when the process ended, is offered again from the read
 * model. What waits while a call is under way goes into the next one: batches grow under load.
 */
@Injectable()
export class DecisionOutbox {
  #ready: Waiting[] = [];
  /** Everything in memory: ready, under way, or waiting for its next attempt. */
  readonly #known = new Map<string, Waiting>();
  readonly #underWay = new Set<Waiting>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #calls = new Set<Promise<void>>();
  readonly #asked: Counter<'outcome'>;
  #scheduled = false;
  #stopped = false;
  #turnedAway = 0;
  #lookedFor = 0;
  #onRoom: () => void = () => undefined;

  constructor(
    private readonly parts: ServerParts,
    private readonly endings: QueryEndings,
    private readonly withdrawals: Withdrawals,
    metrics: Metrics,
  ) {
    const size = (): number => this.#known.size;
    new Gauge({
      name: 'renkei_outbox_queries',
      help: 'Recorded queries in memory that wait for their decision',
      registers: [metrics.registry],
      collect() {
        this.set(size());
      },
    });
    this.#asked = new Counter({
      name: 'renkei_outbox_queries_total',
      help: 'Queries asked of the core, by what came of the attempt',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    });
  }

  get size(): number {
    return this.#known.size;
  }

  /** Room for how many more. */
  get room(): number {
    return Math.max(0, this.parts.settings.outboxQueriesMax - this.#known.size);
  }

  /** How often queries were turned away for want of room. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** Those turned away up to this count have been looked for, all of them. */
  lookedFor(turnedAway: number): void {
    this.#lookedFor = Math.max(this.#lookedFor, turnedAway);
  }

  /** True where queries were turned away and not looked for since, and half of the room is free again: time to do so. */
  get wantsMore(): boolean {
    return this.#turnedAway > this.#lookedFor && !this.#stopped && this.room * 2 >= this.parts.settings.outboxQueriesMax;
  }

  /** Told when `wantsMore` is true. */
  onRoom(listener: () => void): void {
    this.#onRoom = listener;
  }

  holds(exchangeId: string): boolean {
    return this.#known.has(exchangeId);
  }

  /** Takes queries in as far as there is room; the others are offered again by the sweep of open queries. */
  offer(undecided: readonly Undecided[]): void {
    if (this.#stopped) return;
    for (const { line, history } of undecided) {
      if (this.#known.has(line.exchangeId)) continue;
      if (this.room === 0) {
        this.#turnedAway += 1;
        break;
      }
      const waiting: Waiting = { line, history, attempts: 0 };
      this.#known.set(line.exchangeId, waiting);
      this.#ready.push(waiting);
    }
    this.#schedule();
  }

  /** Takes a query out again that was never sent; false where it may have reached the core. */
  takeBack(exchangeId: string): boolean {
    const waiting = this.#known.get(exchangeId);
    if (!waiting || waiting.attempts > 0) return false;
    this.#known.delete(exchangeId);
    this.#ready = this.#ready.filter((other) => other !== waiting);
    return true;
  }

  /** Tries at once what waits for its next attempt. */
  hurry(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const queued = new Set(this.#ready);
    for (const waiting of this.#known.values()) if (waiting.attempts > 0 && !queued.has(waiting) && !this.#underWay.has(waiting)) this.#ready.push(waiting);
    this.#schedule();
  }

  /** Resolves when nothing is ready or under way; what waits for its next attempt does not count. */
  async idle(): Promise<void> {
    while (this.#ready.length > 0 || this.#calls.size > 0) {
      await Promise.allSettled(this.#calls);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Takes in nothing more, waits for the calls under way. What is left stands in the store. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#ready = [];
    await Promise.allSettled(this.#calls);
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped || this.#ready.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#ready.length > 0 && this.#calls.size < this.parts.settings.outboxBatchesAtOnce && !this.#stopped) this.#start();
    });
  }

  #start(): void {
    const batch = this.#ready.slice(0, BATCH_QUERIES_MAX);
    this.#ready = this.#ready.slice(batch.length);
    const call = correlated(randomUUID(), () => this.#ask(batch)).finally(() => {
      this.#calls.delete(call);
      this.#schedule();
    });
    this.#calls.add(call);
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    for (const waiting of batch) {
      waiting.attempts += 1;
      this.#underWay.add(waiting);
    }
    try {
      const { outcomes } = await this.parts.interfaceSystem.decideQueries(
        this.parts.id,
        batch.map(({ line }) => line),
      );
      await this.#take(batch, outcomes);
    } catch (error) {
      this.#retry(batch, isDomainError(error) ? error.code : 'INTERNAL');
    } finally {
      for (const waiting of batch) this.#underWay.delete(waiting);
    }
  }

  async #take(batch: readonly Waiting[], outcomes: readonly LineOutcome<DecisionAnswer>[]): Promise<void> {
    const decided: { waiting: Waiting; decision: Decision }[] = [];
    const refused: { waiting: Waiting; problem: Problem }[] = [];
    const again: Waiting[] = [];
    for (const [index, waiting] of batch.entries()) {
      const outcome = outcomes[index];
      const judged = outcome?.ok ? read(waiting.line, outcome.value) : outcome?.problem;
      if (judged === undefined || (isProblem(judged) && isRetried(judged))) again.push(waiting);
      else if (isProblem(judged)) refused.push({ waiting, problem: judged });
      else decided.push({ waiting, decision: judged });
    }
    if (again.length > 0) this.#retry(again, 'LINES');
    await this.#record(decided);
    await this.#end(refused);
  }

  async #record(decided: readonly { waiting: Waiting; decision: Decision }[]): Promise<void> {
    const outcomes = await this.endings.decide(decided.map(({ waiting, decision }) => ({ query: nameOf(waiting), decision })));
    const failed: Waiting[] = [];
    for (const [index, { waiting, decision }] of decided.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status !== 'fulfilled') {
        failed.push(waiting);
        continue;
      }
      this.#done(waiting, decision.permitted ? 'permitted' : 'denied');
      const query = queryOf(outcome.value.history);
      if (decision.permitted && query.status === 'submitted' && query.end === 'withdrawn') this.withdrawals.tell(nameOf(waiting), outcome.value.history);
    }
    if (failed.length > 0) this.#retry(failed, 'NOT_RECORDED');
  }

  /** The core has refused the line for good, and recorded nothing: the query ends with its reason. */
  async #end(refused: readonly { waiting: Waiting; problem: Problem }[]): Promise<void> {
    const endedAt = this.parts.now();
    const outcomes = await this.endings.end(
      refused.map(({ waiting, problem }) => ({ query: nameOf(waiting), data: { endedAt, reason: problem.code, nonDisclosure: false } })),
    );
    const failed = refused.filter((_, index) => outcomes[index]?.status !== 'fulfilled').map(({ waiting }) => waiting);
    for (const { waiting } of refused) if (!failed.includes(waiting)) this.#done(waiting, 'refused');
    if (failed.length > 0) this.#retry(failed, 'NOT_RECORDED');
  }

  #done(waiting: Waiting, outcome: string): void {
    this.#known.delete(waiting.line.exchangeId);
    this.#asked.inc({ outcome });
    if (this.wantsMore) this.#onRoom();
  }

  #retry(batch: readonly Waiting[], code: string): void {
    this.#asked.inc({ outcome: 'retried' }, batch.length);
    const attempt = Math.max(...batch.map(({ attempts }) => attempts));
    const { retryFirstMs, retryMaxMs } = this.parts.settings;
    const waitMs = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(attempt - 1, 20)) * (0.75 + Math.random() / 4);
    this.parts.log.warn('queries are asked again later', { code, lines: batch.length, attempt, durationMs: Math.round(waitMs) });
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#ready.push(...batch);
      this.#schedule();
    }, waitMs);
    this.#timers.add(timer);
  }
}

const isProblem = (judged: Decision | Problem): judged is Problem => 'code' in judged;
/** Passing, or a matter of this side's set-up: the query itself is not at fault. */
const isRetried = (problem: Problem): boolean => isPassing(problem) || ['internal', 'forbidden', 'unauthenticated'].includes(problem.kind);

function read({ requester, requesterIdentifier }: DecideQueryLine, answer: DecisionAnswer): Decision | Problem {
  try {
    return decisionOf(answer, requester, requesterIdentifier);
  } catch (error) {
    if (error instanceof DomainError) return { code: error.code, kind: 'internal', detail: error.message };
    throw error;
  }
}
