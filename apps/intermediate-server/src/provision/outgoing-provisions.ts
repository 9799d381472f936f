import { Injectable } from '@nestjs/common';
import { isPassing, type ProvisionAnswer } from '#libs/protocol';
import { ServerParts } from '../server-parts.js';

/** Attempts to send what an official let go; then it is left to the core, which demands again. */
const ATTEMPTS_MAX = 6;
const SENDING_MAX = 1_000;

/** Sends on what an official released or ended. In memory: if it is lost, the core demands again and gets it as the answer. */
@Injectable()
export class OutgoingProvisions {
  readonly #sending = new Set<Promise<void>>();
  readonly #pauses = new Map<NodeJS.Timeout, () => void>();
  #stopped = false;

  constructor(private readonly parts: ServerParts) {}

  send(answer: ProvisionAnswer): void {
    if (this.#stopped || this.#sending.size >= SENDING_MAX) return;
    const sending = this.#send(answer).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.#sending);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const [timer, go] of this.#pauses) {
      clearTimeout(timer);
      go();
    }
    await this.idle();
  }

  async #send(answer: ProvisionAnswer): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      if (await this.#sent(answer, attempt)) return;
      if (attempt >= ATTEMPTS_MAX || this.#stopped) return;
      await this.#pause(attempt);
    }
  }

  /** True when it needs not be sent again. */
  async #sent(answer: ProvisionAnswer, attempt: number): Promise<boolean> {
    try {
      const [outcome] = await this.parts.interfaceSystem.sendProvisions(this.parts.id, [answer]);
      if (outcome?.ok) return true;
      this.parts.log.warn('a released provision was not taken', { code: outcome?.problem.code ?? 'NO_OUTCOME', attempt });
      return outcome !== undefined && !isPassing(outcome.problem);
    } catch (error) {
      this.parts.log.warn('a released provision could not be sent', { error, attempt });
      return false;
    }
  }

  #pause(attempt: number): Promise<void> {
    const { retryFirstMs, retryMaxMs } = this.parts.settings;
    return new Promise((resolve) => {
      const timer = setTimeout(
        () => {
          this.#pauses.delete(timer);
          resolve();
        },
        Math.min(retryMaxMs, retryFirstMs * 2 ** attempt),
      );
      this.#pauses.set(timer, resolve);
    });
  }
}
