/** How an exchange stands at the end of the record, in the words of the core's own statistics. */
export const OUTCOMES = ['denied', 'impossible', 'permitted', 'held', 'provided', 'received', 'not-provided', 'withdrawn', 'lapsed'] as const;
export type Outcome = (typeof OUTCOMES)[number];
/** Exchanges by outcome; what none had is left out. */
export type OutcomeCounts = Readonly<Partial<Record<Outcome, number>>>;

/** An exchange that was permitted, as far as its later events were seen. */
export interface Progress {
  answer: 'awaited' | 'held' | 'provided' | 'not-provided';
  over: 'withdrawn' | 'lapsed' | undefined;
  received: boolean;
}

/** The rule of the core's view of exchanges: an answer that came late is an answer. */
export function outcomeOf({ answer, over, received }: Progress): Outcome {
  if (answer === 'provided') return received ? 'received' : 'provided';
  if (over !== undefined) return over;
  if (answer === 'not-provided') return 'not-provided';
  if (received) return 'received'; // the requester's receipt overtook the provider's report
  return answer === 'held' ? 'held' : 'permitted';
}

/** Provisions: data went to the requester. */
export const provided = (counts: OutcomeCounts): number => (counts.provided ?? 0) + (counts.received ?? 0);
export const queries = (counts: OutcomeCounts): number => OUTCOMES.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
