import { ServiceClient, TokenSigner } from '#libs/platform';
import { SettingsError, UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { readPrivateKey } from '../connection/private-key.js';
import { isHttpAddress } from '../connection/settings.js';
import { ledgerTexts } from './ledger.texts.js';

export interface AuditorOptions {
  readonly auditor: string;
  readonly server?: string;
  readonly serverId?: string;
  readonly key?: string;
}
const DEADLINE_MS = 60_000;
const AUDITOR = /^[a-z][a-z0-9-]{0,39}$/;

/** The name under which a reading goes on record. Throws UsageError. */
export function auditorOf({ auditor }: AuditorOptions, session: Session): string {
  if (AUDITOR.test(auditor)) return auditor;
  throw new UsageError('--auditor', 'a name of lower-case letters, digits and hyphens', ledgerTexts(session.language).badAuditor);
}

/** Has the running server put a reading on its record, in the auditor's name. Rejects with its refusal. */
export async function askToRecord(options: AuditorOptions & { readonly server: string }, party: string, to: number, session: Session): Promise<void> {
  const say = ledgerTexts(session.language);
  const key = options.key ?? (session.environment['RENKEI_KEY'] || undefined);
  const problems = [...(isHttpAddress(options.server) ? [] : [say.badServer]), ...(key === undefined ? [say.keyNeeded] : [])];
  if (problems.length > 0 || key === undefined) throw new SettingsError(problems);
  const { keyId, privateKey } = readPrivateKey('--key', key, session.language);
  const client = new ServiceClient({
    address: options.server,
    audience: options.serverId ?? party,
    signer: new TokenSigner({ issuer: auditorOf(options, session), keyId, privateKey }),
  });
  try {
    await client.call({ method: 'POST', path: '/ledger/readings', body: { from: 0, to }, idempotent: true, deadlineMs: DEADLINE_MS });
  } finally {
    await client.close();
  }
}
