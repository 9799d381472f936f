import { join } from 'node:path';
import { ProtectedFields, RecordKeys } from '#libs/cryptography';
import { provisionEventTypes, queryEventTypes, replicaEventTypes, subjectEventTypes } from '#libs/domain';
import { LmdbEventStore, type StoredEvent } from '#libs/event-store';
import { FeedReader } from '#libs/feed';
import { checkedFeedEvent, type FeedEvent } from '#libs/feed-schemas';
import { EventRegistry, type Protected, isSealed } from '#libs/kernel';

const PAGE = 1_000;
/** Shorter values (flags, small counts, years) stand in any text by chance. */
const VALUE_CHARACTERS_MIN = 6;
const registry = new EventRegistry([...queryEventTypes, ...provisionEventTypes, ...replicaEventTypes, ...subjectEventTypes]);

/** What a server's record holds that no feed may: opened with its own keys. */
interface Secrets {
  /** Identifiers and acquisition numbers. */
  readonly identifiers: Set<string>;
  /** Values of replicas. */
  readonly values: Set<string>;
  /** Ids of record keys. */
  readonly keys: Set<string>;
  /** In-agency numbers, by agency. */
  readonly numbers: Map<string, Set<string>>;
}
export interface ScannedFeeds {
  readonly feeds: ReadonlyMap<string, readonly FeedEvent[]>;
  readonly secrets: Secrets;
}

const leaves = (value: unknown): readonly string[] => (typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [String(value)]);

function learn(secrets: Secrets, { bytes }: StoredEvent, fields: ProtectedFields): void {
  const text = Buffer.from(bytes).toString('utf8');
  if (!registry.knows((JSON.parse(text) as { type: string }).type)) return;
  const { agency = '', data } = registry.decode(text);
  for (const [name, field] of Object.entries(data as Record<string, Protected>)) {
    if (typeof field !== 'object' || field === null || !isSealed(field)) continue;
    secrets.keys.add(field.key);
    const opened = fields.open(field);
    if (opened.erased) continue;
    if (name === 'subject') secrets.numbers.set(agency, (secrets.numbers.get(agency) ?? new Set()).add(opened.value));
    else if (name !== 'content') secrets.identifiers.add(opened.value);
    else for (const value of leaves(JSON.parse(opened.value)).filter(({ length }) => length >= VALUE_CHARACTERS_MIN)) secrets.values.add(value);
  }
}

/** The feeds of all agencies of one server of a sandbox that has ended, and what may stand in none of them. */
export async function scanFeeds(directory: string, party: string): Promise<ScannedFeeds> {
  const store = await LmdbEventStore.open(join(directory, 'parties', party, 'event-store'), { readOnly: true });
  const keys = await RecordKeys.open(join(directory, 'keys', party), { readOnly: true });
  const secrets: Secrets = { identifiers: new Set(), values: new Set(), keys: new Set(), numbers: new Map() };
  const feeds = new Map<string, FeedEvent[]>();
  try {
    const fields = new ProtectedFields(keys);
    const reader = new FeedReader({ store, fields, deployment: 'sandbox.renkei.example', party });
    let after = 0n;
    for (let atEnd = false; !atEnd;) {
      for (const event of (await store.readAll({ after, limit: PAGE })).events) learn(secrets, event, fields);
      const page = await reader.readPage(after, PAGE);
      for (const { agency, event } of page.events) feeds.set(agency, [...(feeds.get(agency) ?? []), checkedFeedEvent(event)]);
      ({ next: after, atEnd } = page);
    }
  } finally {
    await keys.close();
    await store.close();
  }
  return { feeds, secrets };
}

/** As a text stands in a JSON document. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** What stands in a feed and may not, as `<agency>: <what>`; values are not repeated. */
export function leaksOf({ feeds, secrets }: ScannedFeeds): readonly string[] {
  const leaks: string[] = [];
  for (const [agency, events] of feeds) {
    const bytes = JSON.stringify(events);
    for (const identifier of secrets.identifiers) if (bytes.includes(inJson(identifier))) leaks.push(`${agency}: an identifier or acquisition number`);
    for (const key of secrets.keys) if (bytes.includes(key)) leaks.push(`${agency}: the id of a record key`);
    const foreign = new Set([...secrets.numbers].flatMap(([other, numbers]) => (other === agency ? [] : [...numbers])));
    const own = secrets.numbers.get(agency) ?? new Set();
    for (const { type, data } of events) {
      if (leaves(data).some((leaf) => secrets.values.has(leaf))) leaks.push(`${agency}: a value of a replica in ${type}`);
      if (leaves(data).some((leaf) => foreign.has(leaf) && !own.has(leaf))) leaks.push(`${agency}: another agency's in-agency number in ${type}`);
    }
  }
  return leaks;
}
