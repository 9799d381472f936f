import type { RecordedEvent } from '#libs/kernel';
import type { ExchangeEvent } from '../exchange/exchange.events.js';
import type { ProvisionEvent } from '../provision/provision.events.js';
import type { QueryEvent } from '../query/query.events.js';
import type { Kept } from './records.js';

export type AnyEvent = QueryEvent | ExchangeEvent | ProvisionEvent;
export interface Exchange {
  readonly requester: Kept<QueryEvent>[];
  readonly core: Kept<ExchangeEvent>[];
  readonly provider: Kept<ProvisionEvent>[];
}

export const REQUESTED_AT = '2020-05-08T00:00:00.000Z';
export const VALID_UNTIL = '2020-05-08T01:00:00.000Z';
const LAPSED_AT = '2020-05-08T01:00:00.100Z';
const sealed = (name: string) => ({ key: 'k', commitment: `commitment of ${name}`, sealed: `sealed ${name}` });
const query = {
  requester: 'X',
  provider: 'A',
  affair: 'JM74',
  information: 'TM02',
  period: '2020',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: REQUESTED_AT,
};
const provided = { providedAt: '2020-05-08T00:00:02.000Z', items: ['TM02/assessment/2020'], digest: 'digest of the payload', nonDisclosure: false };
const permit = { table: '2020-04-01', item: '74', validUntil: VALID_UNTIL };
const basis = { requester: 1, provider: 2 };
const CATEGORY = { requester: 'query', core: 'exchange', provider: 'provision' } as const;
const AGENCY = { requester: 'X', core: undefined, provider: 'A' } as const;

/** In place of a hash: the text itself, which is another one for every other event. */
export const leafOf = (event: object): string => JSON.stringify(event);

/** Records events one after the other, each citing what stands already. */
class Story implements Exchange {
  readonly requester: Kept<QueryEvent>[] = [];
  readonly core: Kept<ExchangeEvent>[] = [];
  readonly provider: Kept<ProvisionEvent>[] = [];

  record<R extends keyof Exchange>(role: R, event: AnyEvent, at: string): string {
    const kept = this[role] as unknown as Kept[];
    const revision = kept.length;
    const agency = AGENCY[role];
    const recorded: RecordedEvent = {
      id: `${role}-${revision}`,
      stream: `${CATEGORY[role]}-1`,
      revision,
      recordedAt: at,
      at,
      actor: 'system',
      correlationId: '1',
      causationId: '1',
      v: 1,
      ...(agency === undefined ? {} : { agency }),
      ...event,
    };
    kept.push({ event: recorded, leaf: leafOf(recorded) });
    return leafOf(recorded);
  }

  submit(): string {
    const data = { ...query, subject: sealed('number'), identifier: sealed('identifier'), queryDigest: 'q', subjectStream: 's' };
    return this.record('requester', { type: 'QuerySubmitted', data }, REQUESTED_AT);
  }
  permit(queryLeaf: string, possible = true): string {
    const subjects = { requesterSubject: sealed('x'), ...(possible ? { providerSubject: sealed('a') } : {}) };
    const data = { ...query, ...subjects, ...permit, grant: 0, queryDigest: 'd', queryLeaf, basis };
    const leaf = this.record('core', { type: 'QueryPermitted', data }, '2020-05-08T00:00:01.000Z');
    if (!possible) this.record('core', { type: 'NotificationImpossible', data: { reason: 'PROVIDER_HOLDS_NO_IDENTIFIER' } }, '2020-05-08T00:00:01.000Z');
    return leaf;
  }
  toldPermit(decisionLeaf: string): void {
    const data = { permitted: true, exceptionApplied: false, ...permit, decisionLeaf };
    this.record('requester', { type: 'QueryDecisionReceived', data }, '2020-05-08T00:00:01.500Z');
  }
  demand(decisionLeaf: string): void {
    this.record('provider', { type: 'ProvisionDemanded', data: { ...query, ...permit, identifier: sealed('a'), decisionLeaf } }, provided.providedAt);
  }
  hold(): void {
    const heldAt = provided.providedAt;
    const providerLeaf = this.record('provider', { type: 'ProvisionHeld', data: { heldAt, reason: 'SUBJECT_BLOCKED' } }, heldAt);
    this.record('core', { type: 'ProvisionHeldRecorded', data: { heldAt, providerLeaf } }, '2020-05-08T00:00:02.100Z');
  }
  make(automatic = true): string {
    const data = { ...provided, replicas: [{ stream: 'replica-1', revision: 0 }], replicaRevision: 0, automatic };
    return this.record('provider', { type: 'ProvisionMade', data }, provided.providedAt);
  }
  report(providerLeaf: string, { automatic = true, late = false, at = '2020-05-08T00:00:03.000Z' } = {}): void {
    this.record('core', { type: 'ProvisionRecorded', data: { ...provided, automatic, late, providerLeaf } }, at);
  }
  receive(providerLeaf: string, decisionLeaf: string, receivedAt = '2020-05-08T00:00:04.000Z'): void {
    const data = { ...provided, receivedAt, keptUntil: '2020-05-22T00:00:00.000Z', providerLeaf, decisionLeaf };
    const requesterLeaf = this.record('requester', { type: 'ProvisionReceived', data }, receivedAt);
    this.record('core', { type: 'ReceiptRecorded', data: { receivedAt, requesterLeaf } }, receivedAt);
  }
  notMake(reason: 'NO_RECORD' | 'WITHDRAWN', endedAt: string, late = false): string {
    const end = { endedAt, reason, nonDisclosure: false };
    const providerLeaf = this.record('provider', { type: 'ProvisionNotMade', data: end }, endedAt);
    this.record('core', { type: 'NoProvisionRecorded', data: { ...end, late, providerLeaf } }, endedAt);
    return providerLeaf;
  }
  end(reason: string, leaf: { readonly providerLeaf?: string; readonly coreLeaf?: string } = {}, endedAt = provided.providedAt): void {
    this.record('requester', { type: 'QueryEnded', data: { endedAt, reason, nonDisclosure: false, ...leaf } }, endedAt);
  }
  withdraw(): string {
    const withdrawnAt = '2020-05-08T00:10:00.000Z';
    return this.record('requester', { type: 'QueryWithdrawn', data: { withdrawnAt, department: 'child-welfare' } }, withdrawnAt);
  }
  recordWithdrawal(requesterLeaf: string): void {
    const withdrawnAt = '2020-05-08T00:10:00.000Z';
    this.record('core', { type: 'QueryWithdrawalRecorded', data: { withdrawnAt, requesterLeaf } }, withdrawnAt);
  }
  lapse(cause: 'UNANSWERED' | 'PROVIDER_UNREACHABLE' | 'HELD'): string {
    return this.record('core', { type: 'QueryLapsed', data: { validUntil: VALID_UNTIL, cause } }, LAPSED_AT);
  }
}

