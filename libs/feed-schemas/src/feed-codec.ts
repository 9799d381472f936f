import { Ajv, type ValidateFunction } from 'ajv';
import { DomainError } from '#libs/kernel';
import type { FeedAttributes, FeedEvent } from './feed-event.js';
import { dataschemaOf } from './feed-event.js';
import { FEED_TYPES, isFeedType } from './feed-types.js';
import { attributesSchema, dataSchemaOf } from './json-schemas.js';

export const FEED_CONTENT_TYPE = 'application/json';
/** Bytes of one message's value, or of one event in JSON, at most: the 65,535 of a stored event, and as much again. */
export const FEED_MESSAGE_BYTES_MAX = 131_072;

/** What is wrong with a message that cannot be taken in, now or ever: it belongs on a dead-letter topic. */
export type PoisonReason =
  | 'NOT_JSON' // the value, or the JSON document, cannot be parsed, or is not UTF-8
  | 'TOO_LARGE'
  | 'ATTRIBUTE_INVALID' // no CloudEvent of a feed: an attribute is missing, twice there, or not as it must be
  | 'TYPE_UNKNOWN' // a type that this version of the code does not know: perhaps a newer server's
  | 'SCHEMA_UNKNOWN' // `dataschema` is not the schema of the type
  | 'KEY_DIFFERS' // the record's key is not the event's `partitionkey`
  | 'DATA_INVALID'; // the data is not as its schema says

/** A message that is no event of a feed. Names the place, never the value. */
export class PoisonMessage extends DomainError {
  override readonly name = 'PoisonMessage';

  constructor(
    readonly reason: PoisonReason,
    message: string,
    field?: string,
    options?: ErrorOptions,
  ) {
    super(`FEED_${reason}`, 'invalid', message, field === undefined ? {} : { field, rule: reason }, options);
  }
}

/** A Kafka record as drivers hand it over: headers may come as bytes, as text, or more than once. */
export interface KafkaMessageIn {
  readonly key?: Uint8Array | string | null;
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, KafkaHeader | undefined>> | undefined;
}
type KafkaHeader = Uint8Array | string | readonly (Uint8Array | string)[];
/** A Kafka record in CloudEvents binary content mode: attributes in `ce_` headers, the data alone as the value. */
export interface KafkaMessageOut {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as text: `time` of the event, so that a consumer can begin at an instant. */
  readonly timestamp: string;
}

