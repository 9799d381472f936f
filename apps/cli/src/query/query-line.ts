import { randomBytes } from 'node:crypto';
import { type Bulk, exchangeIdOfLine, type SubmitQueryLine, type SubmittedQuery } from '#libs/agency-sdk';
import type { AgencyClient } from '#libs/agency-sdk';
import { parseAffairCode, parseAgencyCode, parseInformationCode, parseProcedureCode } from '#libs/domain';
import { isUuidV7, uuidV7 } from '#libs/kernel';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import type { Sending } from '../bulk/send-lines.js';
import type { Fields, LineForm } from '../lines/line-form.js';
import { agencyOfCode, findAgency } from '../names/agencies.js';
import { findAffair, findInformation } from '../names/matter.js';
import { parseText } from '../names/parse.js';
import { newestInForce } from '../matrix/which-table.js';
import { queryTexts } from './query.texts.js';

/** What a query says, besides its ids. */
export interface QueryOptions {
  readonly person?: string;
  readonly provider?: string;
  readonly providerInstitution?: string;
  readonly institution?: string;
  readonly affair?: string;
  readonly procedure?: string;
  readonly information?: string;
  readonly dataset?: string;
  readonly period?: string;
  readonly department?: string;
  readonly application?: string;
  readonly nonDisclosure?: boolean;
}

/** The lines of a bulk of queries: what SubmitQueryLine holds, besides ids and numbers that are made here. */
export const QUERY_FORM: LineForm = [
  { name: 'inAgencyNumber', kind: 'text', required: true },
  { name: 'provider', kind: 'text', required: true, check: parseAgencyCode },
  { name: 'affair', kind: 'text', required: true, check: parseAffairCode },
  { name: 'information', kind: 'text', required: true, check: parseInformationCode },
  { name: 'department', kind: 'text', required: true },
  { name: 'period', kind: 'text', required: false },
  { name: 'dataset', kind: 'text', required: false },
  { name: 'procedure', kind: 'text', required: false, check: parseProcedureCode },
  { name: 'institution', kind: 'text', required: false, check: parseAgencyCode },
  { name: 'providerInstitution', kind: 'text', required: false, check: parseAgencyCode },
  { name: 'applicationId', kind: 'text', required: false },
  { name: 'nonDisclosure', kind: 'flag', required: false },
];

/**
 * The fields of the options, names turned into codes. A provider that runs behind a code holder is asked through it, with
 * the institution named. Throws UsageError.
 */
export function fieldsOf(options: QueryOptions, session: Session): Fields {
  const { language } = session;
  const agencyCode = (option: string, text: string): string =>
    /^\d{16}$/.test(text) ? parsedCode(option, text) : findAgency(option, text, language).registration.code;
  const parsedCode = (option: string, text: string): string => parseAgencyCode(text, option);
  const named = options.provider === undefined ? undefined : agencyCode('--provider', options.provider);
  const holder = named === undefined ? undefined : agencyOfCode(named)?.delegatedTo;
  const provider = holder ?? named;
  const providerInstitution =
    options.providerInstitution === undefined ? (holder === undefined ? undefined : named) : agencyCode('--provider-institution', options.providerInstitution);
  const text = (name: string, option: string, given: string | undefined): Fields => (given === undefined ? {} : { [name]: parseText(option, given, language) });
  return {
    ...text('inAgencyNumber', '--person', options.person),
    ...(provider === undefined ? {} : { provider }),
    ...(providerInstitution === undefined ? {} : { providerInstitution }),
    ...(options.institution === undefined ? {} : { institution: agencyCode('--institution', options.institution) }),
    ...(options.affair === undefined ? {} : { affair: findAffair('--affair', options.affair, newestInForce().matrix, language).code }),
    ...text('procedure', '--procedure', options.procedure),
    ...(options.information === undefined ? {} : { information: findInformation('--information', options.information, language).code }),
    ...text('dataset', '--dataset', options.dataset),
    ...text('period', '--period', options.period),
    ...text('department', '--department', options.department),
    ...text('applicationId', '--application', options.application),
    nonDisclosure: options.nonDisclosure === true,
  };
}

export function exchangeIdGiven(option: string, text: string, session: Session): string {
  const id = text.trim().toLowerCase();
  if (!isUuidV7(id)) throw new UsageError(option, 'UUIDv7', queryTexts(session.language).badExchange(option));
  return id;
}

export const newExchangeId = (): string => uuidV7(Date.now(), randomBytes(10));

/** How a bulk's queries are sent: with the ids that SDK and CLI make alike. */
export const querySending = (client: AgencyClient, bulk: Bulk): Sending<SubmitQueryLine, SubmittedQuery> => ({
  prepare: (fields, line) => ({
    ...(fields as unknown as Omit<SubmitQueryLine, 'exchangeId'>),
    exchangeId: exchangeIdOfLine(client.bulkSecret, client.agency, bulk, line),
    bulkId: bulk.bulkId,
    line,
  }),
  send: (lines) => client.submitQueries(lines),
  tell: (line, _sent, { exchangeId, status }) => ({ line, exchangeId, outcome: status }),
  idOf: ({ exchangeId }) => exchangeId,
});
