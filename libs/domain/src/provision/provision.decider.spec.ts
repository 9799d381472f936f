import { describe, it } from '@jest/globals';
import { clear, scenario } from '#libs/kernel';
import { type Available, type ProvisionCommand, provisionDecider } from './provision.decider.js';
import type { ProvisionEvent } from './provision.events.js';

const query = {
  requester: 'X',
  provider: 'A',
  affair: 'JM99000000000074',
  information: 'TM00000000000002',
  department: 'child-welfare',
  nonDisclosure: false,
  requestedAt: '2020-05-08T00:00:00.000Z',
};
const validUntil = '2020-05-08T01:00:00.000Z';
const now = '2020-05-08T00:00:01.000Z';
const replica: Available = {
  kind: 'replica',
  items: ['TM00000000000002/income/2020'],
  replicas: [{ stream: 'replica-1', revision: 2 }],
  replicaRevision: 3,
  digest: 'v',
  nonDisclosure: false,
};
const person = { subject: clear('1'), subjectStream: 's' };
const demand = (available: Available, at = now, changes: { decisionLeaf?: string } = {}): ProvisionCommand => ({
  type: 'AnswerDemand',
  data: { query, identifier: clear('a-1'), ...person, validUntil, decisionLeaf: 'd', table: '2020-04-01', item: '74', available, now: at, ...changes },
});
const demanded: ProvisionEvent = {
  type: 'ProvisionDemanded',
  data: { ...query, ...person, identifier: clear('a-1'), validUntil, decisionLeaf: 'd', table: '2020-04-01', item: '74' },
};
const content = { items: replica.items, replicas: replica.replicas, replicaRevision: 3, digest: 'v', nonDisclosure: false };
const made: ProvisionEvent = { type: 'ProvisionMade', data: { providedAt: now, ...content, automatic: true } };
const held: ProvisionEvent = { type: 'ProvisionHeld', data: { heldAt: now, reason: 'SUBJECT_BLOCKED' } };
const released: ProvisionEvent = { type: 'ProvisionReleased', data: { releasedAt: now, department: 'tax' } };
const notMade: ProvisionEvent = { type: 'ProvisionNotMade', data: { endedAt: now, reason: 'NO_RECORD', nonDisclosure: false } };
const release = (at = now, agency = 'A'): ProvisionCommand => ({ type: 'ReleaseProvision', data: { agency, department: 'tax', available: replica, now: at } });
const end: ProvisionCommand = { type: 'EndWithoutProvision', data: { agency: 'A', reason: 'WRONG_PERSON', nonDisclosure: false, department: 'tax', now } };

describe('a provision at the provider', () => {
  const { given } = scenario(provisionDecider);

  it('is made from the replica by itself', () => given().when(demand(replica)).then(demanded, made));
  it('answers a repeated demand with what is stored', () => {
    given(demanded, made).when(demand(replica)).then();
    given(demanded, held).when(demand(replica)).then();
  });
  it('refuses another permit for the same exchange', () => {
    given(demanded, made)
      .when(demand(replica, now, { decisionLeaf: 'other' }))
      .thenRejects('DEMAND_CONFLICT');
  });
  it('ends without data where there is no record, sealing the fact where the provider flags it', () => {
    given()
      .when(demand({ kind: 'none', reason: 'NO_RECORD', nonDisclosure: true }))
      .then(demanded, { type: 'ProvisionNotMade', data: { endedAt: now, reason: 'NO_RECORD', nonDisclosure: true } });
  });
  it('holds what is blocked for an official, also where there is no record', () => {
    given()
      .when(demand({ ...replica, blocked: 'SUBJECT_BLOCKED' }))
      .then(demanded, held);
    given()
      .when(demand({ kind: 'none', reason: 'NO_RECORD', nonDisclosure: false, blocked: 'SUBJECT_BLOCKED' }))
      .then(demanded, held);
  });
  it('makes nothing in the last 30 seconds of the validity period', () => {
    const lapsed: ProvisionEvent = { type: 'ProvisionNotMade', data: { endedAt: '2020-05-08T00:59:30.000Z', reason: 'LAPSED', nonDisclosure: false } };
    given().when(demand(replica, '2020-05-08T00:59:30.000Z')).then(demanded, lapsed);
    given()
      .when(demand(replica, '2020-05-08T00:59:29.999Z'))
      .then(demanded, { type: 'ProvisionMade', data: { providedAt: '2020-05-08T00:59:29.999Z', ...content, automatic: true } });
  });
  it('is released by an official, once', () => {
    given(demanded, held)
      .when(release())
      .then(released, { type: 'ProvisionMade', data: { providedAt: now, ...content, automatic: false } });
    given(demanded, held, released, made).when(release()).then();
  });
  it('is not released after its time, after its end, or by another agency', () => {
    given(demanded, held).when(release('2020-05-08T00:59:30.000Z')).thenRejects('PROVISION_LAPSED');
    given(demanded, held, notMade).when(release()).thenRejects('PROVISION_ENDED');
    given(demanded, held).when(release(now, 'B')).thenRejects('PROVISION_NOT_FOUND');
    given().when(release()).thenRejects('PROVISION_NOT_FOUND');
  });
  it('is ended by an official without data, once', () => {
    given(demanded, held)
      .when(end)
      .then({ type: 'ProvisionNotMade', data: { endedAt: now, reason: 'WRONG_PERSON', nonDisclosure: false, department: 'tax' } });
    given(demanded, held, notMade).when(end).then();
    given(demanded, made).when(end).thenRejects('PROVISION_MADE');
    given().when(end).thenRejects('PROVISION_NOT_FOUND');
  });
});
