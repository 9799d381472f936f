import { Injectable } from '@nestjs/common';
import { type AskHoldersRequestLine, type Holders, isOpen, type NetworkState, type QueryState } from '#libs/agency-sdk';
import { DomainError } from '#libs/kernel';
import { type AskHoldersLine, isPassing, type LineOutcome, succeeded } from '#libs/protocol';
import { Recording } from '../record/recording.js';
import { officialOf, ServerParts } from '../server-parts.js';
import { Subjects } from '../subject/subjects.js';
import { DecisionOutbox } from './decision-outbox.js';
import { OutcomeWaiters } from './outcome-waiters.js';
import { QueryEndings } from './query-endings.js';
import { type QueryHistory, queryOf, stateOf, submittedOf } from './query-state.js';
import { Withdrawals } from './withdrawals.js';

/** What an agency asks about its queries. Another agency's query is not found, whatever its state. */
@Injectable()
export class Queries {
  constructor(
    private readonly parts: ServerParts,
    private readonly recording: Recording,
    private readonly subjects: Subjects,
    private readonly outbox: DecisionOutbox,
    private readonly withdrawals: Withdrawals,
    private readonly endings: QueryEndings,
    private readonly waiters: OutcomeWaiters,
  ) {}

  /** Where the queries stand, from their streams. */
  async statuses(agency: string, exchangeIds: readonly string[]): Promise<readonly LineOutcome<QueryState>[]> {
    const histories = await this.#load(exchangeIds);
    return exchangeIds.map((exchangeId, index) => {
      try {
        return succeeded(stateOf(exchangeId, histories[index] as QueryHistory, agency));
      } catch (error) {
        return this.parts.failed(error);
      }
    });
  }

  /** One query; while it is open with what the network says of it. Throws QUERY_NOT_FOUND. */
  async query(agency: string, exchangeId: string): Promise<QueryState> {
    const [history] = await this.#load([exchangeId]);
    const state = stateOf(exchangeId, history as QueryHistory, agency);
    if (!isOpen(state.status)) return state;
    const network = await this.#network(agency, exchangeId);
    return network ? { ...state, network } : state;
  }

  /** Throws QUERY_NOT_FOUND, QUERY_ENDED. Sent again, it is withdrawn as before. */
  async withdraw(agency: string, exchangeId: string, department: string): Promise<QueryState> {
    const [before] = await this.#load([exchangeId]);
    const { requestedAt } = submittedOf(before as QueryHistory, agency);
    const name = { exchangeId, agency, requestedAt, known: before as QueryHistory };
    const withdrawnAt = this.parts.now();
    const execution = this.endings.execution(name, { type: 'WithdrawQuery', data: { agency, withdrawnAt, department } }, withdrawnAt, officialOf(department));
    const [outcome] = await this.recording.queries([execution]);
    if (outcome?.status !== 'fulfilled') throw outcome?.reason;
    const { history } = outcome.value;
    this.waiters.settled([exchangeId]);
    const query = queryOf(history);
    // what was never sent is known to nobody; what is under way is told of when its decision comes
    const neverSent = this.outbox.takeBack(exchangeId);
    if (!neverSent && query.status === 'submitted' && query.decision === 'permitted') this.withdrawals.tell(name, history);
    return stateOf(exchangeId, history, agency);
  }

  /** Who has it? (通知先の問合せ) */
  async holders(agency: string, lines: readonly AskHoldersRequestLine[]): Promise<readonly LineOutcome<Holders>[]> {
    const known = await this.subjects.byNumber(
      agency,
      lines.map(({ inAgencyNumber }) => inAgencyNumber),
    );
    const asked: { readonly index: number; readonly line: AskHoldersLine }[] = [];
    const results = new Array<LineOutcome<Holders>>(lines.length);
    for (const [index, { institution, affair, information, department }] of lines.entries()) {
      const identifier = known[index]?.identifier;
      if (identifier === undefined) {
        results[index] = this.parts.failed(
          new DomainError('SUBJECT_WITHOUT_IDENTIFIER', 'unprocessable', 'no identifier was obtained for this person', { field: 'inAgencyNumber' }),
        );
        continue;
      }
      const requester = { requester: agency, requesterIdentifier: identifier, affair, information, department };
      asked.push({ index, line: institution === undefined ? requester : { ...requester, requesterInstitution: institution } });
    }
    if (asked.length === 0) return results;
    const answers = await this.parts.interfaceSystem.askHolders(
      this.parts.id,
      asked.map(({ line }) => line),
    );
    for (const [at, { index }] of asked.entries()) results[index] = answers[at] as LineOutcome<Holders>;
    return results;
  }

  async #network(agency: string, exchangeId: string): Promise<NetworkState | undefined> {
    try {
      const [outcome] = await this.parts.interfaceSystem.exchangeStatuses(this.parts.id, [{ exchangeId, requester: agency }]);
      if (!outcome?.ok) {
        if (outcome && !isPassing(outcome.problem)) this.parts.log.warn('the network refused to tell of a query', { code: outcome.problem.code });
        return undefined;
      }
      const { status, attempts, lastObstacle } = outcome.value;
      return { status, ...(attempts === undefined ? {} : { attempts }), ...(lastObstacle === undefined ? {} : { lastObstacle }) };
    } catch (error) {
      this.parts.log.warn('the network could not be asked about a query', { error });
      return undefined;
    }
  }

  #load(exchangeIds: readonly string[]): Promise<readonly QueryHistory[]> {
    return this.parts.party.recorder.load(exchangeIds.map((exchangeId) => `query-${exchangeId}`));
  }
}
