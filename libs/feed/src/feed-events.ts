import type { ProvisionEvent, QueryEvent, ReplicaEvent, SubjectEvent } from '#libs/domain';
import { dataschemaOf, type FeedData, type FeedEvent, type FeedType, sequenceOf } from '#libs/feed-schemas';
import { assertNever, DomainError } from '#libs/kernel';
import type { Recorded, ServerEvent } from './server-events.js';

/** An event, and the one agency whose feed it stands in. */
export interface AgencyFeedEvent {
  readonly agency: string;
  readonly event: FeedEvent;
}

/** What a stored event is told with. */
export interface FeedContext {
  /** `/<deployment>/<party>` */
  readonly source: string;
  /** Of the event in the party's store. */
  readonly position: bigint;
  /** The first event of an exchange's stream: whom and what it is about. Needed for query and provision events. */
  readonly opening?: Recorded<ServerEvent> | undefined;
  /** The person's in-agency number, opened; undefined where its key was destroyed or the server was never told it. */
  readonly inAgencyNumber?: string | undefined;
}

type Told = { readonly [T in FeedType]: { readonly type: T; readonly data: FeedData<T> } }[FeedType];
type Undefinable<T> = { readonly [K in keyof T]: T[K] | (undefined extends T[K] ? undefined : never) } & { readonly [K in OptionalKeys<T>]?: T[K] | undefined };
type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];

/** A told event without the members that are undefined. */
const tell = <T extends FeedType>(type: T, data: Undefinable<FeedData<T>>): Told =>
  ({ type, data: Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined)) }) as unknown as Told;

const PROVIDER_HOLDS_NO_IDENTIFIER = 'PROVIDER_HOLDS_NO_IDENTIFIER';
const LAPSED = /^LAPSED(?:_|$)/;
function outcomeOf(reason: string): FeedData<'renkei.query.ended.v1'>['outcome'] {
  if (reason === PROVIDER_HOLDS_NO_IDENTIFIER) return 'impossible';
  return LAPSED.test(reason) ? 'lapsed' : 'not-provided';
}

const idOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);
const withoutOpening = (): DomainError => new DomainError('FEED_OPENING_MISSING', 'internal', 'an exchange’s stream does not begin as it must');

function ofQuery(event: Recorded<QueryEvent>, { opening, inAgencyNumber }: FeedContext): Told | undefined {
  if (event.type === 'QuerySubmitted') return undefined;
  if (opening?.type !== 'QuerySubmitted') throw withoutOpening();
  const { applicationId, bulkId, line, provider, affair, procedure, information, dataset, period, department, nonDisclosure } = opening.data;
  const facts = { applicationId, bulkId, line, provider, affair, procedure, information, dataset, period, department, nonDisclosure };
  const query = { exchangeId: idOf(event.stream), inAgencyNumber, ...facts };
  switch (event.type) {
    case 'QueryDecisionReceived': {
      const { permitted, reason, article, table, item, validUntil } = event.data;
      const decision = permitted ? 'permitted' : 'denied';
      return tell('renkei.query.decided.v1', { ...query, decision, decidedAt: event.at, reason, article, table, item, validUntil });
    }
    case 'ProvisionReceived': {
      const { items, providedAt, receivedAt, keptUntil, nonDisclosure: providerNonDisclosure } = event.data;
      return tell('renkei.result.received.v1', { ...query, items, providedAt, receivedAt, keptUntil, providerNonDisclosure });
    }
    case 'QueryWithdrawn':
      return tell('renkei.query.withdrawn.v1', { ...query, withdrawnAt: event.data.withdrawnAt, withdrawnBy: event.data.department });
    case 'QueryEnded': {
      const { reason, endedAt, nonDisclosure: providerNonDisclosure } = event.data;
      return tell('renkei.query.ended.v1', { ...query, outcome: outcomeOf(reason), reason, endedAt, providerNonDisclosure });
    }
    default:
      return assertNever(event);
  }
}

