import type { ExchangeEvent } from '../exchange/exchange.events.js';
import type { QueryFacts } from '../exchange/query-facts.js';
import type { QueryEvent } from '../query/query.events.js';
import { type Awaited, type Finding, Judgement, type Patience } from './judgement.js';
import { judgeOutcome } from './outcome.js';
import { PartyRecord, type Records, type Role, type ThreeRecords } from './records.js';

/** How an exchange ended, as far as the records say. `refused`: the core refused the line itself, and recorded nothing. */
export type ExchangeOutcome = 'provided' | 'not-provided' | 'denied' | 'impossible' | 'withdrawn' | 'lapsed' | 'refused' | 'open';

/** What came of holding three records of one exchange against each other. */
export interface Reconciliation {
  /** `unmatched`: nothing contradicts, but something is still to come, or a record that is needed is not at hand. */
  readonly status: 'matched' | 'unmatched' | 'found';
  readonly outcome: ExchangeOutcome;
  /** True where the provider's answer was made in time and recorded after the lapse or the withdrawal (format.md §7): no conflict. */
  readonly late: boolean;
  readonly findings: readonly Finding[];
  readonly awaited: readonly Awaited[];
  /** Records that something could not be compared with. */
  readonly notAtHand: readonly Role[];
  /** Facts and leaf hashes that were compared and agree. */
  readonly compared: { readonly facts: number; readonly references: number };
}

/** The facts that all three keep (Act art. 23(1) and its ministerial order), by name. */
export const SHARED_FACTS = [
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

/**
 * Holds the three records of one exchange against each other: what one cites of another is there and is the same bytes, what
 * several keep is the same, what the course of the exchange demands exists, and nothing else does (design.md §1.6). Judges
 * equality only: whether a decision was lawful is replay's matter, whether a record was changed under its own checkpoint
 * the ledger's.
 */
export function reconcile(three: ThreeRecords, patience: Patience): Reconciliation {
  const records: Records = {
    requester: new PartyRecord('requester', three.requester),
    core: new PartyRecord('core', three.core),
    provider: new PartyRecord('provider', three.provider),
  };
  const judgement = new Judgement(patience);
  for (const role of ['requester', 'core'] as const) if (!records[role].isAtHand) judgement.notAtHand.add(role);
  judgement.soundness(records.requester);
  judgement.soundness(records.core);
  judgement.soundness(records.provider);
  judgeQuery(records, judgement);
  const outcome = judgeOutcome(records, judgement);
  const { findings, awaited, notAtHand, compared } = judgement;
  const told = records.core.of('ProvisionRecorded') ?? records.core.of('NoProvisionRecorded');
  return {
    status: findings.length > 0 ? 'found' : awaited.length > 0 || notAtHand.size > 0 ? 'unmatched' : 'matched',
    outcome,
    late: told?.event.data.late === true,
    findings,
    awaited,
    notAtHand: [...notAtHand],
    compared,
  };
}

/** The query and its decision: at all three where the provider was notified. */
function judgeQuery({ requester, core, provider }: Records, judgement: Judgement): void {
  const submitted = requester.of('QuerySubmitted');
  const received = requester.of('QueryDecisionReceived');
  const permitted = core.of('QueryPermitted');
  const decided = permitted ?? core.of('QueryDenied');
  const demanded = provider.of('ProvisionDemanded');
  const holders = [
    ...(submitted ? [['requester', submitted.event] as const] : []),
    ...(decided ? [['core', decided.event] as const] : []),
    ...(demanded ? [['provider', demanded.event] as const] : []),
  ];
  if (holders.length > 1) {
    for (const name of SHARED_FACTS) {
      if (holders.some(([, { data }]) => data[name] !== undefined)) judgement.fact(name, ...holders.map(([role, { data }]) => [role, data[name]] as const));
    }
  }
  for (const [role, { agency, data }] of holders) if (role !== 'core') judgement.own(role, 'agency', agency === data[role]);
  if (received && decided) judgeDecision(received.event.data, decided.event, judgement);
  const terms = [
    ...(received ? [['requester', received.event.data] as const] : []),
    ...(decided ? [['core', decided.event.data as Terms] as const] : []),
    ...(demanded ? [['provider', demanded.event.data] as const] : []),
  ];
  if (terms.length > 1) for (const name of TERMS) judgement.fact(name, ...terms.map(([role, data]) => [role, data[name]] as const));
  judgeCitations({ requester, core, provider }, judgement);
}

/** What a decision rests on and how long it holds: at all who hold the decision or the permit. */
const TERMS = ['table', 'item', 'validUntil'] as const;
type Terms = Partial<Record<(typeof TERMS)[number], string>>;
type Received = Extract<QueryEvent, { type: 'QueryDecisionReceived' }>['data'];
type Decided = Extract<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' }>;

function judgeDecision(received: Received, decided: Decided, judgement: Judgement): void {
  const isPermit = decided.type === 'QueryPermitted';
  const both = (field: string, own: unknown, cores: unknown): void => judgement.fact(field, ['requester', own], ['core', cores]);
  both('permitted', received.permitted, isPermit);
  both('reason', received.reason, isPermit ? undefined : decided.data.reason);
  both('article', received.article, isPermit ? undefined : decided.data.article);
  both('exceptionApplied', received.exceptionApplied, isPermit ? false : decided.data.exceptionApplied);
}

/** Which leaf hashes the records of query, decision and demand cite of each other. */
function judgeCitations({ requester, core, provider }: Records, judgement: Judgement): void {
  const received = requester.of('QueryDecisionReceived');
  const decided = core.of('QueryPermitted') ?? core.of('QueryDenied');
  const demanded = provider.of('ProvisionDemanded');
  if (decided) {
    const { at: since, data } = decided.event;
    judgement.cites({ by: 'core', field: 'queryLeaf', leaf: data.queryLeaf, since }, requester, 'QuerySubmitted');
  }
  if (received) {
    const { at: since, data } = received.event;
    judgement.cites({ by: 'requester', field: 'decisionLeaf', leaf: data.decisionLeaf, since }, core, data.permitted ? 'QueryPermitted' : 'QueryDenied');
  }
  if (demanded) {
    const { at: since, data } = demanded.event;
    judgement.cites({ by: 'provider', field: 'decisionLeaf', leaf: data.decisionLeaf, since }, core, 'QueryPermitted');
  }
  const arrived = requester.of('ProvisionReceived');
  if (arrived) {
    const { at: since, data } = arrived.event;
    judgement.cites({ by: 'requester', field: 'decisionLeaf', leaf: data.decisionLeaf, since }, core, 'QueryPermitted');
  }
}
