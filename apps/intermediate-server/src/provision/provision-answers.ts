import { Injectable } from '@nestjs/common';
import type { Stored } from '#libs/commands';
import type { ProvisionEvent } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import type { ProvisionAnswer } from '#libs/protocol';
import { type Cited, PersonReplicas, type ProvisionContent, type ReplicaHistory } from '../replica/person-replicas.js';

export type ProvisionHistory = readonly Stored<ProvisionEvent>[];
type Demand = Extract<ProvisionEvent, { type: 'ProvisionDemanded' }>['data'];
type Answering = Extract<ProvisionEvent, { type: 'ProvisionMade' | 'ProvisionHeld' | 'ProvisionNotMade' }>;

export function demandOf(history: ProvisionHistory): Demand | undefined {
  const first = history[0]?.event as ProvisionEvent | undefined;
  return first?.type === 'ProvisionDemanded' ? first.data : undefined;
}

/** The last event of a provision that tells what came of it. */
function answering(history: ProvisionHistory): { readonly event: Answering; readonly leaf: string } | undefined {
  const found = history.findLast(({ event: { type } }) => type === 'ProvisionMade' || type === 'ProvisionHeld' || type === 'ProvisionNotMade');
  return found && { event: found.event as unknown as Answering, leaf: found.leaf };
}

/** Digest of what was provided, as recorded; undefined where nothing was. */
export function recordedDigest(history: ProvisionHistory): string | undefined {
  const event = answering(history)?.event;
  return event?.type === 'ProvisionMade' ? event.data.digest : undefined;
}

/** Builds a provider's answers from stored bytes and nothing else: asked again, the same answer (format.md §3). */
@Injectable()
export class ProvisionAnswers {
  constructor(private readonly persons: PersonReplicas) {}

  /** Streams of the persons whose replicas the answers cite: what `answerOf` needs read. */
  personsOf(histories: readonly ProvisionHistory[]): Promise<readonly ReplicaHistory[]> {
    return this.persons.load(histories.map((history) => (answering(history)?.event.type === 'ProvisionMade' ? demandOf(history)?.subjectStream : undefined)));
  }

  /**
   * `built` is content made a moment ago: it is given out only where it is what was recorded. Throws PROVISION_CHANGED where
   * the cited replicas do not give what was recorded, RECORD_ERASED where they can't be read.
   */
  answerOf(
    exchangeId: string,
    history: ProvisionHistory,
    replicas: ReplicaHistory,
    requesterInterfaceSystem: string,
    built?: ProvisionContent,
  ): ProvisionAnswer {
    const demand = demandOf(history);
    const found = answering(history);
    if (!demand || !found) throw new DomainError('PROVISION_NOT_ANSWERED', 'internal', 'the provision has no answer yet');
    const { event, leaf } = found;
    const { requester, provider, decisionLeaf } = demand;
    const common = { exchangeId, provider, requester, requesterInterfaceSystem, decisionLeaf, providerLeaf: leaf };
    switch (event.type) {
      case 'ProvisionMade': {
        const { providedAt, items, replicas: cited, digest, nonDisclosure, automatic } = event.data;
        const data = built?.digest === digest ? dataOf(built) : this.#dataOf(exchangeId, replicas, cited, providedAt, digest);
        return { ...common, outcome: 'made', at: providedAt, items, digest, nonDisclosure, automatic, data };
      }
      case 'ProvisionHeld':
        return { ...common, outcome: 'held', at: event.data.heldAt, reason: event.data.reason, nonDisclosure: false };
      case 'ProvisionNotMade': {
        const { endedAt, reason, nonDisclosure } = event.data;
        return { ...common, outcome: 'not-made', at: endedAt, reason, nonDisclosure };
      }
    }
  }

  #dataOf(exchangeId: string, history: ReplicaHistory, cited: readonly Cited[], providedAt: string, recorded: string): { random: string; payload: string } {
    const content = this.persons.content(exchangeId, history, cited, providedAt);
    if (content.digest !== recorded) throw new DomainError('PROVISION_CHANGED', 'internal', 'the cited replicas do not give the digest that was recorded');
    return dataOf(content);
  }
}

const dataOf = ({ random, payload }: ProvisionContent): { random: string; payload: string } => ({ random, payload });
