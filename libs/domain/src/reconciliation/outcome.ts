import type { Judgement } from './judgement.js';
import type { ExchangeOutcome } from './reconcile.js';
import type { Records, Role } from './records.js';

/** How the exchange went on after the query, by what the core decided. */
export function judgeOutcome(records: Records, judgement: Judgement): ExchangeOutcome {
  const { requester, core } = records;
  const permitted = core.of('QueryPermitted')?.event;
  if (core.of('QueryDenied') && !permitted) return judgeDenied(records, judgement);
  if (core.of('NotificationImpossible')) return judgeImpossible(records, judgement);
  const alone = core.isEmpty ? judgeUndecided(records, judgement) : undefined;
  if (alone !== undefined) return alone;
  if (permitted) {
    judgement.runsUntil(permitted.data.validUntil);
    if (!requester.of('QueryDecisionReceived') && !requester.of('QueryWithdrawn')) judgement.expects(requester, 'QueryDecisionReceived', permitted.at);
  }
  return judgeNotified(records, judgement);
}

/** As it is told where the core has recorded nothing of an exchange. */
export const DECISION = 'QueryPermitted|QueryDenied';

/** The requester's record stands alone so far: taken back, refused as a line, on its way, or the core's record is gone. */
function judgeUndecided({ requester, core, provider }: Records, judgement: Judgement): ExchangeOutcome | undefined {
  const submitted = requester.of('QuerySubmitted');
  const ended = requester.of('QueryEnded')?.event.data;
  const isAlone = submitted && provider.isEmpty && !requester.of('QueryDecisionReceived') && !requester.of('ProvisionReceived');
  if (!isAlone) return undefined; // a record cites what the core must have: the citations tell
  // withdrawn before it was sent: nobody else knows of it
  if (requester.of('QueryWithdrawn')) return 'withdrawn';
  if (ended && ended.coreLeaf === undefined && ended.providerLeaf === undefined) return 'refused';
  if (!ended) judgement.expects(core, DECISION, submitted.event.at);
  return ended ? undefined : 'open';
}

function judgeDenied({ requester, core, provider }: Records, judgement: Judgement): ExchangeOutcome {
  const denied = core.of('QueryDenied');
  if (denied && !requester.of('QueryDecisionReceived') && !requester.of('QueryWithdrawn')) {
    judgement.expects(requester, 'QueryDecisionReceived', denied.event.at);
  }
  for (const { event } of core.events) if (event.type !== 'QueryDenied') judgement.unexpected('core', event.type);
  for (const { event } of requester.events) {
    if (event.type === 'ProvisionReceived' || event.type === 'QueryEnded') judgement.unexpected('requester', event.type);
  }
  for (const { event } of provider.events) judgement.unexpected('provider', event.type);
  return 'denied';
}

/** The provider holds no identifier for the person, so it was never told; the requester is. */
function judgeImpossible({ requester, core, provider }: Records, judgement: Judgement): ExchangeOutcome {
  const since = core.of('NotificationImpossible')?.event.at ?? '';
  const permitted = core.of('QueryPermitted');
  const ended = requester.of('QueryEnded');
  if (!permitted) judgement.expects(core, 'QueryPermitted', since);
  if (permitted?.event.data.providerSubject) judgement.unexpected('core', 'NotificationImpossible');
  if (!requester.of('QueryDecisionReceived') && !requester.of('QueryWithdrawn')) judgement.expects(requester, 'QueryDecisionReceived', since);
  if (!ended && !requester.of('QueryWithdrawn')) judgement.expects(requester, 'QueryEnded', since);
  if (ended) {
    judgement.fact('reason', ['requester', ended.event.data.reason], ['core', core.of('NotificationImpossible')?.event.data.reason]);
    judgeCoreLeaf(ended.event.data.coreLeaf, { core } as Records, judgement);
  }
  for (const { event } of core.events) if (event.type !== 'QueryPermitted' && event.type !== 'NotificationImpossible') judgement.unexpected('core', event.type);
  if (requester.of('ProvisionReceived')) judgement.unexpected('requester', 'ProvisionReceived');
  for (const { event } of provider.events) judgement.unexpected('provider', event.type);
  return 'impossible';
}

/** An end that the core's word made cites that word. */
function judgeCoreLeaf(leaf: string | undefined, { core }: Pick<Records, 'core'>, judgement: Judgement): void {
  if (core.isEmpty) return;
  if (leaf !== undefined && core.holds(leaf)) judgement.compared.references += 1;
  else judgement.findings.push({ kind: 'conflicting', code: 'CITATION_DIFFERS', parties: ['requester', 'core'], field: 'coreLeaf' });
}

/** The provider was notified, or was to be. */
function judgeNotified(records: Records, judgement: Judgement): ExchangeOutcome {
  judgeHold(records, judgement);
  judgeProviderCourse(records, judgement);
  judgeProvision(records, judgement);
  judgeNoProvision(records, judgement);
  judgeReceipt(records, judgement);
  judgeWithdrawal(records, judgement);
  judgeLapse(records, judgement);
  return outcomeOf(records, judgement);
}

