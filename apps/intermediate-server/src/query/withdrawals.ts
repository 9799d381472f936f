import { Injectable } from '@nestjs/common';
import { isPassing, type WithdrawQueryLine } from '#libs/protocol';
import { ServerParts } from '../server-parts.js';
import type { QueryName } from './query-endings.js';
import type { QueryHistory } from './query-state.js';

/** Withdrawals that wait to be told to the core. */
const WAITING_MAX = 10_000;
const LINES_AT_ONCE_MAX = 500;

/**
 * Tells the core of recorded withdrawals. In memory only: a withdrawal that is lost with the process is told again when
 * the provider's answer comes in all the same (it is refused, and not put into the mailbox).
 */
@Injectable()
export class Withdrawals {
  readonly #waiting = new Map<string, WithdrawQueryLine>();
  #telling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #stopped = false;

  constructor(private readonly parts: ServerParts) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** Puts a recorded withdrawal in; nothing where the history holds none. */
  tell({ exchangeId, agency }: QueryName, history: QueryHistory): void {
    const found = history.find(({ event }) => event.type === 'QueryWithdrawn');
    if (!found || this.#stopped || this.#waiting.size >= WAITING_MAX) return;
    const { withdrawnAt } = found.event.data as { readonly withdrawnAt: string };
    this.#waiting.set(exchangeId, { exchangeId, requester: agency, withdrawnAt, requesterLeaf: found.leaf });
    this.#start();
  }

  /** Resolves when what is under way has ended. */
  async idle(): Promise<void> {
    await this.#telling;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#telling;
  }

  #start(): void {
    if (this.#telling || this.#stopped || this.#waiting.size === 0) return;
    clearTimeout(this.#timer);
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = undefined;
    });
  }

  async #tellAll(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stopped) {
      const lines = [...this.#waiting.values()].slice(0, LINES_AT_ONCE_MAX);
      try {
        const outcomes = await this.parts.interfaceSystem.withdrawQueries(this.parts.id, lines);
        const left = lines.filter((line, index) => {
          const outcome = outcomes[index];
          const again = outcome === undefined || (!outcome.ok && isPassing(outcome.problem));
          if (!again) this.#waiting.delete(line.exchangeId);
          return again;
        });
        if (left.length > 0) return this.#later();
        this.#attempts = 0;
      } catch (error) {
        this.parts.log.warn('withdrawals are told again later', { error, lines: lines.length });
        return this.#later();
      }
    }
  }

  #later(): void {
    this.#attempts += 1;
    const { retryFirstMs, retryMaxMs } = this.parts.settings;
    this.#timer = setTimeout(() => this.#start(), Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(this.#attempts, 20)));
  }
}
