import { agencyEventTypes, exchangeEventTypes, logEventTypes, matrixEventTypes, provisionEventTypes, queryEventTypes } from '#libs/domain';
import { EVENT_BYTES_MAX, EventRegistry, type Message, type RecordedEvent } from '#libs/kernel';
import { toBase64 } from '../notes/base64.js';
import type { Hasher } from '../tree/hasher.js';
import { type AuditBundle, isInstant } from './audit-bundle.js';
import type { CheckedLog } from './check-logs.js';
import type { Findings } from './findings.js';
import { OrderedInclusion } from './ordered-inclusion.js';

/** An entry that stands in its log, as what it says. */
export interface ProvenEvent<E extends Message = Message> {
  /** Index in the bundle. */
  readonly entry: number;
  /** Index of its log in the bundle. */
  readonly log: number;
  readonly event: RecordedEvent<E>;
  /** Leaf hash, base64url: how other records cite it. */
  readonly leaf: string;
}

/** Most leaf hashes are never asked for as text. */
class Proven implements ProvenEvent {
  #leaf: string | undefined;
  constructor(
    readonly entry: number,
    readonly log: number,
    readonly event: RecordedEvent,
    private readonly hash: Uint8Array,
  ) {}
  get leaf(): string {
    return (this.#leaf ??= base64url(this.hash));
  }
}

const registry = new EventRegistry([
  ...exchangeEventTypes,
  ...queryEventTypes,
  ...provisionEventTypes,
  ...matrixEventTypes,
  ...agencyEventTypes,
  ...logEventTypes,
]);

const encoder = new TextEncoder();
const base64url = (bytes: Uint8Array): string => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');

/** As long as the longest entry of a log: no text needs memory of its own. */
const scratch = new Uint8Array(EVENT_BYTES_MAX);

/** Undefined where the text is longer than any entry. */
function leafOf(text: string, hasher: Hasher): Uint8Array | undefined {
  const { read, written } = encoder.encodeInto(text, scratch);
  return read === text.length ? hasher.leaf(scratch.subarray(0, written)) : undefined;
}

type Interpreted = 'unknown' | 'not-canonical' | RecordedEvent;

/**
 * The event in its bytes, only where they are its one canonical form and hold what its type demands: encoding it again must
 * give the same text. So no field stands twice, and none is missing or of another kind.
 */
function interpret(bytes: string): Interpreted {
  try {
    const event: unknown = JSON.parse(bytes);
    if (typeof event !== 'object' || event === null || Array.isArray(event)) return 'not-canonical';
    const { type, v, revision, at } = event as Partial<RecordedEvent>;
    if (typeof type !== 'string' || !Number.isSafeInteger(revision) || (revision as number) < 0 || !isInstant(at)) return 'not-canonical';
    if (!registry.knows(type) || v !== registry.get(type).version) return 'unknown';
    return registry.encode(event as RecordedEvent, event as RecordedEvent) === bytes ? (event as RecordedEvent) : 'not-canonical';
  } catch {
    return 'not-canonical'; // no JSON, or not of its type's shape
  }
}

/** Hashes every entry, verifies its inclusion, and gives those that stand in their log and can be read. */
export function readEntries({ logs, entries }: AuditBundle, checked: readonly CheckedLog[], hasher: Hasher, findings: Findings): readonly ProvenEvent[] {
  const proven: ProvenEvent[] = [];
  let at = 0;
  for (const [log, { origin }] of logs.entries()) {
    const { head, nodes, witnessedSize } = checked[log] as CheckedLog;
    const tree = head && new OrderedInclusion(hasher, nodes, head);
    let [included, witnessed, canonical] = [0, 0, 0];
    for (let entry = entries[at]; entry?.log === log; at += 1, entry = entries[at]) {
      if (tree === undefined) continue; // what is wrong with its checkpoint was told
      const leaf = leafOf(entry.bytes, hasher);
      if (leaf === undefined || !tree.includes(leaf, entry.index, entry.path)) {
        findings.fail('ENTRY_NOT_INCLUDED', { log: origin, entry: at });
        continue;
      }
      included += 1;
      if (entry.index < witnessedSize) witnessed += 1;
      const event = interpret(entry.bytes);
      if (event === 'not-canonical') findings.fail('ENTRY_NOT_CANONICAL', { log: origin, entry: at });
      else if (event === 'unknown') findings.notProved('ENTRY_NOT_INTERPRETED', 1, { log: origin, entry: at });
      else {
        canonical += 1;
        proven.push(new Proven(at, log, event, leaf));
      }
    }
    findings.proved('ENTRIES_INCLUDED', included, { log: origin });
    findings.proved('ENTRIES_CANONICAL', canonical, { log: origin });
    findings.proved('ENTRIES_WITNESSED', witnessed, { log: origin });
    findings.notProved('NOT_WITNESSED', included - witnessed, { log: origin });
  }
  return proven;
}
