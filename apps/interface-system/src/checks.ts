import { verifyDisclosure } from '#libs/cryptography';
import type { ExchangeEvent } from '#libs/domain';
import { DomainError, isSealed, type Protected, type RecordedEvent } from '#libs/kernel';
import type { DecideQueryLine, DecisionAnswer, DemandLine, Disclosure } from '#libs/protocol';

type Decision = RecordedEvent<Extract<ExchangeEvent, { type: 'QueryPermitted' | 'QueryDenied' }>>;
export type Permit = RecordedEvent<Extract<ExchangeEvent, { type: 'QueryPermitted' }>>;

/** What the core showed is not what it must be: nothing is passed on. */
const refused = (code: string, message: string): DomainError => new DomainError(code, 'unprocessable', message);

function parsed(text: string, exchangeId: string): Decision {
  let event: Decision;
  try {
    event = JSON.parse(text) as Decision;
  } catch (cause) {
    throw new DomainError('DECISION_MALFORMED', 'unprocessable', 'the decision shown is not an event', {}, { cause });
  }
  if (event.stream !== `exchange-${exchangeId}`) throw refused('DECISION_OF_ANOTHER_EXCHANGE', 'the decision shown is of another exchange');
  return event;
}

const isPermit = (event: Decision): event is Permit => event.type === 'QueryPermitted';

function opens(field: Protected | undefined, disclosure: Disclosure): boolean {
  return field !== undefined && isSealed(field) && verifyDisclosure(field, disclosure);
}

/** That the core's answer decides this very query, about this very person (format.md §2). */
export function checkDecision(line: DecideQueryLine, { event: text, disclosure }: DecisionAnswer): void {
  const event = parsed(text, line.exchangeId);
  if (event.type !== 'QueryPermitted' && event.type !== 'QueryDenied') throw refused('DECISION_MALFORMED', 'the event shown is not a decision');
  const { requester, provider, affair, information } = event.data;
  if (requester !== line.requester || provider !== line.provider || affair !== line.affair || information !== line.information) {
    throw refused('DECISION_OF_ANOTHER_QUERY', 'the decision shown is of another query');
  }
  if (!opens(event.data.requesterSubject, disclosure) || disclosure.value !== line.requesterIdentifier) {
    throw refused('DECISION_OF_ANOTHER_PERSON', 'the decision shown is about another person');
  }
}

/** The permit in a demand, once it is one, for this exchange, and opened to the provider truly. */
export function permitOf({ event: text, exchangeId, disclosure }: DemandLine): Permit {
  const event = parsed(text, exchangeId);
  if (!isPermit(event)) throw refused('PERMIT_MALFORMED', 'the event shown is not a permit');
  if (!opens(event.data.providerSubject, disclosure)) throw refused('PERMIT_OF_ANOTHER_PERSON', 'the permit shown is about another person');
  return event;
}

/** That a permit has not lapsed: `now` is the business clock's. */
export function assertInForce(validUntil: string, now: string): void {
  if (now >= validUntil) throw refused('PERMIT_LAPSED', 'the permit shown has lapsed');
}
