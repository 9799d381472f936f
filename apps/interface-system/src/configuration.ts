import { hash } from 'node:crypto';
import {
  Follows,
  FromVariable,
  IsBase64Url,
  IsHttpAddress,
  IsOneOf,
  IsServerId,
  IsText,
  IsWholeNumber,
  LOG_LEVELS,
  type LogLevel,
  textRule,
} from '#libs/platform';
import { ED25519, parseVerifierKey } from '#libs/proofs';

export const DEPLOYMENT_DEFAULT = 'renkei.example';

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

/** Environment of an interface system that runs alone. */
export class InterfaceSystemConfiguration {
  /** This server's id, as the core registered it. */
  @FromVariable('SERVER_ID') @IsServerId() readonly serverId!: string;
  /** Directory of what it has verified of the core's log, of keys that an operator trusts, and of evidence; made at the first start. */
  @FromVariable('DATA_DIRECTORY') @IsText({ max: 1_000 }) readonly dataDirectory!: string;
  /** Directory of its signing and transport keys; made at the first start. */
  @FromVariable('KEYS_DIRECTORY') @IsText({ max: 1_000 }) readonly keysDirectory!: string;
  @FromVariable('HOST') @IsText({ max: 255 }) readonly host: string = '127.0.0.1';
  @FromVariable('PORT') @IsWholeNumber({ min: 0, max: 65_535 }) readonly port: number = 7_200;
  /** Address of the core, e.g. `http://127.0.0.1:7100`. */
  @FromVariable('CORE_URL') @IsHttpAddress() readonly coreUrl!: string;
  @FromVariable('CORE_ID') @IsServerId() readonly coreId: string = 'core';
  /** The core's Ed25519 public key, 32 bytes base64url: pinned, not read from the directory. */
  @FromVariable('CORE_PUBLIC_KEY') @IsBase64Url({ bytesMin: 32, bytesMax: 32 }) readonly corePublicKey!: string;
  /** Verifier key (C2SP signed-note) of the core's log, pinned likewise. */
  @FromVariable('CORE_LEDGER_KEY') @IsLogKey() readonly coreLedgerKey!: string;
  /** First part of the origin of every log: the same at all servers, and never changed. */
  @FromVariable('DEPLOYMENT') @IsDeployment() readonly deployment: string = DEPLOYMENT_DEFAULT;
  @FromVariable('LOG_LEVEL') @IsOneOf(LOG_LEVELS) readonly logLevel: LogLevel = 'info';
}
