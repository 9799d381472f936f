import { setTimeout as sleep } from 'node:timers/promises';
import type { ExchangeEvent } from '#libs/domain';
import type { RecordedEvent } from '#libs/kernel';
import type { Log, Metrics } from '#libs/platform';
import { Counter, Gauge } from 'prom-client';
import type { CoreParts } from '../core-parts.js';
import { type Backoff, waitMs } from '../notifier/backoff.js';
import type { ExchangeReconciler, Judged } from './exchange-reconciler.js';
import { PositionFile } from './position-file.js';
import type { ReconciliationFindings } from './reconciliation-findings.js';

const PAGE_EVENTS = 500;
const BATCH_EXCHANGES = 200;
/** Exchanges that wait to be looked at again; while there are so many, no further ones are taken up. */
const WAITING_MAX = 100_000;
const AGAIN_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 600_000 };
/** Between two batches at least, and four times as long as the last one took: a fifth of one processor at most. */
const PAUSE_MS = 20;
const PAUSE_SHARE = 4;
/** Where nothing is due. */
const IDLE_MS = 1_000;
const STORED_EVERY_MS = 1_000;

/** Recorded last of an exchange as a rule; where more follows, that is looked at instead. */
const ENDS = new Set<string>([
  ...(['QueryDenied', 'NotificationImpossible', 'ProvisionRecorded', 'NoProvisionRecorded', 'ReceiptRecorded'] as const),
  ...(['QueryWithdrawalRecorded', 'QueryLapsed'] as const),
] satisfies ExchangeEvent['type'][]);

interface Waiting {
  readonly exchangeId: string;
  readonly revision: number;
  /** Where its end was recorded: the stored position stays before it. */
  readonly position: bigint;
  /** Business instant of its end. */
  readonly endedAt: string;
  attempts: number;
  /** Monotonic time from which it is looked at. */
  dueMs: number;
}

/**
 * Goes over every exchange some time after it has ended (`reconcileAfterMs`) and reconciles the three records of it: behind
 * all else, in small batches, one at a time. A party that is out of reach only delays: its exchanges wait and are looked at
 * again. A restart goes on from the last stored position; what is done twice changes nothing.
 */
export class ReconciliationReactor {
  readonly #waiting = new Map<string, Waiting>();
  readonly #position: PositionFile;
  readonly #stopping = new AbortController();
  readonly #reconciled: Counter<'outcome'>;
  #after = 0n;
  #isAtEnd = false;
  #storedAtMs = 0;
  #running: Promise<void> | undefined;
  #rounding: Promise<boolean> | undefined;