function ofProvision(event: Recorded<ProvisionEvent>, { opening, inAgencyNumber }: FeedContext): Told | undefined {
  if (event.type === 'ProvisionDemanded' || event.type === 'ProvisionReleased') return undefined;
  if (opening?.type !== 'ProvisionDemanded') throw withoutOpening();
  const { requester, affair, procedure, information, dataset, period, nonDisclosure, validUntil } = opening.data;
  const demand = { exchangeId: idOf(event.stream), inAgencyNumber, requester, affair, procedure, information, dataset, period, nonDisclosure };
  switch (event.type) {
    case 'ProvisionHeld':
      return tell('renkei.provision.held.v1', { ...demand, reason: event.data.reason, heldAt: event.data.heldAt, validUntil });
    case 'ProvisionMade': {
      const { items, providedAt, automatic, nonDisclosure: providerNonDisclosure } = event.data;
      return tell('renkei.provision.made.v1', { ...demand, items, providedAt, automatic, providerNonDisclosure });
    }
    case 'ProvisionNotMade': {
      const { reason, endedAt, department, nonDisclosure: providerNonDisclosure } = event.data;
      return tell('renkei.provision.not-made.v1', { ...demand, reason, endedAt, department, providerNonDisclosure });
    }
    default:
      return assertNever(event);
  }
}

function ofReplica(event: Recorded<ReplicaEvent>, { inAgencyNumber }: FeedContext): Told {
  switch (event.type) {
    case 'ReplicaRegistered':
    case 'ReplicaCorrected': {
      const { information, dataset, period, layout } = event.data;
      const type = event.type === 'ReplicaRegistered' ? 'renkei.replica.registered.v1' : 'renkei.replica.corrected.v1';
      return tell(type, { inAgencyNumber, information, dataset, period, layout });
    }
    case 'ReplicaWithdrawn': {
      const { information, dataset, period } = event.data;
      return tell('renkei.replica.withdrawn.v1', { inAgencyNumber, information, dataset, period });
    }
    case 'AutomaticAnswerBlocked':
      return tell('renkei.automatic-answer.blocked.v1', { inAgencyNumber, information: event.data.information, department: event.data.department });
    case 'AutomaticAnswerUnblocked':
      return tell('renkei.automatic-answer.unblocked.v1', { inAgencyNumber, information: event.data.information, department: event.data.department });
    case 'NonDisclosureSet':
      return tell('renkei.non-disclosure.set.v1', { inAgencyNumber, information: event.data.information, department: event.data.department });
    case 'NonDisclosureLifted':
      return tell('renkei.non-disclosure.lifted.v1', { inAgencyNumber, information: event.data.information, department: event.data.department });
    default:
      return assertNever(event);
  }
}

function ofSubject(event: Recorded<SubjectEvent>, { inAgencyNumber }: FeedContext): Told | undefined {
  switch (event.type) {
    case 'AcquisitionRequested':
    case 'SubjectKeyDestroyed':
      return undefined;
    case 'IdentifierObtained':
      return tell('renkei.identifier.obtained.v1', { inAgencyNumber });
    case 'SubjectIdentifierChanged': {
      const type = event.data.change === 'REVOKED' ? 'renkei.identifier.revoked.v1' : 'renkei.identifier.reissued.v1';
      return tell(type, { inAgencyNumber, changedAt: event.data.changedAt });
    }
    default:
      return assertNever(event);
  }
}

function toldBy(event: Recorded<ServerEvent>, context: FeedContext): Told | undefined {
  switch (event.type) {
    case 'QuerySubmitted':
    case 'QueryDecisionReceived':
    case 'ProvisionReceived':
    case 'QueryWithdrawn':
    case 'QueryEnded':
      return ofQuery(event, context);
    case 'ProvisionDemanded':
    case 'ProvisionHeld':
    case 'ProvisionReleased':
    case 'ProvisionMade':
    case 'ProvisionNotMade':
      return ofProvision(event, context);
    case 'AcquisitionRequested':
    case 'IdentifierObtained':
    case 'SubjectIdentifierChanged':
    case 'SubjectKeyDestroyed':
      return ofSubject(event, context);
    default:
      return ofReplica(event, context);
  }
}

/**
 * What an agency's systems are told of a stored event of its own server: none or one event, always the same one. Throws
 * FEED_OPENING_MISSING where the opening of an exchange was not given.
 */
export function feedEventsOf(event: Recorded<ServerEvent>, context: FeedContext): readonly AgencyFeedEvent[] {
  const { agency, id, stream, recordedAt } = event;
  const told = agency === undefined ? undefined : toldBy(event, context);
  if (agency === undefined || told === undefined) return [];
  const subject = idOf(stream);
  const attributes = {
    specversion: '1.0',
    id,
    source: context.source,
    subject,
    time: recordedAt,
    dataschema: dataschemaOf(told.type),
    datacontenttype: 'application/json',
    partitionkey: subject,
    sequence: sequenceOf(context.position),
  } as const;
  return [{ agency, event: { ...attributes, ...told } as FeedEvent }];
}
