import { setTimeout as sleep } from 'node:timers/promises';
import type { Position, Subscription } from '#libs/event-store';
import type { FeedPage } from '../feed-reader.js';
import { batchesOf } from './batches.js';
import type { FeedPublisher } from './feed-publisher.js';
import type { FeedSource } from './feed-source.js';
import { RelayTrouble } from './relay-trouble.js';

/** Limits of one relay, units last in the name. Tests may set them lower. */
export interface RelaySettings {
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Pause of a relay that another one of its name has displaced, at least; up to twice as long: two would take turns. */
  readonly displacedMs: number;
  /** Pages without a word to anyone after which the position is kept nevertheless. */
  readonly silentPagesMax: number;
}
export const RELAY_SETTINGS: RelaySettings = { retryFirstMs: 200, retryMaxMs: 30_000, displacedMs: 10_000, silentPagesMax: 20 };

export interface FeedRelayOptions {
  readonly source: FeedSource;
  /** A new publisher for each run; one that is not opened yet: `begin` connects. */
  readonly openPublisher: () => FeedPublisher;
  /** Told once at each change of the code, and for the log. */
  readonly onTrouble?: (trouble: RelayTroubleSeen) => void;
  readonly onRecovered?: () => void;
  readonly settings?: Partial<RelaySettings>;
}

export interface RelayTroubleSeen {
  /** Of RelayTrouble, of the store's errors, or of an event that cannot be told; INTERNAL where it has none. */
  readonly code: string;
  readonly error: unknown;
  /** Failures in a row. */
  readonly attempt: number;
}

/** Counts since the relay was made. */
export interface RelayCounts {
  readonly events: number;
  readonly transactions: number;
  /** Runs begun anew after an error. */
  readonly restarts: number;
}

/**
 * Publishes one server's feed, each stored event once in effect: position and events go out in one transaction, and after
 * any error a new publisher shuts out the old one and reads the position that counts. One page is under way, the next one
 * is read and told meanwhile; nothing more is held.
 */
export class FeedRelay {
  readonly #options: FeedRelayOptions;
  readonly #settings: RelaySettings;
  readonly #stop = new AbortController();
  readonly #counts = { events: 0, transactions: 0, restarts: 0 };
  /** One listener for all runs. */
  readonly #stopped = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve(), { once: true }));
  #running: Promise<void> | undefined;
  #begun = false;
  #trouble: RelayTroubleSeen | undefined;
  #position: Position | undefined;
  /** When nothing was left to publish the last time, monotonic. */
  #caughtUpMs: number;
  /** Recorded (wall clock) when what is under way was stored; undefined when nothing is. */
  #oldestPending: string | undefined;

