/** A message that was read. */
export type Decoded<Event> =
  | { readonly kind: 'event'; readonly event: Event }
  /** Well formed, of a type or version that this release does not know. */
  | { readonly kind: 'unknown'; readonly type: string; readonly id: string; readonly source: string };

/** A message as it lay on the wire, for a dead letter. `key` and `headers` are Kafka's. */
export interface WireMessage {
  readonly key?: Uint8Array;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, Uint8Array>>;
}

/** One message of the feed, handed over by a source. */
export interface Delivery<Event> {
  /** Where it lies, for people: `<topic>/<partition>/<offset>`, or the number on its page of the HTTP feed. Holds no secret. */
  readonly place: string;
  /** Throws a DomainError (the codec's PoisonMessage) where it is no event. */
  decode(): Decoded<Event>;
  message(): WireMessage;
  /** Fires when the source needs the delivery back: it stops, or another consumer has taken over. Waiting ends then, work under way does not. */
  readonly givenBack: AbortSignal;
  /** No more is fetched until what is returned is called: for the time between attempts. */
  hold(): () => void;
  /** Messages known to wait behind this one, where the source knows. */
  readonly behind?: number;
}

/** `done`: its place may be recorded. `not-done`: it was given back, and must come again. */
export type DeliveryOutcome = 'done' | 'not-done';

/** A source cannot read just now: it goes on trying with growing pauses. */
export interface Trouble {
  /** Stable, e.g. `SERVER_UNREACHABLE`, `TOPIC_MISSING`, `TOPIC_FORBIDDEN`. */
  readonly code: string;
  readonly message: string;
  /** Pause before the next try, milliseconds. */
  readonly delayMs: number;
}

/** What a source calls. `deliver` never rejects. */
export interface SourceEvents<Event> {
  deliver(delivery: Delivery<Event>): Promise<DeliveryOutcome>;
  /** It reads (again). */
  reading(): void;
  trouble(trouble: Trouble): void;
  notice(code: string, message: string): void;
}

/**
 * Where an agency's feed comes from. Contract, tested by `feed-source.contract.ts`:
 * - Deliveries come in the order of the feed, the next one after the outcome of the one before (per partition).
 * - A place is recorded only after `done`, and all done places are recorded before `run` resolves: a message may come twice
 *   (after a crash), none is left out.
 * - `run` resolves once the signal fired and the delivery under way came back. Nothing of the outside makes it reject: it
 *   tells trouble, waits (bounded) and tries again until it is stopped.
 */
export abstract class FeedSource<Event> {
  /** For metrics and dead letters: the topic, or the server's id. */
  abstract readonly name: string;
  abstract run(events: SourceEvents<Event>, signal: AbortSignal): Promise<void>;
}

/** Where a group that has no place yet begins; one that has goes on from there. */
export type StartAt =
  | 'beginning'
  /** What is recorded from now on. */
  | 'end'
  /** The first event recorded at this instant or later. */
  | { readonly time: Date | string }
  /** A Kafka offset or a cursor of the HTTP feed: the first event after a cursor, or at an offset. */
  | { readonly place: string };
