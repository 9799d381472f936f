import type { Message, RecordedEvent } from '#libs/kernel';
import type { ExchangeEvent } from '../exchange/exchange.events.js';
import type { ProvisionEvent } from '../provision/provision.events.js';
import type { QueryEvent } from '../query/query.events.js';

/** Who records an exchange (Act art. 23(1) and (3)). */
export const ROLES = ['requester', 'core', 'provider'] as const;
export type Role = (typeof ROLES)[number];

/** A stored event and the leaf hash (base64url) of its stored bytes. */
export interface Kept<E extends Message = Message> {
  readonly event: RecordedEvent<E>;
  readonly leaf: string;
}

/**
 * What each party has recorded of one exchange, oldest first: `query-`, `exchange-` and `provision-<exchange id>`. An empty
 * list: the party was asked and has nothing. Undefined: its record is not at hand, and nothing follows from that.
 */
export interface ThreeRecords {
  readonly requester?: readonly Kept<QueryEvent>[] | undefined;
  readonly core?: readonly Kept<ExchangeEvent>[] | undefined;
  readonly provider?: readonly Kept<ProvisionEvent>[] | undefined;
}

type Of<E extends Message, T extends E['type']> = Kept<Extract<E, { readonly type: T }>>;

/** One party's record of one exchange, by type of event: its decider records each type once at most. */
export class PartyRecord<E extends Message> {
  readonly #byType = new Map<string, Kept<E>>();
  /** Types that were recorded twice. */
  readonly repeated: readonly string[];

  constructor(
    readonly role: Role,
    private readonly kept: readonly Kept<E>[] | undefined,
  ) {
    const repeated = new Set<string>();
    for (const one of kept ?? []) {
      if (this.#byType.has(one.event.type)) repeated.add(one.event.type);
      else this.#byType.set(one.event.type, one);
    }
    this.repeated = [...repeated];
  }

  get isAtHand(): boolean {
    return this.kept !== undefined;
  }
  get isEmpty(): boolean {
    return this.events.length === 0;
  }
  get events(): readonly Kept<E>[] {
    return this.kept ?? [];
  }

  of<T extends E['type']>(type: T): Of<E, T> | undefined {
    return this.#byType.get(type) as Of<E, T> | undefined;
  }

  /** True where the first was recorded before the second, and both were. */
  isBefore(first: E['type'], second: E['type']): boolean {
    const [a, b] = [this.#byType.get(first), this.#byType.get(second)];
    return a !== undefined && b !== undefined && a.event.revision < b.event.revision;
  }

  holds(leaf: string): boolean {
    return this.events.some((one) => one.leaf === leaf);
  }

  /** Revisions run from 0 without a gap: what is missing in the middle of a record shows in it alone. */
  get isComplete(): boolean {
    return this.events.every(({ event }, index) => event.revision === index);
  }
}

/** The three records of one exchange, as the rule reads them. */
export interface Records {
  readonly requester: PartyRecord<QueryEvent>;
  readonly core: PartyRecord<ExchangeEvent>;
  readonly provider: PartyRecord<ProvisionEvent>;
}