/** A query that was permitted, its decision told to the requester. */
function permitted(): { readonly story: Story; readonly decisionLeaf: string } {
  const story = new Story();
  const decisionLeaf = story.permit(story.submit());
  story.toldPermit(decisionLeaf);
  return { story, decisionLeaf };
}

/** Whole exchanges that three honest parties record, one an outcome of domain.md §5 and a race of format.md §7. */
export const EXCHANGES = {
  provided() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    const made = story.make();
    story.report(made);
    story.receive(made, decisionLeaf);
    return story;
  },
  'provided by an official'() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    story.hold();
    story.record('provider', { type: 'ProvisionReleased', data: { releasedAt: provided.providedAt, department: 'tax' } }, provided.providedAt);
    const made = story.make(false);
    story.report(made, { automatic: false });
    story.receive(made, decisionLeaf);
    return story;
  },
  'provided in time, recorded late'() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    const made = story.make();
    story.end('LAPSED_PROVIDER_UNREACHABLE', { coreLeaf: story.lapse('PROVIDER_UNREACHABLE') }, '2020-05-08T01:01:00.000Z');
    story.report(made, { late: true, at: '2020-05-08T01:02:00.000Z' });
    story.receive(made, decisionLeaf, '2020-05-08T01:02:01.000Z');
    return story;
  },
  denied() {
    const story = new Story();
    const verdict = { reason: 'NOT_IN_TABLE', article: '21-2-1', exceptionApplied: true, table: '2020-04-01' };
    const data = { ...query, ...verdict, requesterSubject: sealed('x'), queryDigest: 'd', queryLeaf: story.submit(), basis };
    const decisionLeaf = story.record('core', { type: 'QueryDenied', data }, '2020-05-08T00:00:01.000Z');
    story.record('requester', { type: 'QueryDecisionReceived', data: { permitted: false, ...verdict, decisionLeaf } }, '2020-05-08T00:00:01.500Z');
    return story;
  },
  impossible() {
    const story = new Story();
    const decisionLeaf = story.permit(story.submit(), false);
    story.toldPermit(decisionLeaf);
    story.end('PROVIDER_HOLDS_NO_IDENTIFIER', { coreLeaf: decisionLeaf });
    return story;
  },
  'not provided'() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    story.end('NO_RECORD', { providerLeaf: story.notMake('NO_RECORD', provided.providedAt) });
    return story;
  },
  withdrawn() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    story.hold();
    story.recordWithdrawal(story.withdraw());
    story.notMake('WITHDRAWN', '2020-05-08T00:10:01.000Z', true);
    return story;
  },
  'withdrawn while the answer was on its way'() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    const made = story.make();
    story.recordWithdrawal(story.withdraw());
    story.report(made, { late: true, at: '2020-05-08T00:10:01.000Z' });
    return story;
  },
  'lapsed, the provider out of reach'() {
    const { story } = permitted();
    story.end('LAPSED_PROVIDER_UNREACHABLE', { coreLeaf: story.lapse('PROVIDER_UNREACHABLE') }, '2020-05-08T01:01:00.000Z');
    return story;
  },
  'lapsed while held'() {
    const { story, decisionLeaf } = permitted();
    story.demand(decisionLeaf);
    story.hold();
    story.end('LAPSED_HELD', { coreLeaf: story.lapse('HELD') }, '2020-05-08T01:01:00.000Z');
    return story;
  },
  'withdrawn before it was sent'() {
    const story = new Story();
    story.submit();
    story.withdraw();
    return story;
  },
  'refused as a line'() {
    const story = new Story();
    story.submit();
    story.end('QUERY_TOO_OLD');
    return story;
  },
} as const satisfies Record<string, () => Exchange>;
