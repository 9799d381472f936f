import { isDomainError, type Log, type Metrics } from '#libs/platform';
import { Counter, Gauge } from 'prom-client';

/** A code is logged at most so often; the metric counts every line. */
const LOGGED_EVERY_MS = 1_000;
/** A contradiction is for operators to look at: the others may pass by themselves. */
const GRAVE = 'LEDGER_INCONSISTENT';

/** What was shown to this interface system and not taken, by code, and when the core last proved anything. Codes only: no line, no person. */
export class Refusals {
  readonly #counts = new Map<string, number>();
  readonly #loggedAtMs = new Map<string, number>();
  #verifiedAtMs: number;

  constructor(
    private readonly log: Log,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.#verifiedAtMs = nowMs();
  }

  /** Runs the check of one line; what it throws is counted, and thrown on. */
  counting<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      this.count(error);
      throw error;
    }
  }

  count(error: unknown): void {
    const code = isDomainError(error) ? error.code : 'INTERNAL';
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    const now = this.nowMs();
    if (now - (this.#loggedAtMs.get(code) ?? Number.NEGATIVE_INFINITY) < LOGGED_EVERY_MS) return;
    this.#loggedAtMs.set(code, now);
    if (code === GRAVE) this.log.error('a log contradicts itself: two checkpoints that it signed are kept as evidence', { code });
    else this.log.warn('what was shown is refused', { code });
  }

  /** A checkpoint of the core's was verified now. */
  coreVerified(): void {
    this.#verifiedAtMs = this.nowMs();
  }

  of(code: string): number {
    return this.#counts.get(code) ?? 0;
  }

  measureIn({ registry }: Metrics): void {
    const counts = this.#counts;
    const age = (): number => (this.nowMs() - this.#verifiedAtMs) / 1_000;
    new Counter({
      name: 'renkei_refusals_total',
      help: 'Lines and checkpoints that were shown to this interface system and not taken, by code',
      labelNames: ['code'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [code, count] of counts) this.inc({ code }, count);
      },
    });
    new Gauge({
      name: 'renkei_core_checkpoint_age_seconds',
      help: "Seconds since a checkpoint of the core's was verified last, or since the start",
      registers: [registry],
      collect() {
        this.set(age());
      },
    });
  }
}
