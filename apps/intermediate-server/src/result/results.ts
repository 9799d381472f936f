import { Injectable } from '@nestjs/common';
import type { ProvidedReplica, Result, ResultPage, ResultReference } from '#libs/agency-sdk';
import type { QueryEvent } from '#libs/domain';
import { DomainError } from '#libs/kernel';
import { type LineOutcome, succeeded } from '#libs/protocol';
import { type QueryHistory, queryOf, submittedOf } from '../query/query-state.js';
import { ServerParts } from '../server-parts.js';
import { sealedOf } from '../subject/subjects.js';
import type { MailboxReference } from './result-mailbox.js';

/** The result mailbox as an agency sees it: its own results only. */
@Injectable()
export class Results {
  constructor(private readonly parts: ServerParts) {}

  /** What is recorded as received, in the order of arrival. A page may be short and still have a `next`. */
  async list(agency: string, limit: number, after?: string): Promise<ResultPage> {
    const { references, next } = this.parts.mailbox.list(agency, limit, after);
    const histories = await this.parts.party.recorder.load<QueryEvent>(references.map(({ exchangeId }) => `query-${exchangeId}`));
    const received = references.filter((_, index) => histories[index]?.some(({ event }) => event.type === 'ProvisionReceived') === true);
    return { results: received.map(shown), ...(next === undefined ? {} : { next }) };
  }

  /**
   * One result with its data. Throws RESULT_NOT_FOUND; RESULT_GONE where it was acknowledged, or kept no longer. What is
   * in the mailbox but not recorded yet is not told.
   */
  async get(agency: string, exchangeId: string): Promise<Result> {
    const [history] = (await this.parts.party.recorder.load<QueryEvent>([`query-${exchangeId}`])) as [QueryHistory];
    const query = queryOf(history);
    if (query.status === 'none' || query.requester !== agency || query.end !== 'received') throw notFound();
    const entry = this.parts.mailbox.get(agency, exchangeId);
    if (!entry) throw new DomainError('RESULT_GONE', 'not-found', 'the result was acknowledged, or was kept no longer', { field: 'exchangeId' });
    const subject = this.parts.party.fields.open(sealedOf(submittedOf(history).subject));
    if (subject.erased) throw new DomainError('RECORD_ERASED', 'not-found', 'the record of this exchange was erased', { field: 'exchangeId' });
    const { replicas } = JSON.parse(entry.payload) as { readonly replicas: readonly ProvidedReplica[] };
    return { ...shown(entry.reference), inAgencyNumber: subject.value, replicas };
  }

  /** Deletes acknowledged data. Acknowledging again, or after it was kept no longer, is no error. */
  async acknowledge(agency: string, exchangeIds: readonly string[]): Promise<readonly LineOutcome<true>[]> {
    const histories = await this.parts.party.recorder.load<QueryEvent>(exchangeIds.map((exchangeId) => `query-${exchangeId}`));
    const outcomes = exchangeIds.map((_, index): LineOutcome<true> => {
      const query = queryOf(histories[index] as QueryHistory);
      return query.status !== 'none' && query.requester === agency && query.end === 'received' ? succeeded(true as const) : this.parts.failed(notFound());
    });
    await this.parts.mailbox.remove(
      agency,
      exchangeIds.filter((_, index) => outcomes[index]?.ok === true),
    );
    return outcomes;
  }
}

const notFound = (): DomainError => new DomainError('RESULT_NOT_FOUND', 'not-found', 'this agency has received no such result', { field: 'exchangeId' });
const shown = ({ agency: _agency, digest: _digest, ...reference }: MailboxReference): ResultReference => reference;
