import { Injectable } from '@nestjs/common';
import { Log } from '#libs/platform';
import type { IdentifierChangeLine, InterfaceSystemPort, LineOutcome, WithdrawalNoticeLine } from '#libs/protocol';
import { CORE, CoreParts } from '../core-parts.js';
import { CoreLog } from '../log/core-log.js';
import { type Backoff, waitMs } from './backoff.js';
import { DeliveryLanes } from './delivery-lanes.js';
import { InterfaceSystems } from './interface-systems.js';
import { TimeWheel } from './time-wheel.js';

/** A notice that was refused alone: a second at first, a minute at last. */
const REFUSED_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 60_000 };
const SLOT_MS = 250;
/** Tries after which a notice that is refused, not unheard, is given up. */
const REFUSALS_MAX = 20;
export const NOTICES_MAX = 100_000;

type Notice =
  | { readonly kind: 'withdrawal'; readonly agency: string; readonly line: WithdrawalNoticeLine; refusals: number }
  | { readonly kind: 'identifier-change'; readonly agency: string; readonly line: IdentifierChangeLine; refusals: number };

const outcomesOf = <N extends Notice>(notices: readonly N[], outcomes: readonly LineOutcome<true>[]): [N, LineOutcome<true>][] =>
  notices.flatMap((notice, index) => (outcomes[index] === undefined ? [] : [[notice, outcomes[index]]]));

/**
 * Tells interface systems what happened to an exchange or an identifier. Kept in memory only: a notice that a crash lost
 * is sent again when the withdrawal or the change is asked for again, and what it would have told is recorded all the same.
 */
@Injectable()
export class Notices {
  readonly #lanes: DeliveryLanes<Notice>;
  readonly #retries = new TimeWheel<Notice>(SLOT_MS);
  readonly #open = new Set<Notice>();
  readonly counts = { told: 0, givenUp: 0 };

  constructor(
    private readonly parts: CoreParts,
    private readonly interfaceSystems: InterfaceSystems,
    private readonly log: Log,
    private readonly coreLog: CoreLog,
  ) {
    this.#lanes = new DeliveryLanes<Notice>({
      send: (interfaceSystem, notices) => this.#send(interfaceSystem, notices),
      onOutcome: (notice, outcome) => this.#onOutcome(notice, outcome),
      onFailure: (notices, code) => this.log.warn('an interface system did not take notices', { code, lines: notices.length }),
      monotonicMs: () => performance.now(),
      random: Math.random,
    });
  }

  get openCount(): number {
    return this.#open.size;
  }

  withdrawn(line: WithdrawalNoticeLine): void {
    this.#add({ kind: 'withdrawal', agency: line.provider, line, refusals: 0 });
  }
  identifierChanged(line: IdentifierChangeLine): void {
    this.#add({ kind: 'identifier-change', agency: line.holder, line, refusals: 0 });
  }

  tick(): void {
    for (const notice of this.#retries.takeDue(performance.now())) this.#enqueue(notice);
    this.#lanes.tick();
  }

  stop(): Promise<void> {
    return this.#lanes.stop();
  }

  #add(notice: Notice): void {
    if (this.#open.size >= NOTICES_MAX) return this.#giveUp('NOTICES_FULL');
    this.#open.add(notice);
    this.#enqueue(notice);
  }

  #enqueue(notice: Notice): void {
    const lane = this.parts.register.interfaceSystemOf(notice.agency);
    if (lane === undefined) this.#retry(notice);
    else this.#lanes.add(lane, notice);
  }

  #retry(notice: Notice): void {
    notice.refusals += 1;
    if (notice.refusals > REFUSALS_MAX) {
      this.#open.delete(notice);
      return this.#giveUp('NOTICE_REFUSED');
    }
    this.#retries.set(notice, performance.now() + waitMs(REFUSED_BACKOFF, notice.refusals, Math.random));
  }

  #giveUp(code: string): void {
    this.counts.givenUp += 1;
    this.log.error('a notice was given up', { code });
  }

  async #send(interfaceSystem: string, notices: readonly Notice[]): Promise<ReadonlyMap<Notice, LineOutcome<true>>> {
    await this.coreLog.caughtUp(); // what is told is in the log
    const port: InterfaceSystemPort = this.interfaceSystems.of(interfaceSystem);
    const withdrawals = notices.filter((notice) => notice.kind === 'withdrawal');
    const changes = notices.filter((notice) => notice.kind === 'identifier-change');
    const told =
      withdrawals.length === 0
        ? []
        : await port.deliverWithdrawals(
            CORE,
            withdrawals.map(({ line }) => line),
          );
    const changed =
      changes.length === 0
        ? []
        : await port.deliverIdentifierChanges(
            CORE,
            changes.map(({ line }) => line),
          );
    return new Map<Notice, LineOutcome<true>>([...outcomesOf(withdrawals, told), ...outcomesOf(changes, changed)]);
  }

  #onOutcome(notice: Notice, outcome: LineOutcome<true>): void {
    if (!outcome.ok) return this.#retry(notice);
    this.counts.told += 1;
    this.#open.delete(notice);
  }
}
