import { hash } from 'node:crypto';
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
import { ED25519, parseVerifierKey } from '#libs/proofs';
import { DEPLOYMENT_DEFAULT, SETTINGS } from './settings.js';

/** A part of the names of logs and witnesses, in which neither blanks nor `+` may stand (C2SP signed-note). */
const IsDeployment = (): PropertyDecorator =>
  Follows(
    textRule('deployment', 'must be a name like renkei.example: small letters, digits, dots, hyphens', (text) => /^[a-z0-9][a-z0-9.-]{0,99}$/.test(text)),
  );
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const IsLogKey = (): PropertyDecorator =>
  Follows(
    textRule(
      'log-key',
      'must be the verifier key of a log: <deployment>/<party>/<epoch>+<key id>+<base64 of a key>',
      (text) => text.length <= 512 && parseVerifierKey(sha256, text)?.kind === ED25519,
    ),
  );

/** Environment of an intermediate server that runs alone. */
export class IntermediateServerConfiguration {
  /** This server's id, as the core registered it. */
  @FromVariable('SERVER_ID') @IsServerId() readonly serverId!: string;
  /** Directory of its record, read models and mailbox; made at the first start. */
  @FromVariable('DATA_DIRECTORY') @IsText({ max: 1_000 }) readonly dataDirectory!: string;
  /** Directory of its keys, apart from the data; made at the first start. */
  @FromVariable('KEYS_DIRECTORY') @IsText({ max: 1_000 }) readonly keysDirectory!: string;
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
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
  /** Queries that wait in memory for their decision; more stay in the store. */
  @FromVariable('OUTBOX_QUERIES_MAX') @IsWholeNumber({ min: 1_000, max: 1_000_000 }) readonly outboxQueriesMax: number = SETTINGS.outboxQueriesMax;
}
