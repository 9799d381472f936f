import { Injectable } from '@nestjs/common';
import { DecisionOutbox } from '../query/decision-outbox.js';
import { Withdrawals } from '../query/withdrawals.js';
import { OutgoingProvisions } from '../provision/outgoing-provisions.js';
import { ServerParts } from '../server-parts.js';
import { OpenQueriesSweep } from './open-queries-sweep.js';
import { EXPIRED_AT_ONCE_MAX } from '../result/result-mailbox.js';

/** What an intermediate server does by itself: asks for decisions, follows up what is overdue, empties the mailbox. */
@Injectable()
export class Reactors {
  #timer: NodeJS.Timeout | undefined;
  #passing: Promise<void> | undefined;
  #stopped = false;

  constructor(
    private readonly parts: ServerParts,
    private readonly outbox: DecisionOutbox,
    private readonly withdrawals: Withdrawals,
    private readonly outgoing: OutgoingProvisions,
    private readonly sweep: OpenQueriesSweep,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => void this.#pass(), this.parts.settings.sweepEveryMs);
    this.#timer.unref();
    this.outbox.onRoom(() => void this.#pass());
    void this.#pass();
  }

  /** Does at once all that is due on the business clock, to its end: for a clock that was moved. */
  async tick(): Promise<void> {
    await this.#passing;
    await this.sweep.sweep(true);
    this.outbox.hurry();
    await this.idle();
    while ((await this.parts.mailbox.expire(this.parts.now())) === EXPIRED_AT_ONCE_MAX);
  }

  /** Resolves when nothing is under way; what waits for its next attempt does not count. */
  async idle(): Promise<void> {
    await this.outbox.idle();
    await this.withdrawals.idle();
    await this.outgoing.idle();
  }

  /** Takes up nothing new and waits for what is under way; the rest stands in the store. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#passing;
    await this.outbox.stop();
    await this.withdrawals.stop();
    await this.outgoing.stop();
  }

  #pass(): Promise<void> {
    this.#passing ??= this.#once().finally(() => (this.#passing = undefined));
    return this.#passing;
  }

  async #once(): Promise<void> {
    if (this.#stopped) return;
    try {
      // passes follow each other while there is room for what was turned away; a full outbox calls for the next one itself
      do await this.sweep.sweep();
      while (this.outbox.wantsMore && !this.sweep.isStale && !this.#stopped);
      await this.parts.mailbox.expire(this.parts.now());
    } catch (error) {
      this.parts.log.warn('a sweep was broken off and is made again', { error });
    }
  }
}
