import type { ExchangeEvent, ProvisionEvent, QueryEvent, QueryFacts } from '#libs/domain';
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

interface Recorded<E extends Message> {
  readonly event: RecordedEvent<E>;
  readonly leaf: string;
}
type Of<E extends Message, T extends E['type']> = Recorded<Extract<E, { readonly type: T }>>;

const decoder = new TextDecoder();
function recorded<E extends Message>({ bytes }: StoredEvent): Recorded<E> {
  return { event: JSON.parse(decoder.decode(bytes)) as RecordedEvent<E>, leaf: leafHash(bytes).toString('base64url') };
}
const find = <E extends Message, T extends E['type']>(events: readonly Recorded<E>[], type: T): Of<E, T> | undefined =>
  events.find(({ event }) => event.type === type) as Of<E, T> | undefined;

/** The facts that all three keep (Act art. 23(1) and its ministerial order), by name. */
const FACTS = [
  'requester',
  'requesterInstitution',
  'provider',
  'providerInstitution',
  'affair',
  'procedure',
  'information',
  'dataset',
  'period',
  'department',
  'requestedAt',
  'applicationId',
  'nonDisclosure',
] as const satisfies readonly (keyof QueryFacts)[];

class Tally {
  facts = 0;
  references = 0;
  readonly disagreements: string[] = [];

  fact(name: string, ...values: readonly unknown[]): void {
    if (new Set(values.map((value) => JSON.stringify(value))).size <= 1) this.facts += 1;
    else this.disagreements.push(name);
  }
  reference(name: string, cited: string | undefined, leaf: string | undefined): void {
    if (cited !== undefined && cited === leaf) this.references += 1;
    else this.disagreements.push(name);
  }
}

interface Histories {
  readonly query: readonly Recorded<QueryEvent>[];
  readonly exchange: readonly Recorded<ExchangeEvent>[];
  readonly provision: readonly Recorded<ProvisionEvent>[];
}

/** Names, times, items and flags as all three must have them, and each leaf hash that one record cites of another. */
function compare({ query, exchange, provision }: Histories): Comparison {
  const tally = new Tally();
  const submitted = find<QueryEvent, 'QuerySubmitted'>(query, 'QuerySubmitted');
  const received = find<QueryEvent, 'QueryDecisionReceived'>(query, 'QueryDecisionReceived');
  const permitted = find<ExchangeEvent, 'QueryPermitted'>(exchange, 'QueryPermitted');
  const denied = find<ExchangeEvent, 'QueryDenied'>(exchange, 'QueryDenied');
  const decided = permitted ?? denied;
  const demanded = find<ProvisionEvent, 'ProvisionDemanded'>(provision, 'ProvisionDemanded');
  if (!submitted || !decided || !received) {
    tally.disagreements.push(submitted ? 'decision missing' : 'query missing');
  } else {
    for (const name of FACTS) {
      const held = [submitted.event.data[name], decided.event.data[name], ...(demanded ? [demanded.event.data[name]] : [])];
      if (held.some((value) => value !== undefined)) tally.fact(name, ...held);
    }
    tally.fact('permitted', received.event.data.permitted, permitted !== undefined);
    tally.fact('item', received.event.data.item, decided.event.data.item, ...(demanded ? [demanded.event.data.item] : []));
    tally.fact('table', received.event.data.table, decided.event.data.table, ...(demanded ? [demanded.event.data.table] : []));
    if (denied) tally.fact('reason', received.event.data.reason, denied.event.data.reason);
    if (denied) tally.fact('exceptionApplied', received.event.data.exceptionApplied, denied.event.data.exceptionApplied);
    tally.reference('core cites the query', decided.event.data.queryLeaf, submitted.leaf);
    tally.reference('requester cites the decision', received.event.data.decisionLeaf, decided.leaf);
    if (demanded) tally.reference('provider cites the decision', demanded.event.data.decisionLeaf, decided.leaf);
    if (denied && provision.length > 0) tally.disagreements.push('the provider was told of a denied query');
  }
  compareOutcome({ query, exchange, provision }, tally);
  return {
    facts: tally.facts,
    references: tally.references,
    disagreements: tally.disagreements,
    events: { requester: query.length, core: exchange.length, provider: provision.length },
    nonDisclosure: {
      requester: query.some(({ event }) => 'nonDisclosure' in event.data && event.data.nonDisclosure),
      core: exchange.some(({ event }) => 'nonDisclosure' in event.data && event.data.nonDisclosure),
      provider: provision.some(({ event }) => 'nonDisclosure' in event.data && event.data.nonDisclosure),
    },
  };
}

function compareOutcome({ query, exchange, provision }: Histories, tally: Tally): void {
  const made = find<ProvisionEvent, 'ProvisionMade'>(provision, 'ProvisionMade');
  const told = find<ExchangeEvent, 'ProvisionRecorded'>(exchange, 'ProvisionRecorded');
  const arrived = find<QueryEvent, 'ProvisionReceived'>(query, 'ProvisionReceived');
  const receipt = find<ExchangeEvent, 'ReceiptRecorded'>(exchange, 'ReceiptRecorded');
  if (made ?? told ?? arrived) {
    if (!made || !told || !arrived) return void tally.disagreements.push('provision is not in all three records');
    tally.fact('providedAt', made.event.data.providedAt, told.event.data.providedAt, arrived.event.data.providedAt);
    tally.fact('items', made.event.data.items, told.event.data.items, arrived.event.data.items);
    tally.fact('digest', made.event.data.digest, told.event.data.digest, arrived.event.data.digest);
    tally.fact('automatic', made.event.data.automatic, told.event.data.automatic);
    tally.fact('provider’s seal', made.event.data.nonDisclosure, told.event.data.nonDisclosure, arrived.event.data.nonDisclosure);
    tally.reference('core cites the provision', told.event.data.providerLeaf, made.leaf);
    tally.reference('requester cites the provision', arrived.event.data.providerLeaf, made.leaf);
    tally.reference('core cites the receipt', receipt?.event.data.requesterLeaf, arrived.leaf);
    return;
  }
  const notMade = find<ProvisionEvent, 'ProvisionNotMade'>(provision, 'ProvisionNotMade');
  const none = find<ExchangeEvent, 'NoProvisionRecorded'>(exchange, 'NoProvisionRecorded');
  const ended = find<QueryEvent, 'QueryEnded'>(query, 'QueryEnded');
  if (!notMade || !none) return;
  tally.fact('why nothing was provided', notMade.event.data.reason, none.event.data.reason, ...(ended ? [ended.event.data.reason] : []));
  tally.reference('core cites the provider’s end', none.event.data.providerLeaf, notMade.leaf);
  if (ended?.event.data.providerLeaf !== undefined) tally.reference('requester cites the provider’s end', ended.event.data.providerLeaf, notMade.leaf);
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
      query: (queries[index] ?? []).map((event) => recorded<QueryEvent>(event)),
      exchange: (exchanges[index] ?? []).map((event) => recorded<ExchangeEvent>(event)),
      provision: (provisions[index] ?? []).map((event) => recorded<ProvisionEvent>(event)),
    }),
  );
}
