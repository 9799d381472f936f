import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { provisionEventTypes, queryEventTypes, replicaEventTypes, subjectEventTypes } from '#libs/domain';
import { checkedFeedEvent, FEED_TYPES, feedTypes, fromKafkaMessage, toKafkaMessage } from '#libs/feed-schemas';
import { EventRegistry } from '#libs/kernel';
import { type AgencyFeedEvent, feedEventsOf } from './feed-events.js';
import { agencyOf, type Recorded, type ServerEvent } from './server-events.js';

const types = [...queryEventTypes, ...provisionEventTypes, ...replicaEventTypes, ...subjectEventTypes];
const registry = new EventRegistry(types);
/** One golden event a type, as it was stored. */
const stored = ['query', 'provision', 'replica', 'identifier']
  .flatMap((subject) => readFileSync(`libs/domain/src/${subject}/fixtures/${subject}-events.v1.jsonl`, 'utf8').trimEnd().split('\n'))
  .filter((line) => registry.knows((JSON.parse(line) as { type: string }).type))
  .map((line) => ({ line, event: registry.decode(line) as Recorded<ServerEvent> }));
const eventOf = (type: ServerEvent['type']): Recorded<ServerEvent> => stored.find(({ event }) => event.type === type)?.event as Recorded<ServerEvent>;

const context = { source: '/renkei.example/is-east', position: 42n, inAgencyNumber: '100017' };
function told(event: Recorded<ServerEvent>, more: object = {}): AgencyFeedEvent | undefined {
  const opening = eventOf(event.stream.startsWith('query-') ? 'QuerySubmitted' : 'ProvisionDemanded');
  const found = feedEventsOf(event, { ...context, opening, ...more });
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

describe('a stored event of an agency’s server', () => {
  it.each(types.map(({ type }) => type))('%s is told as its schema says, or not at all', (type) => {
    const event = eventOf(type);
    const one = told(event);
    if (['QuerySubmitted', 'ProvisionDemanded', 'ProvisionReleased', 'AcquisitionRequested', 'SubjectKeyDestroyed'].includes(type)) {
      expect(one).toBeUndefined();
      return;
    }
    expect(one?.agency).toBe(event.agency);
    expect(one?.event).toMatchObject({ id: event.id, time: event.recordedAt, source: context.source, sequence: '00000000000000000042' });
    expect(checkedFeedEvent(one?.event)).toEqual(one?.event);
    expect(one && fromKafkaMessage(toKafkaMessage(one.event))).toEqual(one?.event);
    // nothing but what its schema names, and nothing that is sealed
    expect(Object.keys(one?.event.data ?? {}).filter((name) => !(one && name in feedTypes[one.event.type].fields))).toEqual([]);
    expect(JSON.stringify(one)).not.toMatch(/sealed|commitment|record\/|subject\/|Leaf|[Dd]igest/);
    expect(told(event)).toEqual(one);
    const { inAgencyNumber: _number, ...data } = one?.event.data ?? {};
    expect(told(event, { inAgencyNumber: undefined })?.event.data).toEqual(data);
  });

  it('makes every type there is', () => {
    const variants = [
      ...stored.map(({ event }) => event),
      { ...eventOf('SubjectIdentifierChanged'), data: { ...eventOf('SubjectIdentifierChanged').data, change: 'REVOKED' } },
      { ...eventOf('SubjectIdentifierChanged'), data: { ...eventOf('SubjectIdentifierChanged').data, change: 'REISSUED' } },
    ] as Recorded<ServerEvent>[];
    expect(new Set(variants.flatMap((event) => told(event)?.event.type ?? []))).toEqual(new Set(FEED_TYPES));
  });

  it.each([
    ['PROVIDER_HOLDS_NO_IDENTIFIER', 'impossible'],
    ['LAPSED', 'lapsed'],
    ['LAPSED_HELD', 'lapsed'],
    ['LAPSEDX', 'not-provided'],
    ['NO_RECORD', 'not-provided'],
  ])('that ended with %s is told as %s', (reason, outcome) => {
    const ended = eventOf('QueryEnded');
    expect(told({ ...ended, data: { ...ended.data, reason } } as Recorded<ServerEvent>)?.event.data).toMatchObject({ outcome, reason });
  });

  it('of no agency is told to nobody, and one whose exchange does not begin as it must to nobody either', () => {
    const { agency: _none, ...event } = eventOf('ProvisionReceived');
    expect(feedEventsOf(event as Recorded<ServerEvent>, context)).toEqual([]);
    expect(() => feedEventsOf(eventOf('ProvisionReceived'), context)).toThrow(expect.objectContaining({ code: 'FEED_OPENING_MISSING' }));
    expect(() => told(eventOf('ProvisionMade'), { opening: eventOf('QuerySubmitted') })).toThrow(expect.objectContaining({ code: 'FEED_OPENING_MISSING' }));
  });

  it('shows its agency in its first bytes', () => {
    for (const { line, event } of stored) expect(agencyOf({ bytes: Buffer.from(line) })).toBe(event.agency);
    expect(agencyOf({ bytes: Buffer.from('{"actor":"system","at":"2020"}') })).toBeUndefined();
  });
});
