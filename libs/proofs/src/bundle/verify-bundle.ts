import { nobleHasher, sha256 } from '../hashing/noble-hasher.js';
import { parseVerifierKey } from '../notes/signed-note.js';
import type { Hasher } from '../tree/hasher.js';
import type { AuditBundle, BundleSubject, Refusal } from './audit-bundle.js';
import { DecisionCheck } from './check-decisions.js';
import { checkLog, type CheckedLog, type SignedBy, type WitnessedBy } from './check-logs.js';
import { checkDisclosures, checkRecords, checkSubject } from './check-records.js';
import { type FailedCode, type Finding, Findings, type NotProvedCode, type ProvedCode } from './findings.js';
import { readBundle } from './read-bundle.js';
import { readEntries } from './read-entries.js';
import { Streams } from './streams.js';

export interface VerifyBundleOptions {
  /** Otherwise SHA-256 in JavaScript; on Node `nativeHasher` is faster. */
  readonly hasher?: Hasher;
  /**
   * Verifier keys (C2SP signed-note) that the auditor has from elsewhere. With any, every log must be signed by one of
   * them, or cosigned by one (kind 0x04) over all that the bundle holds of it; without, keys are taken from the file.
   */
  readonly expectedKeys?: readonly string[];
}

/** One log of the bundle, as verified. */
export interface ReportedLog {
  readonly party: string;
  readonly origin: string;
  /** Of the checkpoint; undefined where it could not be read. */
  readonly size?: number;
  readonly entries: number;
  readonly signedBy: readonly SignedBy[];
  readonly witnesses: readonly WitnessedBy[];
}

/** What a bundle proves. `verified`: nothing in it failed; what it does not show stands in `notProved` all the same. */
export interface BundleReport {
  readonly outcome: 'verified' | 'failed';
  /** True where the keys that count were brought by the auditor; otherwise the file vouches for itself. */
  readonly keysPinned: boolean;
  readonly about: BundleSubject;
  readonly madeAt: string;
  readonly logs: readonly ReportedLog[];
  readonly entries: number;
  readonly exchanges: number;
  readonly proved: readonly Finding<ProvedCode>[];
  /** At most FAILURES_TOLD_MAX; `failures` counts all. */
  readonly failed: readonly Finding<FailedCode>[];
  readonly failures: number;
  readonly notProved: readonly Finding<NotProvedCode>[];
}
/** What cannot be verified at all: no bundle, of another version, or past a limit. */
export interface RefusedBundle {
  readonly outcome: 'refused';
  readonly refusal: Refusal;
}

/** What no bundle shows, whatever is in it. */
const NEVER_SHOWN = ['COMPLETENESS', 'VALUES', 'LAW_CONTENT', 'TIMES', 'STATEMENTS'] as const;

/**
 * Verifies an audit bundle with nothing but what is in it and the keys that the auditor brings: no network, no clock, no
 * trust in whoever made it. Takes the text, its UTF-8 bytes, or the parsed value. Never throws and always ends: what is
 * too large, misshapen or of another version is refused.
 */
export function verifyBundle(input: unknown, { hasher = nobleHasher, expectedKeys = [] }: VerifyBundleOptions = {}): BundleReport | RefusedBundle {
  const misread = expectedKeys.findIndex((key) => parseVerifierKey(sha256, key) === undefined);
  if (misread >= 0) return { outcome: 'refused', refusal: { code: 'EXPECTED_KEY_MALFORMED', at: String(misread) } };
  const bundle = readBundle(input);
  if ('code' in bundle) return { outcome: 'refused', refusal: bundle };
  try {
    return reportOf(bundle, new Set(expectedKeys), hasher);
  } catch {
    return { outcome: 'refused', refusal: { code: 'VERIFIER_FAULT' } }; // fails closed: never a pass
  }
}

function reportOf(bundle: AuditBundle, expected: ReadonlySet<string>, hasher: Hasher): BundleReport {
  const findings = new Findings();
  const logs = bundle.logs.map((log) => checkLog(log, expected, hasher, findings));
  const counts = countsOf(bundle);
  const pinned = logs.map((log, index) => isPinned(log, highestIndex(bundle, index)));
  for (const [index, { origin }] of logs.entries()) {
    if (pinned[index] === true) continue;
    if (expected.size > 0) findings.fail('KEY_NOT_EXPECTED', { log: origin });
    else findings.notProved('KEYS_NOT_PINNED', 1, { log: origin });
  }
  if (new Set(logs.map(({ origin }) => origin.split('/').slice(0, -2).join('/'))).size > 1) findings.fail('DEPLOYMENTS_MIXED');
  const entries = readEntries(bundle, logs, hasher, findings);
  const streams = new Streams(entries, logs, findings);
  const exchanges = streams.exchanges();
  checkSubject(bundle.about, exchanges, findings);
  checkRecords(exchanges, findings);
  new DecisionCheck(streams, findings).check(exchanges);
  checkDisclosures(bundle.disclosures ?? [], entries, exchanges, findings);
  if (bundle.disclosures === undefined) findings.notProved('PERSONS');
  const permits = findings.provedOnes.find(({ code }) => code === 'DECISION_LAWFUL')?.count ?? 0;
  findings.notProved('IDENTIFIER_NOT_CHECKED', permits);
  findings.notProved('NEWER_LAW_NOT_CHECKED', permits);
  for (const code of NEVER_SHOWN) findings.notProved(code);
  return {
    outcome: findings.failed === 0 ? 'verified' : 'failed',
    keysPinned: pinned.length > 0 && pinned.every(Boolean),
    about: bundle.about,
    madeAt: bundle.madeAt,
    logs: logs.map((log, index) => reportedLog(log, counts[index] ?? 0)),
    entries: bundle.entries.length,
    exchanges: exchanges.length,
    proved: findings.provedOnes,
    failed: findings.failures,
    failures: findings.failed,
    notProved: findings.notProvedOnes,
  };
}

/** Entries a log. */
function countsOf({ logs, entries }: AuditBundle): readonly number[] {
  const counts = new Array<number>(logs.length).fill(0);
  for (const { log } of entries) counts[log] = (counts[log] ?? 0) + 1;
  return counts;
}
/** Entries are in order: the last one of a log has its highest index. */
const highestIndex = ({ entries }: AuditBundle, log: number): number => entries.findLast((entry) => entry.log === log)?.index ?? -1;

const isPinned = ({ signedBy, expectedWitnessSize }: CheckedLog, highest: number): boolean =>
  signedBy.some(({ expected }) => expected) || (expectedWitnessSize > 0 && highest < expectedWitnessSize);

const reportedLog = ({ party, origin, head, signedBy, witnesses }: CheckedLog, entries: number): ReportedLog => ({
  party,
  origin,
  ...(head === undefined ? {} : { size: head.size }),
  entries,
  signedBy,
  witnesses,
});
