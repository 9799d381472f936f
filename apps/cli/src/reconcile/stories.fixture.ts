import type { Role } from '#libs/domain';
import { type Message, plusMs } from '#libs/kernel';

const VALIDITY_MS = 3_600_000;
const MAILBOX_MS = 1_209_600_000;

/** How an exchange ends. Of twenty: sixteen provided, two denied, one without a record, one held and released by an official. */
export type Ending = 'provided' | 'denied' | 'not-provided' | 'released';
export const endingOf = (index: number): Ending => {
  const place = index % 20;
  return place < 16 ? 'provided' : place < 18 ? 'denied' : place === 18 ? 'not-provided' : 'released';
};

const sealed = (name: string) => ({ key: '0220113112101700.2020-05', commitment: name.padEnd(43, 'c'), sealed: name.padEnd(80, 's') });

/** Leaf hashes of the records before, by type. */
export type Leaves = ReadonlyMap<string, string>;
/** What one party records at once, citing what stands already. */
export interface Step {
  readonly role: Role;
  readonly events: (leaves: Leaves) => readonly Message[];
}
const leaf = (leaves: Leaves, type: string): string => leaves.get(type) ?? '';

/** What every record of an exchange is made of. */
function contents(index: number, requester: string, provider: string, requestedAt: string) {
  const at = plusMs(requestedAt, 40);
  return {
    query: {
      ...{ requester, provider, affair: 'JM99000000000071', information: 'TM00000000000002', period: '2020', department: 'child-welfare' },
      ...{ nonDisclosure: false, requestedAt },
    },
    permit: { table: '2020-04-01', item: '74', validUntil: plusMs(requestedAt, VALIDITY_MS) },
    basis: { requester: 3, provider: 4, matrix: 126, requesterIdentifier: { stream: 'identifier-x', revision: 0 } },
    person: { subject: sealed('number'), subjectStream: `s${index}` },
    provided: { providedAt: at, items: ['TM00000000000002/assessment/2020'], digest: 'p'.repeat(43), nonDisclosure: false },
    ended: { endedAt: at, reason: 'NO_RECORD', nonDisclosure: false },
    verdict: { reason: 'INFORMATION_NOT_IN_ITEM', article: '番号法21条2項1号', exceptionApplied: true },
  };
}
type Contents = ReturnType<typeof contents>;

/** The steps of an exchange, by how it is meant to end. */
export function stepsOf(index: number, requester: string, provider: string, requestedAt: string): readonly Step[] {
  const of = contents(index, requester, provider, requestedAt);
  const { query, permit, basis, person, verdict } = of;
  const ending = endingOf(index);
  const submitted: Message = { type: 'QuerySubmitted', data: { ...query, ...person, identifier: sealed('x'), queryDigest: 'q'.repeat(43) } };
  const decided = (leaves: Leaves) => ({
    ...query,
    queryDigest: 'd'.repeat(43),
    queryLeaf: leaf(leaves, 'QuerySubmitted'),
    requesterSubject: sealed('x'),
    basis,
  });
  const isDenied = ending === 'denied';
  const decision = isDenied ? 'QueryDenied' : 'QueryPermitted';
  const decide = (leaves: Leaves): Message => ({
    type: decision,
    data: isDenied ? { ...decided(leaves), ...verdict } : { ...decided(leaves), ...permit, providerSubject: sealed('a'), grant: 0 },
  });
  const told = (leaves: Leaves): Message => ({
    type: 'QueryDecisionReceived',
    data: { permitted: !isDenied, ...(isDenied ? verdict : { exceptionApplied: false, ...permit }), decisionLeaf: leaf(leaves, decision) },
  });
  return [
    { role: 'requester', events: () => [submitted] },
    { role: 'core', events: (leaves) => [decide(leaves)] },
    { role: 'requester', events: (leaves) => [told(leaves)] },
    ...(isDenied ? [] : ending === 'not-provided' ? withoutData(of) : withData(of, index, ending === 'released')),
  ];
}

const demand = ({ query, permit, person }: Contents, leaves: Leaves): Message => ({
  type: 'ProvisionDemanded',
  data: { ...query, ...permit, ...person, identifier: sealed('a'), decisionLeaf: leaf(leaves, 'QueryPermitted') },
});

function withoutData(of: Contents): readonly Step[] {
  const { ended } = of;
  return [
    { role: 'provider', events: (leaves) => [demand(of, leaves), { type: 'ProvisionNotMade', data: ended }] },
    { role: 'core', events: (leaves) => [{ type: 'NoProvisionRecorded', data: { ...ended, late: false, providerLeaf: leaf(leaves, 'ProvisionNotMade') } }] },
    { role: 'requester', events: (leaves) => [{ type: 'QueryEnded', data: { ...ended, providerLeaf: leaf(leaves, 'ProvisionNotMade') } }] },
  ];
}

function withData(of: Contents, index: number, isReleased: boolean): readonly Step[] {
  const { provided } = of;
  const at = provided.providedAt;
  const made: Message = {
    type: 'ProvisionMade',
    data: { ...provided, replicas: [{ stream: `replica-${index}`, revision: 0 }], replicaRevision: 0, automatic: !isReleased },
  };
  const held: readonly Message[] = [
    { type: 'ProvisionHeld', data: { heldAt: at, reason: 'SUBJECT_BLOCKED' } },
    { type: 'ProvisionReleased', data: { releasedAt: at, department: 'tax' } },
  ];
  const report = (leaves: Leaves): readonly Message[] => [
    ...(isReleased ? [{ type: 'ProvisionHeldRecorded', data: { heldAt: at, providerLeaf: leaf(leaves, 'ProvisionHeld') } }] : []),
    { type: 'ProvisionRecorded', data: { ...provided, automatic: !isReleased, late: false, providerLeaf: leaf(leaves, 'ProvisionMade') } },
  ];
  const received = (leaves: Leaves): Message => ({
    type: 'ProvisionReceived',
    data: {
      ...provided,
      receivedAt: at,
      keptUntil: plusMs(at, MAILBOX_MS),
      providerLeaf: leaf(leaves, 'ProvisionMade'),
      decisionLeaf: leaf(leaves, 'QueryPermitted'),
    },
  });
  return [
    { role: 'provider', events: (leaves) => [demand(of, leaves), ...(isReleased ? held : []), made] },
    { role: 'core', events: report },
    { role: 'requester', events: (leaves) => [received(leaves)] },
    { role: 'core', events: (leaves) => [{ type: 'ReceiptRecorded', data: { receivedAt: at, requesterLeaf: leaf(leaves, 'ProvisionReceived') } }] },
  ];
}
