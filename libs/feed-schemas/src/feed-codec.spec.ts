import { describe, expect, it } from '@jest/globals';
import { CloudEvent, Kafka } from 'cloudevents';
import fc from 'fast-check';
import {
  dataschemaOf,
  FEED_MESSAGE_BYTES_MAX,
  FEED_TYPES,
  type FeedEvent,
  fromJson,
  fromKafkaMessage,
  type KafkaMessageIn,
  toJson,
  toKafkaMessage,
} from './index.js';
import { sampleOf } from './samples.js';

const samples = FEED_TYPES.flatMap((type) => [sampleOf(type, 'all'), sampleOf(type, 'none')]);
const event = sampleOf('renkei.result.received.v1');
const message = toKafkaMessage(event);
const asBytes = ({ key, value, headers }: ReturnType<typeof toKafkaMessage>): KafkaMessageIn => ({
  key: Buffer.from(key),
  value,
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
});
const reasonOf = (read: () => unknown): unknown => {
  try {
    read();
  } catch (error) {
    return [(error as { reason?: unknown }).reason, (error as { at?: { field?: string } }).at?.field];
  }
  return 'taken in';
};
const withHeader = (name: string, value: string | undefined): KafkaMessageIn => {
  const { [name]: _old, ...headers } = message.headers;
  return { ...message, headers: value === undefined ? headers : { ...headers, [name]: value } };
};
const withData = (data: unknown): KafkaMessageIn => ({ ...message, value: JSON.stringify(data) });

describe('a feed event', () => {
  it.each(samples.map((sample) => [sample.type, sample] as const))('%s comes out of Kafka and of JSON as it went in', (_type, sample) => {
    expect(fromKafkaMessage(asBytes(toKafkaMessage(sample)))).toEqual(sample);
    expect(fromKafkaMessage(toKafkaMessage(sample))).toEqual(sample);
    expect(fromJson(toJson(sample))).toEqual(sample);
    expect(fromJson(Buffer.from(toJson(sample)))).toEqual(sample);
  });

  it('is read by the CloudEvents SDK, which gives the same attributes and data', () => {
    for (const sample of samples) {
      const { key, value, headers } = toKafkaMessage(sample);
      const read = Kafka.toEvent({ key, value, headers, body: value } as never) as unknown as CloudEvent<unknown>;
      const { data_base64: _none, ...attributes } = JSON.parse(JSON.stringify(read)) as Record<string, unknown>;
      expect(attributes).toEqual(sample);
    }
  });

  it('is read where the CloudEvents SDK wrote it', () => {
    for (const sample of samples) {
      const { headers, key, value } = Kafka.binary(new CloudEvent(sample as never));
      expect(fromKafkaMessage({ key: key as string, value: JSON.stringify(value), headers: headers as never })).toEqual(sample);
    }
  });

  it('may tell more than its schema names, in its data and in its attributes', () => {
    const more = { ...event, data: { ...event.data, later: 1 } };
    expect(fromKafkaMessage(withData(more.data))).toEqual(more);
    expect(fromKafkaMessage(withHeader('ce_traceparent', '00-1-1-01'))).toEqual(event);
    expect(fromKafkaMessage({ ...message, headers: { ...message.headers, 'x-own': 'z' } })).toEqual(event);
    expect(fromKafkaMessage(withHeader('content-type', 'application/json; charset=utf-8'))).toEqual(event);
  });
});

