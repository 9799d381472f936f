import { Injectable } from '@nestjs/common';
import { isOpen, type SubmitQueryLine, type SubmittedQuery } from '#libs/agency-sdk';
import type { Execution } from '#libs/commands';
import { factsOf, type QueryCommand, type QueryFacts } from '#libs/domain';
import { clear, DomainError, legalDay } from '#libs/kernel';
import { type LineOutcome, succeeded } from '#libs/protocol';
import { causeOr, Recording } from '../record/recording.js';
import { officialOf, ServerParts } from '../server-parts.js';
import { type KnownSubject, Subjects } from '../subject/subjects.js';
import { decideLineOf, type Undecided, undecidedOf } from './decide-line.js';
import { DecisionOutbox } from './decision-outbox.js';
import { OutcomeWaiters } from './outcome-waiters.js';
import { assertBegun } from './period.js';
import { type QueryHistory, queryOf, statusOf } from './query-state.js';

type Result = LineOutcome<SubmittedQuery>;

/** Takes queries in from existing systems: recorded when answered, asked of the core soon after. */
@Injectable()
export class QuerySubmission {
  constructor(
    private readonly parts: ServerParts,
    private readonly recording: Recording,
    private readonly subjects: Subjects,
    private readonly outbox: DecisionOutbox,
    private readonly waiters: OutcomeWaiters,
  ) {}

  /** Outcomes in the order given. `waitMs` > 0: answers when each query has its outcome, at the latest then. */
  async submit(agency: string, lines: readonly SubmitQueryLine[], waitMs = 0): Promise<readonly Result[]> {
    if (waitMs <= 0) return this.#submit(agency, lines);
    const wait = this.waiters.expect(lines.map(({ exchangeId }) => exchangeId));
    try {
      const results = await this.#submit(agency, lines);
      for (const [index, result] of results.entries()) {
        if (!result.ok || !isOpen(result.value.status)) this.waiters.settled([(lines[index] as SubmitQueryLine).exchangeId]);
      }
      await wait.within(waitMs);
      return await this.#asTheyStand(results);
    } finally {
      wait.forget();
    }
  }

  async #submit(agency: string, lines: readonly SubmitQueryLine[]): Promise<readonly Result[]> {
    const requestedAt = this.parts.now();
    const known = await this.subjects.byNumber(
      agency,
      lines.map(({ inAgencyNumber }) => inAgencyNumber),
    );
    const results = new Array<Result>(lines.length);
    const accepted: { readonly index: number; readonly execution: Execution<QueryCommand> }[] = [];
    const unidentified: number[] = [];
    for (const [index, line] of lines.entries()) {
      const subject = known[index] as KnownSubject;
      try {
        assertLine(line, legalDay(requestedAt));
        if (subject.identifier === undefined) unidentified.push(index);
        else accepted.push({ index, execution: this.#execution(agency, line, subject.name, subject.identifier, requestedAt) });
      } catch (error) {
        results[index] = this.parts.failed(error);
      }
    }
    await this.#repeatsOf(agency, lines, known, unidentified, results);
    const outcomes = await this.recording.queries(accepted.map(({ execution }) => execution));
    const fresh: Undecided[] = [];
    for (const [at, { index }] of accepted.entries()) {
      const outcome = outcomes[at];
      const { exchangeId } = lines[index] as SubmitQueryLine;
      if (outcome?.status !== 'fulfilled') {
        results[index] = this.parts.failed(outcome?.reason);
        continue;
      }
      const { history, added } = outcome.value;
      const status = added > 0 ? 'submitted' : statusOf(queryOf(history));
      results[index] = succeeded({ exchangeId, status });
      if (added > 0) fresh.push({ line: decideLineOf(exchangeId, history, known[index]?.identifier ?? ''), history });
      else if (status === 'submitted') fresh.push(...undecidedOf(this.parts.party.fields, [{ exchangeId, history }]));
    }
    this.outbox.offer(fresh);
    return results;
  }

  /** A person whose identifier is gone, or not there yet: a query that was recorded before is told again, a new one refused. */
  async #repeatsOf(
    agency: string,
    lines: readonly SubmitQueryLine[],
    known: readonly KnownSubject[],
    indexes: readonly number[],
    results: Result[],
  ): Promise<void> {
    if (indexes.length === 0) return;
    const histories = await this.#load(indexes.map((index) => (lines[index] as SubmitQueryLine).exchangeId));
    for (const [at, index] of indexes.entries()) {
      const line = lines[index] as SubmitQueryLine;
      const query = queryOf(histories[at] as QueryHistory);
      const same = query.status === 'submitted' && query.requester === agency && query.queryDigest === this.#digest(agency, line);
      results[index] = same
        ? succeeded({ exchangeId: line.exchangeId, status: statusOf(query) })
        : this.parts.failed(withoutIdentifier(known[index] as KnownSubject));
    }
  }

