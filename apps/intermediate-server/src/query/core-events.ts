import { type Decision, type ExchangeEvent, exchangeEventTypes } from '#libs/domain';
import { verifyDisclosure } from '#libs/cryptography';
import { DomainError, EventRegistry, isSealed, type Message, type RecordedEvent } from '#libs/kernel';
import { leafHash } from '#libs/ledger';
import type { DecisionAnswer, DemandLine } from '#libs/protocol';

/** The core's events, as far as they are shown to this server. */
const registry = new EventRegistry(exchangeEventTypes);

type Recorded<E extends Message> = E extends Message ? RecordedEvent<E> : never;
export type Permit = Recorded<Extract<ExchangeEvent, { type: 'QueryPermitted' }>>;
type Decided = Recorded<Extract<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' }>>;
/** A decision as stored at the core: the event and the leaf hash of its bytes, base64url. */
export interface Shown<E> {
  readonly event: E;
  readonly leaf: string;
}

const refused = (message: string): DomainError => new DomainError('DECISION_NOT_VALID', 'unprocessable', message);

function shown(text: string, exchangeId: string): Shown<Decided> {
  let event: Recorded<ExchangeEvent>;
  try {
    event = registry.decode(text) as Recorded<ExchangeEvent>;
  } catch (cause) {
    throw new DomainError('DECISION_NOT_VALID', 'unprocessable', 'what was shown as a decision is not an event of the core', {}, { cause });
  }
  if (event.type !== 'QueryPermitted' && event.type !== 'QueryDenied') throw refused('what was shown as a decision is another event');
  if (event.stream !== `exchange-${exchangeId}`) throw refused('the decision is of another exchange');
  return { event, leaf: leafHash(Buffer.from(text, 'utf8')).toString('base64url') };
}

/** The core's answer to a query of this agency about this identifier. Throws DECISION_NOT_VALID. */
export function decisionOf(answer: DecisionAnswer, requester: string, identifier: string): Decision {
  const { event, leaf: decisionLeaf } = shown(answer.event, answer.exchangeId);
  const { requesterSubject } = event.data;
  if (event.data.requester !== requester) throw refused('the decision is of another requester');
  if (answer.disclosure.value !== identifier || !isSealed(requesterSubject) || !verifyDisclosure(requesterSubject, answer.disclosure)) {
    throw refused('the decision is about another person');
  }
  if (event.type === 'QueryPermitted') {
    const { table, item, validUntil } = event.data;
    return { permitted: true, table, item, validUntil, decisionLeaf, impossible: answer.impossible };
  }
  const { reason, article, exceptionApplied, table, item } = event.data;
  return {
    permitted: false,
    reason,
    article,
    exceptionApplied,
    decisionLeaf,
    ...(table === undefined ? {} : { table }),
    ...(item === undefined ? {} : { item }),
  };
}

/** The permit that a demand shows, and the provider's identifier that it opens. Throws DECISION_NOT_VALID. */
export function permitOf({ event: text, exchangeId, disclosure }: DemandLine): Shown<Permit> & { readonly identifier: string } {
  const { event, leaf } = shown(text, exchangeId);
  if (event.type !== 'QueryPermitted') throw refused('the event shown is not a permit');
  const { providerSubject } = event.data;
  if (!providerSubject || !isSealed(providerSubject) || !verifyDisclosure(providerSubject, disclosure)) throw refused('the permit is about another person');
  return { event, leaf, identifier: disclosure.value };
}
