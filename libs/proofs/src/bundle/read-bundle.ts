import { EVENT_BYTES_MAX, isUuidV7 } from '#libs/kernel';
import { NOTE_BYTES_MAX } from '../notes/signed-note.js';
import { PROOF_HASHES_MAX } from '../tree/verify-proofs.js';
import {
  type AuditBundle,
  BUNDLE_CHARACTERS_MAX,
  BUNDLE_ENTRIES_MAX,
  BUNDLE_FORMAT,
  BUNDLE_KEYS_MAX,
  BUNDLE_LOGS_MAX,
  BUNDLE_NODES_MAX,
  BUNDLE_VERSION,
  type BundleDisclosure,
  type BundleEntry,
  type BundleLog,
  type BundleSubject,
  isInstant,
  type Refusal,
  type RefusalCode,
} from './audit-bundle.js';
import { hasDuplicateKeys } from './duplicate-keys.js';

/** Carries a refusal out of the reader; never leaves this file. */
class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.code);
  }
}
function refuse(code: RefusalCode, at = '', rule?: string): never {
  throw new Refused({ code, ...(at === '' ? {} : { at }), ...(rule === undefined ? {} : { rule }) });
}
const malformed = (at: string, rule: string): never => refuse('BUNDLE_MALFORMED', at, rule);

type Fields = Readonly<Record<string, unknown>>;

/** An object with exactly these keys (those ending in `?` may be absent). Only own properties are looked at. */
function objectAt(value: unknown, at: string, names: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed(at, 'an object');
  const allowed = new Map(names.map((name) => [name.replace('?', ''), name.endsWith('?')]));
  const keys = Object.keys(value);
  if (keys.some((key) => !allowed.has(key))) return malformed(at, 'no other fields');
  const fields: Record<string, unknown> = {};
  for (const [name, optional] of allowed) {
    if (Object.hasOwn(value, name)) fields[name] = (value as Fields)[name];
    else if (!optional) return malformed(`${at}/${name}`, 'present');
  }
  return fields;
}
function textAt(value: unknown, at: string, max: number, pattern?: RegExp): string {
  if (typeof value !== 'string' || value.length > max || !value.isWellFormed()) return malformed(at, `a text of at most ${max} characters`);
  return pattern !== undefined && !pattern.test(value) ? malformed(at, 'of its form') : value;
}
function countAt(value: unknown, at: string, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || Object.is(value, -0) || (value as number) < 0 || (value as number) > max)
    return malformed(at, `an integer from 0 to ${max}`);
  return value as number;
}
/** What is refused within is told with where that is: pointers are put together only then, for a bundle has millions of values. */
function within<T>(at: () => string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { code, at: inner = '', rule } = error.refusal;
    return refuse(code, `${at()}${inner}`, rule);
  }
}
function listAt<T>(value: unknown, at: string, max: number, of: (item: unknown) => T): T[] {
  if (!Array.isArray(value)) return malformed(at, 'a list');
  if (value.length > max) return refuse('BUNDLE_TOO_LARGE', at, `at most ${max}`);
  const list: T[] = [];
  let index = 0;
  return within(
    () => `${at}/${index}`,
    () => {
      for (; index < value.length; index += 1) list.push(of(value[index]));
      return list;
    },
  );
}

const HASH_TEXT = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;
const VKEY_CHARACTERS_MAX = 512;
const NAME = /^[^\s+\p{Cc}]+$/u;
const hashAt = (value: unknown): string => textAt(value, '', 44, HASH_TEXT);
const keyAt = (value: unknown): string => textAt(value, '', VKEY_CHARACTERS_MAX, /^[^\s]+$/);

const instantAt = (value: unknown, at: string): string => (isInstant(value) ? value : malformed(at, 'an instant, ISO 8601 UTC with milliseconds'));

function subjectAt(value: unknown): BundleSubject {
  const kind: unknown = typeof value === 'object' && value !== null && Object.hasOwn(value, 'kind') ? (value as Fields)['kind'] : undefined;
  const agency = (fields: Fields): string => textAt(fields['agency'], '/agency', 16, /^[0-9A-Z]{16}$/);
  switch (kind) {
    case 'exchange': {
      const exchange = textAt(objectAt(value, '', ['kind', 'exchange'])['exchange'], '/exchange', 36);
      return isUuidV7(exchange) ? { kind, exchange } : malformed('/exchange', 'a UUIDv7');
    }
    case 'person': {
      const fields = objectAt(value, '', ['kind', 'agency', 'subjectStream']);
      return { kind, agency: agency(fields), subjectStream: textAt(fields['subjectStream'], '/subjectStream', 32, /^[0-9a-f]{32}$/) };
    }
    case 'agency': {
      const fields = objectAt(value, '', ['kind', 'agency', 'from', 'to']);
      return { kind, agency: agency(fields), from: instantAt(fields['from'], '/from'), to: instantAt(fields['to'], '/to') };
    }
    default:
      return malformed('/kind', 'exchange, person or agency');
  }
}

function logAt(value: unknown): BundleLog {
  const { party, origin, keys, checkpoint, cosigned, witnesses, nodes } = objectAt(value, '', [
    ...['party', 'origin', 'keys', 'checkpoint', 'cosigned?', 'witnesses', 'nodes'],
  ]);
  const log: BundleLog = {
    party: textAt(party, '/party', 64, NAME),
    origin: textAt(origin, '/origin', 256, NAME),
    keys: listAt(keys, '/keys', BUNDLE_KEYS_MAX, keyAt),
    checkpoint: textAt(checkpoint, '/checkpoint', NOTE_BYTES_MAX),
    witnesses: listAt(witnesses, '/witnesses', BUNDLE_KEYS_MAX, keyAt),
    nodes: listAt(nodes, '/nodes', BUNDLE_NODES_MAX, hashAt),
  };
  if (cosigned === undefined) return log;
  const fields = objectAt(cosigned, '/cosigned', ['checkpoint', 'consistency']);
  return {
    ...log,
    cosigned: {
      checkpoint: textAt(fields['checkpoint'], '/cosigned/checkpoint', NOTE_BYTES_MAX),
      consistency: listAt(fields['consistency'], '/cosigned/consistency', PROOF_HASHES_MAX, hashAt),
    },
  };
}