  async #asTheyStand(results: readonly Result[]): Promise<readonly Result[]> {
    const open = results.flatMap((result, index) => (result.ok && isOpen(result.value.status) ? [{ index, exchangeId: result.value.exchangeId }] : []));
    const histories = await this.#load(open.map(({ exchangeId }) => exchangeId));
    const newest = [...results];
    for (const [at, { index, exchangeId }] of open.entries())
      newest[index] = succeeded({ exchangeId, status: statusOf(queryOf(histories[at] as QueryHistory)) });
    return newest;
  }

  #load(exchangeIds: readonly string[]): Promise<readonly QueryHistory[]> {
    return this.parts.party.recorder.load(exchangeIds.map((exchangeId) => `query-${exchangeId}`));
  }

  #execution(agency: string, line: SubmitQueryLine, subjectStream: string, identifier: string, requestedAt: string): Execution<QueryCommand> {
    const { exchangeId, inAgencyNumber, institution, bulkId, line: bulkLine, ...facts } = line;
    const query = factsOf({ ...facts, requester: agency, requesterInstitution: institution, requestedAt } as QueryFacts);
    return {
      stream: `query-${exchangeId}`,
      isNew: true,
      command: {
        type: 'SubmitQuery',
        data: {
          query,
          subject: clear(inAgencyNumber),
          identifier: clear(identifier),
          subjectStream,
          queryDigest: this.#digest(agency, line),
          ...(bulkId === undefined || bulkLine === undefined ? {} : { bulkId, line: bulkLine }),
        },
      },
      context: {
        at: requestedAt,
        actor: officialOf(line.department),
        agency,
        correlationId: exchangeId,
        causationId: causeOr(exchangeId),
        keyId: this.parts.recordKey(agency, requestedAt),
      },
    };
  }

  /** Tells a repeat from another query. Neither the instant nor the identifier is part of it: both may differ in a repeat. */
  #digest(agency: string, line: SubmitQueryLine): string {
    const { inAgencyNumber, applicationId, institution, provider, providerInstitution, affair, procedure, information, dataset, period } = line;
    const { department, nonDisclosure } = line;
    const parts = [agency, inAgencyNumber, applicationId, institution, provider, providerInstitution, affair, procedure, information, dataset, period];
    return this.parts.party.names.queryDigest(JSON.stringify([...parts.map((part) => part ?? null), department, nonDisclosure]));
  }
}

function assertLine({ period, bulkId, line }: SubmitQueryLine, today: string): void {
  assertBegun(period, today);
  if ((bulkId === undefined) !== (line === undefined)) {
    throw new DomainError('INVALID_LINE', 'invalid', 'bulkId and line belong together: both or none', {
      field: bulkId === undefined ? 'bulkId' : 'line',
      rule: 'together',
    });
  }
}

function withoutIdentifier({ state }: KnownSubject): DomainError {
  const field = { field: 'inAgencyNumber' };
  if (state.status === 'revoked') {
    return new DomainError('SUBJECT_IDENTIFIER_REVOKED', 'unprocessable', 'the identifier of this person was revoked: the core has to reissue it', field);
  }
  return new DomainError('SUBJECT_WITHOUT_IDENTIFIER', 'unprocessable', 'no identifier was obtained for this person: acquire one first', field);
}
