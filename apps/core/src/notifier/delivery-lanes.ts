import { isDomainError } from '#libs/platform';
import type { LineOutcome } from '#libs/protocol';
import { type Backoff, waitMs } from './backoff.js';

/** While an interface system cannot be reached: a second at first, a minute at last. */
export const LANE_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 60_000 };
/** Batches under way to one interface system at once. */
const BATCHES_AT_ONCE = 4;
const LINES_A_BATCH = 500;

export interface LanesOptions<Item> {
  /** Sends a batch to one interface system; rejects where nothing is known to have been taken. Items left out are dropped. */
  readonly send: (interfaceSystem: string, items: readonly Item[]) => Promise<ReadonlyMap<Item, LineOutcome<true>>>;
  /** One item was taken, or refused on its own. */
  readonly onOutcome: (item: Item, outcome: LineOutcome<true>) => void;
  /** The whole batch failed; its items wait in the lane for the next try. */
  readonly onFailure: (items: readonly Item[], code: string) => void;
  readonly monotonicMs: () => number;
  readonly random: () => number;
}

class Lane<Item> {
  /** In the order they came. A set, so that what ended meanwhile is taken out at once. */
  readonly waiting = new Set<Item>();
  sending = 0;
  failures = 0;
  pausedUntilMs = 0;
  obstacle: string | undefined;
}

/**
 * One queue an interface system, sent in batches. A system that does not answer holds up nobody else: its own lane pauses,
 * longer each time, and is then tried with a single batch.
 */
export class DeliveryLanes<Item> {
  readonly #lanes = new Map<string, Lane<Item>>();
  readonly #running = new Set<Promise<void>>();
  #stopped = false;

  constructor(private readonly options: LanesOptions<Item>) {}

  add(interfaceSystem: string, item: Item): void {
    const lane = this.#lane(interfaceSystem);
    lane.waiting.add(item);
    this.#schedule(interfaceSystem, lane);
  }

  delete(interfaceSystem: string, item: Item): void {
    this.#lanes.get(interfaceSystem)?.waiting.delete(item);
  }

  /** What stands in the way of this lane now, undefined where nothing does. */
  obstacleOf(interfaceSystem: string): string | undefined {
    return this.#lanes.get(interfaceSystem)?.obstacle;
  }

  get waiting(): number {
    let waiting = 0;
    for (const lane of this.#lanes.values()) waiting += lane.waiting.size;
    return waiting;
  }
  get paused(): number {
    return [...this.#lanes.values()].filter(({ obstacle }) => obstacle !== undefined).length;
  }

  /** Goes on with the lanes whose pause is over. */
  tick(): void {
    for (const [interfaceSystem, lane] of this.#lanes) this.#pump(interfaceSystem, lane);
  }

  /** Sends no more; resolves when what was under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  #lane(interfaceSystem: string): Lane<Item> {
    const known = this.#lanes.get(interfaceSystem);
    if (known) return known;
    const made = new Lane<Item>();
    this.#lanes.set(interfaceSystem, made);
    return made;
  }

  /** At the end of the turn, so that what one batch of decisions permits leaves as one batch of demands. */
  #schedule(interfaceSystem: string, lane: Lane<Item>): void {
    if (lane.waiting.size === 1) setImmediate(() => this.#pump(interfaceSystem, lane));
    else if (lane.waiting.size >= LINES_A_BATCH) this.#pump(interfaceSystem, lane);
  }

  #pump(interfaceSystem: string, lane: Lane<Item>): void {
    const atOnce = lane.failures > 0 ? 1 : BATCHES_AT_ONCE;
    while (!this.#stopped && lane.waiting.size > 0 && lane.sending < atOnce && this.options.monotonicMs() >= lane.pausedUntilMs) {
      const batch: Item[] = [];
      for (const item of lane.waiting) {
        batch.push(item);
        lane.waiting.delete(item);
        if (batch.length >= LINES_A_BATCH) break;
      }
      lane.sending += 1;
      const run = this.#send(interfaceSystem, lane, batch).finally(() => {
        lane.sending -= 1;
        this.#running.delete(run);
        this.#pump(interfaceSystem, lane);
      });
      this.#running.add(run);
    }
  }

  async #send(interfaceSystem: string, lane: Lane<Item>, batch: readonly Item[]): Promise<void> {
    let outcomes: ReadonlyMap<Item, LineOutcome<true>>;
    try {
      outcomes = await this.options.send(interfaceSystem, batch);
    } catch (error) {
      const nowMs = this.options.monotonicMs();
      lane.obstacle = isDomainError(error) ? error.code : 'INTERNAL';
      // batches that were under way together fail together: that is one failure
      if (nowMs >= lane.pausedUntilMs) {
        lane.failures += 1;
        lane.pausedUntilMs = nowMs + waitMs(LANE_BACKOFF, lane.failures, this.options.random);
      }
      for (const item of batch) lane.waiting.add(item);
      this.options.onFailure(batch, lane.obstacle);
      return;
    }
    lane.failures = 0;
    lane.obstacle = undefined;
    for (const [item, outcome] of outcomes) this.options.onOutcome(item, outcome);
  }
}
