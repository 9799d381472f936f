import { isCalendarDay } from '#libs/kernel';

/** Name and version of the format. A reader refuses any other: an unknown version is not guessed at. */
export const BUNDLE_FORMAT = 'renkei-audit-bundle';
export const BUNDLE_VERSION = 1;

/** Limits of a bundle; what passes one of them is refused before anything is verified. */
export const BUNDLE_CHARACTERS_MAX = 134_217_728;
export const BUNDLE_LOGS_MAX = 256;
export const BUNDLE_ENTRIES_MAX = 150_000;
/** Hashes of all logs together. */
export const BUNDLE_NODES_MAX = 1_000_000;
export const BUNDLE_KEYS_MAX = 64;

/** What a bundle says that it is about. Told by whoever made it; the verifier holds the entries against it. */
export type BundleSubject =
  | { readonly kind: 'exchange'; readonly exchange: string }
  /** A person by the name that the agency's server has for it in its streams (an HMAC): never a number. */
  | { readonly kind: 'person'; readonly agency: string; readonly subjectStream: string }
  /** Exchanges that the agency asked or answered, requested from `from` on and before `to` (ISO 8601 UTC). */
  | { readonly kind: 'agency'; readonly agency: string; readonly from: string; readonly to: string };

/** A party's log, as far as the bundle's entries need it. */
export interface BundleLog {
  /** The server whose log it is: the middle part of the origin. */
  readonly party: string;
  /** `<deployment>/<party>/<log epoch>` */
  readonly origin: string;
  /** Verifier keys of the log (C2SP signed-note). As good as where they come from: an auditor pins them. */
  readonly keys: readonly string[];
  /** The signed checkpoint (C2SP tlog-checkpoint) that the paths lead to. */
  readonly checkpoint: string;
  /** The newest checkpoint that witnesses cosigned, where there is one, and the proof that `checkpoint` continues it. */
  readonly cosigned?: {
    readonly checkpoint: string;
    /** RFC 9162 §2.1.4, 32 bytes each in base64; empty where both have one size. */
    readonly consistency: readonly string[];
  };
  /** Verifier keys of witnesses (kind 0x04, C2SP tlog-cosignature). */
  readonly witnesses: readonly string[];
  /** Hashes that the entries' paths refer to, 32 bytes each in base64. */
  readonly nodes: readonly string[];
}

export interface BundleEntry {
  /** Index in `logs`. */
  readonly log: number;
  /** Leaf index in that log. */
  readonly index: number;
  /** Inclusion proof from the leaf up, as indexes in the log's `nodes`. */
  readonly path: readonly number[];
  /** The stored bytes (UTF-8) as text: what is hashed. */
  readonly bytes: string;
}

/** Opens one protected field of an entry: commitment = SHA-256(salt ‖ value). */
export interface BundleDisclosure {
  /** Index in `entries`. */
  readonly entry: number;
  readonly field: string;
  /** 16 bytes, base64url. */
  readonly salt: string;
  readonly value: string;
}

/** An audit bundle, version 1: one JSON text. Entries stand in the order of log and index, each once. */
export interface AuditBundle {
  readonly format: typeof BUNDLE_FORMAT;
  readonly version: typeof BUNDLE_VERSION;
  readonly about: BundleSubject;
  /** Wall clock of whoever made it, ISO 8601 UTC with milliseconds. */
  readonly madeAt: string;
  readonly logs: readonly BundleLog[];
  readonly entries: readonly BundleEntry[];
  /** There only where personal values were disclosed on purpose. */
  readonly disclosures?: readonly BundleDisclosure[];
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
/** The day that was checked last: most entries of a bundle are of few days. */
let known = '';
/** ISO 8601 UTC with milliseconds, on a day of the calendar. */
export function isInstant(value: unknown): value is string {
  if (typeof value !== 'string' || !INSTANT.test(value)) return false;
  const day = value.slice(0, 10);
  if (day === known) return true;
  if (!isCalendarDay(day)) return false;
  known = day;
  return true;
}

export const REFUSALS = [
  'BUNDLE_TOO_LARGE',
  'BUNDLE_NOT_UTF8',
  'BUNDLE_NOT_JSON',
  'BUNDLE_DUPLICATE_KEY',
  'BUNDLE_NOT_A_BUNDLE',
  'BUNDLE_VERSION_UNKNOWN',
  'BUNDLE_MALFORMED',
  'BUNDLE_OUT_OF_ORDER',
  'EXPECTED_KEY_MALFORMED',
  /** A fault of the verifier itself: the bundle is not shown to be anything. */
  'VERIFIER_FAULT',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** Why a text is no bundle that can be verified at all. `at`: where, a JSON Pointer (RFC 6901); never a value. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly at?: string;
  readonly rule?: string;
}
