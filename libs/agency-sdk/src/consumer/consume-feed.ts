import type { FeedEvent } from '#libs/feed-schemas';
import { type BackoffOptions, backoffMs, pause } from './backoff.js';
import { type ConsumerHooks, EVENT_OUTCOMES, type EventOutcome } from './consumer-hooks.js';
import type { DeadLetter, DeadLetterReason, DeadLetters } from './dead-letters.js';
import { isSchemaInvalid } from './decoding.js';
import type { Decoded, Delivery, DeliveryOutcome, FeedSource, SourceEvents, Trouble } from './feed-source.js';
import { codeOf, HandlerTimeout, isPassing, isPoison } from './handler-errors.js';
import type { Inbox } from './inbox.js';

const ATTEMPTS_MAX = 8;
/** Unknown types that are told of; more are only counted. */
const UNKNOWN_TYPES_TOLD_MAX = 100;

export interface HandlerContext<Tx> {
  /** The agency's own transaction, which the inbox gave: what is written in it and the note that the event was handled are durable together. */
  readonly tx: Tx;
  /** From 1. */
  readonly attempt: number;
  /** Where the message lies in its source. */
  readonly place: string;
  /** Fires when the attempt's time (`handlerTimeoutMs`) is over: give it to what you call. */
  readonly signal: AbortSignal;
}
export type FeedHandler<Tx, Event = FeedEvent> = (event: Event, context: HandlerContext<Tx>) => Promise<void>;
/** A handler for each type of event that the agency's system wants to know of. */
export type FeedHandlers<Tx> = { readonly [Type in FeedEvent['type']]?: FeedHandler<Tx, Extract<FeedEvent, { readonly type: Type }>> };

export interface ConsumeOptions<Tx> {
  readonly source: FeedSource<FeedEvent>;
  readonly inbox: Inbox<Tx>;
  readonly deadLetters: DeadLetters;
  readonly handlers?: FeedHandlers<Tx>;
  /** For all types without a handler of their own. */
  readonly onEvent?: FeedHandler<Tx>;
  readonly backoff?: BackoffOptions;
  /** Attempts of an event whose handler fails in a way that does not pass (8); then it is a dead letter. */
  readonly attemptsMax?: number;
  /**
   * Time of one attempt of a handler, milliseconds; without it there is no limit. What is not done by then fails as a passing
   * error (HANDLER_TIMEOUT): its transaction is rolled back and it is tried again, but not before the handler itself has
   * ended, which `signal` tells it to: it never runs twice at once.
   */
  readonly handlerTimeoutMs?: number;
  /** Says whether an error of a handler passes by itself; undefined leaves it to `isPassing`. */
  readonly passes?: (error: unknown) => boolean | undefined;
  readonly hooks?: ConsumerHooks;
  /** Stops it, as `stop` does. */
  readonly signal?: AbortSignal;
}

export interface ConsumerHealth {
  readonly state: 'starting' | 'reading' | 'trouble' | 'stopped';
  /** The last trouble, while it lasts. */
  readonly trouble?: Trouble;
  /** Set while an event is tried again: the feed waits for it. */
  readonly waitingFor?: { readonly place: string; readonly code: string; readonly attempt: number };
  /** Set while a handler goes on although its time is over: it does not heed `signal`, and the feed waits for it. */
  readonly overdue?: { readonly place: string; readonly attempt: number; readonly ms: number };
  readonly counts: Readonly<Record<EventOutcome, number>>;
}

type Ended = Extract<EventOutcome, 'handled' | 'duplicate'>;
type Attempt = { readonly ended: Ended } | { readonly error: unknown; readonly inWork: boolean };

/**
 * Reads an agency's feed and hands each event to its handler, once in effect and in order: an event that fails in a passing
 * way is tried again in place, however long that takes; what can't be handled goes to the dead letters; an event of an unknown
 * type is told and left. Runs until it is stopped.
 */
export class FeedConsumer<Tx> {
  /** Resolves once it has stopped: the event under way has ended and its place is recorded. */
  readonly stopped: Promise<void>;
  readonly #stop = new AbortController();
  readonly #counts: Record<EventOutcome, number> = { handled: 0, duplicate: 0, ignored: 0, unknown: 0, dead: 0 };
  readonly #unknownTypes = new Set<string>();
  #state: ConsumerHealth['state'] = 'starting';
  #trouble: Trouble | undefined;
  #waitingFor: ConsumerHealth['waitingFor'];
  #overdue: { readonly about: { readonly place: string; readonly attempt: number }; readonly sinceMs: number } | undefined;

