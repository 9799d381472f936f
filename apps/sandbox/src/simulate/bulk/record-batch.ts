import type { Execution, Stored } from '#libs/commands';
import { monthKeyId, provisionDigest } from '#libs/cryptography';
import {
  type Available,
  type Basis,
  basisOf,
  type Decision,
  type ExchangeCommand,
  exchangeDecider,
  type ExchangeEvent,
  judgeParties,
  partiesOf,
  type ProvisionCommand,
  provisionDecider,
  type ProvisionEvent,
  type QueryCommand,
  queryDecider,
  type QueryEvent,
  verdictOf,
} from '#libs/domain';
import { clear, DomainError } from '#libs/kernel';
import { CORE } from '../../nation/nation.js';
import { DATASET, type DenialKind, isHeld, type Outcome, type SimulatedExchange } from '../exchanges.js';
import { type BulkNation, recordAll } from './bulk-nation.js';
import { byServer, type Identities, type Identity, itemOf } from './identities.js';
import { delivery, laterOf, Passage, report, type Timed, type Told } from './passage.js';

/** A lapse is seen, and the requester learns of it, so long after the validity period. */
const LAPSE_MS = 2_000;
const SYSTEM = 'system';
const leafOf = (stored: Stored<never> | undefined): string => stored?.leaf ?? '';

/** Records batches of exchanges at all who take part, step by step: nobody cites what does not stand durably elsewhere. */
export class BatchRecorder {
  constructor(
    private readonly nation: BulkNation,
    private readonly identities: Identities,
  ) {}

  async record(exchanges: readonly SimulatedExchange[]): Promise<void> {
    const all = exchanges.map((exchange) => {
      const { requester, provider, person } = exchange;
      return new Passage(exchange, this.identities.of(requester.holder, person) as Identity, this.identities.of(provider.holder, person));
    });
    await this.#atRequesters(all, (passage) => this.#submission(passage));
    await this.#atCore(all, (passage) => this.#decision(passage));
    for (const passage of all) this.#assertMeant(passage);
    await this.#atRequesters(all, (passage) => this.#decisionTold(passage));
    const notified = all.filter(({ coreHistory, decided }) => coreHistory.length === 1 && decided.event.type === 'QueryPermitted');
    const impossible = all.filter(({ coreHistory }) => coreHistory.length === 2);
    await this.#atRequesters(impossible, (passage) => this.#endedByCore(passage, 'PROVIDER_HOLDS_NO_IDENTIFIER', passage.next()));
    await this.#atProviders(notified, (passage) => this.#demand(passage));
    await this.#atCore(notified, (passage) => report(passage));
    const held = notified.filter(({ exchange }) => isHeld(exchange));
    await this.#deliver(notified.filter(({ exchange }) => !isHeld(exchange)));
    await this.#settle(held);
  }

