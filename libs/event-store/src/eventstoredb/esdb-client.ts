import { setMaxListeners } from 'node:events';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { collect, type Collected, type DriverRead } from './collect.js';
import type { Failure } from './driver-errors.js';
import { Gate } from './gate.js';
import { discard, newDriver, versionOf } from './guarded-driver.js';
import { APPENDS_SENT_MAX, PAGE_BYTES_MAX, READS_MAX, type Times } from './limits.js';
import { RecentRecords } from './recent-records.js';
import { type Attempts, retrying, within } from './retry.js';

/** Silent failures before a driver is replaced. */
const SILENT_FAILURES_MAX = 3;
const DISCARD_MS = 5_000;

/** Every read under way listens to it. */
function newLife(): AbortController {
  const life = new AbortController();
  setMaxListeners(READS_MAX * 2, life.signal);
  return life;
}

/**
 * The one client of this thread for a server: every party's store shares it, for the driver keeps the appends of all its
 * clients in one list and a failure of one rejects those of the others. A driver that gives no sign of the server for
 * `replaceAfterMs` is replaced; what it had under way is rejected, and tried again under the same ids.
 */
export class EsdbClient {
  static readonly #shared = new Map<string, EsdbClient>();
  readonly appends = new Gate(APPENDS_SENT_MAX);
  readonly reads = new Gate(READS_MAX);
  readonly recent = new RecentRecords();
  readonly #url: string;
  #driver: EventStoreDBClient;
  /** Aborted when the driver is discarded. */
  #life = newLife();
  #users = 0;
  #silentFailures = 0;
  #silentSinceMs = 0;
  #discarding: Promise<void> = Promise.resolve();

  private constructor(url: string) {
    this.#url = url;
    this.#driver = newDriver(url);
  }

  /** Each must be given back with `release`. Throws EVENT_STORE_INVALID. */
  static acquire(url: string): EsdbClient {
    const client = this.#shared.get(url) ?? new EsdbClient(url);
    this.#shared.set(url, client);
    client.#users += 1;
    return client;
  }

  async release(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0) return;
    EsdbClient.#shared.delete(this.#url);
    await this.#discard();
  }

  get driver(): EventStoreDBClient {
    return this.#driver;
  }

  /** All of a read. It rejects when the driver is discarded: the driver lets a read that was so broken off end as if it were whole. */
  collect(begin: (driver: EventStoreDBClient) => Pick<DriverRead, 'cancel'>, idleMs: number): Promise<Collected> {
    return collect(begin(this.#driver) as DriverRead, { idleMs, bytesMax: PAGE_BYTES_MAX, signal: this.#life.signal });
  }

  version(timeoutMs: number): Promise<string> {
    return within(versionOf(this.#driver), timeoutMs, 'asking the server for its version');
  }

  /** Tries as long as it may, and watches whether the driver still works. */
  trying<T>(
    attempt: () => Promise<T>,
    times: Pick<Times, 'replaceAfterMs'> & Pick<Attempts, 'budgetMs'>,
    translate: (failure: Failure) => Error | undefined = () => undefined,
  ): Promise<T> {
    const onAnswer = (): void => {
      this.#silentFailures = 0;
    };
    return retrying(attempt, { budgetMs: times.budgetMs, onAnswer, onFailure: ({ silent }) => this.#failed(silent, times.replaceAfterMs) }, translate);
  }

  #failed(silent: boolean, replaceAfterMs: number): void {
    if (!silent) {
      this.#silentFailures = 0;
      return;
    }
    this.#silentFailures += 1;
    if (this.#silentFailures === 1) this.#silentSinceMs = performance.now();
    if (this.#silentFailures < SILENT_FAILURES_MAX || performance.now() - this.#silentSinceMs < replaceAfterMs) return;
    this.#silentFailures = 0;
    void this.#discard();
    this.#driver = newDriver(this.#url);
    this.#life = newLife();
  }

  /** One after the other: the last to go waits for those that were replaced. */
  #discard(): Promise<void> {
    this.#life.abort();
    const driver = this.#driver;
    const before = this.#discarding;
    this.#discarding = within(discard(driver), DISCARD_MS, 'closing the connection').catch(() => undefined);
    this.#discarding = Promise.all([before, this.#discarding]).then(() => undefined);
    return this.#discarding;
  }
}