  constructor(private readonly options: ConsumeOptions<Tx>) {
    const { signal, source } = options;
    const stopping = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    const events: SourceEvents<FeedEvent> = {
      deliver: (delivery) => this.#deliver(delivery),
      reading: () => {
        this.#state = 'reading';
        this.#trouble = undefined;
        this.#tell((hooks) => hooks.reading?.());
      },
      trouble: (trouble) => {
        this.#state = 'trouble';
        this.#trouble = trouble;
        this.#tell((hooks) => hooks.trouble?.(trouble));
      },
      notice: (code, message) => this.#tell((hooks) => hooks.notice?.({ code, message })),
    };
    this.stopped = Promise.resolve() // nothing is told before the caller has the consumer
      .then(() => source.run(events, stopping))
      .finally(() => (this.#state = 'stopped'));
  }

  /** Lets the event under way end, records its place, and closes the source. An event that is waiting to be tried again comes again at the next start. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.stopped;
  }

  health(): ConsumerHealth {
    const trouble = this.#trouble === undefined ? {} : { trouble: this.#trouble };
    const waitingFor = this.#waitingFor === undefined ? {} : { waitingFor: this.#waitingFor };
    const overdue = this.#overdue === undefined ? {} : { overdue: { ...this.#overdue.about, ms: Math.round(performance.now() - this.#overdue.sinceMs) } };
    return { state: this.#state, counts: { ...this.#counts }, ...trouble, ...waitingFor, ...overdue };
  }

  async #deliver(delivery: Delivery<FeedEvent>): Promise<DeliveryOutcome> {
    const startedMs = performance.now();
    const told = (outcome: EventOutcome, attempts: number, event?: { readonly type: string; readonly time?: string }): void => {
      this.#counts[outcome] += 1;
      const { behind } = delivery;
      const about = { ...(event ? { type: event.type } : {}), ...(event?.time === undefined ? {} : { recordedAt: event.time }) };
      const durationMs = performance.now() - startedMs;
      this.#tell((hooks) => hooks.ended?.({ outcome, attempts, durationMs, ...about, ...(behind === undefined ? {} : { behind }) }));
    };
    let decoded: Decoded<FeedEvent>;
    try {
      decoded = delivery.decode();
    } catch (error) {
      const code = codeOf(error);
      const buried = await this.#bury(delivery, isSchemaInvalid(code) ? 'schema-invalid' : 'undecodable', code, 1);
      if (buried) told('dead', 1);
      return buried ? 'done' : 'not-done';
    }
    if (decoded.kind === 'unknown') {
      this.#noticeUnknown(decoded.type);
      told('unknown', 0, decoded);
      return 'done';
    }
    const { event } = decoded;
    const handler = (this.options.handlers?.[event.type] ?? this.options.onEvent) as FeedHandler<Tx> | undefined;
    if (handler === undefined) {
      told('ignored', 0, event);
      return 'done';
    }
    const ended = await this.#handle(delivery, event, handler);
    if (ended === undefined) return 'not-done';
    told(ended.outcome, ended.attempts, event);
    return 'done';
  }

  /** Tries until it is handled or buried; undefined where it was given back before. */
  async #handle(
    delivery: Delivery<FeedEvent>,
    event: FeedEvent,
    handler: FeedHandler<Tx>,
  ): Promise<{ readonly outcome: EventOutcome; readonly attempts: number } | undefined> {
    const { attemptsMax = ATTEMPTS_MAX, passes } = this.options;
    let release: (() => void) | undefined;
    let failures = 0;
    try {
      for (let attempt = 1; !delivery.givenBack.aborted; attempt += 1) {
        const result = await this.#attempt(delivery, event, handler, attempt);
        if ('ended' in result) return { outcome: result.ended, attempts: attempt };
        const { error, inWork } = result;
        const code = codeOf(error);
        const passing = !inWork || (passes?.(error) ?? isPassing(error)); // what the inbox itself throws is its database's trouble
        if (!passing) failures += 1;
        if (inWork && (isPoison(error) || failures >= attemptsMax)) {
          const buried = await this.#bury(delivery, isPoison(error) ? 'poison' : 'attempts-exceeded', code, attempt, event);
          return buried ? { outcome: 'dead', attempts: attempt } : undefined;
        }
        release ??= delivery.hold();
        await this.#wait(delivery, { type: event.type, code, attempt, passing });
      }
      return undefined;
    } finally {
      this.#waitingFor = undefined;
      release?.();
    }
  }

  async #attempt(delivery: Delivery<FeedEvent>, event: FeedEvent, handler: FeedHandler<Tx>, attempt: number): Promise<Attempt> {
    let thrown: { readonly error: unknown } | undefined;
    try {
      const ended = await this.options.inbox.once(event, async (tx) => {
        try {
          await this.#timed(delivery.place, attempt, (signal) => handler(event, { tx, attempt, place: delivery.place, signal }));
        } catch (error) {
          thrown = { error };
          throw error;
        }
      });
      return { ended };
    } catch (error) {
      return thrown === undefined ? { error, inWork: false } : { error: thrown.error, inWork: true };
    }
  }

