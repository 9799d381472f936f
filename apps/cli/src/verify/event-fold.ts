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
import { type EventStore, PAGE_EVENTS_MAX, type StoredEvent } from '#libs/event-store';
import type { Decider, Message } from '#libs/kernel';
import type { PartyKind } from '#libs/read-models';
import { everyEvent } from './event-check.js';
import type { Finding } from './report.js';

/** States of streams kept in memory: a stream that comes again after it was forgotten is folded from its beginning. */
const STATES_MAX = 50_000;

type AnyDecider = Decider<unknown, Message, Message>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a decider is only ever given its own events
const any = (decider: Decider<any, any, any>): AnyDecider => decider as AnyDecider;

/** Whose events a category of streams holds, and at which kind of party. */
const CATEGORIES: Readonly<Record<string, { readonly decider: AnyDecider; readonly kind?: PartyKind }>> = {
  agency: { decider: any(agencyDecider), kind: 'core' },
  server: { decider: any(serverDecider), kind: 'core' },
  matrix: { decider: any(matrixDecider), kind: 'core' },
  opening: { decider: any(openingDecider), kind: 'core' },
  acquisition: { decider: any(acquisitionDecider), kind: 'core' },
  identifier: { decider: any(identifierDecider), kind: 'core' },
  exchange: { decider: any(exchangeDecider), kind: 'core' },
  holders: { decider: any(holdersDecider), kind: 'core' },
  query: { decider: any(queryDecider), kind: 'intermediate-server' },
  provision: { decider: any(provisionDecider), kind: 'intermediate-server' },
  replica: { decider: any(replicaDecider), kind: 'intermediate-server' },
  subject: { decider: any(subjectDecider), kind: 'intermediate-server' },
  resident: { decider: any(residentDecider) },
  number: { decider: any(numberDecider) },
};
const LEDGER_STREAMS: readonly (readonly [prefix: string, decider: AnyDecider | undefined])[] = [
  ['ledger-log', any(logDecider)],
  ['ledger-witness.', any(witnessDecider)],
  ['ledger-access.', any(accessDecider)],
  ['ledger-', undefined], // facts that no decider folds
];

/** Folds events in the order of the store, each stream by its own decider, in constant memory. */
export class EventFold {
  finding: Omit<Finding, 'party'> | undefined;
  /** As the categories of its streams tell; undefined for a registry. */
  kind: PartyKind | undefined;
  readonly #store: EventStore;
  readonly #states = new Map<string, unknown>();

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** The next events. What cannot be folded is the `finding`, the first one. */
  async take(events: readonly StoredEvent[]): Promise<void> {
    for (const event of events) {
      if (this.finding !== undefined) return;
      const { stream, revision } = event;
      if (revision > 0 && !this.#states.has(stream)) await this.#refold(stream, revision);
      this.#evolve(event);
    }
  }

  async #refold(stream: string, revision: number): Promise<void> {
    for (let from = 0; from < revision; from += PAGE_EVENTS_MAX) {
      const limit = Math.min(PAGE_EVENTS_MAX, revision - from);
      for (const event of await this.#store.readStream(stream, { from, limit })) this.#evolve(event);
    }
  }

  #evolve(event: StoredEvent): void {
    const { stream, position, bytes } = event;
    try {
      const decider = this.#deciderOf(stream);
      if (decider === undefined) return;
      const decoded = everyEvent.decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
      const before = this.#states.has(stream) ? this.#states.get(stream) : decider.initialState;
      this.#states.delete(stream);
      this.#states.set(stream, decider.evolve(before, decoded));
      if (this.#states.size > STATES_MAX) this.#states.delete(this.#states.keys().next().value as string);
    } catch (error) {
      const { message } = error as { readonly message?: string };
      this.finding ??= { code: 'EVENT_NOT_FOLDED', position: Number(position), stream, detail: message ?? 'the decider does not take it' };
    }
  }

  #deciderOf(stream: string): AnyDecider | undefined {
    const ledger = LEDGER_STREAMS.find(([prefix]) => stream.startsWith(prefix));
    if (ledger) return ledger[1];
    const category = stream.slice(0, stream.indexOf('-'));
    const known = Object.hasOwn(CATEGORIES, category) ? CATEGORIES[category] : undefined;
    if (known === undefined) throw new RangeError(`no party keeps streams of the category ${category}`);
    this.kind ??= known.kind;
    return known.decider;
  }
}