function entryAt(value: unknown, logs: readonly BundleLog[]): BundleEntry {
  const fields = objectAt(value, '', ['log', 'index', 'path', 'bytes']);
  const log = countAt(fields['log'], '/log', logs.length - 1);
  const nodes = logs[log]?.nodes.length ?? 0;
  const { path } = fields;
  if (!Array.isArray(path) || path.length > PROOF_HASHES_MAX) return malformed('/path', `a list of at most ${PROOF_HASHES_MAX}`);
  const steps: number[] = [];
  for (let step = 0; step < path.length; step += 1) steps.push(countAt(path[step], '/path', nodes - 1));
  return { log, index: countAt(fields['index'], '/index'), path: steps, bytes: textAt(fields['bytes'], '/bytes', EVENT_BYTES_MAX) };
}

function disclosureAt(value: unknown, entries: number): BundleDisclosure {
  const { entry, field, salt, value: opened } = objectAt(value, '', ['entry', 'field', 'salt', 'value']);
  return {
    entry: countAt(entry, '/entry', entries - 1),
    field: textAt(field, '/field', 64, /^[a-z][A-Za-z]*$/),
    salt: textAt(salt, '/salt', 22, /^[A-Za-z0-9_-]{21}[AQgw]$/),
    value: textAt(opened, '/value', EVENT_BYTES_MAX),
  };
}

function assertOrder(entries: readonly BundleEntry[]): void {
  for (let index = 1; index < entries.length; index += 1) {
    const [before, entry] = [entries[index - 1], entries[index]] as [BundleEntry, BundleEntry];
    if (before.log > entry.log || (before.log === entry.log && before.index >= entry.index))
      refuse('BUNDLE_OUT_OF_ORDER', `/entries/${index}`, 'in the order of log and index, each once');
  }
}

function bundleOf(value: unknown): AuditBundle {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('BUNDLE_NOT_A_BUNDLE');
  const named = (name: string): unknown => (Object.hasOwn(value, name) ? (value as Fields)[name] : undefined);
  if (named('format') !== BUNDLE_FORMAT) return refuse('BUNDLE_NOT_A_BUNDLE', '/format');
  if (named('version') !== BUNDLE_VERSION) return refuse('BUNDLE_VERSION_UNKNOWN', '/version');
  const fields = objectAt(value, '', ['format', 'version', 'about', 'madeAt', 'logs', 'entries', 'disclosures?']);
  const logs = listAt(fields['logs'], '/logs', BUNDLE_LOGS_MAX, logAt);
  if (logs.reduce((sum, { nodes }) => sum + nodes.length, 0) > BUNDLE_NODES_MAX) refuse('BUNDLE_TOO_LARGE', '/logs', `at most ${BUNDLE_NODES_MAX} nodes`);
  if (new Set(logs.map(({ origin }) => origin)).size < logs.length) malformed('/logs', 'each origin once');
  const entries = listAt(fields['entries'], '/entries', BUNDLE_ENTRIES_MAX, (entry) => entryAt(entry, logs));
  assertOrder(entries);
  const { disclosures } = fields;
  const bundle: AuditBundle = {
    format: BUNDLE_FORMAT,
    version: BUNDLE_VERSION,
    about: within(
      () => '/about',
      () => subjectAt(fields['about']),
    ),
    madeAt: instantAt(fields['madeAt'], '/madeAt'),
    logs,
    entries,
  };
  if (disclosures === undefined) return bundle;
  return { ...bundle, disclosures: listAt(disclosures, '/disclosures', BUNDLE_ENTRIES_MAX, (opened) => disclosureAt(opened, entries.length)) };
}

function textOf(bytes: ArrayBufferView): string {
  if (bytes.byteLength > BUNDLE_CHARACTERS_MAX) return refuse('BUNDLE_TOO_LARGE', '', `at most ${BUNDLE_CHARACTERS_MAX} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes as Uint8Array<ArrayBuffer>);
  } catch {
    return refuse('BUNDLE_NOT_UTF8');
  }
}

function fromText(text: string): AuditBundle {
  if (text.length > BUNDLE_CHARACTERS_MAX) return refuse('BUNDLE_TOO_LARGE', '', `at most ${BUNDLE_CHARACTERS_MAX} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse('BUNDLE_NOT_JSON');
  }
  const bundle = bundleOf(parsed);
  // a text that is written again as it was cannot have named a key twice; what was laid out otherwise is looked through
  if (JSON.stringify(parsed) !== text.trimEnd() && hasDuplicateKeys(text)) return refuse('BUNDLE_DUPLICATE_KEY');
  return bundle;
}

/** The bundle as plain data of its own, or why it is none. Never throws, whatever it is given. */
export function readBundle(input: unknown): AuditBundle | Refusal {
  try {
    if (typeof input === 'string') return fromText(input);
    return ArrayBuffer.isView(input) ? fromText(textOf(input)) : bundleOf(input);
  } catch (error) {
    // getters and proxies of an object from outside may throw whatever they like
    return error instanceof Refused ? error.refusal : { code: 'BUNDLE_MALFORMED' };
  }
}