  /** Runs a handler to its end, which may come late; rejects with HandlerTimeout where it came too late, whatever it ended with. */
  async #timed(place: string, attempt: number, handler: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { handlerTimeoutMs } = this.options;
    const over = new AbortController();
    if (handlerTimeoutMs === undefined) return handler(over.signal);
    const timeout = new HandlerTimeout(handlerTimeoutMs);
    const timer = setTimeout(() => {
      this.#overdue = { about: { place, attempt }, sinceMs: performance.now() };
      this.#tell((hooks) => hooks.notice?.({ code: timeout.code, message: `${timeout.message}, in attempt ${attempt} of ${place}` }));
      over.abort(timeout);
    }, handlerTimeoutMs);
    try {
      await handler(over.signal);
    } catch (error) {
      if (!over.signal.aborted || isPoison(error)) throw error;
    } finally {
      clearTimeout(timer);
      this.#overdue = undefined;
    }
    if (over.signal.aborted) throw timeout;
  }

  /** Puts a dead letter, however often that must be tried; false where the delivery was given back before. */
  async #bury(delivery: Delivery<FeedEvent>, reason: DeadLetterReason, code: string, attempts: number, event?: FeedEvent): Promise<boolean> {
    const letter: DeadLetter = {
      reason,
      code,
      attempts,
      from: this.options.source.name,
      place: delivery.place,
      at: new Date().toISOString(),
      ...(event === undefined ? {} : { event: { source: event.source, id: event.id, type: event.type } }),
      message: delivery.message(),
    };
    const type = event === undefined ? {} : { type: event.type };
    for (let attempt = 1; !delivery.givenBack.aborted; attempt += 1) {
      try {
        await this.options.deadLetters.put(letter);
        this.#waitingFor = undefined;
        this.#tell((hooks) => hooks.deadLetter?.({ reason, code, place: delivery.place, ...type }));
        return true;
      } catch (error) {
        await this.#wait(delivery, { ...type, code: codeOf(error), attempt, passing: true });
      }
    }
    this.#waitingFor = undefined;
    return false;
  }

  async #wait(
    { place, givenBack }: Delivery<FeedEvent>,
    told: { readonly type?: string; readonly code: string; readonly attempt: number; readonly passing: boolean },
  ): Promise<void> {
    const delayMs = backoffMs(told.attempt, this.options.backoff);
    this.#waitingFor = { place, code: told.code, attempt: told.attempt };
    this.#tell((hooks) => hooks.retrying?.({ ...told, delayMs }));
    await pause(delayMs, givenBack);
  }

  #noticeUnknown(type: string): void {
    if (this.#unknownTypes.has(type) || this.#unknownTypes.size >= UNKNOWN_TYPES_TOLD_MAX) return;
    this.#unknownTypes.add(type);
    const shown = /^[\w.-]{1,128}$/.test(type) ? type : 'that is no name';
    this.#tell((hooks) =>
      hooks.notice?.({ code: 'UNKNOWN_EVENT_TYPE', message: `events of the type ${shown} are left: this release of the SDK does not know them` }),
    );
  }

  #tell(tell: (hooks: ConsumerHooks) => void): void {
    try {
      if (this.options.hooks) tell(this.options.hooks);
    } catch {
      // a hook is told, not asked: its failure is its own
    }
  }
}

/** Begins to consume; see FeedConsumer. */
export const consumeFeed = <Tx>(options: ConsumeOptions<Tx>): FeedConsumer<Tx> => new FeedConsumer(options);

/** The counts in Prometheus' text format: `renkei_feed_events_total{outcome}`. */
export const countsAsMetrics = ({ counts }: ConsumerHealth): string =>
  ['# TYPE renkei_feed_events_total counter', ...EVENT_OUTCOMES.map((outcome) => `renkei_feed_events_total{outcome="${outcome}"} ${counts[outcome]}`), ''].join(
    '\n',
  );
