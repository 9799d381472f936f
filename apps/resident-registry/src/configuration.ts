import { FromVariable, IsBase64Url, IsHttpAddress, IsOneOf, IsServerId, IsText, IsWholeNumber, LOG_LEVELS, type LogLevel } from '#libs/platform';

/** Environment of a resident registry that runs alone. */
export class ResidentRegistryConfiguration {
  /** This server's id, as the core registered it. */
  @FromVariable('SERVER_ID') @IsServerId() readonly serverId: string = 'registry';
  @FromVariable('DATA_DIRECTORY') @IsText({ max: 1_000 }) readonly dataDirectory!: string;
  @FromVariable('KEYS_DIRECTORY') @IsText({ max: 1_000 }) readonly keysDirectory!: string;
  @FromVariable('HOST') @IsText({ max: 255 }) readonly host: string = '127.0.0.1';
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) readonly port: number = 7_400;
  /** Address of the core, e.g. `http://127.0.0.1:7100`. */
  @FromVariable('CORE_URL') @IsHttpAddress() readonly coreUrl!: string;
  @FromVariable('CORE_ID') @IsServerId() readonly coreId: string = 'core';
  /** The core's Ed25519 public key, 32 bytes base64url: pinned, not read from the directory. */
  @FromVariable('CORE_PUBLIC_KEY') @IsBase64Url({ bytesMin: 32, bytesMax: 32 }) readonly corePublicKey!: string;
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
}
