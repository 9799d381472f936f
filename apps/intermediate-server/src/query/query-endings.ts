import { Injectable } from '@nestjs/common';
import type { Execution, Outcome } from '#libs/commands';
import type { Decision, QueryCommand, QueryEvent } from '#libs/domain';
import { Recording } from '../record/recording.js';
import { ServerParts, SYSTEM } from '../server-parts.js';
import { OutcomeWaiters } from './outcome-waiters.js';
import type { QueryHistory } from './query-state.js';

/** Names a recorded query: enough to record what comes of it. */
export interface QueryName {
  readonly exchangeId: string;
  readonly agency: string;
  readonly requestedAt: string;
  /** The query's stream as read a moment ago, where it is at hand. */
  readonly known?: QueryHistory;
}
type EndData = Extract<QueryCommand, { type: 'EndQuery' }>['data'];

/** Records what the network says of queries. Repeats record nothing. */
@Injectable()
export class QueryEndings {
  constructor(
    private readonly parts: ServerParts,
    private readonly recording: Recording,
    private readonly waiters: OutcomeWaiters,
  ) {}

  async decide(decided: readonly { readonly query: QueryName; readonly decision: Decision }[]): Promise<readonly Outcome<QueryEvent>[]> {
    const now = this.parts.now();
    const outcomes = await this.recording.queries(
      decided.map(({ query, decision }) => this.execution(query, { type: 'ReceiveDecision', data: { decision, now } }, now)),
    );
    this.waiters.settled(
      decided.flatMap(({ query, decision }, at) =>
        outcomes[at]?.status === 'fulfilled' && (!decision.permitted || decision.impossible) ? [query.exchangeId] : [],
      ),
    );
    return outcomes;
  }

  async end(ended: readonly { readonly query: QueryName; readonly data: EndData }[]): Promise<readonly Outcome<QueryEvent>[]> {
    const now = this.parts.now();
    const outcomes = await this.recording.queries(ended.map(({ query, data }) => this.execution(query, { type: 'EndQuery', data }, now)));
    this.waiters.settled(ended.flatMap(({ query }, at) => (outcomes[at]?.status === 'fulfilled' ? [query.exchangeId] : [])));
    return outcomes;
  }

  execution({ exchangeId, agency, requestedAt, known }: QueryName, command: QueryCommand, at: string, actor = SYSTEM): Execution<QueryCommand> {
    return {
      stream: `query-${exchangeId}`,
      command,
      ...(known === undefined ? {} : { known }),
      context: { at, actor, agency, correlationId: exchangeId, causationId: exchangeId, keyId: this.parts.recordKey(agency, requestedAt) },
    };
  }
}