function judgeHold({ core, provider }: Records, judgement: Judgement): void {
  const held = provider.of('ProvisionHeld');
  const recorded = core.of('ProvisionHeldRecorded');
  if (recorded) {
    const { at: since, data } = recorded.event;
    judgement.cites({ by: 'core', field: 'providerLeaf', leaf: data.providerLeaf, since }, provider, 'ProvisionHeld');
    if (held) judgement.fact('heldAt', ['provider', held.event.data.heldAt], ['core', data.heldAt]);
  } else if (held && core.isAtHand && !isAnswered(core) && !isOver(core)) judgement.expects(core, 'ProvisionHeldRecorded', held.event.at);
}

/** What the provider's record must hold by itself. */
function judgeProviderCourse({ provider }: Records, judgement: Judgement): void {
  const made = provider.of('ProvisionMade');
  const released = provider.of('ProvisionReleased');
  const demanded = provider.of('ProvisionDemanded');
  if (made) judgement.own('provider', 'automatic', made.event.data.automatic === (released === undefined));
  if (made && provider.of('ProvisionNotMade')) judgement.unexpected('provider', 'ProvisionNotMade');
  // a demand is answered, held or ended in the append that records it
  if (demanded && provider.events.length === 1) judgement.expects(provider, 'ProvisionMade|ProvisionHeld|ProvisionNotMade', demanded.event.at);
}

const isAnswered = (core: Records['core']): boolean => core.of('ProvisionRecorded') !== undefined || core.of('NoProvisionRecorded') !== undefined;
const isOver = (core: Records['core']): boolean => core.of('QueryWithdrawalRecorded') !== undefined || core.of('QueryLapsed') !== undefined;

function judgeProvision({ requester, core, provider }: Records, judgement: Judgement): void {
  const made = provider.of('ProvisionMade');
  const told = core.of('ProvisionRecorded');
  const arrived = requester.of('ProvisionReceived');
  if (!made && !told && !arrived) return;
  const first = (made ?? told ?? arrived)?.event.at ?? '';
  if (told) judgement.cites({ by: 'core', field: 'providerLeaf', leaf: told.event.data.providerLeaf, since: told.event.at }, provider, 'ProvisionMade');
  else judgement.expects(core, 'ProvisionRecorded', first);
  if (arrived) {
    judgement.cites({ by: 'requester', field: 'providerLeaf', leaf: arrived.event.data.providerLeaf, since: arrived.event.at }, provider, 'ProvisionMade');
    if (requester.of('QueryWithdrawn')) judgement.unexpected('requester', 'ProvisionReceived'); // what is withdrawn takes nothing in
  } else if (!requester.of('QueryWithdrawn')) judgement.expects(requester, 'ProvisionReceived', first);
  const held = [
    ...(arrived ? [['requester', arrived.event.data] as const] : []),
    ...(told ? [['core', told.event.data] as const] : []),
    ...(made ? [['provider', made.event.data] as const] : []),
  ];
  if (held.length > 1) {
    for (const name of ['providedAt', 'items', 'digest'] as const) judgement.fact(name, ...held.map(([role, data]) => [role, data[name]] as const));
    judgement.fact('provider.nonDisclosure', ...held.map(([role, data]) => [role, data.nonDisclosure] as const));
  }
  if (made && told) judgement.fact('automatic', ['provider', made.event.data.automatic], ['core', told.event.data.automatic]);
  if (told) judgement.own('core', 'late', told.event.data.late === isLate(core, 'ProvisionRecorded'));
}

/** Recorded after the exchange was over at the core (format.md §7). */
const isLate = (core: Records['core'], answer: 'ProvisionRecorded' | 'NoProvisionRecorded'): boolean =>
  core.isBefore('QueryWithdrawalRecorded', answer) || core.isBefore('QueryLapsed', answer);

function judgeNoProvision({ requester, core, provider }: Records, judgement: Judgement): void {
  const notMade = provider.of('ProvisionNotMade');
  const none = core.of('NoProvisionRecorded');
  const ended = requester.of('QueryEnded')?.event;
  // an end that cites no record of the provider is the core's word, or that of a line which the core refused
  const told = ended?.data.providerLeaf === undefined ? undefined : ended;
  const first = (notMade ?? none)?.event.at ?? told?.at;
  if (first === undefined) return;
  if (none) judgement.cites({ by: 'core', field: 'providerLeaf', leaf: none.event.data.providerLeaf, since: none.event.at }, provider, 'ProvisionNotMade');
  else judgement.expects(core, 'NoProvisionRecorded', first);
  if (told?.data.providerLeaf !== undefined) {
    judgement.cites({ by: 'requester', field: 'providerLeaf', leaf: told.data.providerLeaf, since: told.at }, provider, 'ProvisionNotMade');
  } else if (!hasEnd(requester)) judgement.expects(requester, 'QueryEnded', first);
  judgeEnd(
    [
      ...(told ? [['requester', told.data] as const] : []),
      ...(none ? [['core', none.event.data] as const] : []),
      ...(notMade ? [['provider', notMade.event.data] as const] : []),
    ],
    judgement,
  );
  if (!none) return;
  judgement.own('core', 'late', none.event.data.late === isLate(core, 'NoProvisionRecorded'));
  if (core.of('ProvisionRecorded')) judgement.unexpected('core', 'NoProvisionRecorded');
}

