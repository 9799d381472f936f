import {
  Follows,
  FromVariable,
  IsBase64Url,
  IsHttpAddress,
  IsNamedKeys,
  IsOneOf,
  IsServerId,
  IsText,
  IsWholeNumber,
  LOG_LEVELS,
  type LogLevel,
  MayBeOmitted,
  textRule,
} from '#libs/platform';
import { TOPIC_PREFIX_DEFAULT } from '#libs/feed-schemas';
import { DEPLOYMENT_DEFAULT, IsDeployment, IsEventStoreUrl, IsLogKey } from '#libs/protocol';
import { isModelsUrl } from '#libs/read-models';
import { SETTINGS } from './settings.js';

/** Not shown where it is wrong: it may hold a password. */
const MODELS_URL = textRule('postgres-url', 'must be the URL of a database: postgres://user@host:5432/database', isModelsUrl);

const KAFKA_MECHANISMS = ['scram-sha-256', 'scram-sha-512'] as const;

/** Environment of an intermediate server that runs alone. */
export class IntermediateServerConfiguration {
  /** This server's id, as the core registered it. */
  @FromVariable('SERVER_ID') @IsServerId() readonly serverId!: string;
  /** Directory of its record, read models and mailbox; made at the first start. */
  @FromVariable('DATA_DIRECTORY') @IsText({ max: 1_000 }) readonly dataDirectory!: string;
  /** Directory of its keys, apart from the data; made at the first start. */
  @FromVariable('KEYS_DIRECTORY') @IsText({ max: 1_000 }) readonly keysDirectory!: string;
  /** An EventStoreDB for its record, `esdb://user:password@host:2113?tls=true`; embedded in the data directory where it is left out. */
  @FromVariable('EVENT_STORE') @MayBeOmitted() @IsEventStoreUrl() readonly eventStore?: string;
  /** A PostgreSQL database for its read models, `postgres://user@host:5432/database`; SQLite files in the data directory where it is left out. */
  @FromVariable('READ_MODELS') @MayBeOmitted() @Follows(MODELS_URL) readonly readModels?: string;
  /** File with the password for it. */
  @FromVariable('READ_MODELS_PASSWORD_FILE') @MayBeOmitted() @IsText({ max: 1_000 }) readonly readModelsPasswordFile?: string;
  @FromVariable('HOST') @IsText({ max: 255 }) readonly host: string = '127.0.0.1';
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) readonly port: number = 7_300;
  /** Id of the interface system in front of it; its address is read from the core's directory. */
  @FromVariable('INTERFACE_SYSTEM_ID') @IsServerId() readonly interfaceSystemId!: string;
  /** Address of the core, e.g. `http://127.0.0.1:7100`: the directory is read there. */
  @FromVariable('CORE_URL') @IsHttpAddress() readonly coreUrl!: string;
  @FromVariable('CORE_ID') @IsServerId() readonly coreId: string = 'core';
  /** The core's Ed25519 public key, 32 bytes base64url: pinned, not read from the directory. */
  @FromVariable('CORE_PUBLIC_KEY') @IsBase64Url({ bytesMin: 32, bytesMax: 32 }) readonly corePublicKey!: string;
  /** Verifier key (C2SP signed-note) of the core's log, pinned likewise. */
  @FromVariable('CORE_LEDGER_KEY') @IsLogKey() readonly coreLedgerKey!: string;
  /** First part of the origin of every log: the same at all servers, and never changed. */
  @FromVariable('DEPLOYMENT') @IsDeployment() readonly deployment: string = DEPLOYMENT_DEFAULT;
  /** Who may read entries of its log: `name:public key`, joined by commas. Each reading is recorded. */
  @FromVariable('AUDITORS') @MayBeOmitted() @IsNamedKeys() readonly auditors?: string;
  /** Who may rebuild its read models: `name:public key`, joined by commas. */
  @FromVariable('OPERATORS') @MayBeOmitted() @IsNamedKeys() readonly operators?: string;
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
  /** Queries that wait in memory for their decision; more stay in the store. */
  @FromVariable('OUTBOX_QUERIES_MAX') @IsWholeNumber({ min: 1_000, max: 1_000_000 }) readonly outboxQueriesMax: number = SETTINGS.outboxQueriesMax;
  /** Brokers that its feed goes out to, `host:port`, joined by commas; over HTTP alone where it is left out. */
  @FromVariable('KAFKA_BROKERS') @MayBeOmitted() @IsText({ max: 1_000 }) readonly kafkaBrokers?: string;
  /** User at the brokers, with the file of its password; no login where they are left out. */
  @FromVariable('KAFKA_USERNAME') @MayBeOmitted() @IsText({ max: 255 }) readonly kafkaUsername?: string;
  @FromVariable('KAFKA_PASSWORD_FILE') @MayBeOmitted() @IsText({ max: 1_000 }) readonly kafkaPasswordFile?: string;
  @FromVariable('KAFKA_MECHANISM') @IsOneOf(KAFKA_MECHANISMS) readonly kafkaMechanism: (typeof KAFKA_MECHANISMS)[number] = 'scram-sha-256';
  /** Certificate of the brokers' authority, PEM; not encrypted where it is left out. */
  @FromVariable('KAFKA_TLS_CA_FILE') @MayBeOmitted() @IsText({ max: 1_000 }) readonly kafkaTlsCaFile?: string;
  /** First part of the names of agencies' topics. */
  @FromVariable('KAFKA_TOPIC_PREFIX') @IsText({ max: 100 }) readonly kafkaTopicPrefix: string = TOPIC_PREFIX_DEFAULT;
}
