import type { Command } from 'commander';
import { SettingsError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { connectionTexts } from '../connection/connection.texts.js';
import { readPrivateKey } from '../connection/private-key.js';
import { isHttpAddress } from '../connection/settings.js';

export interface CoreOptions {
  readonly core?: string;
  readonly coreId?: string;
  readonly operator?: string;
  readonly portal?: string;
  readonly key?: string;
}
/** In whose name the core is asked. */
export type CoreCaller = 'operator' | 'portal';

export function coreOptions(command: Command, caller: CoreCaller, session: Session): Command {
  const say = connectionTexts(session.language);
  const made = command.option('--core <url>', `${say.core} (RENKEI_CORE)`).option('--core-id <id>', `${say.coreId} (RENKEI_CORE_ID)`);
  return caller === 'operator'
    ? made.option('--operator <name>', `${say.operator} (RENKEI_OPERATOR)`).option('--key <path>', `${say.operatorKey} (RENKEI_KEY)`)
    : made.option('--portal <id>', `${say.portal} (RENKEI_PORTAL)`).option('--key <path>', `${say.portalKey} (RENKEI_KEY)`);
}

const DEADLINE_MS = 60_000;

/** Asks the core one thing in that name. Throws SettingsError; rejects with the core's refusal. */
export async function askCore<T extends object>(path: string, body: object, options: CoreOptions, caller: CoreCaller, session: Session): Promise<T> {
  const say = connectionTexts(session.language);
  const { environment } = session;
  const variable = (name: string): string | undefined => environment[name] || undefined;
  const core = options.core ?? variable('RENKEI_CORE');
  const name = caller === 'operator' ? (options.operator ?? variable('RENKEI_OPERATOR')) : (options.portal ?? variable('RENKEI_PORTAL'));
  const key = options.key ?? variable('RENKEI_KEY');
  const nameVariable = caller === 'operator' ? 'RENKEI_OPERATOR' : 'RENKEI_PORTAL';
  const problems = [
    ...(core === undefined ? [say.missing('--core', 'RENKEI_CORE', say.core)] : isHttpAddress(core) ? [] : [say.notAnAddress('--core')]),
    ...(name === undefined ? [say.missing(`--${caller}`, nameVariable, say[caller])] : []),
    ...(key === undefined ? [say.missing('--key', 'RENKEI_KEY', caller === 'operator' ? say.operatorKey : say.portalKey)] : []),
  ];
  if (problems.length > 0 || core === undefined || name === undefined || key === undefined) throw new SettingsError(problems);
  const { keyId, privateKey } = readPrivateKey('--key', key, session.language);
  const { ServiceClient, TokenSigner } = await import('#libs/platform'); // slow to load: only where a server is called
  const client = new ServiceClient({
    address: core,
    audience: options.coreId ?? variable('RENKEI_CORE_ID') ?? 'core',
    signer: new TokenSigner({ issuer: name, keyId, privateKey }),
  });
  try {
    return await client.call<T>({ method: 'POST', path, body, idempotent: true, deadlineMs: DEADLINE_MS });
  } finally {
    await client.close();
  }
}
