import { dataschemaOf, type FeedEvent, sequenceOf } from './feed-event.js';
import { FEED_TYPES, type FeedType, feedTypes } from './feed-types.js';
import type { Field } from './schema.js';

const EXCHANGE = '0171f195-e1fb-7d91-8278-825fb7279b22';
const PERSON = 'a24de25675b3d2f8aabdbcbe287683cc';

/** A value for each field by its name; those that have choices take each in turn. */
const VALUES: Readonly<Record<string, unknown>> = {
  exchangeId: EXCHANGE,
  inAgencyNumber: '000000100017',
  applicationId: '申請2020-17',
  bulkId: '0171f195-e1fb-78d9-8890-912e855869a6',
  line: 101,
  provider: '0220102201201700',
  requester: '0220114130501700',
  affair: 'JM99000000000115',
  procedure: 'JT99000000000122',
  information: 'TM00000000000002',
  dataset: 'assessment',
  period: '2020',
  department: 'nurseries',
  nonDisclosure: false,
  reason: 'AFFAIR_NOT_IN_TABLE',
  article: '番号法19条7号',
  table: '2020-04-01',
  item: '116',
  items: ['TM00000000000002/assessment/2020'],
  providerNonDisclosure: true,
  withdrawnBy: 'nurseries',
  automatic: true,
  layout: '2019-06',
};
const INSTANT = '2020-05-08T00:01:04.396Z';

const valueOf = (name: string, { schema }: Field): unknown =>
  name in VALUES ? VALUES[name] : Array.isArray(schema['enum']) ? (schema['enum'] as readonly unknown[])[0] : INSTANT;

/** An event of the type with every optional field, or with none. */
export function sampleOf(type: FeedType, optionals: 'all' | 'none' = 'all'): FeedEvent {
  const fields = Object.entries<Field>(feedTypes[type].fields).filter(([, { optional }]) => optionals === 'all' || !optional);
  const at = FEED_TYPES.indexOf(type);
  const subject = 'exchangeId' in feedTypes[type].fields ? EXCHANGE : PERSON;
  return {
    specversion: '1.0',
    id: `01a20c62-0a8b-7386-8ff4-7abba5c69${String(2 * at + (optionals === 'all' ? 0 : 1)).padStart(3, '0')}`,
    source: '/renkei.example/is-east',
    type,
    subject,
    time: '2026-11-24T07:08:01.547Z',
    dataschema: dataschemaOf(type),
    datacontenttype: 'application/json',
    partitionkey: subject,
    sequence: sequenceOf(BigInt(at + 1)),
    data: Object.fromEntries(fields.map(([name, field]) => [name, valueOf(name, field)])),
  } as FeedEvent;
}
