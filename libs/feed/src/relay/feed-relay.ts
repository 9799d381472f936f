import { setTimeout as sleep } from 'node:timers/promises';
import type { Position, Subscription } from '#libs/event-store';
import type { FeedPage } from '../feed-reader.js';
import { BATCH_BYTES_MAX, batchesOf } from './batches.js';
import type { FeedPublisher } from './feed-publisher.js';
import type { FeedSource } from './feed-source.js';
import { RelayTrouble } from './relay-trouble.js';
import { type TakenPages, WaitingPages } from './waiting-pages.js';

const MS_A_SECOND = 1_000;

/** Limits of one relay, units last in the name. Tests may set them lower. */
export interface RelaySettings {
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** Pause of a relay that another one of its name has displaced, at least; up to twice as long: two would take turns. */
  readonly displacedMs: number;
  /** Pages without a word to anyone after which the position is kept nevertheless. */
  readonly silentPagesMax: number;
  /** Of a transaction, and of what is read meanwhile, about. */
  readonly batchBytesMax: number;
}
export const RELAY_SETTINGS: RelaySettings = {
  retryFirstMs: 200,
  retryMaxMs: 30_000,
  displacedMs: 10_000,
  silentPagesMax: 20,
  batchBytesMax: BATCH_BYTES_MAX,
};

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
 * any error a new publisher shuts out the old one and reads the position that counts. While a transaction is under way,
 * what follows is read and told: it is the next one, the larger the further behind the relay is, up to `batchBytesMax`.
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
  /** In a row, of this run. */
  #silentPages = 0;
  readonly #madeMs = performance.now();

  constructor(options: FeedRelayOptions) {
    this.#options = options;
    this.#settings = { ...RELAY_SETTINGS, ...options.settings };
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
   * EventStoreDB), `seconds` since the oldest event that was not yet published was recorded; before its place was found,
   * since it was made. Reads the store: rejects as that does.
   */
  async lag(): Promise<{ readonly positions: number; readonly seconds: number }> {
    const { source } = this.#options;
    const last = await source.lastPosition();
    const position = this.#position;
    if (position === undefined) return { positions: Number(last), seconds: (performance.now() - this.#madeMs) / MS_A_SECOND };
    const oldest = position < last ? await source.nextRecordedAt(position) : undefined;
    if (oldest === undefined) return { positions: 0, seconds: 0 };
    return { positions: Number(last - position), seconds: Math.max(0, Date.now() - Date.parse(oldest)) / MS_A_SECOND };
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
    const waiting = new WaitingPages(this.#settings.batchBytesMax);
    let publishing: Promise<void> | undefined;
    let broken: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (broken = reject));
    failed.catch(() => undefined); // raced below
    const publishAll = async (): Promise<void> => {
      try {
        for (let taken = waiting.take(); taken !== undefined; taken = waiting.take()) await this.#send(publisher, taken);
      } catch (error) {
        waiting.close(); // at once: nothing may go out after what did not
        broken(error);
      }
      publishing = undefined;
    };
    try {
      const after = await publisher.begin();
      const atEnd = await this.#isAtEnd(after);
      if (this.#stop.signal.aborted) return;
      this.#begun = true;
      this.#silentPages = 0;
      this.#reached({ next: after, atEnd });
      subscription = this.#options.source.follow({
        after,
        onPage: (page) => {
          waiting.add(page);
          publishing ??= publishAll();
          return waiting.room();
        },
      });
      const ended = subscription.ended.then(() => {
        throw new RelayTrouble('FEED_SOURCE_ENDED', 'the store is closed');
      });
      await Promise.race([ended, failed, this.#stopped]);
    } finally {
      if (this.#stop.signal.aborted) waiting.close(); // where the source ended, all that it told before goes out
      await subscription?.stop();
      await publishing;
      await publisher.close();
    }
  }

  /** Publishes what was taken; where it tells nobody anything, mostly remembers the place only. */
  async #send(publisher: FeedPublisher, taken: TakenPages): Promise<void> {
    this.#silentPages = taken.events.length > 0 ? 0 : this.#silentPages + taken.pages;
    if (taken.events.length > 0 || this.#silentPages >= this.#settings.silentPagesMax) {
      this.#silentPages = 0;
      for (const batch of batchesOf(taken, this.#settings.batchBytesMax)) {
        await publisher.publish(batch);
        this.#counts.events += batch.events.length;
        this.#counts.transactions += 1;
        this.#position = batch.position;
      }
      this.#clear();
    }
    this.#reached(taken);
  }

  #reached({ next, atEnd }: Pick<FeedPage, 'next' | 'atEnd'>): void {
    this.#position = next;
    if (atEnd) this.#clear(); // otherwise only when something was published: trouble may stand further on
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
