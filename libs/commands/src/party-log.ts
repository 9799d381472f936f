import { SigningKey } from '#libs/cryptography';
import { type Log, type LogCommand, logDecider, type LogEvent } from '#libs/domain';
import { DomainError, fold } from '#libs/kernel';
import { type LogSigner, sha256 } from '#libs/ledger';
import { ED25519, formatVerifierKey, keyIdOf } from '#libs/proofs';
import type { Execution, Outcome, Recorder } from './recorder.js';

/** The stream that holds a log's identity, at every party (format.md §9). */
export const LOG_STREAM = 'ledger-log';
/** Name of the key that signs a party's log, among its signing keys; and of the one that signs beside it during a rotation. */
export const LEDGER_KEY = 'ledger';
export const NEXT_LEDGER_KEY = 'ledger-next';

export interface LogIdentity {
  /** `<deployment>/<party>/<epoch>` */
  readonly origin: string;
  /** Verifier keys (C2SP signed-note) whose signatures stand on its checkpoints, the oldest first. */
  readonly keys: readonly string[];
}
export interface OpenedLog extends LogIdentity {
  readonly signers: readonly LogSigner[];
}

/** Verifier key of a log that this key signs. */
export function ledgerKeyOf({ verification }: SigningKey, origin: string): string {
  const publicKey = Buffer.from(verification.publicText, 'base64url');
  return formatVerifierKey({ name: origin, keyId: keyIdOf(sha256, origin, ED25519, publicKey), kind: ED25519, publicKey });
}

/**
 * The log as its stream says it is; a store without one gets its first epoch, before anything else is recorded. Throws
 * LEDGER_KEY_MISSING where a key that must sign is not in the keys directory.
 */
export async function openLog(recorder: Recorder, keysDirectory: string, name: string, now: () => string): Promise<OpenedLog> {
  const [history = []] = await recorder.load<LogEvent>([LOG_STREAM]);
  let log = fold(logDecider, history.map(eventOf));
  if (log.status === 'none') {
    const key = SigningKey.openOrCreate(keysDirectory, LEDGER_KEY);
    log = await opened(recorder, { type: 'OpenEpoch', data: { log: name, keyFor: (origin) => ledgerKeyOf(key, origin) } }, now());
  }
  if (log.status === 'none') throw new DomainError('LOG_NOT_OPEN', 'internal', 'the log has no epoch after one was opened');
  const { origin, keys } = log;
  if (!origin.startsWith(`${name}/`)) {
    throw new DomainError('LEDGER_OF_ANOTHER_PARTY', 'conflict', `the record belongs to the log ${origin}, not to ${name}: check the deployment's name`);
  }
  return { origin, keys, signers: keys.map((key) => signerOf(keysDirectory, origin, key)) };
}

async function opened(recorder: Recorder, command: LogCommand, at: string): Promise<Log> {
  const context = { at, actor: 'system', correlationId: LOG_STREAM, causationId: LOG_STREAM, keyId: LOG_STREAM };
  const execution: Execution<LogCommand> = { stream: LOG_STREAM, command, context };
  const [outcome] = await recorder.execute(logDecider, [execution]);
  if (outcome?.status !== 'fulfilled') throw (outcome as PromiseRejectedResult).reason;
  return fold(logDecider, (outcome satisfies Outcome<LogEvent>).value.history.map(eventOf));
}

function signerOf(keysDirectory: string, origin: string, key: string): LogSigner {
  for (const name of [LEDGER_KEY, NEXT_LEDGER_KEY]) {
    const signing = SigningKey.load(keysDirectory, name);
    if (signing !== undefined && ledgerKeyOf(signing, origin) === key) return { key, sign: (message) => signing.sign(message) };
  }
  throw new DomainError('LEDGER_KEY_MISSING', 'unavailable', 'the keys directory does not hold a key that signs this log: put it back from its backup');
}

const eventOf = ({ event }: { readonly event: unknown }): LogEvent => event as LogEvent;
