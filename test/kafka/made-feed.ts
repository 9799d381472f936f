import { createHash } from 'node:crypto';
import { type EventStore, NO_STREAM, type StoredEvent } from '#libs/event-store';
import { type AgencyFeedEvent, type FeedSource, RELAY_PAGE_EVENTS_MAX, storeFeedSource } from '#libs/feed';
import { dataschemaOf, type FeedEvent, sequenceOf } from '#libs/feed-schemas';
import { EventRegistry, eventType, text, uuidV7 } from '#libs/kernel';

const registry = new EventRegistry([eventType('FeedMade', { agency: text })]);
const TYPE = 'renkei.identifier.obtained.v1';
const INSTANT = '2020-05-08T00:00:00.000Z';

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

let made = 0;
function freshId(): string {
  made += 1;
  return uuidV7(Date.now(), createHash('sha256').update(`${process.pid}/${made}`).digest());
}

function toldOf(agency: string, id: string, stream: string, position: bigint): AgencyFeedEvent {
  const subject = stream.slice(stream.indexOf('-') + 1);
  const attributes = { specversion: '1.0', id, source: '/renkei.example/is-made', subject, time: new Date().toISOString() } as const;
  const more = { dataschema: dataschemaOf(TYPE), datacontenttype: 'application/json', partitionkey: subject, sequence: sequenceOf(position) } as const;
  return { agency, event: { ...attributes, ...more, type: TYPE, data: {} } as FeedEvent };
}

/** A store whose every event is told to the agency that it names. */
export function madeSource(store: EventStore): FeedSource {
  const tell = ({ id, stream, position, bytes }: StoredEvent): AgencyFeedEvent => {
    const { data } = JSON.parse(Buffer.from(bytes).toString()) as { readonly data: { readonly agency: string } };
    return toldOf(data.agency, id, stream, position);
  };
  return {
    follow: ({ after, onPage }) =>
      store.subscribe({ after, pageEventsMax: RELAY_PAGE_EVENTS_MAX, onPage: ({ events, next, atEnd }) => onPage({ events: events.map(tell), next, atEnd }) }),
    lastPosition: () => store.lastPosition(),
    nextRecordedAt: (after) => storeFeedSource(store, { tellAll: () => Promise.resolve([]) }).nextRecordedAt(after),
  };
}

/** Records so many events, each for a random agency; resolves to what will be told of them, in order. */
export async function appendMade(store: EventStore, agencies: readonly string[], count: number, random: () => number): Promise<AgencyFeedEvent[]> {
  const requests = Array.from({ length: count }, () => {
    const [id, exchange] = [freshId(), freshId()];
    const stream = `exchange-${exchange}`;
    const agency = agencies[Math.floor(random() * agencies.length)] as string;
    const envelope = { id, stream, revision: 0, recordedAt: INSTANT, at: INSTANT, actor: 'system', correlationId: exchange, causationId: exchange };
    const bytes = Buffer.from(registry.encode(envelope, { type: 'FeedMade', data: { agency } }));
    return { agency, id, request: { stream, expectedRevision: NO_STREAM, events: [{ id, type: 'FeedMade', bytes }] } };
  });
  const outcomes = await store.appendMany(requests.map(({ request }) => request));
  return requests
    .map(({ agency, id, request }, at) => {
      const outcome = outcomes[at];
      if (outcome?.status !== 'fulfilled') throw new Error('an event was not stored');
      return { position: outcome.value.position, told: toldOf(agency, id, request.stream, outcome.value.position) };
    })
    .sort((a, b) => (a.position < b.position ? -1 : 1))
    .map(({ told }) => told);
}