  /** What officials do of what is held, within its hour or not at all. */
  async #settle(held: readonly Passage[]): Promise<void> {
    const settled = held.filter(({ exchange }) => exchange.outcome !== 'lapsed');
    await this.#atProviders(settled, (passage) => this.#official(passage));
    await this.#atCore(settled, (passage) => report(passage));
    await this.#deliver(settled);
    const lapsed = held.filter(({ exchange }) => exchange.outcome === 'lapsed');
    await this.#atCore(lapsed, (passage) => {
      const now = new Date(Date.parse(passage.validUntil) + LAPSE_MS).toISOString();
      return [{ type: 'Lapse', data: { now, cause: 'UNANSWERED' } }, now, passage.answer.leaf];
    });
    await this.#atRequesters(lapsed, (passage) => {
      return this.#endedByCore(passage, 'LAPSED_HELD', new Date(Date.parse(passage.validUntil) + 2 * LAPSE_MS).toISOString());
    });
  }

  /** The provider's answer reaches the requester, and its receipt the core. */
  async #deliver(answered: readonly Passage[]): Promise<void> {
    await this.#atRequesters(answered, delivery);
    const received = answered.filter(({ requesterHistory }) => requesterHistory.at(-1)?.event.type === 'ProvisionReceived');
    await this.#atCore(received, (passage) => {
      const stored = passage.requesterHistory.at(-1) as Stored<QueryEvent>;
      const { receivedAt } = stored.event.data as Timed<'receivedAt'>;
      const data = { reporter: passage.facts.requester, receivedAt, requesterLeaf: stored.leaf };
      return [{ type: 'RecordReceipt', data }, laterOf(receivedAt), stored.leaf];
    });
  }

  #submission({ exchange, facts, requester }: Passage): Told<QueryCommand> {
    const parts = [facts.requester, requester.number, facts.provider, facts.affair, facts.information, facts.period ?? null, facts.requestedAt];
    const data = {
      query: facts,
      subject: clear(requester.number),
      identifier: clear(requester.identifier),
      subjectStream: requester.name,
      queryDigest: requester.server.party.names.queryDigest(JSON.stringify(parts)),
    };
    return [{ type: 'SubmitQuery', data }, facts.requestedAt, exchange.exchangeId, `official:${facts.department}`];
  }

  /** As the core decides (art. 21(2)): parties, table of the day, openings, assessments, identifiers; and what that rests on. */
  #decision(passage: Passage): Told<ExchangeCommand> {
    const { facts, requester, provider, exchange, requesterHistory } = passage;
    const { register, core } = this.nation;
    const at = passage.next();
    const { day } = exchange;
    const parties = partiesOf(register, facts);
    const legality = judgeParties(register.law, parties, facts, day, true);
    const basis: { -readonly [Name in keyof Basis]: Basis[Name] } = basisOf(register.law, parties, facts, legality);
    if (legality.permitted) {
      basis.requesterIdentifier = { stream: requester.stream, revision: 0 };
      basis.providerIdentifier = provider ? { stream: provider.stream, revision: 0 } : { stream: this.#streamOf(passage), revision: -1 };
    }
    const queryLeaf = leafOf(requesterHistory[0] as Stored<never> | undefined);
    const data = {
      query: facts,
      queryDigest: core.names.queryDigest(
        JSON.stringify([facts.requester, facts.provider, facts.affair, facts.information, requester.stream, facts.requestedAt]),
      ),
      queryLeaf,
      requesterSubject: clear(requester.identifier),
      verdict: verdictOf(legality),
      validUntil: passage.validUntil,
      basis,
      ...(provider && legality.permitted ? { providerSubject: clear(provider.identifier) } : {}),
    };
    return [{ type: 'DecideQuery', data }, at, queryLeaf];
  }

  /** The stream of an identifier that the provider has not obtained. */
  #streamOf({ exchange, facts }: Passage): string {
    const { core, cipher } = this.nation;
    return `identifier-${core.names.identifier(facts.provider, cipher.linkOf(exchange.person.residentRecordCode))}`;
  }

  /** The law says what the workload meant: anything else is a fault of the simulation. */
  #assertMeant({ exchange, decided, coreHistory }: Passage): void {
    const { type, data } = decided.event as unknown as ExchangeEvent;
    const found = type === 'QueryDenied' ? data.reason : coreHistory.length === 2 ? 'impossible' : 'permitted';
    if (found === meantDecision(exchange.outcome, exchange.denial)) return;
    throw new DomainError('SIMULATION_DECIDED_OTHERWISE', 'internal', `item ${exchange.item} on ${exchange.day}: the core decides ${found}`);
  }

  #decisionTold(passage: Passage): Told<QueryCommand> {
    const { decided, coreHistory } = passage;
    const { type, data } = decided.event as unknown as ExchangeEvent;
    const now = passage.next();
    const decisionLeaf = decided.leaf;
    let decision: Decision;
    if (type === 'QueryDenied') {
      const { reason, article, exceptionApplied, table, item } = data;
      const cited = { ...(table === undefined ? {} : { table }), ...(item === undefined ? {} : { item }) };
      decision = { permitted: false, reason, article, exceptionApplied, decisionLeaf, ...cited };
    } else if (type === 'QueryPermitted') {
      const { table, item, validUntil } = data;
      decision = { permitted: true, table, item, validUntil, decisionLeaf, impossible: coreHistory.length === 2 };
    } else throw new DomainError('EXCHANGE_CORRUPT', 'internal', 'an exchange begins with its decision');
    return [{ type: 'ReceiveDecision', data: { decision, now } }, now];
  }

  /** `coreLeaf`: of the last thing that the core recorded. */
  #endedByCore({ coreHistory }: Passage, reason: string, endedAt: string): Told<QueryCommand> {
    const coreLeaf = leafOf(coreHistory.at(-1) as Stored<never> | undefined);
    return [{ type: 'EndQuery', data: { endedAt, reason, nonDisclosure: false, coreLeaf } }, endedAt];
  }

  #demand(passage: Passage): Told<ProvisionCommand> {
    const { provider, facts, decided } = passage;
    const now = passage.next();
    if (!provider || decided.event.type !== 'QueryPermitted') throw new DomainError('SIMULATION_WITHOUT_PROVIDER', 'internal', 'nobody can answer');
    const { table, item, validUntil } = decided.event.data as Timed<'table' | 'item' | 'validUntil'>;
    const person = { identifier: clear(provider.identifier), subject: clear(provider.number), subjectStream: provider.name };
    const data = { query: facts, ...person, validUntil, decisionLeaf: decided.leaf, table, item, available: this.#available(passage), now };
    return [{ type: 'AnswerDemand', data }, now, decided.event.id];
  }

  #official(passage: Passage): Told<ProvisionCommand> {
    const { exchange, facts } = passage;
    const now = passage.at(exchange.officialMs);
    const common = { agency: facts.provider, department: facts.department, now };
    const actor = `official:${facts.department}`;
    if (exchange.outcome === 'released') {
      return [{ type: 'ReleaseProvision', data: { ...common, available: this.#available(passage) } }, now, exchange.exchangeId, actor];
    }
    return [{ type: 'EndWithoutProvision', data: { ...common, reason: 'UNDER_CORRECTION', nonDisclosure: false } }, now, exchange.exchangeId, actor];
  }

  #available({ exchange, provider, facts }: Passage): Available {
    const item = itemOf(facts.information, facts.period);
    const revision = provider?.replicas.get(item);
    if (!provider || revision === undefined || exchange.outcome === 'no-record') return { kind: 'none', reason: 'NO_RECORD', nonDisclosure: false };
    const random = Buffer.from(provider.server.hmac.digest(`provision-salt/${exchange.exchangeId}`, 'base64url'), 'base64url');
    return {
      kind: 'replica',
      items: [item],
      replicas: [{ stream: `replica-${provider.name}`, revision }],
      replicaRevision: provider.recorded - 1,
      digest: provisionDigest(random, `${provider.name}/${DATASET}/${revision}`),
      nonDisclosure: false,
      ...(isHeld(exchange) ? { blocked: 'SUBJECT_BLOCKED' as const } : {}),
    };
  }

  async #atRequesters(passages: readonly Passage[], commandOf: (passage: Passage) => Told<QueryCommand>): Promise<void> {
    await byServer(
      passages,
      ({ requester }) => requester.server,
      async ({ party }, own) => {
        const executions = own.map((passage) => {
          const { requester } = passage.facts;
          return executionOf(
            passage,
            commandOf(passage),
            { category: 'query', keyId: monthKeyId(requester, passage.month), agency: requester },
            passage.requesterHistory,
          );
        });
        const histories = await recordAll(party, queryDecider, executions);
        for (const [at, passage] of own.entries()) passage.requesterHistory = histories[at] as readonly Stored<QueryEvent>[];
      },
    );
  }

  async #atProviders(passages: readonly Passage[], commandOf: (passage: Passage) => Told<ProvisionCommand>): Promise<void> {
    await byServer(
      passages,
      ({ provider }) => (provider as Identity).server,
      async ({ party }, own) => {
        const executions = own.map((passage) => {
          const { provider } = passage.facts;
          return executionOf(
            passage,
            commandOf(passage),
            { category: 'provision', keyId: monthKeyId(provider, passage.month), agency: provider },
            passage.providerHistory,
          );
        });
        const histories = await recordAll(party, provisionDecider, executions);
        for (const [at, passage] of own.entries()) passage.providerHistory = histories[at] as readonly Stored<ProvisionEvent>[];
      },
    );
  }

  async #atCore(passages: readonly Passage[], commandOf: (passage: Passage) => Told<ExchangeCommand>): Promise<void> {
    const executions = passages.map((passage) =>
      executionOf(passage, commandOf(passage), { category: 'exchange', keyId: monthKeyId(CORE, passage.month) }, passage.coreHistory),
    );
    const histories = await recordAll(this.nation.core, exchangeDecider, executions);
    for (const [at, passage] of passages.entries()) passage.coreHistory = histories[at] as readonly Stored<ExchangeEvent>[];
  }
}

function executionOf<C>(
  { exchange: { exchangeId } }: Passage,
  [command, at, causationId = exchangeId, actor = SYSTEM]: Told<C>,
  { category, keyId, agency }: { readonly category: string; readonly keyId: string; readonly agency?: string },
  known: readonly Stored[],
): Execution<C> {
  const context = { at, actor, correlationId: exchangeId, causationId, keyId };
  return { stream: `${category}-${exchangeId}`, command, known, context: agency === undefined ? context : { ...context, agency } };
}

const meantDecision = (outcome: Outcome, denial: DenialKind | undefined): string =>
  outcome === 'denied' ? (denial ?? '') : outcome === 'impossible' ? 'impossible' : 'permitted';
