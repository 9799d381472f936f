export { type FeedAttributes, type FeedData, type FeedEvent, type FeedEventOf, dataschemaOf, sequenceOf } from './feed-event.js';
export { FEED_TYPES, type FeedType, feedTypes, isFeedType } from './feed-types.js';
export {
  checked as checkedFeedEvent,
  FEED_CONTENT_TYPE,
  FEED_MESSAGE_BYTES_MAX,
  fromJson,
  fromKafkaMessage,
  inOrder,
  type KafkaMessageIn,
  type KafkaMessageOut,
  PoisonMessage,
  type PoisonReason,
  toJson,
  toKafkaMessage,
} from './feed-codec.js';
export { attributesSchema, dataSchemaOf } from './json-schemas.js';
export type { JsonSchema } from './schema.js';
export { FEED_RETENTION_MS_MAX } from './retention.js';
export { TOPIC_PREFIX_DEFAULT } from './topic.js';
