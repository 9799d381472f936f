import { assertNever, type ClearField, type Decider, DomainError, plusMs } from '#libs/kernel';
import { factsOf, type QueryFacts } from '../exchange/query-facts.js';
import type { NotMadeReason, ProvisionEvent } from './provision.events.js';

/** A provider records a provision only this long before the core's `validUntil` (format.md §7). */
export const PROVISION_MARGIN_MS = 30_000;

/** What the replica view has for a demand. */
export type Available =
  | {
      readonly kind: 'replica';
      readonly items: readonly string[];
      readonly replicas: readonly { readonly stream: string; readonly revision: number }[];
      readonly replicaRevision: number;
      readonly digest: string;
      readonly nonDisclosure: boolean;
      readonly blocked?: 'SUBJECT_BLOCKED' | 'RECORD_BLOCKED';
    }
  | {
      readonly kind: 'none';
      readonly reason: Extract<NotMadeReason, 'NO_RECORD' | 'NO_REPLICA' | 'SUBJECT_UNKNOWN'>;
      readonly nonDisclosure: boolean;
      readonly blocked?: 'SUBJECT_BLOCKED' | 'RECORD_BLOCKED';
    };

export type ProvisionCommand =
  | {
      readonly type: 'AnswerDemand';
      readonly data: {
        readonly query: QueryFacts;
        readonly identifier: ClearField;
        readonly subject?: ClearField;
        readonly subjectStream?: string;
        readonly validUntil: string;
        readonly decisionLeaf: string;
        readonly table: string;
        readonly item: string;
        readonly available: Available;
        readonly now: string;
      };
    }
  | {
      readonly type: 'ReleaseProvision';
      readonly data: { readonly agency: string; readonly department: string; readonly available: Available; readonly now: string };
    }
  | {
      readonly type: 'EndWithoutProvision';
      readonly data: {
        readonly agency: string;
        readonly reason: NotMadeReason;
        readonly nonDisclosure: boolean;
        readonly department?: string;
        readonly now: string;
      };
    };

export type Provision =
  | { readonly status: 'none' }
  | {
      readonly status: 'demanded' | 'held' | 'made' | 'not-made';
      readonly provider: string;
      readonly decisionLeaf: string;
      readonly validUntil: string;
    };
type Demanded = Exclude<Provision, { status: 'none' }>;

const inTime = (now: string, validUntil: string): boolean => now < plusMs(validUntil, -PROVISION_MARGIN_MS);

/** The held provision of this agency. A provision that was ended already is told apart: a repeat changes nothing. */
function demanded(provision: Provision, agency: string): Demanded {
  if (provision.status === 'none' || provision.provider !== agency) {
    throw new DomainError('PROVISION_NOT_FOUND', 'not-found', 'no such provision was demanded of this agency', { field: 'exchangeId' });
  }
  return provision;
}

function answered(available: Available, now: string, automatic: boolean): ProvisionEvent {
  if (available.kind === 'none') {
    return { type: 'ProvisionNotMade', data: { endedAt: now, reason: available.reason, nonDisclosure: available.nonDisclosure } };
  }
  const { items, replicas, replicaRevision, digest, nonDisclosure } = available;
  return { type: 'ProvisionMade', data: { providedAt: now, items, replicas, replicaRevision, digest, nonDisclosure, automatic } };
}

function answerDemand(data: Extract<ProvisionCommand, { type: 'AnswerDemand' }>['data'], provision: Provision): readonly ProvisionEvent[] {
  if (provision.status !== 'none') {
    if (provision.decisionLeaf === data.decisionLeaf) return []; // demanded again: the stored answer is the answer
    throw new DomainError('DEMAND_CONFLICT', 'conflict', 'another permit was shown for this exchange already', { field: 'exchangeId' });
  }
  const { query, identifier, subject, subjectStream, validUntil, decisionLeaf, table, item, available, now } = data;
  const known = subject && subjectStream !== undefined ? { subject, subjectStream } : {};
  const demand: ProvisionEvent = { type: 'ProvisionDemanded', data: { ...factsOf(query), ...known, identifier, validUntil, decisionLeaf, table, item } };
  if (!inTime(now, validUntil)) return [demand, { type: 'ProvisionNotMade', data: { endedAt: now, reason: 'LAPSED', nonDisclosure: available.nonDisclosure } }];
  if (available.blocked) return [demand, { type: 'ProvisionHeld', data: { heldAt: now, reason: available.blocked } }];
  return [demand, answered(available, now, true)];
}

function release(
  { agency, department, available, now }: Extract<ProvisionCommand, { type: 'ReleaseProvision' }>['data'],
  provision: Provision,
): readonly ProvisionEvent[] {
  const held = demanded(provision, agency);
  if (held.status === 'made') return [];
  if (held.status !== 'held') throw new DomainError('PROVISION_ENDED', 'conflict', 'the provision was ended without data');
  if (!inTime(now, held.validUntil)) throw new DomainError('PROVISION_LAPSED', 'conflict', 'the validity period is over: nothing may be provided any more');
  return [{ type: 'ProvisionReleased', data: { releasedAt: now, department } }, answered(available, now, false)];
}

function decide(command: ProvisionCommand, provision: Provision): readonly ProvisionEvent[] {
  switch (command.type) {
    case 'AnswerDemand':
      return answerDemand(command.data, provision);
    case 'ReleaseProvision':
      return release(command.data, provision);
    case 'EndWithoutProvision': {
      const { agency, reason, nonDisclosure, department, now } = command.data;
      const held = demanded(provision, agency);
      if (held.status === 'not-made') return [];
      if (held.status !== 'held') throw new DomainError('PROVISION_MADE', 'conflict', 'the data was provided already');
      return [{ type: 'ProvisionNotMade', data: { endedAt: now, reason, nonDisclosure, ...(department === undefined ? {} : { department }) } }];
    }
    default:
      return assertNever(command);
  }
}

function evolve(provision: Provision, event: ProvisionEvent): Provision {
  if (event.type === 'ProvisionDemanded') {
    const { provider, decisionLeaf, validUntil } = event.data;
    return { status: 'demanded', provider, decisionLeaf, validUntil };
  }
  if (provision.status === 'none') return provision;
  switch (event.type) {
    case 'ProvisionMade':
      return { ...provision, status: 'made' };
    case 'ProvisionHeld':
      return { ...provision, status: 'held' };
    case 'ProvisionReleased':
      return provision;
    case 'ProvisionNotMade':
      return { ...provision, status: 'not-made' };
    default:
      return assertNever(event);
  }
}

/** One demanded provision at the provider's intermediate server, stream `provision-<exchange id>`. */
export const provisionDecider: Decider<Provision, ProvisionCommand, ProvisionEvent> = { decide, evolve, initialState: { status: 'none' } };
