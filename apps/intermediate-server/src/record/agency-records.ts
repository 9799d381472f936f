import { Injectable } from '@nestjs/common';
import type { ExchangeRecord, RecordPage, SearchRecordsRequest } from '#libs/agency-sdk';
import type { ProvisionEvent, QueryEvent } from '#libs/domain';
import { invalid, type Protected } from '#libs/kernel';
import type { AgencyRecord } from '#libs/read-models';
import { ServerParts } from '../server-parts.js';
import { sealedOf } from '../subject/subjects.js';

export const RECORDS_DEFAULT = 50;

/** An agency's own record of exchanges (Act art. 23), from the read model: its own, in one role, whatever it searches for. */
@Injectable()
export class AgencyRecords {
  constructor(private readonly parts: ServerParts) {}

  async search(agency: string, request: SearchRecordsRequest): Promise<RecordPage> {
    const { role, inAgencyNumber, counterpart, affair, information, outcome, from, to, limit = RECORDS_DEFAULT, cursor } = request;
    if (from !== undefined && to !== undefined && from > to) throw invalid('to', 'order', 'the time searched for ends before it begins');
    const { rows, next } = await this.parts.askFresh('records', {
      agency,
      role,
      subject: inAgencyNumber === undefined ? undefined : this.parts.subjectName(agency, inAgencyNumber),
      counterpart,
      affair,
      information,
      outcomes: outcome === undefined ? undefined : [outcome],
      from,
      to,
      limit,
      cursor,
    });
    const numbers = await this.#numbersOf(rows);
    return { records: rows.map((row, index) => recordOf(row, numbers[index])), ...(next === undefined ? {} : { next }) };
  }

  /** Whom the records are about, from the events: the read model holds no number. */
  async #numbersOf(rows: readonly AgencyRecord[]): Promise<readonly (string | undefined)[]> {
    const streams = rows.map(({ role, exchangeId }) => `${role === 'requester' ? 'query' : 'provision'}-${exchangeId}`);
    const histories = await this.parts.party.recorder.load<QueryEvent | ProvisionEvent>(streams);
    const fields = histories.flatMap((history, index) => {
      const { subject } = (history[0]?.event.data ?? {}) as { readonly subject?: Protected };
      return subject === undefined ? [] : [{ index, field: sealedOf(subject) }];
    });
    const numbers = new Array<string | undefined>(rows.length).fill(undefined);
    for (const [at, opened] of this.parts.party.fields.openAll(fields.map(({ field }) => field)).entries()) {
      if (!opened.erased) numbers[(fields[at] as (typeof fields)[number]).index] = opened.value;
    }
    return numbers;
  }
}

const KEPT = [
  'applicationId',
  'requesterInstitution',
  'providerInstitution',
  'procedure',
  'dataset',
  'period',
  'providedAt',
  'receivedAt',
  'endedAt',
  'items',
  'reason',
  'article',
  'table',
  'item',
] as const satisfies readonly (keyof AgencyRecord & keyof ExchangeRecord)[];

function recordOf(row: AgencyRecord, inAgencyNumber: string | undefined): ExchangeRecord {
  const { exchangeId, role, requester, provider, affair, information, department, requestedAt, status, exceptionApplied, sealed } = row;
  const kept = Object.fromEntries(KEPT.filter((name) => row[name] !== undefined).map((name) => [name, row[name]])) as Pick<
    ExchangeRecord,
    (typeof KEPT)[number]
  >;
  return {
    exchangeId,
    role,
    ...(inAgencyNumber === undefined ? {} : { inAgencyNumber }),
    requester,
    provider,
    affair,
    information,
    department,
    requestedAt,
    outcome: status,
    exceptionApplied,
    nonDisclosure: sealed,
    ...kept,
  };
}
