import { CORE_SETTINGS } from '#apps/core';
import { SETTINGS } from '#apps/intermediate-server';
import type { Stored } from '#libs/commands';
import type { ExchangeCommand, ExchangeEvent, ProvisionEvent, QueryCommand, QueryEvent, QueryFacts } from '#libs/domain';
import { DomainError, legalMonth } from '#libs/kernel';
import type { SimulatedExchange } from '../exchanges.js';
import type { Identity } from './identities.js';

/** How long each hop takes (business time): about what the sandbox needs under light load. */
const HOP_MS = 20;
export type Timed<Name extends string> = Readonly<Record<Name, string>>;

/** One exchange on its way through the three records. */
export class Passage {
  requesterHistory: readonly Stored<QueryEvent>[] = [];
  coreHistory: readonly Stored<ExchangeEvent>[] = [];
  providerHistory: readonly Stored<ProvisionEvent>[] = [];
  readonly facts: QueryFacts;
  readonly month: string;
  #hops = 0;

  constructor(
    readonly exchange: SimulatedExchange,
    readonly requester: Identity,
    /** Undefined where the provider knows no such person, or is never told. */
    readonly provider: Identity | undefined,
  ) {
    const { requester: asking, provider: asked, affair, procedure, information, period, department, nonDisclosure } = exchange;
    const facts: { -readonly [Name in keyof QueryFacts]: QueryFacts[Name] } = {
      requester: asking.holder.registration.code,
      provider: asked.holder.registration.code,
      affair,
      information,
      department,
      nonDisclosure,
      requestedAt: this.at(0),
    };
    if (asking.institution) facts.requesterInstitution = asking.institution.registration.code;
    if (asked.institution) facts.providerInstitution = asked.institution.registration.code;
    if (procedure !== undefined) facts.procedure = procedure;
    if (period !== undefined) facts.period = period;
    this.facts = facts;
    this.month = legalMonth(facts.requestedAt);
  }

  at(ms: number): string {
    return new Date(this.exchange.atMs + ms).toISOString();
  }
  /** The instant of the next hop. */
  next(): string {
    return this.at((this.#hops += 1) * HOP_MS);
  }
  get decided(): Stored<ExchangeEvent> {
    return this.coreHistory[0] as Stored<ExchangeEvent>;
  }
  get validUntil(): string {
    return this.at(HOP_MS + CORE_SETTINGS.queryValidityMs);
  }
  /** What the provider's last event is, and its leaf. */
  get answer(): { readonly event: ProvisionEvent; readonly leaf: string } {
    const last = this.providerHistory.at(-1) as Stored<ProvisionEvent>;
    return { event: last.event as unknown as ProvisionEvent, leaf: last.leaf };
  }
}

/** A command, its instant, what caused it (the exchange, where left out) and who acts (the system). */
export type Told<C> = readonly [command: C, at: string, causationId?: string, actor?: string];

/** What follows from an instant, a hop later. */
export const laterOf = (instant: string): string => new Date(Date.parse(instant) + HOP_MS).toISOString();

/** The provider's word, as it is reported to the core. */
export function report(passage: Passage): Told<ExchangeCommand> {
  const { event, leaf: providerLeaf } = passage.answer;
  const reporter = passage.facts.provider;
  switch (event.type) {
    case 'ProvisionHeld': {
      const { heldAt } = event.data;
      return [{ type: 'RecordHold', data: { reporter, heldAt, providerLeaf } }, laterOf(heldAt), providerLeaf];
    }
    case 'ProvisionMade': {
      const { providedAt, items, digest, nonDisclosure, automatic } = event.data;
      const data = { reporter, providerLeaf, providedAt, items, digest, nonDisclosure, automatic };
      return [{ type: 'RecordProvision', data }, laterOf(providedAt), providerLeaf];
    }
    case 'ProvisionNotMade': {
      const { endedAt, reason, nonDisclosure } = event.data;
      return [{ type: 'RecordNoProvision', data: { reporter, providerLeaf, endedAt, reason, nonDisclosure } }, laterOf(endedAt), providerLeaf];
    }
    case 'ProvisionDemanded':
    case 'ProvisionReleased':
      throw new DomainError('PROVISION_NOT_ANSWERED', 'internal', 'the provision has no answer yet');
  }
}

/** The provider's word, as the requester records it. */
export function delivery(passage: Passage): Told<QueryCommand> {
  const { event, leaf: providerLeaf } = passage.answer;
  if (event.type === 'ProvisionMade') {
    const { providedAt, items, digest, nonDisclosure } = event.data;
    const receivedAt = laterOf(laterOf(providedAt));
    const keptUntil = new Date(Date.parse(receivedAt) + SETTINGS.mailboxKeptMs).toISOString();
    const data = { providedAt, receivedAt, items, digest, nonDisclosure, providerLeaf, decisionLeaf: passage.decided.leaf, keptUntil };
    return [{ type: 'ReceiveProvision', data }, receivedAt];
  }
  if (event.type !== 'ProvisionNotMade') throw new DomainError('PROVISION_NOT_ANSWERED', 'internal', 'the provision has no answer yet');
  const { endedAt, reason, nonDisclosure } = event.data;
  return [{ type: 'EndQuery', data: { endedAt, reason, nonDisclosure, providerLeaf } }, laterOf(laterOf(endedAt))];
}