type End = readonly [Role, { readonly reason: string; readonly endedAt: string; readonly nonDisclosure: boolean }];
function judgeEnd(held: readonly End[], judgement: Judgement): void {
  if (held.length < 2) return;
  for (const name of ['reason', 'endedAt'] as const) judgement.fact(name, ...held.map(([role, data]) => [role, data[name]] as const));
  judgement.fact('provider.nonDisclosure', ...held.map(([role, data]) => [role, data.nonDisclosure] as const));
}

const hasEnd = (requester: Records['requester']): boolean =>
  requester.of('QueryEnded') !== undefined || requester.of('QueryWithdrawn') !== undefined || requester.of('ProvisionReceived') !== undefined;

function judgeReceipt({ requester, core }: Records, judgement: Judgement): void {
  const arrived = requester.of('ProvisionReceived');
  const receipt = core.of('ReceiptRecorded');
  if (receipt) {
    const { at: since, data } = receipt.event;
    judgement.cites({ by: 'core', field: 'requesterLeaf', leaf: data.requesterLeaf, since }, requester, 'ProvisionReceived');
    if (arrived) judgement.fact('receivedAt', ['requester', arrived.event.data.receivedAt], ['core', data.receivedAt]);
    else if (requester.isAtHand && !core.of('ProvisionRecorded')) judgement.expects(core, 'ProvisionRecorded', since);
  } else if (arrived) judgement.expects(core, 'ReceiptRecorded', arrived.event.at);
}

function judgeWithdrawal({ requester, core }: Records, judgement: Judgement): void {
  const withdrawn = requester.of('QueryWithdrawn');
  const recorded = core.of('QueryWithdrawalRecorded');
  if (!recorded) return; // the core may have had an end of its own before it was told: then it records none
  const { at: since, data } = recorded.event;
  judgement.cites({ by: 'core', field: 'requesterLeaf', leaf: data.requesterLeaf, since }, requester, 'QueryWithdrawn');
  if (withdrawn) judgement.fact('withdrawnAt', ['requester', withdrawn.event.data.withdrawnAt], ['core', data.withdrawnAt]);
}

function judgeLapse({ requester, core }: Records, judgement: Judgement): void {
  const lapsed = core.of('QueryLapsed');
  const ended = requester.of('QueryEnded');
  if (lapsed) {
    const { validUntil, cause } = lapsed.event.data;
    judgement.own('core', 'validUntil', validUntil === core.of('QueryPermitted')?.event.data.validUntil);
    judgement.own('core', 'cause', (cause === 'HELD') === core.isBefore('ProvisionHeldRecorded', 'QueryLapsed'));
    if (!hasEnd(requester)) judgement.expects(requester, 'QueryEnded', lapsed.event.at);
  }
  if (ended?.event.data.coreLeaf === undefined) return;
  const { at: since, data } = ended.event;
  judgement.cites({ by: 'requester', field: 'coreLeaf', leaf: ended.event.data.coreLeaf, since }, core, 'QueryLapsed');
  if (lapsed) judgement.fact('reason', ['requester', data.reason], ['core', `LAPSED_${lapsed.event.data.cause}`]);
}

/** How it ended by what is recorded; the core must have an end by the time the permit has run out. */
function outcomeOf({ requester, core, provider }: Records, judgement: Judgement): ExchangeOutcome {
  const withdrawn = requester.of('QueryWithdrawn') ?? core.of('QueryWithdrawalRecorded');
  if (requester.of('ProvisionReceived') ?? core.of('ReceiptRecorded')) return 'provided';
  if (withdrawn) {
    if (core.of('QueryPermitted') && !isAnswered(core) && !isOver(core) && !isAnsweredBy(provider))
      judgement.expects(core, 'QueryWithdrawalRecorded', withdrawn.event.at);
    return 'withdrawn';
  }
  if (core.of('ProvisionRecorded') ?? provider.of('ProvisionMade')) return 'provided';
  if (core.of('NoProvisionRecorded') ?? provider.of('ProvisionNotMade')) return 'not-provided';
  if (core.of('QueryLapsed')) return 'lapsed';
  const permitted = core.of('QueryPermitted');
  if (permitted) judgement.expects(core, 'QueryLapsed', permitted.event.at);
  return 'open';
}

const isAnsweredBy = (provider: Records['provider']): boolean => provider.of('ProvisionMade') !== undefined || provider.of('ProvisionNotMade') !== undefined;
