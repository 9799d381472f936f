import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { exchangeCommands, type Execution, type Stored } from '#libs/commands';
import type { ExchangeCommand, ExchangeEvent, LapseCause } from '#libs/domain';
import { Log } from '#libs/platform';
import type { LineOutcome } from '#libs/protocol';
import { CORE, CoreParts, SYSTEM } from '../core-parts.js';
import { eventOf, exchangeStream, foldExchange, isOver } from '../exchanges/exchange-stream.js';
import { type Backoff, waitMs } from './backoff.js';
import { DeliveryLanes } from './delivery-lanes.js';
import { Demands } from './demands.js';
import { Notices } from './notices.js';
import { type OpenExchange, OpenExchanges, type OpenExchangeRow, type Phase } from './open-exchange.js';
import { TimeWheel } from './time-wheel.js';

/** A demand that was refused alone: a second at first, a minute at last. */
const REFUSED_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 60_000 };
/** A demand that was taken, but has not led to a receipt. */
const TAKEN_BACKOFF: Backoff = { firstMs: 10_000, maxMs: 600_000 };
/** An official has it: a release comes by itself, this is for what got lost on the way. */
const HELD_BACKOFF: Backoff = { firstMs: 120_000, maxMs: 600_000 };
const TICK_MS = 250;
const RETRY_SLOT_MS = 250;
const LAPSE_SLOT_MS = 1_000;
const LAPSES_A_BATCH = 1_000;
const LAPSE_RETRY_MS = 5_000;
const REFILL_PAGE = 500;
/** So often an older version's view is refilled from, until it is rebuilt. */
const REFILL_AGAIN_MS = 5_000;
/** Decisions kept in memory until they are taken; the others are read again. */
const DECISIONS_KEPT_MAX = 20_000;

/** What a requester is told while nothing has come. */
export interface Progress {
  readonly attempts: number;
  readonly lastObstacle?: string;
}

/**
 * Drives every permitted exchange to its end: demands it of the provider's side until the requester's receipt is recorded,
 * it is withdrawn, or it lapses (art. 21(2); order art. 41(3)). Keeps nothing that the store does not hold: after a
 * restart it starts again from the read model, and a demand may be sent any number of times.
 */
@Injectable()
export class Notifier {
  readonly #open = new Map<string, OpenExchange>();
  /** By `validUntil`, business time. */
  readonly #lapses = new TimeWheel<OpenExchange>(LAPSE_SLOT_MS);
  /** By monotonic time. */
  readonly #retries = new TimeWheel<OpenExchange>(RETRY_SLOT_MS);
  readonly #lanes: DeliveryLanes<OpenExchange>;
  #decisionsKept = 0;
  /** More are open than are kept: the read model has them. */
  #overflowed = false;
  /** By monotonic time; later than now where an older version's view was refilled from. */
  #refillAtMs = 0;
  #ticking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly counts = { demanded: 0, refused: 0, failed: 0, lapsed: 0 };