describe('a poison message', () => {
  it.each<[string, KafkaMessageIn, string, string | undefined]>([
    ['without a value', { ...message, value: null }, 'NOT_JSON', 'value'],
    ['whose value is cut off', { ...message, value: message.value.subarray(0, 40) }, 'NOT_JSON', undefined],
    ['whose value is not UTF-8', { ...message, value: Buffer.from([0x22, 0xff, 0x22]) }, 'NOT_JSON', undefined],
    ['that is too large', { ...message, value: Buffer.alloc(FEED_MESSAGE_BYTES_MAX + 1, 0x20) }, 'TOO_LARGE', undefined],
    ['without headers', { key: message.key, value: message.value }, 'ATTRIBUTE_INVALID', 'specversion'],
    ['of another version of CloudEvents', withHeader('ce_specversion', '0.3'), 'ATTRIBUTE_INVALID', 'specversion'],
    ['whose id is no UUIDv7', withHeader('ce_id', '17'), 'ATTRIBUTE_INVALID', 'id'],
    ['whose time is no instant', withHeader('ce_time', 'yesterday'), 'ATTRIBUTE_INVALID', 'time'],
    ['without a sequence', withHeader('ce_sequence', undefined), 'ATTRIBUTE_INVALID', 'sequence'],
    ['of another content type', withHeader('content-type', 'application/xml'), 'ATTRIBUTE_INVALID', 'datacontenttype'],
    ['with a header twice', { ...message, headers: { ...message.headers, ce_id: [message.headers['ce_id'] as string, 'x'] } }, 'ATTRIBUTE_INVALID', 'ce_id'],
    ['with a header in two spellings', { ...message, headers: { ...message.headers, CE_ID: 'x' } }, 'ATTRIBUTE_INVALID', 'CE_ID'],
    ['of a type that is not known', withHeader('ce_type', 'renkei.result.received.v9'), 'TYPE_UNKNOWN', 'type'],
    ['of a type that every object has', withHeader('ce_type', 'constructor'), 'TYPE_UNKNOWN', 'type'],
    ['of another schema', withHeader('ce_dataschema', dataschemaOf('renkei.query.decided.v1')), 'SCHEMA_UNKNOWN', 'dataschema'],
    ['under another key', { ...message, key: 'other' }, 'KEY_DIFFERS', 'key'],
    ['without a key', { ...message, key: null }, 'KEY_DIFFERS', 'key'],
    ['without its data', withData(null), 'DATA_INVALID', 'data'],
    ['without a field', withData({ ...event.data, keptUntil: undefined }), 'DATA_INVALID', 'data.keptUntil'],
    ['with a field of another kind', withData({ ...event.data, items: 'all' }), 'DATA_INVALID', 'data.items'],
    ['with a member of another kind', withData({ ...event.data, items: ['a', 1] }), 'DATA_INVALID', 'data.items.1'],
  ])('%s is refused', (_what, poison, reason, field) => {
    expect(reasonOf(() => fromKafkaMessage(poison))).toEqual([reason, field]);
  });

  it('in JSON is refused likewise', () => {
    expect(reasonOf(() => fromJson('[]'))).toEqual(['ATTRIBUTE_INVALID', undefined]);
    expect(reasonOf(() => fromJson('{'))).toEqual(['NOT_JSON', undefined]);
    expect(reasonOf(() => fromJson(JSON.stringify({ ...event, time: 1 })))).toEqual(['ATTRIBUTE_INVALID', 'time']);
    expect(reasonOf(() => fromJson(JSON.stringify({ ...event, data: undefined })))).toEqual(['DATA_INVALID', 'data']);
  });

  it('is refused with a typed error, whatever it is, and its words never stand in it', () => {
    const secret = 'SECRET-7';
    const anything = fc.oneof(fc.constant(secret), fc.string(), fc.json(), fc.constant(JSON.stringify({ [secret]: secret })));
    const header = fc.constantFrom(...Object.keys(message.headers), 'x', secret);
    fc.assert(
      fc.property(anything, header, anything, fc.boolean(), (value, name, text, wholeValue) => {
        const poison = { ...message, headers: { ...message.headers, [name]: text }, ...(wholeValue ? { value } : {}) };
        let read: FeedEvent | undefined;
        try {
          read = fromKafkaMessage(poison);
        } catch (error) {
          expect(error).toMatchObject({ name: 'PoisonMessage', kind: 'invalid' });
          expect(`${(error as Error).message} ${JSON.stringify((error as { at: unknown }).at)}`).not.toContain(secret);
        }
        if (read !== undefined) expect(fromKafkaMessage(toKafkaMessage(read))).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });
});
