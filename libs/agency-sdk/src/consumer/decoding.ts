import { checkedFeedEvent, type FeedEvent, fromKafkaMessage, type KafkaMessageIn } from '#libs/feed-schemas';
import { codeOf } from './handler-errors.js';
import type { Decoded } from './feed-source.js';

/** What the codec says of a type that it does not know. */
const TYPE_UNKNOWN = 'FEED_TYPE_UNKNOWN';
/** Such types only are taken for those of a newer server; anything else is no event of the feed. */
const FEED_TYPE = /^renkei\.[a-z][a-z0-9.-]{0,100}\.v[0-9]{1,4}$/;

const text = (value: unknown): string | undefined => {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (first instanceof Uint8Array) return Buffer.from(first).toString('utf8');
  return typeof first === 'string' ? first : undefined;
};

function decodedBy(decode: () => FeedEvent, attribute: (name: 'type' | 'id' | 'source') => unknown): Decoded<FeedEvent> {
  try {
    return { kind: 'event', event: decode() };
  } catch (error) {
    const [type, id, source] = [text(attribute('type')), text(attribute('id')), text(attribute('source'))];
    const isNewer = codeOf(error) === TYPE_UNKNOWN && type !== undefined && FEED_TYPE.test(type);
    if (isNewer && id !== undefined && source !== undefined) return { kind: 'unknown', type, id, source };
    throw error;
  }
}

/** A structured CloudEvent, parsed: one of the HTTP feed. Throws PoisonMessage. */
export const decodedOf = (raw: unknown): Decoded<FeedEvent> =>
  decodedBy(
    () => checkedFeedEvent(raw),
    (name) => (typeof raw === 'object' && raw !== null ? (raw as Readonly<Record<string, unknown>>)[name] : undefined),
  );

/** A Kafka record in binary content mode. Throws PoisonMessage. */
export const decodedOfMessage = (message: KafkaMessageIn): Decoded<FeedEvent> =>
  decodedBy(
    () => fromKafkaMessage(message),
    (name) => message.headers?.[`ce_${name}`],
  );

/** Codes of the codec that mean: a CloudEvent of the feed, whose data is not what its type promises. */
const SCHEMA_INVALID: ReadonlySet<string> = new Set(['FEED_DATA_INVALID', 'FEED_SCHEMA_UNKNOWN']);
export const isSchemaInvalid = (code: string): boolean => SCHEMA_INVALID.has(code);
