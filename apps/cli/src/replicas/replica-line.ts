import { readFileSync } from 'node:fs';
import type { AgencyClient, RecordedReplica, RegisterReplicaLine } from '#libs/agency-sdk';
import { parseInformationCode, REPLICA_CONTENT_BYTES_MAX } from '#libs/domain';
import type { Sending } from '../bulk/send-lines.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import type { Fields, LineForm } from '../lines/line-form.js';
import { findInformation } from '../names/matter.js';
import { parseText } from '../names/parse.js';
import { replicaTexts } from './replica.texts.js';

export interface ReplicaOptions {
  readonly person?: string;
  readonly information?: string;
  readonly dataset?: string;
  readonly period?: string;
  readonly layout?: string;
  readonly content?: string;
}

/** The lines of a bulk of replicas. In CSV the column `content` holds JSON. */
export const REPLICA_FORM: LineForm = [
  { name: 'inAgencyNumber', kind: 'text', required: true },
  { name: 'information', kind: 'text', required: true, check: parseInformationCode },
  { name: 'dataset', kind: 'text', required: true },
  { name: 'period', kind: 'text', required: false },
  { name: 'layout', kind: 'text', required: true },
  { name: 'content', kind: 'object', required: true },
];

/** The fields of the options, without person and content. Throws UsageError. */
export function replicaFields(options: ReplicaOptions, session: Session): Fields {
  const { language } = session;
  const text = (name: string, given: string | undefined): Fields => (given === undefined ? {} : { [name]: parseText(`--${name}`, given, language) });
  return {
    ...(options.information === undefined ? {} : { information: findInformation('--information', options.information, language).code }),
    ...text('dataset', options.dataset),
    ...text('period', options.period),
    ...text('layout', options.layout),
  };
}

/** Content of one replica, from a file or standard input: values of persons are no arguments. Throws UsageError. */
export function readContent(path: string, session: Session): Readonly<Record<string, unknown>> {
  const say = replicaTexts(session.language);
  const bytes = readFileSync(path === '-' ? 0 : path);
  if (bytes.length > REPLICA_CONTENT_BYTES_MAX) {
    throw new UsageError('--content', `at most ${REPLICA_CONTENT_BYTES_MAX} bytes`, say.tooLarge(REPLICA_CONTENT_BYTES_MAX));
  }
  const value = parsed(bytes);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError('--content', 'a JSON object', say.notAnObject);
  return value as Readonly<Record<string, unknown>>;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined; // refused by the caller, without what stood there
  }
}

export const replicaSending = (client: AgencyClient): Sending<RegisterReplicaLine, RecordedReplica> => ({
  prepare: (fields) => fields as unknown as RegisterReplicaLine,
  send: (lines) => client.registerReplicas(lines),
  tell: (line, _sent, { recorded }) => ({ line, outcome: recorded ? 'recorded' : 'unchanged' }),
  idOf: () => undefined,
});
