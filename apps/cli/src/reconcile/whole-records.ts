import { type ExchangeEvent, type Kept, type ProvisionEvent, type QueryEvent, type Role, ROLES, type ThreeRecords } from '#libs/domain';
import type { EventStore, StoredEvent } from '#libs/event-store';
import type { Message, RecordedEvent } from '#libs/kernel';
import { leafHash } from '#libs/ledger';
import type { Hosts } from './worker-messages.js';
import { eventText } from './event-text.js';

const CATEGORY: Readonly<Record<Role, string>> = { requester: 'query', core: 'exchange', provider: 'provision' };

/** An exchange, and the stores in which something of it was seen, by party. */
export interface Seen {
  readonly exchangeId: string;
  readonly stores: Readonly<Record<Role, readonly number[]>>;
}
export interface WholeExchange {
  readonly exchangeId: string;
  readonly records: ThreeRecords;
  /** Index of the store where each party's record lies, or must lie. */
  readonly stores: Readonly<Partial<Record<Role, number>>>;
  readonly requester?: string;
  readonly provider?: string;
}

function kept<E extends Message>(events: readonly StoredEvent[]): Kept<E>[] {
  return events.flatMap(({ bytes }) => {
    try {
      return [{ event: JSON.parse(eventText(bytes)) as RecordedEvent<E>, leaf: leafHash(bytes).toString('base64url') }];
    } catch {
      return []; // damaged: counted as unreadable, and missing here
    }
  });
}

/** Reads the records of exchanges as they are stored, for the whole rule. */
export class WholeRecords {
  /** `ids`: the servers whose stores these are, in their order. */
  constructor(
    private readonly stores: readonly EventStore[],
    private readonly ids: readonly string[],
    private readonly core: number,
    private readonly hosts: Hosts,
  ) {}

  async read(seen: readonly Seen[]): Promise<readonly WholeExchange[]> {
    const histories = await Promise.all(ROLES.map((role) => this.#histories(role, seen)));
    return seen.map(({ exchangeId, stores }, at) => {
      const [query = [], exchange = [], provision = []] = histories.map((of) => of[at] ?? []);
      const { requester, provider } = agenciesIn([...exchange, ...query, ...provision]);
      const records: ThreeRecords = {
        requester: stores.requester.length > 0 || this.#isAtHand(requester) ? kept<QueryEvent>(query) : undefined,
        core: kept<ExchangeEvent>(exchange),
        provider: stores.provider.length > 0 || this.#isAtHand(provider) ? kept<ProvisionEvent>(provision) : undefined,
      };
      const places = {
        core: this.core,
        ...placeOf('requester', stores.requester[0] ?? this.#storeOf(requester)),
        ...placeOf('provider', stores.provider[0] ?? this.#storeOf(provider)),
      };
      return { exchangeId, records, stores: places, ...(requester === undefined ? {} : { requester }), ...(provider === undefined ? {} : { provider }) };
    });
  }

  /** By exchange; where more than one store holds a party's record, all of it, one after the other. */
  async #histories(role: Role, seen: readonly Seen[]): Promise<readonly (readonly StoredEvent[])[]> {
    const found = seen.map((): StoredEvent[] => []);
    for (const [index, store] of this.stores.entries()) {
      const here = seen.flatMap(({ stores }, at) => (stores[role].includes(index) ? [at] : []));
      if (here.length === 0) continue;
      const streams = await store.readStreams(here.map((at) => `${CATEGORY[role]}-${seen[at]?.exchangeId ?? ''}`));
      for (const [order, at] of here.entries()) found[at]?.push(...(streams[order] ?? []));
    }
    return found;
  }

  /** True where the stores of all servers that ever spoke for the agency are at hand: then a record that is not there is missing. */
  #isAtHand(agency: string | undefined): boolean {
    if (agency === undefined) return true;
    const servers = this.hosts.get(agency) ?? [];
    return servers.length > 0 && servers.every((server) => this.ids.includes(server));
  }
  /** Of the server that speaks for it now. */
  #storeOf(agency: string | undefined): number | undefined {
    const server = agency === undefined ? undefined : this.hosts.get(agency)?.at(-1);
    const index = server === undefined ? -1 : this.ids.indexOf(server);
    return index < 0 ? undefined : index;
  }
}

const placeOf = (role: 'requester' | 'provider', store: number | undefined): Partial<Record<Role, number>> => (store === undefined ? {} : { [role]: store });

/** Requester and provider by the first record that names them. */
function agenciesIn(events: readonly StoredEvent[]): { readonly requester?: string; readonly provider?: string } {
  for (const { type, bytes } of events) {
    if (type !== 'QueryPermitted' && type !== 'QueryDenied' && type !== 'QuerySubmitted' && type !== 'ProvisionDemanded') continue;
    const [one] = kept<QueryEvent>([{ bytes } as StoredEvent]);
    const { requester, provider } = (one?.event.data ?? {}) as { readonly requester?: string; readonly provider?: string };
    if (requester !== undefined && provider !== undefined) return { requester, provider };
  }
  return {};
}
