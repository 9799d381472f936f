export * from './batch.api.js';
export * from './query.api.js';
export * from './result.api.js';
export * from './replica.api.js';
export * from './provision.api.js';
export * from './identifier.api.js';
export * from './record.api.js';
export { AgencyClient, type AgencyClientOptions, type PageOptions } from './agency-client.js';
export { BATCHES_IN_FLIGHT, BulkInterrupted, type BulkLine, type BulkLineResult, type BulkOptions, type BulkProgress, type BulkSummary } from './bulk.js';
export { type Bulk, bulkOf, exchangeIdOfLine } from './exchange-id.js';
export { OUTCOMES_TIMEOUT_MS, type OutcomesOptions } from './wait-for-outcomes.js';
export { ATTEMPTS_MAX, type CallOptions, TIMEOUT_MS } from './transport.js';
export type { FeedPage, FeedRequest } from './feed.api.js';
export type { FeedEvent, FeedEventOf, FeedType } from '#libs/feed-schemas';
export { backoffMs, type BackoffOptions } from './consumer/backoff.js';
export {
  type ConsumeOptions,
  type ConsumerHealth,
  consumeFeed,
  countsAsMetrics,
  FeedConsumer,
  type FeedHandler,
  type FeedHandlers,
  type HandlerContext,
} from './consumer/consume-feed.js';
export { type ConsumerHooks, EVENT_OUTCOMES, type EventOutcome } from './consumer/consumer-hooks.js';
export { type CursorStore, fileCursor, memoryCursor } from './consumer/cursor-store.js';
export { type DeadLetter, deadLetterJson, type DeadLetterReason, type DeadLetters, fileDeadLetters } from './consumer/dead-letters.js';
export {
  type Decoded,
  type Delivery,
  type DeliveryOutcome,
  FeedSource,
  type SourceEvents,
  type StartAt,
  type Trouble,
  type WireMessage,
} from './consumer/feed-source.js';
export { HandlerTimeout, isPassing, PassingError, PoisonEvent } from './consumer/handler-errors.js';
export { type FeedReader, httpSource, type HttpSourceOptions } from './consumer/http-source.js';
export { type EventKey, type Inbox, memoryInbox, type MemoryTransaction } from './consumer/inbox.js';
export { INBOX_TABLE, INBOX_TABLE_SQL, kyselyInbox, type KyselyInboxOptions, type TransactionalDatabase } from './consumer/kysely-inbox.js';
export { DEAD_SUFFIX, type KafkaDeadLetters, kafkaDeadLetters, type KafkaDeadLettersOptions } from './consumer/kafka/kafka-dead-letters.js';
export type { KafkaConnection } from './consumer/kafka/kafka-connection.js';
export { kafkaSource, type KafkaSourceOptions } from './consumer/kafka/kafka-source.js';
export { type MemoryEntry, MemoryFeed } from './consumer/memory-feed.js';
