import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DomainError } from '#libs/kernel';
import { parseOrigin, sha256 } from '#libs/ledger';
import { ED25519, parseVerifierKey } from '#libs/proofs';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import { UsageError } from '../command-line/failures.js';
import type { Session } from '../command-line/session.js';
import { askCore, type CoreOptions } from '../core/core-client.js';
import { ledgerTexts } from './ledger.texts.js';
import { printKeys } from './print-keys.js';

const TRUSTED_KEYS = 'trusted-keys';
const SERVER_ID = /^[a-z][a-z0-9-]{1,39}$/;

/** The verifier key of a log, checked for what it is. Throws UsageError. */
function logKeyOf(text: string, session: Session): string {
  const key = parseVerifierKey(sha256, text.trim());
  if (key?.kind === ED25519 && parseOrigin(key.name) !== undefined) return text.trim();
  throw new UsageError('--vkey', 'a verifier key (C2SP signed-note, Ed25519)', ledgerTexts(session.language).badKey);
}

/** Adds a line to a file that is there whole, as before or with it, whatever happens meanwhile. False where it had it already. */
function addLine(file: string, line: string): boolean {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (before.split('\n').includes(line)) return false;
  const temporary = `${file}.new`;
  const handle = openSync(temporary, 'w', 0o644);
  try {
    writeSync(handle, `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(temporary, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
  return true;
}

/** The running interface system reads the file again when it meets a key or an epoch that it does not know. */
export function trustKey(interfaceSystemData: string, vkey: string, session: Session): ExitCode {
  const say = ledgerTexts(session.language);
  const key = logKeyOf(vkey, session);
  const file = join(interfaceSystemData, TRUSTED_KEYS);
  const added = addLine(file, key);
  session.answer({ key, file, added }, (out) => printKeys(out, added ? say.trusted : say.trustedBefore, [key]));
  return EXIT.done;
}

export interface AcceptOptions extends CoreOptions {
  readonly server: string;
  readonly vkey: string;
}

type Outcome =
  | { readonly ok: true; readonly value: { readonly changed: boolean } }
  | { readonly ok: false; readonly problem: { readonly code: string; readonly kind: ConstructorParameters<typeof DomainError>[1]; readonly detail: string } };

export async function acceptEpoch(options: AcceptOptions, session: Session): Promise<ExitCode> {
  const say = ledgerTexts(session.language);
  const { server } = options;
  if (!SERVER_ID.test(server)) throw new UsageError('--server', 'a server id', say.badServerId);
  const key = logKeyOf(options.vkey, session);
  const body = { lines: [{ server, key }] };
  const { outcomes } = await askCore<{ readonly outcomes: readonly Outcome[] }>('/operations/log-keys', body, options, 'operator', session);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new DomainError('UPSTREAM_MALFORMED', 'unavailable', 'the core gave no outcome');
  if (!outcome.ok) throw new DomainError(outcome.problem.code, outcome.problem.kind, outcome.problem.detail);
  const { changed } = outcome.value;
  session.answer({ server, key, changed }, (out) => printKeys(out, changed ? say.accepted : say.acceptedBefore, [key]));
  return EXIT.done;
}
