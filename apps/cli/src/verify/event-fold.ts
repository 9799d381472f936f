import {
  accessDecider,
  acquisitionDecider,
  agencyDecider,
  exchangeDecider,
  holdersDecider,
  identifierDecider,
  logDecider,
  matrixDecider,
  numberDecider,
  openingDecider,
  provisionDecider,
  queryDecider,
  replicaDecider,
  residentDecider,
  serverDecider,
  subjectDecider,
  witnessDecider,
} from '#libs/domain';
import { type EventStore, openStore, PAGE_EVENTS_MAX, type StoreLocation } from '#libs/event-store';
import type { Decider, Message, RecordedEvent } from '#libs/kernel';
import type { PartyKind } from '#libs/read-models';
import { categoryOf, kindOfCategory } from '../parties/kind-of-category.js';
import { everyEvent } from './event-check.js';

/** States of streams kept in memory: a stream that comes again after it was forgotten is folded from its beginning. */
const STATES_MAX = 50_000;

type AnyDecider = Decider<unknown, Message, Message>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a decider is only ever given its own events
const any = (decider: Decider<any, any, any>): AnyDecider => decider as AnyDecider;

/** Whose events a category of streams holds. */
const DECIDERS: Readonly<Record<string, AnyDecider>> = {
  agency: any(agencyDecider),
  server: any(serverDecider),
  matrix: any(matrixDecider),
  opening: any(openingDecider),
  acquisition: any(acquisitionDecider),
  identifier: any(identifierDecider),
  exchange: any(exchangeDecider),
  holders: any(holdersDecider),
  query: any(queryDecider),
  provision: any(provisionDecider),
  replica: any(replicaDecider),
  subject: any(subjectDecider),
  resident: any(residentDecider),
  number: any(numberDecider),
};
const LEDGER_STREAMS: readonly (readonly [prefix: string, decider: AnyDecider | undefined])[] = [
  ['ledger-log', any(logDecider)],
  ['ledger-witness.', any(witnessDecider)],
  ['ledger-access.', any(accessDecider)],
  ['ledger-', undefined], // facts that no decider folds
];

export interface FoldFinding {
  readonly code: 'EVENT_NOT_FOLDED';
  readonly position: number;
  readonly stream: string;
  readonly detail: string;
}
/** A stream as far as it is folded: `next` is the revision that follows. */
interface Folded {
  readonly next: number;
  readonly state: unknown;
}
interface Placed {
  readonly event: RecordedEvent;
  readonly position: number;
}

/**
 * Folds events of ranges of a store, each stream by its own decider. Where a stream's events before a range were folded by
 * somebody else, they are read: once the range has been taken, by `finish`. Of the store's order only that of each stream
 * is needed. Memory is bounded: states of STATES_MAX streams, and what waits of one range.
 */
export class EventFold {
  /** The first thing that cannot be folded. */
  finding: FoldFinding | undefined;
  /** As the categories of its streams tell; undefined for a registry. */
  kind: PartyKind | undefined;
  readonly #location: StoreLocation;
  #store: EventStore | undefined;
  readonly #states = new Map<string, Folded>();
  readonly #waiting = new Map<string, Placed[]>();

  constructor(location: StoreLocation) {
    this.#location = location;
  }

  /** The next event of its stream in this range. */
  take(event: RecordedEvent, position: number): void {
    if (this.finding !== undefined) return;
    const { stream, revision } = event;
    const waiting = this.#waiting.get(stream);
    if (waiting !== undefined) waiting.push({ event, position });
    else if (revision === (this.#states.get(stream)?.next ?? 0)) this.#evolve(event, position);
    else this.#waiting.set(stream, [{ event, position }]);
  }

  /** Folds what waits for the events before it. The range has been taken. */
  async finish(): Promise<void> {
    for (const [stream, waiting] of this.#waiting) {
      const [first] = waiting as [Placed, ...Placed[]];
      try {
        await this.#refold(stream, first.event.revision);
      } catch (error) {
        this.#found(first, error);
      }
      for (const { event, position } of waiting) this.#evolve(event, position);
    }
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }

  /** Folds a stream up to a revision, from where it stands, or from its beginning. */
  async #refold(stream: string, until: number): Promise<void> {
    const at = this.#states.get(stream)?.next ?? 0;
    if (at > until) this.#states.delete(stream);
    this.#store ??= await openStore(this.#location, { readOnly: true });
    for (let from = at > until ? 0 : at; from < until;) {
      const page = await this.#store.readStream(stream, { from, limit: Math.min(PAGE_EVENTS_MAX, until - from) });
      if (page.length === 0) throw new RangeError(`revision ${from} of the stream is not to be had`);
      for (const { bytes, position } of page)
        this.#evolve(everyEvent.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')), Number(position));
      from += page.length;
    }
  }

  #evolve(event: RecordedEvent, position: number): void {
    const { stream, revision } = event;
    try {
      const decider = this.#deciderOf(stream);
      if (decider === undefined) return;
      const before = this.#states.get(stream);
      const state = decider.evolve(before === undefined ? decider.initialState : before.state, event);
      if (before !== undefined) this.#states.delete(stream); // the newest stand last
      this.#states.set(stream, { next: revision + 1, state });
      if (this.#states.size > STATES_MAX) this.#states.delete(this.#states.keys().next().value as string);
    } catch (error) {
      this.#found({ event, position }, error);
    }
  }

  #found({ event: { stream }, position }: Placed, error: unknown): void {
    const { message } = error as { readonly message?: string };
    if (this.finding === undefined || position < this.finding.position)
      this.finding = { code: 'EVENT_NOT_FOLDED', position, stream, detail: message ?? 'the decider does not take it' };
  }

  #deciderOf(stream: string): AnyDecider | undefined {
    const ledger = LEDGER_STREAMS.find(([prefix]) => stream.startsWith(prefix));
    if (ledger) return ledger[1];
    const category = categoryOf(stream);
    const decider = Object.hasOwn(DECIDERS, category) ? DECIDERS[category] : undefined;
    if (decider === undefined) throw new RangeError(`no party keeps streams of the category ${category}`);
    this.kind ??= kindOfCategory(category);
    return decider;
  }
}