/** In the order that they are written in; all of them are text. */
const ATTRIBUTES = ['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'partitionkey', 'sequence'] as const;
const HEADER_PREFIX = 'ce_';
const CONTENT_TYPE = 'content-type';
/** The binding maps `datacontenttype` to `content-type` alone; the CloudEvents SDK writes this one besides. */
const SPARE_HEADER = 'ce_datacontenttype';

const ajv = new Ajv({ strict: true, addUsedSchema: false, messages: false });
const attributesAreValid = ajv.compile(attributesSchema);
const dataIsValid: ReadonlyMap<string, ValidateFunction> = new Map(FEED_TYPES.map((type) => [type, ajv.compile(dataSchemaOf(type))]));

/** CloudEvents Kafka protocol binding 1.0.2 §3.2. */
export function toKafkaMessage(event: FeedEvent): KafkaMessageOut {
  const headers: Record<string, string> = { [CONTENT_TYPE]: event.datacontenttype };
  for (const name of ATTRIBUTES) headers[HEADER_PREFIX + name] = event[name];
  return { key: event.partitionkey, value: Buffer.from(JSON.stringify(event.data), 'utf8'), headers, timestamp: String(Date.parse(event.time)) };
}

/** The event that a Kafka record in binary content mode carries. Throws PoisonMessage. */
export function fromKafkaMessage({ key, value, headers = {} }: KafkaMessageIn): FeedEvent {
  const attributes: Record<string, unknown> = {};
  for (const [header, held] of Object.entries(headers)) {
    const name = header.toLowerCase();
    if (held === undefined || name === SPARE_HEADER || (name !== CONTENT_TYPE && !name.startsWith(HEADER_PREFIX))) continue;
    const attribute = name === CONTENT_TYPE ? 'datacontenttype' : name.slice(HEADER_PREFIX.length);
    if (Array.isArray(held) || Object.hasOwn(attributes, attribute))
      throw new PoisonMessage('ATTRIBUTE_INVALID', 'a header stands there twice', nameable(header));
    attributes[attribute] = attribute === 'datacontenttype' ? mediaTypeOf(textOf(held as string)) : textOf(held as string);
  }
  if (value === null) throw new PoisonMessage('NOT_JSON', 'the record has no value', 'value');
  const event = checked({ ...attributes, data: parsed(value) });
  if (key === undefined || key === null || textOf(key) !== event.partitionkey) {
    throw new PoisonMessage('KEY_DIFFERS', 'the key of the record is not the partition key of the event', 'key');
  }
  return event;
}

/** The event as a JSON document of its own (CloudEvents JSON format 1.0.2), one line. */
export const toJson = (event: FeedEvent): string => JSON.stringify(inOrder(event));
/** The same as a value, for a document that holds several. */
export const inOrder = (event: FeedEvent): FeedEvent => {
  const { specversion, id, source, type, subject, time, dataschema, datacontenttype, partitionkey, sequence, data } = event;
  return { specversion, id, source, type, subject, time, dataschema, datacontenttype, partitionkey, sequence, data } as FeedEvent;
};

/** The event that a JSON document holds. Throws PoisonMessage. */
export const fromJson = (json: Uint8Array | string): FeedEvent => checked(parsed(json));

/** The same of a value that was parsed before. Throws PoisonMessage. */
export function checked(value: unknown): FeedEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new PoisonMessage('ATTRIBUTE_INVALID', 'the document is no CloudEvent');
  const { type, dataschema, data } = value as Partial<Record<keyof FeedAttributes | 'type' | 'data', unknown>>;
  if (typeof type === 'string' && !isFeedType(type)) throw new PoisonMessage('TYPE_UNKNOWN', 'the type is not one of this version of the code', 'type');
  if (!attributesAreValid(value)) throw new PoisonMessage('ATTRIBUTE_INVALID', 'an attribute is not as it must be', fieldOf(attributesAreValid));
  if (dataschema !== dataschemaOf(type as FeedEvent['type']))
    throw new PoisonMessage('SCHEMA_UNKNOWN', 'dataschema is not the schema of the type', 'dataschema');
  const valid = dataIsValid.get(type as string) as ValidateFunction;
  if (!valid(data)) throw new PoisonMessage('DATA_INVALID', 'the data is not as its schema says', `data.${fieldOf(valid) ?? ''}`.replace(/\.$/, ''));
  return inOrder(value as unknown as FeedEvent);
}

/** The field that the last check failed at. */
function fieldOf({ errors }: ValidateFunction): string | undefined {
  const [error] = errors ?? [];
  const path = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
  const missing = (error?.params as { missingProperty?: unknown } | undefined)?.missingProperty;
  const field = typeof missing === 'string' ? (path === '' ? missing : `${path}.${missing}`) : path;
  return field === '' ? undefined : field;
}

/** A name that somebody else chose is repeated only where it looks like one. */
const nameable = (name: string): string => (/^[A-Za-z_-]{1,40}$/.test(name) ? name : '(unnamed)');
/** Parameters (`; charset=utf-8`) say nothing here: JSON is UTF-8. */
const mediaTypeOf = (contentType: string): string => (contentType.split(';', 1)[0] as string).trim().toLowerCase();

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
function textOf(bytes: Uint8Array | string): string {
  if (typeof bytes === 'string') return bytes;
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new PoisonMessage('NOT_JSON', 'the message is not UTF-8', undefined, { cause });
  }
}

function parsed(json: Uint8Array | string): unknown {
  if (Buffer.byteLength(json) > FEED_MESSAGE_BYTES_MAX) throw new PoisonMessage('TOO_LARGE', `a message has at most ${FEED_MESSAGE_BYTES_MAX} bytes`);
  try {
    return JSON.parse(textOf(json)) as unknown;
  } catch (cause) {
    if (cause instanceof PoisonMessage) throw cause;
    throw new PoisonMessage('NOT_JSON', 'the message is not JSON'); // the parser's own words would repeat what stands there
  }
}