  constructor(
    private readonly parts: CoreParts,
    private readonly reconciler: ExchangeReconciler,
    private readonly findings: ReconciliationFindings,
    private readonly log: Log,
    metrics: Metrics,
    positionFile: string,
  ) {
    this.#position = new PositionFile(positionFile);
    this.#reconciled = new Counter({
      name: 'renkei_reconciled_exchanges_total',
      help: 'Exchanges whose three records were held against each other, by what came of it',
      labelNames: ['outcome'],
      registers: [metrics.registry],
    });
    const gauge = (name: string, help: string, value: () => number): void => {
      new Gauge({
        name,
        help,
        registers: [metrics.registry],
        collect() {
          this.set(value());
        },
      });
    };
    gauge('renkei_unmatched_oldest_seconds', 'Since the end of the oldest exchange whose records could not be matched yet', () => this.oldestUnmatchedSeconds);
    gauge('renkei_unmatched_exchanges', 'Exchanges that wait to be reconciled again', () => this.unmatched.length);
  }

  /** Ended exchanges that were looked at and could not be matched yet. */
  get unmatched(): readonly { readonly exchangeId: string; readonly endedAt: string }[] {
    return [...this.#waiting.values()].filter(({ attempts }) => attempts > 0);
  }
  get oldestUnmatchedSeconds(): number {
    const ended = this.unmatched.map(({ endedAt }) => Date.parse(endedAt));
    return ended.length === 0 ? 0 : Math.max(0, (Date.parse(this.parts.clock.now()) - ended.reduce((a, b) => Math.min(a, b))) / 1_000);
  }

  async start(): Promise<void> {
    const stored = await this.#position.read();
    // a store that was restored from a backup is shorter: then from its beginning
    this.#after = stored <= (await this.parts.store.lastPosition()) ? stored : 0n;
    this.#running = this.#run();
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (this.#running === undefined) return;
    await this.#running;
    await this.#store(true);
  }

  /** One batch: reads on, looks at what is due. True where there was something to do. A second call meanwhile joins the first. */
  round(): Promise<boolean> {
    this.#rounding ??= this.#round().finally(() => (this.#rounding = undefined));
    return this.#rounding;
  }

  async #round(): Promise<boolean> {
    await this.#readOn();
    const nowMs = performance.now();
    const due = [...this.#waiting.values()].filter(({ dueMs }) => dueMs <= nowMs).slice(0, BATCH_EXCHANGES);
    if (due.length > 0) {
      const judged = await this.reconciler.judge(due);
      for (const [at, waiting] of due.entries()) this.#settle(waiting, judged[at] as Judged);
    }
    await this.#store(false);
    return due.length > 0 || !this.#isAtEnd;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedMs = performance.now();
      let worked = false;
      try {
        worked = await this.round();
      } catch (error) {
        this.log.warn('records could not be reconciled: tried again', { error });
      }
      const pauseMs = worked ? Math.max(PAUSE_MS, PAUSE_SHARE * (performance.now() - startedMs)) : IDLE_MS;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Takes up exchanges that have ended long enough ago; stops before the first that has not. */
  async #readOn(): Promise<void> {
    this.#isAtEnd = true;
    if (this.#waiting.size >= WAITING_MAX) return;
    const { events, next, atEnd } = await this.parts.store.readAll({ after: this.#after, limit: PAGE_EVENTS });
    const nowMs = Date.parse(this.parts.clock.now());
    for (const { stream, type, revision, position, bytes } of events) {
      if (!ENDS.has(type) || !stream.startsWith('exchange-')) continue;
      const { at } = JSON.parse(Buffer.from(bytes).toString('utf8')) as RecordedEvent;
      if (Date.parse(at) + this.parts.settings.reconcileAfterMs > nowMs) {
        this.#after = position - 1n;
        return;
      }
      const exchangeId = stream.slice('exchange-'.length);
      const position_ = this.#waiting.get(exchangeId)?.position ?? position;
      this.#waiting.set(exchangeId, { exchangeId, revision, position: position_, endedAt: at, attempts: 0, dueMs: 0 });
    }
    this.#after = next;
    this.#isAtEnd = atEnd;
  }

  #settle(waiting: Waiting, judged: Judged): void {
    // a later end of it was read meanwhile: that one counts
    if (this.#waiting.get(waiting.exchangeId) !== waiting) return;
    if (judged.status === 'unmatched') {
      if (waiting.attempts === 0) this.#reconciled.inc({ outcome: 'unmatched' });
      waiting.attempts += 1;
      waiting.dueMs = performance.now() + waitMs(AGAIN_BACKOFF, waiting.attempts, Math.random);
      return;
    }
    this.#waiting.delete(waiting.exchangeId);
    if (judged.status === 'superseded') return;
    if (judged.status === 'matched') return this.#reconciled.inc({ outcome: judged.late ? 'late' : 'matched' });
    const { findings } = judged.found;
    const isUnproved = findings.some(({ code }) => code === 'RECORD_UNPROVED');
    this.#reconciled.inc({ outcome: isUnproved ? 'unproved' : findings.every(({ kind }) => kind === 'missing') ? 'missing' : 'conflicting' });
    this.findings.add(judged.found);
    for (const { code, parties, field } of findings) {
      this.log.error('the records of an exchange do not agree', { code, party: parties.join(','), rule: field, position: String(waiting.position) });
    }
  }

  async #store(now: boolean): Promise<void> {
    if (!now && performance.now() - this.#storedAtMs < STORED_EVERY_MS) return;
    this.#storedAtMs = performance.now();
    let done = this.#after;
    for (const { position } of this.#waiting.values()) if (position <= done) done = position - 1n;
    await this.#position.write(done);
  }
}