  constructor(options: FeedRelayOptions) {
    this.#options = options;
    this.#settings = { ...RELAY_SETTINGS, ...options.settings };
    this.#caughtUpMs = performance.now();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends after the batch in hand; resolves when nothing is held any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get counts(): RelayCounts {
    return { ...this.#counts };
  }
  /** Why it does not publish just now. */
  get trouble(): RelayTroubleSeen | undefined {
    return this.#trouble;
  }
  /** True when it has found its place and nothing hinders it. */
  get ready(): boolean {
    return this.#begun && this.#trouble === undefined;
  }
  /** Of the last batch that was taken; undefined before its place was found. */
  get position(): Position | undefined {
    return this.#position;
  }

  /**
   * How far behind it is: `positions` in the store's own unit (events in the embedded store, bytes of the log in
   * EventStoreDB), `seconds` since it last had nothing left to do, or since the oldest event under way was recorded.
   */
  async lag(): Promise<{ readonly positions: number; readonly seconds: number }> {
    const last = await this.#options.source.lastPosition();
    const behind = last - (this.#position ?? 0n);
    if (this.#position !== undefined && behind <= 0n) return { positions: 0, seconds: 0 };
    const sinceCaughtUp = (performance.now() - this.#caughtUpMs) / 1_000;
    const pending = this.#oldestPending === undefined ? 0 : (Date.now() - Date.parse(this.#oldestPending)) / 1_000;
    return { positions: Number(behind), seconds: Math.max(0, sinceCaughtUp, pending) };
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const before = this.#counts.transactions;
      try {
        await this.#once();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures = this.#counts.transactions > before ? 1 : failures + 1;
        this.#counts.restarts += 1;
        this.#meet(error, failures);
        await sleep(this.#pauseMs(error, failures), undefined, { signal: this.#stop.signal }).catch(() => undefined); // stopped meanwhile
      }
    }
  }

  /** One run with one publisher; ends only by an error, or when stopped. */
  async #once(): Promise<void> {
    const publisher = this.#options.openPublisher();
    let subscription: Subscription | undefined;
    let publishing: Promise<void> = Promise.resolve();
    let broken: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (broken = reject));
    failed.catch(() => undefined); // raced below
    try {
      const after = await publisher.begin();
      const atEnd = await this.#isAtEnd(after);
      if (this.#stop.signal.aborted) return;
      this.#begun = true;
      this.#reached({ events: [], next: after, atEnd });
      let silentPages = 0;
      subscription = this.#options.source.follow({
        after,
        onPage: async (page) => {
          await publishing; // the page before; this one was read and told meanwhile
          silentPages = page.events.length > 0 ? 0 : silentPages + 1;
          const keeps = page.events.length > 0 || silentPages >= this.#settings.silentPagesMax;
          if (keeps) silentPages = 0;
          publishing = keeps ? this.#publish(publisher, page) : Promise.resolve(this.#reached(page));
          publishing.catch(broken);
        },
      });
      const ended = subscription.ended.then(() => {
        throw new RelayTrouble('FEED_SOURCE_ENDED', 'the store is closed');
      });
      await Promise.race([ended, failed, this.#stopped]);
    } finally {
      await subscription?.stop();
      await publishing.catch(() => undefined); // raced above, or met by the next page
      await publisher.close();
    }
  }

  async #publish(publisher: FeedPublisher, page: FeedPage): Promise<void> {
    this.#oldestPending ??= page.events[0]?.event.time;
    for (const batch of batchesOf(page)) {
      await publisher.publish(batch);
      this.#counts.events += batch.events.length;
      this.#counts.transactions += 1;
      this.#position = batch.position;
    }
    this.#reached(page);
    this.#clear();
  }

  #reached(page: FeedPage): void {
    this.#oldestPending = undefined;
    this.#position = page.next;
    if (!page.atEnd) return;
    this.#caughtUpMs = performance.now();
    this.#clear(); // otherwise only when something was published: trouble may stand further on
  }

  /** Rejects where the place is ahead of the store; true where nothing is left to do. */
  async #isAtEnd(after: Position): Promise<boolean> {
    const last = await this.#options.source.lastPosition();
    if (after > last) {
      throw new RelayTrouble('FEED_POSITION_AHEAD', `the store ends at ${last}, before the place ${after} that was published: was an older backup restored?`);
    }
    return after === last;
  }

  #clear(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#options.onRecovered?.();
  }

  #meet(error: unknown, attempt: number): void {
    const { code } = error as { readonly code?: unknown };
    const seen = { code: typeof code === 'string' ? code : 'INTERNAL', error, attempt };
    const changed = this.#trouble?.code !== seen.code;
    this.#trouble = seen;
    if (changed) this.#options.onTrouble?.(seen);
  }

  #pauseMs(error: unknown, failures: number): number {
    const { retryFirstMs, retryMaxMs, displacedMs } = this.#settings;
    if ((error as { readonly code?: unknown }).code === 'KAFKA_RELAY_DISPLACED') return displacedMs * (1 + Math.random());
    return Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures - 1, 20)) * (0.75 + Math.random() / 4);
  }
}
