import {
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
} from '#libs/platform';
import { DEPLOYMENT_DEFAULT, IsDeployment, IsEventStoreUrl, IsLogKey } from '#libs/protocol';

/** Environment of a resident registry that runs alone. */
export class ResidentRegistryConfiguration {
  /** This server's id, as the core registered it. */
  @FromVariable('SERVER_ID') @IsServerId() readonly serverId: string = 'registry';
  @FromVariable('DATA_DIRECTORY') @IsText({ max: 1_000 }) readonly dataDirectory!: string;
  @FromVariable('KEYS_DIRECTORY') @IsText({ max: 1_000 }) readonly keysDirectory!: string;
  /** An EventStoreDB for its record, `esdb://user:password@host:2113?tls=true`; embedded in the data directory where it is left out. */
  @FromVariable('EVENT_STORE') @MayBeOmitted() @IsEventStoreUrl() readonly eventStore?: string;
  @FromVariable('HOST') @IsText({ max: 255 }) readonly host: string = '127.0.0.1';
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) readonly port: number = 7_400;
  /** Address of the core, e.g. `http://127.0.0.1:7100`. */
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
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
}