  constructor(
    private readonly parts: CoreParts,
    private readonly commands: CommandBus,
    private readonly demands: Demands,
    private readonly notices: Notices,
    private readonly openExchanges: OpenExchanges,
    private readonly log: Log,
  ) {
    this.#lanes = new DeliveryLanes<OpenExchange>({
      send: (interfaceSystem, exchanges) => this.#send(interfaceSystem, exchanges),
      onOutcome: (exchange, outcome) => this.#onOutcome(exchange, outcome),
      onFailure: (exchanges, code) => this.#onFailure(exchanges, code),
      monotonicMs: () => performance.now(),
      random: Math.random,
    });
  }

  get openCount(): number {
    return this.#open.size;
  }
  get waitingCount(): number {
    return this.#lanes.waiting;
  }
  get pausedLanes(): number {
    return this.#lanes.paused;
  }

  /** Fills itself from the read model and begins to work. */
  async start(): Promise<void> {
    this.#overflowed = true;
    await this.#refill();
    this.#timer = setInterval(() => void this.tick().catch((error: unknown) => this.log.error('the notifier could not do its round', { error })), TICK_MS);
    this.#timer.unref();
  }

  /** Resolves when what was under way has ended; the rest waits in the store. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
    await Promise.all([this.#lanes.stop(), this.notices.stop()]);
  }

  /** A permit that was just recorded. */
  permitted(decision: Stored<ExchangeEvent>): void {
    const event = eventOf(decision);
    if (event.type !== 'QueryPermitted') return;
    const { provider, validUntil } = event.data;
    const exchange = this.#take({ exchangeId: decision.event.correlationId, provider, validUntil, phase: 'awaited' });
    if (!exchange) return;
    if (this.#decisionsKept < DECISIONS_KEPT_MAX) {
      exchange.decision = decision;
      this.#decisionsKept += 1;
    }
    this.#enqueue(exchange);
  }

  /** The provider's word was recorded. */
  answered(exchangeId: string, phase: Exclude<Phase, 'awaited'>): void {
    const exchange = this.#open.get(exchangeId);
    if (!exchange || exchange.phase === 'answered') return;
    exchange.phase = phase;
    if (phase === 'answered') this.#lapses.delete(exchange);
    else if (exchange.lane === undefined) this.#retryIn(exchange, HELD_BACKOFF);
  }

  /** The requester's receipt or withdrawal was recorded: nothing more is demanded. */
  ended(exchangeId: string): void {
    const exchange = this.#open.get(exchangeId);
    if (exchange) this.#end(exchange);
  }

  progressOf(exchangeId: string): Progress | undefined {
    const exchange = this.#open.get(exchangeId);
    if (!exchange) return undefined;
    const lastObstacle = this.#obstacleOf(exchange);
    return { attempts: exchange.attempts, ...(lastObstacle === undefined ? {} : { lastObstacle }) };
  }

  /** One round: sends what is due, lets lapse what is over by the clock, refills. A second call meanwhile joins the first. */
  tick(): Promise<void> {
    this.#ticking ??= this.#round().finally(() => (this.#ticking = undefined));
    return this.#ticking;
  }

  async #round(): Promise<void> {
    const giveUpMs = Date.parse(this.parts.clock.now()) - this.parts.settings.driveMsMax;
    for (const exchange of this.#retries.takeDue(performance.now())) {
      if (exchange.phase === 'answered' && exchange.validUntilMs < giveUpMs) this.#end(exchange);
      else this.#enqueue(exchange);
    }
    this.#lanes.tick();
    this.notices.tick();
    await this.#lapse();
    if (this.#overflowed && performance.now() >= this.#refillAtMs && this.#open.size < this.parts.settings.openExchangesMax / 2) await this.#refill();
  }

  #take(row: OpenExchangeRow): OpenExchange | undefined {
    const { exchangeId, provider, validUntil, phase } = row;
    if (this.#open.has(exchangeId)) return undefined;
    if (this.#open.size >= this.parts.settings.openExchangesMax) {
      this.#overflowed = true;
      return undefined;
    }
    const exchange: OpenExchange = { exchangeId, provider, validUntilMs: Date.parse(validUntil), phase, attempts: 0, accepted: false };
    this.#open.set(exchangeId, exchange);
    if (phase !== 'answered') this.#lapses.set(exchange, exchange.validUntilMs);
    return exchange;
  }

  #end(exchange: OpenExchange): void {
    this.#open.delete(exchange.exchangeId);
    this.#lapses.delete(exchange);
    this.#retries.delete(exchange);
    if (exchange.lane !== undefined) this.#lanes.delete(exchange.lane, exchange);
    this.#forgetDecision(exchange);
  }

  #forgetDecision(exchange: OpenExchange): void {
    if (exchange.decision === undefined) return;
    delete exchange.decision;
    this.#decisionsKept -= 1;
  }

  #enqueue(exchange: OpenExchange): void {
    const lane = this.parts.register.interfaceSystemOf(exchange.provider);
    if (lane === undefined) {
      exchange.lastObstacle = 'PROVIDER_NOT_HOSTED';
      return this.#retryIn(exchange, REFUSED_BACKOFF);
    }
    exchange.lane = lane;
    this.#lanes.add(lane, exchange);
  }

  #retryIn(exchange: OpenExchange, backoff: Backoff): void {
    this.#retries.set(exchange, performance.now() + waitMs(backoff, exchange.attempts, Math.random));
  }

  async #send(interfaceSystem: string, exchanges: readonly OpenExchange[]): Promise<ReadonlyMap<OpenExchange, LineOutcome<true>>> {
    const { outcomes, ended } = await this.demands.send(interfaceSystem, exchanges);
    for (const exchange of ended) this.#end(exchange);
    return outcomes;
  }

  #onOutcome(exchange: OpenExchange, outcome: LineOutcome<true>): void {
    delete exchange.lane;
    exchange.attempts += 1;
    if (!this.#open.has(exchange.exchangeId)) return; // it ended while it was under way
    if (outcome.ok) {
      this.counts.demanded += 1;
      exchange.accepted = true;
      delete exchange.lastObstacle;
      this.#forgetDecision(exchange);
      return this.#retryIn(exchange, exchange.phase === 'held' ? HELD_BACKOFF : TAKEN_BACKOFF);
    }
    this.counts.refused += 1;
    exchange.lastObstacle = outcome.problem.code;
    this.#retryIn(exchange, REFUSED_BACKOFF);
  }

  #onFailure(exchanges: readonly OpenExchange[], code: string): void {
    this.counts.failed += 1;
    this.log.warn('an interface system did not take demands', { code, lines: exchanges.length });
    for (const exchange of exchanges) {
      exchange.attempts += 1;
      exchange.lastObstacle = code;
      this.#forgetDecision(exchange);
      if (!this.#open.has(exchange.exchangeId) && exchange.lane !== undefined) this.#lanes.delete(exchange.lane, exchange);
    }
  }

  #obstacleOf(exchange: OpenExchange): string | undefined {
    return exchange.lastObstacle ?? (exchange.lane === undefined ? undefined : this.#lanes.obstacleOf(exchange.lane));
  }

  async #lapse(): Promise<void> {
    const now = this.parts.clock.now();
    for (;;) {
      const due = this.#lapses.takeDue(Date.parse(now), LAPSES_A_BATCH);
      if (due.length === 0) return;
      const recorded = await this.commands.execute(new exchangeCommands.Batch(due.map((exchange) => this.#lapseOf(exchange, now))));
      for (const [index, exchange] of due.entries()) {
        const outcome = recorded[index];
        if (outcome?.status !== 'fulfilled') this.#lapses.set(exchange, Date.parse(now) + LAPSE_RETRY_MS);
        else if (isOver(foldExchange(outcome.value.history))) this.#lapsed(exchange, outcome.value.added);
        else exchange.phase = 'answered'; // it was answered meanwhile
      }
    }
  }

  #lapsed(exchange: OpenExchange, added: number): void {
    this.counts.lapsed += added;
    this.#end(exchange);
  }

  #lapseOf(exchange: OpenExchange, now: string): Execution<ExchangeCommand> {
    const { exchangeId, accepted } = exchange;
    const cause: LapseCause = !accepted && this.#obstacleOf(exchange) !== undefined ? 'PROVIDER_UNREACHABLE' : 'UNANSWERED';
    return {
      stream: exchangeStream(exchangeId),
      command: { type: 'Lapse', data: { now, cause } },
      context: { at: now, actor: SYSTEM, correlationId: exchangeId, causationId: exchangeId, keyId: CORE },
    };
  }

  /** Takes up what is open and not in memory, until all of it is or there is no more room. */
  async #refill(): Promise<void> {
    const fresh = await this.openExchanges.caughtUp();
    // an older view may not show all that is open: it is looked at again
    this.#overflowed = !fresh;
    this.#refillAtMs = fresh ? 0 : performance.now() + REFILL_AGAIN_MS;
    let after: string | undefined;
    for (;;) {
      const page = await this.openExchanges.page(after, REFILL_PAGE);
      for (const row of page) {
        const exchange = this.#take(row);
        if (exchange) this.#enqueue(exchange);
        if (this.#open.size >= this.parts.settings.openExchangesMax) {
          this.#overflowed = true;
          return;
        }
      }
      after = page.at(-1)?.exchangeId;
      if (page.length < REFILL_PAGE) return;
    }
  }
}
