import { type ExchangeEvent, type Kept, type ProvisionEvent, type QueryEvent, reconcile } from '#libs/domain';
import type { EventStore, StoredEvent } from '#libs/event-store';
import type { Message, RecordedEvent } from '#libs/kernel';
import { leafHash } from '#libs/ledger';

/** Where the three records of an exchange lie; the provider's store holds none where the provider was never told. */
export interface RecordKeepers {
  readonly requester: EventStore;
  readonly core: EventStore;
  readonly provider: EventStore;
}

/** What came of comparing the three records of one exchange. */
export interface Comparison {
  /** Facts and references that were compared and agree. */
  readonly facts: number;
  readonly references: number;
  /** What does not agree, by name; never a value. */
  readonly disagreements: readonly string[];
  /** Events at requester, core and provider. */
  readonly events: { readonly requester: number; readonly core: number; readonly provider: number };
  /** Recorded at the core, at a glance. */
  readonly nonDisclosure: { readonly requester: boolean; readonly core: boolean; readonly provider: boolean };
}

const decoder = new TextDecoder();
function kept<E extends Message>({ bytes }: StoredEvent): Kept<E> {
  return { event: JSON.parse(decoder.decode(bytes)) as RecordedEvent<E>, leaf: leafHash(bytes).toString('base64url') };
}

interface Histories {
  readonly requester: readonly Kept<QueryEvent>[];
  readonly core: readonly Kept<ExchangeEvent>[];
  readonly provider: readonly Kept<ProvisionEvent>[];
}

const isSealed = (history: readonly Kept[]): boolean =>
  history.some(({ event }) => (event.data as { readonly nonDisclosure?: boolean }).nonDisclosure === true);

/**
 * By the rule that reconciliation goes by. As of the exchange's own last record: what is still to come of an exchange that
 * has ended does not agree either, for here everybody is at hand.
 */
function compare(histories: Histories): Comparison {
  const { requester, core, provider } = histories;
  const instants = [...requester, ...core, ...provider].map(({ event }) => event.at).sort();
  const { outcome, findings, awaited, compared } = reconcile(histories, { now: instants.at(-1) ?? '', patienceMs: 0 });
  return {
    ...compared,
    disagreements: [
      ...findings.map(({ code, parties, field }) => `${code} ${field} (${parties.join(', ')})`),
      ...(outcome === 'open' ? [] : awaited.map(({ party, record }) => `${record} awaited (${party})`)),
    ],
    events: { requester: requester.length, core: core.length, provider: provider.length },
    nonDisclosure: { requester: isSealed(requester), core: isSealed(core), provider: isSealed(provider) },
  };
}

/** Reads the three records of exchanges from where each party keeps its own, and compares them, in the order asked. */
export async function compareRecords(keepers: RecordKeepers, exchangeIds: readonly string[]): Promise<readonly Comparison[]> {
  const [queries, exchanges, provisions] = await Promise.all([
    keepers.requester.readStreams(exchangeIds.map((id) => `query-${id}`)),
    keepers.core.readStreams(exchangeIds.map((id) => `exchange-${id}`)),
    keepers.provider.readStreams(exchangeIds.map((id) => `provision-${id}`)),
  ]);
  return exchangeIds.map((_, index) =>
    compare({
      requester: (queries[index] ?? []).map((event) => kept<QueryEvent>(event)),
      core: (exchanges[index] ?? []).map((event) => kept<ExchangeEvent>(event)),
      provider: (provisions[index] ?? []).map((event) => kept<ProvisionEvent>(event)),
    }),
  );
}
