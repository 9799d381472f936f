import {
  type AuditBundle,
  BUNDLE_FORMAT,
  BUNDLE_VERSION,
  type BundleDisclosure,
  type BundleEntry,
  type BundleLog,
  type BundleSubject,
} from './audit-bundle.js';

/** An entry of one log, and what opens its protected fields. */
export interface EntryToBundle {
  readonly index: number;
  readonly path: readonly number[];
  readonly bytes: string;
  readonly disclosures?: readonly Omit<BundleDisclosure, 'entry'>[];
}
export interface LogToBundle {
  readonly log: BundleLog;
  /** In any order; each leaf once. */
  readonly entries: readonly EntryToBundle[];
}

/** Puts a bundle together, everything in its order. `disclosed`: personal values are opened on purpose, be it that none could be. */
export function assembleBundle(about: BundleSubject, madeAt: string, logs: readonly LogToBundle[], disclosed = false): AuditBundle {
  const entries: BundleEntry[] = [];
  const disclosures: BundleDisclosure[] = [];
  for (const [log, { entries: ofLog }] of logs.entries()) {
    for (const { index, path, bytes, disclosures: opened = [] } of ofLog.toSorted((a, b) => a.index - b.index)) {
      for (const { field, salt, value } of opened) disclosures.push({ entry: entries.length, field, salt, value });
      entries.push({ log, index, path, bytes });
    }
  }
  return {
    format: BUNDLE_FORMAT,
    version: BUNDLE_VERSION,
    about,
    madeAt,
    logs: logs.map(({ log }) => log),
    entries,
    ...(disclosed ? { disclosures } : {}),
  };
}
