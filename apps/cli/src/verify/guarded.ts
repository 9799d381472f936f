import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DomainError, type ErrorKind } from '#libs/kernel';
import { partiesIn, partyIn } from '../parties/party-directory.js';
import type { Finding, PartyReport, Stage, VerifyReport } from './report.js';
import type { VerifyOptions } from './verify-data.js';

/** Plain data: it crosses processes. */
export type ToChild = Pick<VerifyOptions, 'data' | 'keys' | 'parties' | 'full' | 'threads' | 'eventStore' | 'database'>;
export type FromChild =
  | { readonly is: 'party'; readonly party: string }
  | { readonly is: 'progress'; readonly stage: Stage; readonly done: number; readonly total: number }
  | { readonly is: 'report'; readonly report: PartyReport }
  | { readonly is: 'end'; readonly findings: readonly Finding[] }
  | { readonly is: 'failed'; readonly code: string; readonly kind: ErrorKind; readonly message: string };

const CHILD = fileURLToPath(new URL('./verify.child.js', import.meta.url));

/** So long the process may say nothing: a damaged file may also send its reader in circles. */
const SILENCE_MS_MAX = 120_000;

interface Run {
  readonly reports: readonly PartyReport[];
  /** The party at which the process died. */
  readonly diedAt?: string;
  readonly findings: readonly Finding[];
}

/**
 * As `verifyData`, in a process of its own a try: a file that makes its reader die (LMDB maps files, and trusts them) is a
 * finding, and the parties behind it are checked all the same. Rejects with UsageError, or what the check itself could not do.
 */
export async function verifyGuarded(options: VerifyOptions): Promise<VerifyReport> {
  const { data, full } = options;
  const all = options.parties.length === 0 ? partiesIn(data).map(({ id }) => id) : options.parties.map((id) => partyIn(data, id).id);
  const reports: PartyReport[] = [];
  let findings: readonly Finding[] = [];
  for (let left = all; left.length > 0; left = all.slice(reports.length)) {
    const run = await runChild({ ...options, parties: left });
    reports.push(...run.reports);
    findings = run.findings;
    if (run.diedAt !== undefined) reports.push(died(run.diedAt));
  }
  const ok = findings.length === 0 && reports.every((report) => report.findings.length === 0);
  return { ok, full, parties: reports, findings };
}

function runChild(options: VerifyOptions): Promise<Run> {
  const { data, keys, parties, full, threads, eventStore, database } = options;
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const reports: PartyReport[] = [];
    let party: string | undefined;
    let end: readonly Finding[] | undefined;
    let failure: DomainError | undefined;
    const watch = setTimeout(() => child.kill('SIGKILL'), SILENCE_MS_MAX);
    child.on('message', (message: FromChild) => {
      watch.refresh();
      if (message.is === 'party') {
        ({ party } = message);
        options.onParty?.(party);
      } else if (message.is === 'progress') options.onProgress?.(message.stage, message.done, message.total);
      else if (message.is === 'report') {
        reports.push(message.report);
        options.onReport?.(message.report);
      } else if (message.is === 'end') end = message.findings;
      else failure = new DomainError(message.code, message.kind, message.message);
    });
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(watch);
      if (failure) reject(failure);
      else if (end === undefined) resolve({ reports, findings: [], diedAt: parties[reports.length] ?? party ?? '' });
      else resolve({ reports, findings: end });
    });
    child.send({ data, keys, parties, full, threads, eventStore, database } satisfies ToChild);
  });
}

function died(party: string): PartyReport {
  const finding: Finding = { code: 'CHECK_DIED', party, detail: 'a file is damaged so that the process reading it died, or came to no end' };
  return {
    party,
    entries: 0,
    runs: 0,
    checkpoints: 0,
    signatures: 0,
    cosignatures: 0,
    knownElsewhere: 0,
    readModels: [],
    findings: [finding],
    notes: [],
    seconds: 0,
  };
}
