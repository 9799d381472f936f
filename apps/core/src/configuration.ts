import { Follows, FromVariable, IsNamedKeys, IsOneOf, IsText, IsWholeNumber, LOG_LEVELS, type LogLevel, MayBeOmitted, textRule } from '#libs/platform';
import { DEPLOYMENT_DEFAULT, IsDeployment, IsEventStoreUrl } from '#libs/protocol';
import { isModelsUrl } from '#libs/read-models';
import { CORE_SETTINGS } from './settings.js';

const YEAR_MS = 366 * 24 * 3_600_000;
const IsDuration = (): PropertyDecorator => IsWholeNumber({ min: 1, max: YEAR_MS });

/** Not shown where it is wrong: it may hold a password. */
const MODELS_URL = textRule('postgres-url', 'must be the URL of a database: postgres://user@host:5432/database', isModelsUrl);

/** Environment of a core that runs alone. Milliseconds where a name ends in MS. */
export class CoreConfiguration {
  /** Directory of the core's record and read models; made at the first start. */
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
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) readonly port: number = 7_100;
  /** Who may operate it: `name:public key`, joined by commas. */
  @FromVariable('OPERATORS') @IsNamedKeys() readonly operators!: string;
  /** Who may read entries of its log: `name:public key`, joined by commas. Each reading is recorded. */
  @FromVariable('AUDITORS') @MayBeOmitted() @IsNamedKeys() readonly auditors?: string;
  /** First part of the origin of every log: the same at all servers, and never changed. */
  @FromVariable('DEPLOYMENT') @IsDeployment() readonly deployment: string = DEPLOYMENT_DEFAULT;
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
  /** How long a provider may take to answer. */
  @FromVariable('QUERY_VALIDITY_MS') @IsDuration() readonly queryValidityMs: number = CORE_SETTINGS.queryValidityMs;
  /** How old a query may be when it is first submitted. */
  @FromVariable('QUERY_AGE_MS_MAX') @IsDuration() readonly queryAgeMsMax: number = CORE_SETTINGS.queryAgeMsMax;
  /** How far ahead other servers' clocks may be. */
  @FromVariable('CLOCK_SKEW_MS') @IsDuration() readonly clockSkewMs: number = CORE_SETTINGS.clockSkewMs;
  @FromVariable('ACQUISITION_VALIDITY_MS') @IsDuration() readonly acquisitionValidityMs: number = CORE_SETTINGS.acquisitionValidityMs;
  /** Exchanges that are driven from memory; more wait in the read model. */
  @FromVariable('OPEN_EXCHANGES_MAX') @IsWholeNumber({ min: 1_000, max: 5_000_000 }) readonly openExchangesMax: number = CORE_SETTINGS.openExchangesMax;
  /** How long after its validity an answered exchange is driven while the receipt is missing. */
  @FromVariable('DRIVE_MS_MAX') @IsDuration() readonly driveMsMax: number = CORE_SETTINGS.driveMsMax;
  /** Identifier states kept in memory. */
  @FromVariable('IDENTIFIERS_CACHED_MAX') @IsWholeNumber({ min: 1_000, max: 10_000_000 }) readonly identifiersCachedMax: number =
    CORE_SETTINGS.identifiersCachedMax;
  /** How long after its end an exchange is reconciled. */
  @FromVariable('RECONCILE_AFTER_MS') @IsDuration() readonly reconcileAfterMs: number = CORE_SETTINGS.reconcileAfterMs;
}
