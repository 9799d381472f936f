import { dataschemaOf, type FeedEvent, type FeedEventOf, sequenceOf } from '#libs/feed-schemas';
import { uuidV7 } from '#libs/kernel';
import type { MemoryEntry } from './memory-feed.js';

/** Events are a second apart, from here on. */
export const FIRST_MS = Date.UTC(2020, 4, 8);
export const timeOfEvent = (number: number): string => new Date(FIRST_MS + number * 1_000).toISOString();

const idOf = (number: number, salt: number): string =>
  uuidV7(
    FIRST_MS + number,
    Uint8Array.from({ length: 10 }, (_, index) => (number * 31 + index * 7 + salt) & 0xff),
  );

/** The n-th event of a feed that a test makes: a result that is ready. */
export function resultReceived(number: number): FeedEventOf<'renkei.result.received.v1'> {
  const exchangeId = idOf(number, 1);
  const time = timeOfEvent(number);
  return {
    specversion: '1.0',
    id: idOf(number, 2),
    source: '/test.renkei.example/is-east',
    type: 'renkei.result.received.v1',
    subject: exchangeId,
    time,
    dataschema: dataschemaOf('renkei.result.received.v1'),
    datacontenttype: 'application/json',
    partitionkey: exchangeId,
    sequence: sequenceOf(BigInt(number + 1)),
    data: {
      exchangeId,
      inAgencyNumber: String(number).padStart(15, '0'),
      provider: '0220113112101700',
      affair: 'JM00000000000074',
      information: 'TM00000000000002',
      department: 'child-welfare',
      nonDisclosure: false,
      items: ['TM00000000000002/assessment/2020'],
      providedAt: time,
      receivedAt: time,
      keptUntil: timeOfEvent(number + 1_209_600),
      providerNonDisclosure: false,
    },
  };
}
export const results = (count: number, from = 0): FeedEvent[] => Array.from({ length: count }, (_, index) => resultReceived(from + index));

/** An event of a type that only a newer server knows. */
export const unknownEvent = (id = 'new-1', type = 'renkei.exchange.audited.v3'): MemoryEntry => ({
  kind: 'unknown',
  type,
  id,
  source: '/test.renkei.example/is-east',
});
